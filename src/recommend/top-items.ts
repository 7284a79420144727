import { availableParallelism } from 'node:os'
import { add, compile, matmul, spec, value } from '../tensor/index.ts'
import type { ItemLists, ItemVectors, Recommendations } from './contract.ts'
import { dotTopKernel } from './kernel/dot-top-kernel.ts'
import { arenaBytes, type KernelArena, kernelArena } from './kernel/kernel-arena.ts'
import { selectKernel } from './kernel/select-kernel.ts'

/** Scores that are in memory at once: 16 MiB, which stays in the caches of a large processor. */
const blockScores = 1 << 22
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

/** Exact search for the items with the largest inner products. */
export interface ItemIndex {
  /** All inner products of some queries: [rows, width] → [rows, items]. */
  scores(queries: Float32Array): Promise<Float32Array>
  /** The best items of each query, [rows, width]. */
  top(queries: Float32Array, count: number, exclusion: Exclusion): Promise<Recommendations>
  dispose(): Promise<void>
}

/** Rows of scores that a thread takes at once. */
const shareRows = 4

/** Rows up to which each is searched for by itself. */
const fewRows = 2
/** Items that a thread takes at once for a single row: their vectors fit into its caches. */
const blockItems = 1 << 12
/** Blocks from which threads help: fewer are searched sooner than a thread wakes. */
const sharedBlocks = 16
/** Longer lists are selected from scores that are in memory. */
const longestOwnList = 1024

/**
 * An index over item vectors, which must not change once it was searched. Searches of one index take turns.
 *
 * Block by block, one matrix product writes scores into memory where threads select from them. A row or two are searched
 * for without writing scores: threads go through the vectors once and keep the best, which takes no longer than reading
 * them; for that, a copy of the vectors is made the first time.
 */
export function itemIndex({ vectors, items, width }: ItemVectors): ItemIndex {
  if (vectors.length !== items * width)
    throw new RangeError(
      `there are ${vectors.length} numbers, expected ${items} · ${width} for the vectors of the items`,
    )
  const parameters = { vectors: value(vectors, [items, width]) }
  const product = once(() =>
    compile(({ queries }, held) => matmul(queries, held.vectors, { transposeB: true }), {
      inputs: { queries: spec(['rows', width]) },
      parameters,
    }),
  )
  const filtered = once(() =>
    compile(({ queries, open }, held) => add(matmul(queries, held.vectors, { transposeB: true }), open), {
      inputs: { queries: spec(['rows', width]), open: spec([items]) },
      parameters,
    }),
  )
  const block = rowsAtOnce(items)
  let places: SearchPlaces | undefined
  let few: FewRowsSearch | undefined
  const kernelFits = width % 4 === 0 && width >= 4 && width <= 512 && items * (width * 4 + 1) < 2 ** 31
  let turn: Promise<unknown> = Promise.resolve()

  const search = async (
    queries: Float32Array,
    count: number,
    { lists, allowed }: Exclusion,
  ): Promise<Recommendations> => {
    const rows = queries.length / width
    const found = { rows, count, items: new Int32Array(rows * count), scores: new Float32Array(rows * count) }
    if (rows === 0) return found
    if (rows <= fewRows && count <= longestOwnList && kernelFits) {
      few ??= fewRowsSearch({ vectors, items, width })
      for (let row = 0; row < rows; row++)
        few.search(
          queries.subarray(row * width, (row + 1) * width),
          found.items.subarray(row * count, (row + 1) * count),
          found.scores.subarray(row * count, (row + 1) * count),
          { ...(allowed && { allowed }), list: lists?.(row) ?? [] },
        )
      return found
    }
    const size = Math.min(block, rows)
    if (!places || places.rows < size || places.count < count) {
      places?.arena.dispose()
      places = searchPlaces(size, items, count)
    }
    const { arena, scores, foundItems, foundScores } = places
    const open = allowed && Float32Array.from(allowed, (may) => (may === 0 ? Number.NEGATIVE_INFINITY : 0))
    for (let from = 0; from < rows; from += block) {
      const taken = Math.min(block, rows - from)
      const input = value(queries.subarray(from * width, (from + taken) * width), [taken, width])
      const into = { '': value(scores.data.subarray(0, taken * items), [taken, items]) }
      if (open) await (await filtered())({ queries: input, open }, into)
      else await (await product())({ queries: input }, into)
      if (lists)
        for (let row = 0; row < taken; row++) {
          const list = lists(from + row)
          for (let at = 0; at < list.length; at++)
            scores.data[row * items + (list[at] as number)] = Number.NEGATIVE_INFINITY
        }
      const addresses = [scores.address, foundItems.address, foundScores.address]
      arena.run('select', taken, shareRows, [...addresses, items, count])
      found.items.set(foundItems.data.subarray(0, taken * count), from * count)
      found.scores.set(foundScores.data.subarray(0, taken * count), from * count)
    }
    return found
  }
  return {
    async scores(queries) {
      const rows = queries.length / width
      const out = new Float32Array(rows * items)
      if (rows > 0)
        await (await product())({ queries: value(queries, [rows, width]) }, { '': value(out, [rows, items]) })
      return out
    },
    top(queries, count, exclusion) {
      const found = turn.then(() => search(queries, count, exclusion))
      turn = found.catch(() => undefined)
      return found
    },
    async dispose() {
      await turn
      for (const compiled of [product.made(), filtered.made()]) await (await compiled)?.dispose()
      places?.arena.dispose()
      few?.dispose()
    },
  }
}

interface FewRowsSearch {
  /** Writes the best items of one query and their scores. */
  search(
    query: Float32Array,
    items: Int32Array,
    scores: Float32Array,
    exclusion: { readonly allowed?: Uint8Array; readonly list: ArrayLike<number> },
  ): void
  dispose(): void
}

function fewRowsSearch({ vectors, items, width }: ItemVectors): FewRowsSearch {
  const blocks = Math.ceil(items / blockItems)
  const lists = blocks * longestOwnList
  const arena = kernelArena(
    { dotTop: dotTopKernel(width) },
    arenaBytes([vectors.length, width, Math.ceil(items / 4), lists, lists]),
    blocks < sharedBlocks ? 1 : availableParallelism(),
  )
  const held = arena.floats(vectors)
  const asked = arena.floats(width)
  const words = arena.words(Math.ceil(items / 4))
  const closed = new Uint8Array(words.data.buffer, words.data.byteOffset, items)
  const [foundItems, foundScores] = [arena.words(lists), arena.floats(lists)]
  return {
    search(query, best, scores, { allowed, list }) {
      const count = best.length
      asked.data.set(query)
      if (allowed) for (let item = 0; item < items; item++) closed[item] = allowed[item] === 0 ? 1 : 0
      for (let at = 0; at < list.length; at++) closed[list[at] as number] = 1
      const addresses = [held.address, asked.address, words.address, foundItems.address, foundScores.address]
      arena.run('dotTop', blocks, 1, [...addresses, blockItems, items, count])
      if (allowed) closed.fill(0)
      for (let at = 0; at < list.length; at++) closed[list[at] as number] = 0
      // Blocks and the items within them ascend, so that equal scores stay in the order of the items.
      selectTop(foundScores.data.subarray(0, blocks * count), best, scores, count)
      for (let place = 0; place < count; place++) {
        const at = best[place] as number
        if (at >= 0) best[place] = foundItems.data[at] as number
      }
    },
    dispose: arena.dispose,
  }
}

interface SearchPlaces {
  readonly rows: number
  readonly count: number
  readonly arena: KernelArena
  readonly scores: { readonly address: number; readonly data: Float32Array }
  readonly foundItems: { readonly address: number; readonly data: Uint32Array }
  readonly foundScores: { readonly address: number; readonly data: Float32Array }
}

function searchPlaces(rows: number, items: number, count: number): SearchPlaces {
  const lengths = [rows * items, rows * count, rows * count]
  const arena = kernelArena({ select: selectKernel() }, arenaBytes(lengths), availableParallelism())
  return {
    rows,
    count,
    arena,
    scores: arena.floats(rows * items),
    foundItems: arena.words(rows * count),
    foundScores: arena.floats(rows * count),
  }
}

/** Makes something when it is first asked for. */
function once<T>(make: () => Promise<T>): (() => Promise<T>) & { made(): Promise<T> | undefined } {
  let promise: Promise<T> | undefined
  return Object.assign(
    () => {
      promise ??= make()
      return promise
    },
    { made: () => promise },
  )
}
