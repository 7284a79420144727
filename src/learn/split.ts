import { hash } from 'node:crypto'
import type { Random } from '../run/index.ts'
import type { Matrix } from './contract.ts'
import { graphParts } from './graph-parts.ts'
import { numbered, type PairData } from './pairs/pair-data.ts'

/**
 * What stays together: each pair alone, pairs of one context (prompt), of one rater, of one source, or pairs that are
 * linked by shared candidates, however long the chain.
 */
export type SplitBy = 'pair' | 'context' | 'rater' | 'source' | 'component'

export interface SplitOptions {
  /** Default `context`. */
  readonly by?: SplitBy
  /** Share of the pairs in each part; they sum to 1. */
  readonly shares: readonly number[]
}

/**
 * The group of each pair. Pairs of unknown raters are groups of their own.
 *
 * @returns [pairs], from 0
 */
export function pairGroups(data: PairData, by: SplitBy): Int32Array {
  if (by === 'pair') return Int32Array.from(data.a, (_, pair) => pair)
  if (by === 'context') return Int32Array.from(numbered(data.context).places)
  if (by === 'source') return Int32Array.from(numbered(data.source).places)
  if (by === 'rater')
    return Int32Array.from(numbered(Array.from(data.rater, (place, pair) => (place < 0 ? -1 - pair : place))).places)
  return sharedComponents(data)
}

/** Parts of the graph whose nodes are candidates (rows of equal features are one) and whose edges are pairs. */
function sharedComponents({ rows, a, b }: PairData): Int32Array {
  const { places: nodes } = numbered(
    'columns' in rows
      ? Array.from({ length: rows.rows }, (_, row) => featuresKey(rows, row))
      : rows.map(({ candidate }) => candidate.id),
  )
  const nodeOf = (row: number): number => nodes[row] as number
  const first = a.map(nodeOf)
  const parts = graphParts(nodes.length, first, b.map(nodeOf))
  return Int32Array.from(numbered(first.map((node) => parts[node] as number)).places)
}

function featuresKey({ columns, data }: Matrix, row: number): string {
  // −0 is 0.
  const features = data.slice(row * columns, (row + 1) * columns).map((number) => number + 0)
  return hash('sha256', new Uint8Array(features.buffer), 'base64')
}

/**
 * Splits cases into parts that share no group. Groups are taken in random order, each by the part that lacks most, so
 * parts come as close to their shares as the groups allow.
 *
 * @param groups the group of each case
 * @returns the cases of each part, in ascending order
 * @throws {RangeError} when shares are not above 0 or do not sum to 1, or a part would be empty
 */
export function splitGroups(
  groups: ArrayLike<number>,
  shares: readonly number[],
  random: Random,
): readonly Int32Array[] {
  if (shares.some((share) => !(share > 0)) || Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) > 1e-9)
    throw new RangeError(`shares are [${shares.join(', ')}], expected numbers above 0 that sum to 1`)
  const members = new Map<number, number[]>()
  for (let at = 0; at < groups.length; at++) {
    const list = members.get(groups[at] as number)
    if (list) list.push(at)
    else members.set(groups[at] as number, [at])
  }
  if (members.size < shares.length)
    throw new RangeError(`${members.size} groups cannot be split into ${shares.length} parts that share none`)
  const parts = shares.map((): number[] => [])
  const lacking = shares.map((share) => share * groups.length)
  const order = random.shuffle([...members.values()])
  order.forEach((list, taken) => {
    // The last groups go to parts that have none yet, if any.
    const empty = parts.flatMap((part, at) => (part.length === 0 ? [at] : []))
    const left = order.length - taken
    const choice = empty.length >= left ? empty : parts.map((_, at) => at)
    const most = choice.reduce((best, at) => ((lacking[at] as number) > (lacking[best] as number) ? at : best))
    for (const at of list) parts[most]?.push(at)
    lacking[most] = (lacking[most] as number) - list.length
  })
  return parts.map((part) => Int32Array.from(part).sort())
}

/**
 * Splits pairs into parts, such as training and test pairs.
 *
 * @returns the pairs of each part, for `takePairs`
 * @example
 * const [train, test] = splitPairs(data, { by: 'context', shares: [0.8, 0.2] }, seeded(1))
 */
export function splitPairs(
  data: PairData,
  { by = 'context', shares }: SplitOptions,
  random: Random,
): readonly Int32Array[] {
  return splitGroups(pairGroups(data, by), shares, random)
}

/**
 * Folds for cross-validation that share no group.
 *
 * @param groups the group of each case
 * @returns the fold of each case, from 0
 * @throws {RangeError} when there are fewer groups than folds, or fewer than two folds
 */
export function kFolds(groups: ArrayLike<number>, folds: number, random: Random): Int32Array {
  if (!Number.isInteger(folds) || folds < 2)
    throw new RangeError(`folds is ${folds}, expected a whole number of at least 2`)
  const found = new Int32Array(groups.length)
  splitGroups(groups, new Array<number>(folds).fill(1 / folds), random).forEach((part, fold) => {
    for (const at of part) found[at] = fold
  })
  return found
}
