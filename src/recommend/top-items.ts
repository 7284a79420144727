import {
  add,
  type Compiled,
  compile,
  flatten,
  type InputSpecs,
  matmul,
  reshape,
  scatterAdd,
  spec,
  type Tensor,
  topK,
  value,
} from '../tensor/index.ts'
import type { ItemLists, Recommendations } from './contract.ts'

/** Scores that are in memory at once: 32 MiB, which stays in the caches of a large processor. */
const blockScores = 1 << 23
/** Rows of a block beyond which a product gains nothing. */
const blockRows = 128

/** How many rows to score at once. */
export function rowsAtOnce(items: number): number {
  return Math.max(1, Math.min(blockRows, Math.floor(blockScores / items)))
}

/**
 * Puts the `count` largest of some scores in order, equal ones by their place; those that are −Infinity or NaN are left
 * out. One pass with a threshold: most scores are compared once.
 *
 * @param items where the places go; −1 after the last
 * @param best where the scores go; −Infinity after the last
 */
export function selectTop(
  scores: Float32Array,
  items: Int32Array,
  best: Float32Array,
  count: number = items.length,
): void {
  let held = 0
  let threshold = Number.NEGATIVE_INFINITY
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at] as number
    if (!(score > threshold)) continue
    let place = held < count ? held++ : count - 1
    while (place > 0 && (best[place - 1] as number) < score) {
      best[place] = best[place - 1] as number
      items[place] = items[place - 1] as number
      place--
    }
    best[place] = score
    items[place] = at
    if (held === count) threshold = best[count - 1] as number
  }
  items.fill(-1, held, count)
  best.fill(Number.NEGATIVE_INFINITY, held, count)
}

/** What rows must not get: their own lists, and 0 for every item that nobody may get. */
export interface Exclusion {
  readonly lists?: ItemLists
  /** [items] */
  readonly allowed?: Uint8Array
}

/**
 * The best items by rows of scores, those excluded being overwritten by −Infinity.
 *
 * @param scores [rows, items], written to
 * @param from number of the first row, for the lists of the exclusion
 */
export function topOfScores(
  scores: Float32Array,
  items: number,
  count: number,
  exclusion: Exclusion,
  from = 0,
): Recommendations {
  const rows = scores.length / items
  const found = { rows, count, items: new Int32Array(rows * count), scores: new Float32Array(rows * count) }
  for (let row = 0; row < rows; row++) {
    const own = scores.subarray(row * items, (row + 1) * items)
    const list = exclusion.lists?.(from + row)
    if (list) for (let at = 0; at < list.length; at++) own[list[at] as number] = Number.NEGATIVE_INFINITY
    if (exclusion.allowed)
      for (let item = 0; item < items; item++) if (exclusion.allowed[item] === 0) own[item] = Number.NEGATIVE_INFINITY
    selectTop(own, found.items.subarray(row * count, (row + 1) * count), found.scores.subarray(row * count), count)
  }
  return found
}

/** Items as vectors, to be searched by inner product. */
export interface ItemVectors {
  /** [items, width] */
  readonly vectors: Float32Array
  readonly items: number
  readonly width: number
}

/** Exact search for the items with the largest inner products. */
export interface ItemIndex {
  /** All inner products of some queries: [rows, width] → [rows, items]. */
  scores(queries: Float32Array): Promise<Float32Array>
  /** The best items of each query, [rows, width]. */
  top(queries: Float32Array, count: number, exclusion: Exclusion): Promise<Recommendations>
  dispose(): Promise<void>
}

/**
 * An index over item vectors, which are read where they lie, so that training may go on. Products, masks and the
 * selection run as one graph, block by block.
 */
export function itemIndex({ vectors, items, width }: ItemVectors): ItemIndex {
  if (vectors.length !== items * width)
    throw new RangeError(
      `there are ${vectors.length} numbers, expected ${items} · ${width} for the vectors of the items`,
    )
  const parameters = { vectors: value(vectors, [items, width]) }
  const graphs = new Map<string, Promise<Compiled<InputSpecs, unknown>>>()
  const graph = (
    key: string,
    make: () => Promise<Compiled<InputSpecs, unknown>>,
  ): Promise<Compiled<InputSpecs, unknown>> => {
    const known = graphs.get(key) ?? make()
    graphs.set(key, known)
    return known
  }
  const product = (queries: Tensor, held: { readonly vectors: Tensor }): Tensor =>
    matmul(queries, held.vectors, { transposeB: true })
  const searching = (count: number, filtered: boolean): Promise<Compiled<InputSpecs, unknown>> =>
    graph(
      `${count} ${filtered}`,
      () =>
        compile(
          ({ queries, places, masks, open }, held) => {
            const scores = filtered ? add(product(queries, held), open) : product(queries, held)
            return topK(reshape(scatterAdd(flatten(scores), places, masks), scores.shape), count)
          },
          {
            inputs: {
              queries: spec(['rows', width]),
              places: spec(['masked'], 'int64'),
              masks: spec(['masked']),
              open: spec([items]),
            },
            parameters,
          },
        ) as unknown as Promise<Compiled<InputSpecs, unknown>>,
    )
  const block = rowsAtOnce(items)
  return {
    async scores(queries) {
      const rows = queries.length / width
      const all = await graph(
        'scores',
        () =>
          compile(({ queries }, held) => product(queries, held), {
            inputs: { queries: spec(['rows', width]) },
            parameters,
          }) as unknown as Promise<Compiled<InputSpecs, unknown>>,
      )
      const out = new Float32Array(rows * items)
      if (rows > 0) await all({ queries: value(queries, [rows, width]) }, { '': value(out, [rows, items]) })
      return out
    },
    async top(queries, count, { lists, allowed }) {
      const rows = queries.length / width
      const found = { rows, count, items: new Int32Array(rows * count), scores: new Float32Array(rows * count) }
      const open = allowed
        ? Float32Array.from(allowed, (may) => (may === 0 ? Number.NEGATIVE_INFINITY : 0))
        : new Float32Array(items)
      for (let from = 0; from < rows; from += block) {
        const size = Math.min(block, rows - from)
        const places: number[] = []
        if (lists)
          for (let row = 0; row < size; row++) {
            const list = lists(from + row)
            for (let at = 0; at < list.length; at++) places.push(row * items + (list[at] as number))
          }
        const search = await searching(count, allowed !== undefined)
        const best = (await search({
          queries: value(queries.subarray(from * width, (from + size) * width), [size, width]),
          places: BigInt64Array.from(places, BigInt),
          masks: new Float32Array(places.length).fill(Number.NEGATIVE_INFINITY),
          open,
        })) as { readonly values: { readonly data: Float32Array }; readonly indices: { readonly data: BigInt64Array } }
        found.scores.set(best.values.data, from * count)
        for (let at = 0; at < size * count; at++)
          found.items[from * count + at] =
            best.values.data[at] === Number.NEGATIVE_INFINITY ? -1 : Number(best.indices.data[at])
      }
      return found
    },
    async dispose() {
      for (const compiled of await Promise.all(graphs.values())) await compiled.dispose()
      graphs.clear()
    },
  }
}
