import { value } from '../../tensor/index.ts'
import { audienceSize, type Recommender } from '../contract.ts'
import { type InteractionSet, itemCounts, type SparseRows } from '../interactions/interaction-set.ts'
import { recommender } from '../recommender.ts'

/**
 * Recommends to everyone what most users took: score = number of users who took the item in training.
 *
 * @example
 * const popular = popularity(train)
 * const { items } = await popular.recommend({ users: [0, 1] }, { count: 10 })
 */
export function popularity(train: InteractionSet): Recommender {
  return popularityOf(Float32Array.from(itemCounts(train)), train)
}

/** The recommender from its saved parts. */
export function popularityOf(counts: Float32Array, seen: SparseRows): Recommender {
  const items = counts.length
  return recommender({
    kind: 'popularity',
    items,
    seen,
    scoring: {
      form: 'scores',
      scores(audience) {
        const rows = audienceSize(audience)
        const scores = new Float32Array(rows * items)
        for (let row = 0; row < rows; row++) scores.set(counts, row * items)
        return scores
      },
    },
    tensors: { counts: value(counts) },
    metadata: {},
  })
}
