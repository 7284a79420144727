import { availableParallelism } from 'node:os'
import { type Run, startRun } from '../run/index.ts'
import {
  type Audience,
  audienceSize,
  audienceSlice,
  type ItemVectors,
  type Recommendations,
  type Recommender,
  type RecommendOptions,
} from './contract.ts'
import { selectTop } from './top-items.ts'

/** Finds items with nearly the largest inner products, in a time that hardly grows with the catalogue. */
export interface ApproximateIndex {
  readonly items: number
  /** About the `count` best items of each query, in any order; −1 where fewer were found: [rows, count]. */
  nearest(queries: Float32Array, count: number): Int32Array
  /** Writes the graph; the vectors' numbers are in it. */
  save(path: string): void
}

/**
 * Neighbours of an item in the graph, candidates looked at when one is put in, and when one is searched for. Twice as
 * many as usual are looked at in a search, because inner products are no distance and the graph leads astray more often.
 */
const graph = { connectivity: 16, expansion_add: 128, expansion_search: 256 }
/** Items put in between two signs of progress. */
const blockItems = 10_000

async function emptyIndex(width: number) {
  const { Index, MetricKind, ScalarKind } = await import('usearch')
  return new Index({
    dimensions: width,
    metric: MetricKind.IP,
    quantization: ScalarKind.F32,
    multi: false,
    ...graph,
  })
}

/** Whether an approximate index can be had on this machine: the library comes compiled for some only. */
export async function hasApproximateIndex(): Promise<boolean> {
  try {
    await import('usearch')
    return true
  } catch {
    return false
  }
}

function opened(
  index: Awaited<ReturnType<typeof emptyIndex>>,
  { items, width }: Pick<ItemVectors, 'items' | 'width'>,
): ApproximateIndex {
  return {
    items,
    nearest(queries, count) {
      const rows = queries.length / width
      const found = new Int32Array(rows * count).fill(-1)
      for (let row = 0; row < rows; row++) {
        const { keys } = index.search(queries.subarray(row * width, (row + 1) * width), Math.min(count, items), 1)
        for (const [at, key] of keys.entries()) found[row * count + at] = Number(key)
      }
      return found
    },
    save: (path) => index.save(path),
  }
}

/**
 * Puts items into a hierarchical navigable small world graph by inner product (of the library `usearch`).
 *
 * With several threads the graph depends on which of them comes first, so that two builds may differ in what they miss.
 *
 * @param options.threads that put items in. Default: as many as the machine runs at once
 * @throws {Error} where the library cannot be had; see {@link hasApproximateIndex}
 * @see Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using Hierarchical Navigable Small
 *   World graphs, IEEE TPAMI 42 (2020), arXiv 1603.09320
 */
export async function buildApproximateIndex(
  { vectors, items, width }: ItemVectors,
  { threads = availableParallelism() }: { readonly threads?: number } = {},
  run: Run = startRun(),
): Promise<ApproximateIndex> {
  const index = await emptyIndex(width)
  for (let from = 0; from < items; from += blockItems) {
    run.signal.throwIfAborted()
    run.progress({ label: 'putting items into the index', done: from, total: items })
    const to = Math.min(items, from + blockItems)
    const keys = BigUint64Array.from({ length: to - from }, (_, at) => BigInt(from + at))
    index.add(keys, vectors.subarray(from * width, to * width), threads)
    // Between blocks others may have a turn, and a wish to stop is heard.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return opened(index, { items, width })
}

/** Reads what `save` wrote. @throws {RangeError} when it holds other items */
export async function loadApproximateIndex(
  path: string,
  { items, width }: Pick<ItemVectors, 'items' | 'width'>,
): Promise<ApproximateIndex> {
  const index = await emptyIndex(width)
  index.load(path)
  if (index.size() !== items || index.dimensions() !== width)
    throw new RangeError(
      `${path} has ${index.size()} items of width ${index.dimensions()}, expected ${items} of width ${width}`,
    )
  return opened(index, { items, width })
}

/** So many times more are fetched where there is a filter, since its share among the nearest may be smaller. */
const filterFactor = 2
/** Fetched beside what is asked for, since the nearest are not always the best. */
const slack = 20
/** Where fewer than this share of the items may be recommended, a search of all is quicker and finds them. */
const leastOpenShare = 0.05
/** Items that a filter is tried on, to tell how many it lets through. */
const triedItems = 2_000
/** Beyond this many candidates, too. */
const mostCandidates = 10_000

/** About the share of the items that a filter lets through. */
function openShare(filter: (item: number) => boolean, items: number): number {
  const step = Math.max(1, Math.floor(items / triedItems))
  let [open, tried] = [0, 0]
  for (let item = 0; item < items; item += step) {
    tried++
    if (filter(item)) open++
  }
  return open / tried
}

/**
 * A recommender whose recommendations are searched for in an approximate index. So many more candidates are fetched that
 * exclusions and the filter leave enough; they are scored exactly. Where the filter lets few items through, where nothing
 * is known of a row, and where too few candidates remain, all items are searched as ever.
 *
 * @throws {RangeError} when the recommender has no vectors, or others than the index
 * @example
 * const quick = approximately(model, await buildApproximateIndex(model.vectors))
 */
export function approximately(recommender: Recommender, index: ApproximateIndex): Recommender {
  const { vectors: searched } = recommender
  if (!searched)
    throw new RangeError(`a recommender "${recommender.kind}" has no vectors, expected one whose scores are products`)
  if (searched.items !== index.items)
    throw new RangeError(`the index has ${index.items} items, expected ${searched.items} as the recommender has`)
  const { vectors, width, items } = searched
  const score = (query: Float32Array, item: number): number => {
    let sum = 0
    for (let at = 0; at < width; at++) sum += (query[at] as number) * (vectors[item * width + at] as number)
    return sum
  }
  return {
    ...recommender,
    async recommend(audience: Audience, options: RecommendOptions = {}): Promise<Recommendations> {
      const { filter, exclude = 'seen' } = options
      const wanted = options.count ?? 20
      const count = Math.min(wanted, items)
      const share = filter ? openShare(filter, items) : 1
      if (!(Number.isInteger(wanted) && wanted >= 1) || share < leastOpenShare)
        return recommender.recommend(audience, options)
      const rows = audienceSize(audience)
      const queries = await searched.queries(audience)
      const known = searched.known(audience)
      const found = { rows, count, items: new Int32Array(rows * count), scores: new Float32Array(rows * count) }
      for (let row = 0; row < rows; row++) {
        const own = known(row)
        const list = exclude === 'nothing' ? [] : exclude === 'seen' ? own : exclude(row)
        const fetched = Math.ceil(((count + list.length + slack) * (filter ? filterFactor : 1)) / share)
        const query = queries.subarray(row * width, (row + 1) * width)
        const closed = new Set(Array.from(list))
        const candidates =
          own.length === 0 || fetched > Math.min(mostCandidates, items)
            ? []
            : [...index.nearest(query, fetched)]
                .filter((item) => item >= 0 && !closed.has(item) && (filter?.(item) ?? true))
                .sort((a, b) => a - b)
        if (candidates.length < count) {
          const all = await recommender.recommend(audienceSlice(audience, row, row + 1), {
            ...options,
            exclude: () => list,
          })
          found.items.set(all.items, row * count)
          found.scores.set(all.scores, row * count)
          continue
        }
        const best = found.items.subarray(row * count, (row + 1) * count)
        const scores = Float32Array.from(candidates, (item) => score(query, item))
        selectTop(scores, best, found.scores.subarray(row * count, (row + 1) * count), count)
        for (let place = 0; place < count; place++) {
          const at = best[place] ?? -1
          best[place] = at < 0 ? -1 : (candidates[at] ?? -1)
        }
      }
      return found
    },
  }
}
