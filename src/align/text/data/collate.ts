import { type TensorValue, value } from '../../../tensor/index.ts'
import type { TokenizedExample } from './tokenize.ts'

export interface CollateOptions {
  /** Id that fills rows up; any will do, for it is never scored. Default 0. */
  readonly padding?: number
  /** Where rows are filled up. Default `right`, where a causal decoder needs neither mask nor positions. */
  readonly side?: 'left' | 'right'
  /** Lengths are rounded up to a multiple of this, so that fewer shapes occur. Default 1. */
  readonly multipleOf?: number
}

/** A batch of token rows, [rows, length] each (or as {@link collateExamples} says). */
export interface TokenBatch {
  /** int64 */
  readonly ids: TensorValue
  /** bool: tokens that are not padding. */
  readonly mask: TensorValue
  /** bool: tokens of completions, the only ones to be scored; see `scoredMask`. */
  readonly completionMask: TensorValue
  /** int64: each token's place in its own row; 0 at padding. */
  readonly positions: TensorValue
}

/** A prompt and one completion of it. */
export interface TokenRow {
  readonly prompt: readonly number[]
  readonly completion: readonly number[]
}

/**
 * Rows of one length.
 *
 * @throws {RangeError} when there are no rows, or an empty prompt or completion
 */
export function collateRows(rows: readonly TokenRow[], options: CollateOptions = {}): TokenBatch {
  const { padding = 0, side = 'right', multipleOf = 1 } = options
  if (rows.length === 0) throw new RangeError('collateRows: there are no rows')
  for (const [at, { prompt, completion }] of rows.entries())
    if (prompt.length === 0 || completion.length === 0)
      throw new RangeError(`collateRows: row ${at} has an empty ${prompt.length === 0 ? 'prompt' : 'completion'}`)
  const longest = Math.max(...rows.map(({ prompt, completion }) => prompt.length + completion.length))
  const length = Math.ceil(longest / multipleOf) * multipleOf
  const size = rows.length * length
  const ids = new BigInt64Array(size).fill(BigInt(padding))
  const positions = new BigInt64Array(size)
  const mask = new Uint8Array(size)
  const completionMask = new Uint8Array(size)
  for (const [row, { prompt, completion }] of rows.entries()) {
    const tokens = [...prompt, ...completion]
    const start = row * length + (side === 'left' ? length - tokens.length : 0)
    for (const [at, id] of tokens.entries()) {
      ids[start + at] = BigInt(id)
      positions[start + at] = BigInt(at)
    }
    mask.fill(1, start, start + tokens.length)
    completionMask.fill(1, start + prompt.length, start + tokens.length)
  }
  const shape = [rows.length, length]
  return {
    ids: value(ids, shape),
    mask: value(mask, shape, 'bool'),
    completionMask: value(completionMask, shape, 'bool'),
    positions: value(positions, shape),
  }
}

/**
 * Examples as one batch, [completions, examples, length]: first the first completions of all examples, then the second
 * ones, and so on; so for pairs all chosen, then all rejected ones. In a graph, `flatten(ids, 0, 1)` makes rows of it
 * for a decoder, and {@link completionsOf} takes apart what was computed per row.
 *
 * @throws {RangeError} when examples differ in how many completions they have, and see {@link collateRows}
 */
export function collateExamples(examples: readonly TokenizedExample[], options: CollateOptions = {}): TokenBatch {
  const count = examples[0]?.completions.length ?? 0
  const odd = examples.findIndex(({ completions }) => completions.length !== count)
  if (odd !== -1)
    throw new RangeError(
      `collateExamples: example ${odd} has ${examples[odd]?.completions.length} completions, expected ${count} as the first`,
    )
  const rows = Array.from({ length: count }, (_, at) =>
    examples.map(({ prompt, completions }) => ({ prompt, completion: completions[at] ?? [] })),
  )
  const { ids, mask, completionMask, positions } = collateRows(rows.flat(), options)
  const grouped = (of: TensorValue): TensorValue => ({
    ...of,
    shape: [count, examples.length, ...of.shape.slice(1)],
  })
  return {
    ids: grouped(ids),
    mask: grouped(mask),
    completionMask: grouped(completionMask),
    positions: grouped(positions),
  }
}
