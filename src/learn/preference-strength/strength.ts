import { type Run, startRun } from '../../run/index.ts'
import type { Matrix } from '../contract.ts'
import { type OutOfFoldOptions, outOfFold } from '../model/out-of-fold.ts'
import type { PairData } from '../pairs/pair-data.ts'

/** How strongly an ensemble holds with what was said about each pair; entries are in the order of the pairs. */
export interface PreferenceStrength {
  /** d_im, each member's log-odds for the preferred side; 0 for ties, which prefer none: [pairs, members]. */
  readonly votes: Matrix
  /** û_i, their mean; below 0 the ensemble is against the label: [pairs]. */
  readonly mean: Float64Array
  /** σ̂_i, their standard deviation (of the population, so 0 for one member): [pairs]. */
  readonly deviation: Float64Array
  /** Whether the pair prefers a side: [pairs]. */
  readonly decided: Uint8Array
}

/**
 * Preference strength from an ensemble's opinions. The members should not have learned from the pairs they are asked
 * about: what has memorised a wrong label is for it.
 *
 * @param logits log-odds that a is preferred, such as `outOfFold` gives: [pairs, members]
 * @param targets [pairs]; above ½ prefers a, below ½ b
 * @throws {RangeError} when there are not as many rows as targets, or no members
 * @see Wang et al. (2024), "Secrets of RLHF in large language models, part II: reward modeling", arXiv 2401.06080
 * @example
 * strengthOf({ rows: 1, columns: 2, data: Float32Array.of(-1, -3) }, [1]).mean // [-2]
 */
export function strengthOf(logits: Matrix, targets: ArrayLike<number>): PreferenceStrength {
  const { rows, columns, data } = logits
  if (rows !== targets.length)
    throw new RangeError(`strengthOf: there are opinions of ${rows} pairs and ${targets.length} targets`)
  if (columns === 0) throw new RangeError('strengthOf: the ensemble has no members')
  const votes = new Float32Array(rows * columns)
  const [mean, deviation, decided] = [new Float64Array(rows), new Float64Array(rows), new Uint8Array(rows)]
  for (let pair = 0; pair < rows; pair++) {
    const side = Math.sign((targets[pair] as number) - 0.5)
    decided[pair] = side === 0 ? 0 : 1
    let [total, squares] = [0, 0]
    for (let member = 0; member < columns; member++) {
      // No −0 for ties.
      const vote = side === 0 ? 0 : side * (data[pair * columns + member] as number)
      votes[pair * columns + member] = vote
      total += vote
    }
    const centre = total / columns
    for (let member = 0; member < columns; member++)
      squares += ((votes[pair * columns + member] as number) - centre) ** 2
    mean[pair] = centre
    deviation[pair] = Math.sqrt(squares / columns)
  }
  return { votes: { rows, columns, data: votes }, mean, deviation, decided }
}

/**
 * Preference strength of pairs by an ensemble fitted to them, each pair judged by members that have not seen it: M
 * members of K folds each, see `outOfFold`. Convex models differ by little else than their sample, so `bootstrap` is on.
 *
 * Pairs of one context are held out together. Where the same two candidates stand in several contexts, members have seen
 * the pair in another one and hold with its label: give `by: 'component'` there.
 *
 * @example
 * const strength = await annotateStrength({ kind: rewardKind, data, members: 10 }, startRun({ seed: 1 }))
 * mislabelQueue(strength, { most: 20 })
 */
export async function annotateStrength<O, P>(
  given: OutOfFoldOptions<O, P>,
  run: Run = startRun(),
): Promise<PreferenceStrength> {
  const { logits } = await outOfFold({ bootstrap: true, ...given }, run)
  return strengthOf(logits, given.data.targets)
}

/** Strength of some pairs, in the order of the indices. */
export function takeStrength(strength: PreferenceStrength, pairs: ArrayLike<number>): PreferenceStrength {
  const { votes, mean, deviation, decided } = strength
  const places = Int32Array.from(pairs)
  const data = new Float32Array(places.length * votes.columns)
  places.forEach((pair, at) => {
    data.set(votes.data.subarray(pair * votes.columns, (pair + 1) * votes.columns), at * votes.columns)
  })
  return {
    votes: { rows: places.length, columns: votes.columns, data },
    mean: Float64Array.from(places, (pair) => mean[pair] as number),
    deviation: Float64Array.from(places, (pair) => deviation[pair] as number),
    decided: Uint8Array.from(places, (pair) => decided[pair] as number),
  }
}

/** A pair that is probably mislabelled. */
export interface DoubtedPair {
  readonly pair: number
  readonly mean: number
  readonly deviation: number
}

/** Decided pairs from the weakest on: lowest mean first, of equal ones the one members disagree most about. */
function weakestFirst({ mean, deviation, decided }: PreferenceStrength): number[] {
  return Array.from(mean, (_, pair) => pair)
    .filter((pair) => decided[pair] === 1)
    .sort(
      (i, j) =>
        (mean[i] as number) - (mean[j] as number) || (deviation[j] as number) - (deviation[i] as number) || i - j,
    )
}

/**
 * The queue "probably mislabelled", for people to look at: pairs the ensemble is against, those most so first.
 *
 * @param options.most default all
 * @param options.below only pairs whose strength is below it. Default 0
 */
export function mislabelQueue(
  strength: PreferenceStrength,
  { most = Number.POSITIVE_INFINITY, below = 0 }: { readonly most?: number; readonly below?: number } = {},
): readonly DoubtedPair[] {
  return weakestFirst(strength)
    .filter((pair) => (strength.mean[pair] as number) < below)
    .slice(0, most)
    .map((pair) => ({
      pair,
      mean: strength.mean[pair] as number,
      deviation: strength.deviation[pair] as number,
    }))
}

/**
 * The weakest decided pairs.
 *
 * @param share of the decided pairs, 0 to 1; rounded to a whole number of them
 */
export function weakestPairs(strength: PreferenceStrength, share: number): Int32Array {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`weakestPairs: share is ${share}, expected from 0 to 1`)
  const order = weakestFirst(strength)
  return Int32Array.from(order.slice(0, Math.round(share * order.length)))
}

/**
 * Bins of equal counts by strength, 0 the weakest; −1 for ties.
 *
 * @param bins default 10
 * @returns [pairs]
 */
export function strengthBins(strength: PreferenceStrength, bins = 10): Int32Array {
  if (!(Number.isInteger(bins) && bins >= 1))
    throw new RangeError(`strengthBins: bins is ${bins}, expected a whole number of at least 1`)
  const order = weakestFirst(strength)
  const found = new Int32Array(strength.mean.length).fill(-1)
  order.forEach((pair, rank) => {
    found[pair] = Math.floor((rank * bins) / order.length)
  })
  return found
}

/**
 * The same pairs with the labels of some turned round: P(a preferred) becomes 1 − P. Turning twice is turning nothing.
 *
 * @throws {RangeError} when there is no such pair
 */
export function flipLabels(data: PairData, pairs: ArrayLike<number>): PairData {
  const targets = data.targets.slice()
  eachOf(pairs, targets.length, (pair) => {
    targets[pair] = 1 - (targets[pair] as number)
  })
  return { ...data, targets }
}

/** Strength after the labels of some pairs were turned round: what was against them is for them now. */
export function flipStrength(strength: PreferenceStrength, pairs: ArrayLike<number>): PreferenceStrength {
  const { columns } = strength.votes
  const mean = strength.mean.slice()
  const votes = strength.votes.data.slice()
  eachOf(pairs, mean.length, (pair) => {
    mean[pair] = -(mean[pair] as number)
    for (let at = pair * columns; at < (pair + 1) * columns; at++) votes[at] = -(votes[at] as number)
  })
  return { ...strength, mean, votes: { ...strength.votes, data: votes } }
}

function eachOf(pairs: ArrayLike<number>, count: number, visit: (pair: number) => void): void {
  for (let at = 0; at < pairs.length; at++) {
    const pair = pairs[at] as number
    if (!(Number.isInteger(pair) && pair >= 0 && pair < count))
      throw new RangeError(`there is no pair ${pair} among ${count}`)
    visit(pair)
  }
}

/** Mean and deviation as columns for `withColumns`, by the names that annotated data sets give them. */
export function strengthColumns({
  mean,
  deviation,
}: PreferenceStrength): Readonly<Record<'mean' | 'std', Float64Array>> {
  return { mean, std: deviation }
}
