// A tiny policy whose tokens are the letters a to h, h being the end of a text; and pairs for it.
import { type DecoderConfig, fullDecoderConfig, initDecoder } from '../../nets/index.ts'
import { seeded } from '../../run/index.ts'
import { type TextPolicy, type TrainingExample, textPolicy, trainingExample } from './index.ts'

export const endOfText = 7

const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [{ id: endOfText, content: 'h', ...special }],
  normalizer: null,
  pre_tokenizer: { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated', invert: false },
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries([...'abcdefgh'].map((letter, id) => [letter, id])),
    unk_token: 'a',
  },
}

export function letterPolicy(sizes: Partial<DecoderConfig> = {}): TextPolicy {
  const config = fullDecoderConfig({ vocabulary: 8, width: 16, layers: 2, heads: 2, hidden: 32, ...sizes })
  return textPolicy(initDecoder(seeded('letters'), config), config, {
    'tokenizer.json': JSON.stringify(tokenizer),
    'tokenizer_config.json': JSON.stringify({ eos_token: 'h' }),
  })
}

/** Pairs whose chosen completion is `bc`, the rejected one `de` and whatever follows. */
export function letterPairs(count: number): readonly TrainingExample[] {
  const random = seeded('letter pairs')
  return Array.from({ length: count }, () => {
    const prompt = Array.from({ length: 1 + random.integer(4) }, () => random.integer(endOfText))
    const rejected = [3, 4, ...Array.from({ length: random.integer(3) }, () => 5), endOfText]
    return trainingExample({ prompt, completions: [[1, 2, endOfText], rejected] })
  })
}
