export {
  type ChatTemplate,
  chatMlTemplate,
  dialogueTemplate,
  llama3Template,
  renderCompletion,
} from './chat-template.ts'
export { type CollateOptions, collateExamples, collateRows, type TokenBatch, type TokenRow } from './collate.ts'
export { completionsOf } from './completions-of.ts'
export {
  type Example,
  type ImplicitPromptOptions,
  implicitPrompt,
  type LabelledRow,
  labelledRowSchema,
  type PairRow,
  pairExample,
  pairRowSchema,
  type RankedRow,
  rankedRowSchema,
  type Written,
} from './example.ts'
export { type JinjaOptions, jinjaTemplate } from './jinja-template.ts'
export { type TextTokenizer, type TokenizedExample, type TokenizeOptions, tokenizeExample } from './tokenize.ts'
