import type { TensorValue } from '../../tensor/index.ts'
import type { Audience, ItemVectors, Recommendations, Recommender } from '../contract.ts'
import type { SparseRows } from '../interactions/interaction-set.ts'
import type { Sequences } from '../interactions/sequences.ts'
import { assertCandidates, type Ranker } from '../ranker.ts'
import { recommender } from '../recommender.ts'
import { historiesFor, recentSequences, savedNetwork } from '../sequential/sequential-recommender.ts'
import { type Exclusion, type ItemIndex, selectTop } from '../top-items.ts'
import { type InterestEncoder, interestEncoder, type UserInterests } from './interest-encoder.ts'
import type { InterestNetwork, InterestParameters } from './interest-network.ts'

/** A recommender by several vectors a user, which also puts given candidates in order: a coarse stage of a `cascade`. */
export interface InterestRecommender extends Recommender, Ranker {
  readonly kind: string
  readonly items: number
  /** The interests of each row; what is computed once a request. */
  interests(audience: Audience): Promise<UserInterests>
  /** The candidates' vectors, which can be computed beforehand and put into an index. */
  readonly itemVectors: ItemVectors
  save(path: string): Promise<void>
  dispose(): Promise<void>
}

/**
 * A recommender that reads a history through a network of interests: an item's score is its largest product with an
 * interest. Users are read by their training histories.
 *
 * @param sequences what each user did; only the network's `length` last items are kept
 * @param encoder a ready network that others dispose of. Default: one of its own
 */
export function interestRecommenderOf<P extends InterestParameters>(
  network: InterestNetwork<P>,
  sequences: Sequences,
  seen: SparseRows,
  table: TensorValue = network.parameters.items,
  encoder?: InterestEncoder,
): InterestRecommender {
  const own = encoder ?? interestEncoder(network, table)
  const recent = recentSequences(sequences, network.length)
  const interests = (audience: Audience): Promise<UserInterests> => own.interests(historiesFor(recent, audience))
  const whole = recommender({
    kind: network.kind,
    items: network.items,
    seen,
    scoring: { form: 'scores', scores: async (audience) => own.scores(await interests(audience)) },
    // Side fields are in the table by now.
    ...savedNetwork({}, { ...network.parameters, items: table }, recent),
    metadata: { network: JSON.stringify(network.settings) },
  })
  const popularity = new Float32Array(network.items)
  for (const item of seen.columns) popularity[item] = (popularity[item] ?? 0) + 1
  return {
    ...whole,
    interests,
    itemVectors: {
      vectors: (table.data as Float32Array).subarray(network.width),
      items: network.items,
      width: network.width,
    },
    async scoreCandidates(audience, candidates) {
      assertCandidates(audience, candidates, network.items)
      const found = await interests(audience)
      const scores = await own.candidateScores(found, candidates)
      const { rows, count, items } = candidates
      for (let row = 0; row < rows; row++) {
        const known = found.valid.subarray(row * found.count, (row + 1) * found.count).some((valid) => valid > 0)
        for (let at = row * count; at < (row + 1) * count; at++) {
          const item = items[at] as number
          if (item < 0) scores[at] = Number.NEGATIVE_INFINITY
          else if (!known) scores[at] = popularity[item] as number
        }
      }
      return scores
    },
    async dispose() {
      await whole.dispose()
      if (!encoder) await own.dispose()
    },
  }
}

/**
 * The items with the largest product with any interest, by one search of an index for each interest, merged by score:
 * exact where the index is, since an item among the best by its nearest interest is among the best of that interest.
 *
 * @param index of the items' vectors
 * @returns as `recommend` gives; rows without a valid interest get nothing
 * @example
 * const found = await retrieveInterests(itemIndex(model.itemVectors), await model.interests({ users: [3] }), 100)
 */
export async function retrieveInterests(
  index: Pick<ItemIndex, 'top'>,
  { rows, count: interests, vectors, valid }: UserInterests,
  count: number,
  exclusion: Exclusion = {},
): Promise<Recommendations> {
  const { lists } = exclusion
  const each = await index.top(vectors, count, {
    ...exclusion,
    ...(lists && { lists: (row) => lists(Math.floor(row / interests)) }),
  })
  const found = { rows, count, items: new Int32Array(rows * count), scores: new Float32Array(rows * count) }
  for (let row = 0; row < rows; row++) {
    const best = new Map<number, number>()
    for (let interest = row * interests; interest < (row + 1) * interests; interest++) {
      if ((valid[interest] ?? 0) === 0) continue
      for (let at = interest * each.count; at < (interest + 1) * each.count; at++) {
        const [item, score] = [each.items[at] as number, each.scores[at] as number]
        if (item >= 0 && score > (best.get(item) ?? Number.NEGATIVE_INFINITY)) best.set(item, score)
      }
    }
    // In order of their numbers, so that equal scores are.
    const merged = [...best.keys()].sort((a, b) => a - b)
    const own = found.items.subarray(row * count, (row + 1) * count)
    const scores = Float32Array.from(merged, (item) => best.get(item) ?? 0)
    selectTop(scores, own, found.scores.subarray(row * count, (row + 1) * count), count)
    for (const [at, place] of own.entries()) if (place >= 0) own[at] = merged[place] as number
  }
  return found
}
