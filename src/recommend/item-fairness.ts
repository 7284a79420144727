import { type FairnessValue, type ItemFairness, type ItemFairnessOptions, itemFairness } from '../measure/index.ts'
import type { ItemLists, Recommendations } from './contract.ts'
import { rankingReport } from './evaluation/ranking-report.ts'
import { selectTop } from './top-items.ts'

/**
 * Fairness to single items: how evenly recommendations spread the places of lists over the catalogue, and a re-ranking
 * that trades relevance for it.
 *
 * The measures are `itemFairness` of the room `measure`: original and corrected forms, with their directions and the
 * cases in which they have no value. Here they meet recommendations.
 *
 * @see Rampisela, Maistro, Ruotsalo, Lioma, Evaluation Measures of Individual Item Fairness for Recommender Systems: A
 *   Critical Study, ACM TORS 3(2), 2025, arXiv 2311.01013
 */

/**
 * {@link itemFairness} of recommendations.
 *
 * @param items catalogue size
 * @param k places of each list that count. Default: all
 * @throws {RangeError} when a list has fewer items
 */
export function recommendationFairness(
  { rows, count, items: listed }: Recommendations,
  items: number,
  k: number = count,
  options: ItemFairnessOptions = {},
): ItemFairness {
  if (!(Number.isInteger(k) && k >= 1 && k <= count))
    throw new RangeError(`k is ${k}, expected a whole number from 1 to ${count}`)
  return itemFairness(
    Array.from({ length: rows }, (_, row) => listed.subarray(row * count, row * count + k)),
    items,
    options,
  )
}

export interface FairRerankOptions {
  /** Places of the lists made. Default 10. */
  readonly count?: number
  /** What an item's exposure weighs against its score: 0 keeps the order of the candidates. */
  readonly weight: number
  /** Most rounds through the users; fewer where nothing changes any more. Default 10. */
  readonly rounds?: number
}

/**
 * Lists out of candidates that share the places more evenly. With s a candidate's score, moved and scaled so that a
 * user's candidates run from 0 to 1, c_i the lists that hold item i and c̄ their mean if places were shared evenly, lists
 * are looked for that make
 *
 * F = Σ_u Σ_{i ∈ list u} s_ui − weight / (2·c̄) · Σ_i c_i²
 *
 * as large as possible: user by user, the best list is the top of s_ui − weight·(c_i + ½)/c̄, with c counted without
 * that user, so that F never falls. Σ c² is what Jain's index and the effective number of items are made of. Only
 * candidates can be listed: the more of them, the further fairness can go. Lists are in the order of the scores.
 *
 * @param candidates at least `count` items a row
 * @param items catalogue size
 * @throws {RangeError} when a row has too few candidates, or the weight is negative
 */
export function fairRerank(candidates: Recommendations, items: number, options: FairRerankOptions): Recommendations {
  const { count = 10, weight, rounds = 10 } = options
  const { rows, count: width } = candidates
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new RangeError(`weight is ${weight}, expected a number of at least 0`)
  const scores = scaledScores(candidates, count)
  const fair = (rows * count) / items
  const exposure = new Float64Array(items)
  /** Places among its candidates of each row's list, ascending. */
  const chosen = Array.from({ length: rows }, () => Array.from({ length: count }, (_, place) => place))
  const itemAt = (row: number, place: number): number => candidates.items[row * width + place] ?? -1
  const expose = (row: number, by: number): void => {
    for (const place of chosen[row] ?? []) {
      const item = itemAt(row, place)
      exposure[item] = (exposure[item] ?? 0) + by
    }
  }
  for (let row = 0; row < rows; row++) expose(row, 1)
  const [values, top, topValues] = [new Float32Array(width), new Int32Array(count), new Float32Array(count)]
  for (let round = 0; round < rounds; round++) {
    let changed = false
    for (let row = 0; row < rows; row++) {
      expose(row, -1)
      for (let place = 0; place < width; place++) {
        const item = itemAt(row, place)
        values[place] =
          item < 0
            ? Number.NEGATIVE_INFINITY
            : (scores[row * width + place] ?? 0) - (weight * ((exposure[item] ?? 0) + 0.5)) / fair
      }
      selectTop(values, top, topValues)
      const best = Array.from(top).sort((a, b) => a - b)
      if (best.some((place, at) => place !== chosen[row]?.[at])) {
        changed = true
        chosen[row] = best
      }
      expose(row, 1)
    }
    if (!changed) break
  }
  const places = chosen.flatMap((own, row) => own.map((place) => row * width + place))
  return {
    rows,
    count,
    items: Int32Array.from(places, (place) => candidates.items[place] ?? -1),
    scores: Float32Array.from(places, (place) => candidates.scores[place] ?? 0),
  }
}

/**
 * Scores of each row between 0 and 1; a row whose scores are all equal gets zeros.
 *
 * @param least candidates that a row has at least
 */
export function scaledScores({ rows, count: width, items, scores }: Recommendations, least: number): Float64Array {
  const scaled = new Float64Array(rows * width)
  for (let row = 0; row < rows; row++) {
    const own = items.subarray(row * width, (row + 1) * width)
    const held = own.indexOf(-1) < 0 ? width : own.indexOf(-1)
    if (held < least) throw new RangeError(`row ${row} has ${held} candidates, expected at least ${least}`)
    const [high, low] = [scores[row * width] ?? 0, scores[row * width + held - 1] ?? 0]
    for (let at = 0; at < held; at++)
      scaled[row * width + at] = high > low ? ((scores[row * width + at] ?? 0) - low) / (high - low) : 0
  }
  return scaled
}

/** Lists that hold each item, as a multiple of what each had if places were shared evenly: [items]. */
export function relativeExposure({ rows, count, items: listed }: Recommendations, items: number): Float64Array {
  const exposure = new Float64Array(items)
  const share = items / (rows * count)
  for (const item of listed) if (item >= 0) exposure[item] = (exposure[item] ?? 0) + share
  return exposure
}

/**
 * Lists for more people beside those that {@link fairRerank} made lists for: what each of them would have got as one
 * more, the top of s_ui − weight·(e_i + items/(2·places)), with e the {@link relativeExposure} of the lists made. The
 * lists of different rows do not depend on each other.
 *
 * @param exposure of `fairRerank`'s lists at the same weight
 * @param places of those lists together
 */
export function rerankByExposure(
  candidates: Recommendations,
  exposure: Float64Array,
  places: number,
  { count = 10, weight }: Pick<FairRerankOptions, 'count' | 'weight'>,
): Recommendations {
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new RangeError(`weight is ${weight}, expected a number of at least 0`)
  const { rows, count: width } = candidates
  const scaled = scaledScores(candidates, 0)
  const half = exposure.length / (2 * places)
  const found = {
    rows,
    count,
    items: new Int32Array(rows * count).fill(-1),
    scores: new Float32Array(rows * count).fill(Number.NEGATIVE_INFINITY),
  }
  const [values, top, topValues] = [new Float32Array(width), new Int32Array(count), new Float32Array(count)]
  for (let row = 0; row < rows; row++) {
    for (let place = 0; place < width; place++) {
      const item = candidates.items[row * width + place] ?? -1
      values[place] =
        item < 0
          ? Number.NEGATIVE_INFINITY
          : (scaled[row * width + place] ?? 0) - weight * ((exposure[item] ?? 0) + half)
    }
    selectTop(values, top, topValues)
    const best = Array.from(top)
      .filter((place) => place >= 0)
      .sort((a, b) => a - b)
    for (const [at, place] of best.entries()) {
      found.items[row * count + at] = candidates.items[row * width + place] ?? -1
      found.scores[row * count + at] = candidates.scores[row * width + place] ?? 0
    }
  }
  return found
}

/** A point of the trade between relevance and fairness. */
export interface FairnessPoint {
  readonly weight: number
  readonly recall: number
  readonly ndcg: number
  /** Share of the catalogue in some list. */
  readonly coverage: number
  /** All measures of the lists. */
  readonly fairness: ItemFairness
}

/**
 * What fairness costs: lists re-ranked with growing weights, and how relevant and how fair they are.
 *
 * @param candidates of tested users
 * @param relevant held-out items of each row, ascending, at least one
 * @example
 * const curve = fairnessCurve(candidates, (row) => itemsOf(test, row), test.items, { weights: [0, 0.1, 0.3, 1] })
 */
export function fairnessCurve(
  candidates: Recommendations,
  relevant: ItemLists,
  items: number,
  { weights, count = 10 }: { readonly weights: readonly number[]; readonly count?: number },
): readonly FairnessPoint[] {
  const users = Uint32Array.from({ length: candidates.rows }, (_, row) => row)
  return weights.map((weight) => {
    const lists = fairRerank(candidates, items, { weight, count })
    const report = rankingReport(lists, users, relevant, { cutoffs: [count], metrics: ['recall', 'ndcg'], items })
    return {
      weight,
      recall: report.means[`recall@${count}`] ?? Number.NaN,
      ndcg: report.means[`ndcg@${count}`] ?? Number.NaN,
      coverage: report.catalogue[0]?.coverage ?? Number.NaN,
      fairness: recommendationFairness(lists, items),
    }
  })
}

/** The number of a measure, NaN where it has no value. */
export function fairnessNumber(measured: FairnessValue | undefined): number {
  return measured && 'value' in measured ? measured.value : Number.NaN
}
