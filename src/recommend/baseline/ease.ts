import { value } from '../../tensor/index.ts'
import { type Audience, audienceSize, type Reason, type Recommender } from '../contract.ts'
import { type InteractionSet, itemsOf, type SparseRows } from '../interactions/interaction-set.ts'
import { recommender } from '../recommender.ts'
import { invertPositive } from './positive-inverse.ts'

export interface EaseOptions {
  /** λ, what is added to the diagonal: the larger, the smaller the weights. Default 500, as the paper's larger sets. */
  readonly lambda?: number
}

/** More items would need more than 3 GB for their weights. */
const mostItems = 20_000

/**
 * EASE: every item is predicted from the other items of a history by a linear model without hidden factors, in closed
 * form. With X the binary matrix of users and items, G = Xᵀ·X + λ·I and P = G⁻¹:
 *
 * B_ij = −P_ij / P_jj for i ≠ j, B_jj = 0, scores = x·B
 *
 * A history needs no training: its rows of B are added up. Memory 8·items² bytes while fitting, 4·items² then.
 *
 * @throws {RangeError} on a λ that is not positive, or more than 20,000 items
 * @see H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019, arXiv 1905.03375
 * @example
 * const model = await ease(train, { lambda: 200 })
 * const { items } = await model.recommend({ histories: [[3, 17]] })
 */
export async function ease(train: InteractionSet, options: EaseOptions = {}): Promise<Recommender> {
  const lambda = options.lambda ?? 500
  if (!(lambda > 0 && Number.isFinite(lambda))) throw new RangeError(`lambda is ${lambda}, expected a positive number`)
  const { items } = train
  if (items > mostItems)
    throw new RangeError(`there are ${items} items, expected at most ${mostItems}: the weights are items² numbers`)
  const weights = gram(train)
  for (let item = 0; item < items; item++) weights[item * items + item] = (weights[item * items + item] ?? 0) + lambda
  await invertPositive(weights, items)
  const scale = Float32Array.from({ length: items }, (_, item) => -1 / (weights[item * items + item] ?? 1))
  for (let row = 0; row < items; row++) {
    const start = row * items
    for (let column = 0; column < items; column++)
      weights[start + column] = (weights[start + column] as number) * (scale[column] as number)
    weights[start + row] = 0
  }
  return easeOf(weights, train, lambda)
}

/** How many users took both of two items: Xᵀ·X, [items, items]. */
export function gram({ offsets, columns, items }: InteractionSet): Float32Array<ArrayBuffer> {
  const counts = new Float32Array(items * items)
  for (let user = 0; user < offsets.length - 1; user++) {
    const [from, to] = [offsets[user] as number, offsets[user + 1] as number]
    for (let a = from; a < to; a++) {
      const row = (columns[a] as number) * items
      // Items ascend within a user, so that this is the lower triangle.
      for (let b = from; b <= a; b++) {
        const at = row + (columns[b] as number)
        counts[at] = (counts[at] as number) + 1
      }
    }
  }
  for (let row = 0; row < items; row++)
    for (let column = 0; column < row; column++) counts[column * items + row] = counts[row * items + column] as number
  return counts
}

/** The recommender from its saved parts. */
export function easeOf(weights: Float32Array, seen: SparseRows, lambda: number): Recommender {
  const items = Math.round(Math.sqrt(weights.length))
  return recommender({
    kind: 'ease',
    items,
    seen,
    scoring: { form: 'scores', scores: (audience) => addRows(weights, items, audience, seen) },
    explain: (history, item) =>
      Array.from(history, (own): Reason => ({ item: own, weight: weights[own * items + item] ?? 0 })).toSorted(
        (a, b) => b.weight - a.weight,
      ),
    tensors: { weights: value(weights, [items, items]) },
    metadata: { lambda: String(lambda) },
  })
}

/** Sums of the rows of a matrix that histories name: [rows, items]. */
function addRows(weights: Float32Array, items: number, audience: Audience, seen: SparseRows): Float32Array {
  const rows = audienceSize(audience)
  const scores = new Float32Array(rows * items)
  for (let row = 0; row < rows; row++) {
    const own = scores.subarray(row * items, (row + 1) * items)
    const history = 'users' in audience ? itemsOf(seen, audience.users[row] ?? 0) : (audience.histories[row] ?? [])
    for (const item of new Set(Array.from(history))) {
      const from = item * items
      for (let column = 0; column < items; column++)
        own[column] = (own[column] as number) + (weights[from + column] as number)
    }
  }
  return scores
}
