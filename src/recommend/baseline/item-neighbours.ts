import { value } from '../../tensor/index.ts'
import { audienceSize, type Reason, type Recommender } from '../contract.ts'
import { byItem, type InteractionSet, itemsOf, type SparseRows } from '../interactions/interaction-set.ts'
import { recommender } from '../recommender.ts'

export interface ItemNeighboursOptions {
  /** How many neighbours of each item count. Default 100. */
  readonly neighbours?: number
  /** Added to what the similarity divides by, so that few common users weigh little. Default 0. */
  readonly shrink?: number
}

/** Each item's neighbours: row i has its nearest items and how similar they are. */
export interface Neighbours extends SparseRows {
  readonly values: Float32Array
}

/**
 * Item-based nearest neighbours: items are alike when the same users took them,
 *
 * s_ij = (users of both) / (√(users of i · users of j) + shrink)
 *
 * and a history scores every item by Σ s over those of its items that have the item among their k nearest. A history
 * needs no training.
 *
 * @throws {RangeError} when `neighbours` is below 1 or `shrink` negative
 * @see Deshpande and Karypis, Item-based top-N recommendation algorithms, ACM TOIS 22 (2004)
 */
export function itemNeighbours(train: InteractionSet, options: ItemNeighboursOptions = {}): Recommender {
  const { neighbours = 100, shrink = 0 } = options
  if (!(Number.isInteger(neighbours) && neighbours >= 1))
    throw new RangeError(`neighbours is ${neighbours}, expected a whole number of at least 1`)
  if (!(shrink >= 0)) throw new RangeError(`shrink is ${shrink}, expected a number of at least 0`)
  const users = byItem(train)
  const degree = (item: number): number => (users.offsets[item + 1] ?? 0) - (users.offsets[item] ?? 0)
  const common = new Float64Array(train.items)
  const met: number[] = []
  const offsets = new Uint32Array(train.items + 1)
  const columns: number[] = []
  const values: number[] = []
  for (let item = 0; item < train.items; item++) {
    met.length = 0
    for (const user of itemsOf(users, item)) {
      const to = train.offsets[user + 1] as number
      for (let at = train.offsets[user] as number; at < to; at++) {
        const other = train.columns[at] as number
        if (common[other] === 0) met.push(other)
        common[other] = (common[other] as number) + 1
      }
    }
    const nearest = met
      .filter((other) => other !== item)
      .map((other) => ({
        other,
        similarity: (common[other] ?? 0) / (Math.sqrt(degree(item) * degree(other)) + shrink),
      }))
      .toSorted((a, b) => b.similarity - a.similarity || a.other - b.other)
      .slice(0, neighbours)
      .toSorted((a, b) => a.other - b.other)
    for (const { other, similarity } of nearest) {
      columns.push(other)
      values.push(similarity)
    }
    offsets[item + 1] = columns.length
    for (const other of met) common[other] = 0
  }
  return itemNeighboursOf(
    { offsets, columns: Uint32Array.from(columns), values: Float32Array.from(values) },
    train,
    options,
  )
}

/** The recommender from its saved parts. */
export function itemNeighboursOf(
  { offsets, columns, values }: Neighbours,
  seen: SparseRows,
  options: ItemNeighboursOptions,
): Recommender {
  const items = offsets.length - 1
  return recommender({
    kind: 'item-neighbours',
    items,
    seen,
    scoring: {
      form: 'scores',
      scores(audience) {
        const rows = audienceSize(audience)
        const scores = new Float32Array(rows * items)
        for (let row = 0; row < rows; row++) {
          const history =
            'users' in audience ? itemsOf(seen, audience.users[row] ?? 0) : (audience.histories[row] ?? [])
          for (const item of new Set(Array.from(history)))
            for (let at = offsets[item] ?? 0; at < (offsets[item + 1] ?? 0); at++) {
              const place = row * items + (columns[at] ?? 0)
              scores[place] = (scores[place] ?? 0) + (values[at] ?? 0)
            }
        }
        return scores
      },
    },
    explain: (history, wanted) =>
      Array.from(history, (item): Reason => {
        const own = columns.subarray(offsets[item], offsets[item + 1]).indexOf(wanted)
        return { item, weight: own < 0 ? 0 : (values[(offsets[item] ?? 0) + own] ?? 0) }
      }).toSorted((a, b) => b.weight - a.weight),
    tensors: { offsets: value(offsets), columns: value(columns), values: value(values) },
    metadata: { neighbours: String(options.neighbours ?? 100), shrink: String(options.shrink ?? 0) },
  })
}
