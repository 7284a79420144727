/** Black-box models, asked over a wire: answers, structured answers and embeddings, kept, repeated and counted. */
export type { CallOptions } from './caller.ts'
export { configuredEmbeddingModel, configuredModel, type Environment } from './configured-model.ts'
export {
  type EmbeddingModel,
  type EmbeddingModelOptions,
  embeddingModel,
  type ServedEmbeddingModel,
} from './embedding-model.ts'
export type { Endpoint } from './endpoint.ts'
export { jsonIn } from './json-answer.ts'
export {
  type GeneratedObject,
  type GeneratedText,
  type GenerateOptions,
  type LanguageModel,
  type LanguageModelOptions,
  languageModel,
  type ObjectOptions,
  type SamplingOptions,
  type ServedModel,
} from './language-model.ts'
export { AnswerFormError, ModelError } from './model-error.ts'
export type { Prompt, PromptMessage } from './prompt.ts'
export { type Documents, documentCache, folderCache, type ResponseCache } from './response-cache.ts'
export type { ModelUsage, Price } from './usage.ts'
