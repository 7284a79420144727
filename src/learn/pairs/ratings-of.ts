import type { Rating } from '../../collect/index.ts'
import type { Judgement, Matrix } from '../contract.ts'
import { judgementKey } from './pair-builder.ts'
import { readSignals, type Signals } from './pairs-of.ts'

export interface RatingsOptions {
  /** Columns, in this order. Default: every aspect that was rated, in order of appearance. */
  readonly aspects?: readonly string[]
  /**
   * Where scores that state their scale are put: its ends become these numbers. Default: as they are, so all signals
   * should be on one scale. (Directional preference alignment uses [10, 90].)
   */
  readonly rescale?: readonly [lowest: number, highest: number]
}

/** Scores of judgements by aspect, where they were given. */
export interface RatingTable {
  readonly rows: readonly Judgement[]
  readonly aspects: readonly string[]
  /** [rows, aspects]; NaN where a row was not rated for an aspect. Several ratings of one row are averaged. */
  readonly values: Matrix
  /** [rows]: the sum of the weights of a row's ratings. */
  readonly weights: Float32Array
  /** [aspects]: how many rows were rated for each. */
  readonly counts: readonly number[]
  /** Signals without any of the aspects. */
  readonly leftOut: number
}

/**
 * A table of ratings to regress on.
 *
 * @throws {RangeError} when there are no ratings, an aspect was never rated (naming those that were), or `rescale` meets
 * a rating without a scale
 */
export async function ratingsOf(signals: Signals, { aspects, rescale }: RatingsOptions = {}): Promise<RatingTable> {
  const found = new Map<
    string,
    { row: Judgement; weight: number; sums: Map<string, [total: number, weight: number]> }
  >()
  const seen = new Map<string, number>()
  let leftOut = 0
  for await (const signal of readSignals(signals, ['rating'])) {
    const rating = signal as Rating
    const { context, candidate, rater, weight = 1 } = rating
    const scores = Object.entries(rating.aspects).filter(([name]) => aspects?.includes(name) ?? true)
    for (const name of Object.keys(rating.aspects)) seen.set(name, (seen.get(name) ?? 0) + 1)
    if (scores.length === 0) {
      leftOut++
      continue
    }
    const key = judgementKey(context, candidate, rater)
    const entry = found.get(key) ?? { row: { context, candidate, rater }, weight: 0, sums: new Map() }
    found.set(key, entry)
    entry.weight += weight
    for (const [name, score] of scores) {
      const [total, before] = entry.sums.get(name) ?? [0, 0]
      entry.sums.set(name, [total + weight * placed(rating, score, rescale), before + weight])
    }
  }
  const names = aspects ?? [...seen.keys()]
  const unrated = names.find((name) => !seen.has(name))
  if (unrated !== undefined)
    throw new RangeError(
      `the aspect "${unrated}" has no ratings; rated are ${[...seen.keys()].slice(0, 20).join(', ') || 'none'}`,
    )
  if (found.size === 0) throw new RangeError('there are no ratings to learn from')
  const entries = [...found.values()]
  const data = new Float32Array(entries.length * names.length).fill(Number.NaN)
  const counts = names.map((name, column) => {
    let count = 0
    entries.forEach(({ sums }, row) => {
      const sum = sums.get(name)
      if (sum === undefined) return
      data[row * names.length + column] = sum[0] / sum[1]
      count++
    })
    return count
  })
  return {
    rows: entries.map(({ row }) => row),
    aspects: names,
    values: { rows: entries.length, columns: names.length, data },
    weights: Float32Array.from(entries, ({ weight }) => weight),
    counts,
    leftOut,
  }
}

function placed({ id, scale }: Rating, score: number, rescale: RatingsOptions['rescale']): number {
  if (rescale === undefined) return score
  if (scale === undefined || scale.min === scale.max)
    throw new RangeError(`signal ${id} does not say on which scale it rates, so its scores cannot be put on another`)
  const [lowest, highest] = rescale
  return lowest + ((score - scale.min) / (scale.max - scale.min)) * (highest - lowest)
}
