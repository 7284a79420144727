import { Tokenizer } from '@huggingface/tokenizers'
import { describe, expect, it } from 'vitest'
import { add, evaluate, isTensorValue, mul, toNested } from '../../../tensor/index.ts'
import { chatMlTemplate, dialogueTemplate, llama3Template, renderCompletion } from './chat-template.ts'
import { collateExamples, collateRows } from './collate.ts'
import { completionsOf } from './completions-of.ts'
import { implicitPrompt, pairExample, rankedRowSchema } from './example.ts'
import { type TextTokenizer, tokenizeExample } from './tokenize.ts'

const user = (content: string) => ({ role: 'user' as const, content })
const assistant = (content: string) => ({ role: 'assistant' as const, content })

/** One token per letter; `ab` is one token, so that a seam between them moves. */
const letters: TextTokenizer = {
  encode: (text) => ({
    ids: [...text.matchAll(/ab|./gsu)].map(([piece]) => (piece === 'ab' ? 1000 : (piece.codePointAt(0) ?? 0))),
  }),
}
const code = (text: string) => [...text].map((letter) => letter.codePointAt(0))

describe('implicit prompts', () => {
  it('are the longest common beginning, without a blank at its end', () => {
    expect(implicitPrompt('The sky is blue', 'The sky is green')).toEqual({
      prompt: 'The sky is',
      completions: [' blue', ' green'],
    })
    expect(implicitPrompt('a 😀', 'a 😁')).toEqual({ prompt: 'a', completions: [' 😀', ' 😁'] })
    expect(implicitPrompt('q😀', 'q😁')).toEqual({ prompt: 'q', completions: ['😀', '😁'] })
  })
  it('end at the last shared boundary where one is named', () => {
    const said = (reply: string) => `\n\nHuman: Hi\n\nAssistant: ${reply}`
    expect(implicitPrompt(said('I am fine'), said('I am not'), { boundary: '\n\nAssistant:' })).toEqual({
      prompt: '\n\nHuman: Hi\n\nAssistant:',
      completions: [' I am fine', ' I am not'],
    })
    expect(() => implicitPrompt('xa', 'xb', { boundary: 'Assistant:' })).toThrow('share no "Assistant:"')
  })
  it('are the first messages that conversations share', () => {
    const row = { chosen: [user('2+2?'), assistant('4')], rejected: [user('2+2?'), assistant('5')] }
    expect(pairExample(row)).toEqual({ prompt: [user('2+2?')], completions: [[assistant('4')], [assistant('5')]] })
    expect(() => implicitPrompt([user('a')], [user('b')])).toThrow('no first message')
    expect(() => implicitPrompt([user('a')], [user('a'), assistant('b')])).toThrow('nothing follows')
    expect(() => implicitPrompt('a', [user('a')])).toThrow('expected both to be the same')
  })
  it('are left alone where a prompt is given', () => {
    expect(pairExample({ prompt: 'p', chosen: 'pa', rejected: 'pb' })).toEqual({
      prompt: 'p',
      completions: ['pa', 'pb'],
    })
    expect(() => pairExample({ chosen: 3 } as never)).toThrow('chosen')
    expect(() => rankedRowSchema.parse({ prompt: 'p', completions: ['a'], rewards: [] })).toThrow('as many rewards')
  })
})

describe('chat templates', () => {
  it('put the completion after the prompt that generation starts from', () => {
    expect(renderCompletion([user('Hi')], [assistant('Hello')], chatMlTemplate)).toEqual({
      prompt: '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
      completion: 'Hello<|im_end|>\n',
    })
    expect(renderCompletion([user('Hi')], [assistant('Hello')], dialogueTemplate)).toEqual({
      prompt: '\n\nHuman: Hi\n\nAssistant:',
      completion: ' Hello',
    })
    expect(renderCompletion([user('Hi')], [assistant('Hello')], llama3Template).completion).toBe('Hello<|eot_id|>')
    const forgetful = () => `${Math.min(1, 2)}`
    expect(renderCompletion([user('Hi')], [assistant('x')], forgetful)).toEqual({ prompt: '1', completion: '' })
    const counting: typeof chatMlTemplate = (messages) => `${messages.length}`
    expect(() => renderCompletion([user('Hi')], [assistant('x')], counting)).toThrow('rewrites the prompt')
  })
})

describe('tokenizeExample', () => {
  const example = { prompt: 'long prompt', completions: ['yes', 'no'] }
  it('keeps completions whole and cuts the beginning of the prompt alike for both', () => {
    const tokens = tokenizeExample(example, letters, { endOfText: 2, maxLength: 8 })
    expect(tokens).toEqual({
      prompt: code('ompt'),
      completions: [
        [...code('yes'), 2],
        [...code('no'), 2],
      ],
      cut: { prompt: 7, completions: [0, 0] },
    })
  })
  it('cuts a completion only when the prompt has one token left, and takes its end-of-text', () => {
    const tokens = tokenizeExample(example, letters, { endOfText: 2, maxLength: 3 })
    expect(tokens).toEqual({
      prompt: code('t'),
      completions: [code('ye'), code('no')],
      cut: { prompt: 10, completions: [2, 1] },
    })
    const short = tokenizeExample(example, letters, { maxPromptLength: 3 })
    expect(short.prompt).toEqual(code('mpt'))
  })
  it('encodes apart where a token would grow over the seam, and starts with start-of-text', () => {
    const tokens = tokenizeExample({ prompt: 'xa', completions: ['b', 'c'] }, letters, { startOfText: 1 })
    expect(tokens.prompt).toEqual([1, ...code('xa')])
    expect(tokens.completions).toEqual([code('b'), code('c')])
  })
  it('renders conversations, and says what is missing', () => {
    const chat = { prompt: [user('Hi')], completions: [[assistant('A')], [assistant('B')]] }
    const tokens = tokenizeExample(chat, letters, { template: dialogueTemplate })
    expect(tokens.completions).toEqual([code(' A'), code(' B')])
    expect(() => tokenizeExample(chat, letters)).toThrow('expected a template')
    expect(() => tokenizeExample({ prompt: 'p', completions: ['a', ''] }, letters)).toThrow('completion 1 is empty')
    expect(tokenizeExample({ prompt: 'p', completions: [''] }, letters, { endOfText: 2 }).completions).toEqual([[2]])
    expect(() => tokenizeExample({ prompt: '', completions: ['a'] }, letters)).toThrow('prompt is empty')
  })
  it("takes a tokenizer of Hugging Face's library", () => {
    const words = new Tokenizer(
      {
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens: [],
        normalizer: null,
        pre_tokenizer: { type: 'WhitespaceSplit' },
        post_processor: null,
        decoder: null,
        model: {
          type: 'WordPiece',
          unk_token: '[UNK]',
          continuing_subword_prefix: '##',
          max_input_chars_per_word: 100,
          vocab: { '[UNK]': 0, is: 1, it: 2, good: 3, bad: 4 },
        },
      },
      {},
    )
    const tokens = tokenizeExample({ prompt: 'is it', completions: [' good', ' bad'] }, words, { endOfText: 9 })
    expect(tokens).toMatchObject({
      prompt: [1, 2],
      completions: [
        [3, 9],
        [4, 9],
      ],
    })
  })
})

describe('collate', () => {
  const examples = [
    { prompt: [5], completions: [[6, 7], [8]], cut: { prompt: 0, completions: [0, 0] } },
    { prompt: [1, 2], completions: [[3], [4, 4]], cut: { prompt: 0, completions: [0, 0] } },
  ]
  const plain = (batch: object) =>
    Object.fromEntries(Object.entries(batch).map(([name, of]) => [name, isTensorValue(of) ? toNested(of) : of]))

  it('lays out all chosen, then all rejected completions, filled up on the right', () => {
    expect(plain(collateExamples(examples, { padding: 99, multipleOf: 4 }))).toEqual({
      ids: [
        [
          [5, 6, 7, 99],
          [1, 2, 3, 99],
        ],
        [
          [5, 8, 99, 99],
          [1, 2, 4, 4],
        ],
      ],
      mask: [
        [
          [true, true, true, false],
          [true, true, true, false],
        ],
        [
          [true, true, false, false],
          [true, true, true, true],
        ],
      ],
      completionMask: [
        [
          [false, true, true, false],
          [false, false, true, false],
        ],
        [
          [false, true, false, false],
          [false, false, true, true],
        ],
      ],
      positions: [
        [
          [0, 1, 2, 0],
          [0, 1, 2, 0],
        ],
        [
          [0, 1, 0, 0],
          [0, 1, 2, 3],
        ],
      ],
    })
  })
  it('fills up on the left with each token at its own place', () => {
    const rows = [
      { prompt: [5], completion: [6] },
      { prompt: [1, 2], completion: [3] },
    ]
    expect(plain(collateRows(rows, { side: 'left' }))).toMatchObject({
      ids: [
        [0, 5, 6],
        [1, 2, 3],
      ],
      completionMask: [
        [false, false, true],
        [false, false, true],
      ],
      positions: [
        [0, 0, 1],
        [0, 1, 2],
      ],
    })
  })
  it('splits what was computed by completion', async () => {
    const parts = await evaluate(
      ({ x }) => {
        const [chosen, rejected] = completionsOf(x, 2)
        return chosen && rejected && add(mul(chosen, 10), rejected)
      },
      { x: [1, 2, 3, 4] },
    )
    expect(parts).toEqual([13, 24])
  })
  it('refuses rows without anything to score', () => {
    expect(() => collateRows([])).toThrow('no rows')
    expect(() => collateRows([{ prompt: [1], completion: [] }])).toThrow('row 0 has an empty completion')
    expect(() =>
      collateExamples([...examples, { prompt: [1], completions: [[1]], cut: { prompt: 0, completions: [0] } }]),
    ).toThrow('example 2 has 1 completions, expected 2')
  })
})
