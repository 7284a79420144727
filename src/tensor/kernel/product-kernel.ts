import { block, branchIf, type Code, f32, f32x4, forBelow, get, i32, set, tee, type WasmFunction } from './wasm.ts'

/** Which product of a sparse matrix in rows with a dense one a kernel computes. */
export interface ProductKind {
  /** Columns of the dense matrix. */
  readonly width: number
  /** Whether entries have weights; without them all are 1. */
  readonly weighted: boolean
  /**
   * `all` rows; `listed` ones, row i of the result being row `list[i]`; or all rows of a product with a matrix of which
   * only some rows are not zero: `list[column]` is the place of the column's row among them, counted from 1, or 0.
   */
  readonly rows: 'all' | 'listed' | 'scattered'
  /** Whether the product is written. */
  readonly writes: boolean
  /** Whether the sum of `base` and the product is written. */
  readonly adds: boolean
}

/** What a product is computed from and written to, as byte addresses in this order. */
export interface ProductPlaces {
  readonly starts: number
  readonly columns: number
  readonly weights: number
  readonly x: number
  readonly list: number
  readonly base: number
  readonly product: number
  readonly sum: number
}

/**
 * Vectors of four columns that are summed in one pass over a row's entries: as many as stay in the processor's registers,
 * or more where most of a pass is finding out that an entry adds nothing.
 */
const vectorsAtOnce = { all: 8, listed: 8, scattered: 16 } as const

/** A name that tells the kinds of product apart. */
export function productName({ width, weighted, rows, writes, adds }: ProductKind): string {
  return [
    'product',
    width,
    weighted ? 'weighted' : 'plain',
    rows,
    ...(writes ? ['writes'] : []),
    ...(adds ? ['adds'] : []),
  ].join(' ')
}

export function productArguments(places: ProductPlaces): readonly number[] {
  const { starts, columns, weights, x, list, base, product, sum } = places
  return [starts, columns, weights, x, list, base, product, sum]
}

/**
 * Σ over a row's entries of weight · x[column], for the rows of a share. Each row is summed in the order of its entries
 * by whoever has its share, so that the result is the same on any number of threads.
 */
export function productKernel({ width, weighted, rows, writes, adds }: ProductKind): WasmFunction {
  const [row, end, starts, columns, weights, x, list, base, product, sum] = Array.from(
    { length: 10 },
    (_, at) => at,
  ) as [number, number, number, number, number, number, number, number, number, number]
  const [entry, last, from, into, weightAt] = [10, 11, 12, 13, 14]
  const [single, weight] = [15, 16]
  const vector = (at: number): number => 17 + at
  const bytes = 4 * width
  const [vectors, singles] = [Math.floor(width / 4), width % 4]
  const atOnce = vectorsAtOnce[rows]

  /** Goes through the entries of a row with sums of some columns. */
  const columnsCode = (start: Code, loadWeight: Code, sums: Code, store: Code): Code => [
    // The addresses of the row's first entry and of the first after it.
    rows === 'listed' ? [get(list), get(row), i32.constant(4), i32.multiply, i32.add, i32.load()] : get(row),
    [i32.constant(4), i32.multiply, get(starts), i32.add, tee(into)],
    [i32.load(), i32.constant(4), i32.multiply, tee(from), get(columns), i32.add, set(entry)],
    weighted ? [get(from), get(weights), i32.add, set(weightAt)] : [],
    [get(into), i32.load(4), i32.constant(4), i32.multiply, get(columns), i32.add, set(last)],
    start,
    forBelow(
      entry,
      last,
      4,
      block(
        rows === 'scattered'
          ? [
              [get(entry), i32.load(), i32.constant(4), i32.multiply, get(list), i32.add, i32.load(), tee(from)],
              // A row of zeros adds nothing.
              [i32.isZero, branchIf(0)],
              [get(from), i32.constant(1), i32.subtract],
            ]
          : [get(entry), i32.load()],
        [i32.constant(bytes), i32.multiply, get(x), i32.add, set(from)],
        weighted ? loadWeight : [],
        sums,
      ),
      weighted ? [get(weightAt), i32.constant(4), i32.add, set(weightAt)] : [],
    ),
    [get(row), i32.constant(bytes), i32.multiply, set(into)],
    store,
  ]

  const vectorColumns = (first: number, count: number): Code => {
    const each = (code: (at: number, offset: number) => Code): Code =>
      Array.from({ length: count }, (_, at) => code(vector(at), 16 * (first + at)))
    return columnsCode(
      each((sumAt) => [f32x4.constant(0), set(sumAt)]),
      [get(weightAt), f32x4.loadSplat(), set(weight)],
      each((sumAt, offset) => [
        [get(sumAt), get(from), f32x4.load(offset)],
        weighted ? [get(weight), f32x4.multiply] : [],
        [f32x4.add, set(sumAt)],
      ]),
      [
        writes
          ? [
              get(into),
              get(product),
              i32.add,
              set(from),
              each((sumAt, offset) => [get(from), get(sumAt), f32x4.store(offset)]),
            ]
          : [],
        adds
          ? [
              [get(into), get(base), i32.add, set(from), get(into), get(sum), i32.add, set(into)],
              each((sumAt, offset) => [
                [get(into), get(from), f32x4.load(offset), get(sumAt), f32x4.add, f32x4.store(offset)],
              ]),
            ]
          : [],
      ],
    )
  }
  const singleColumn = (column: number): Code => {
    const offset = 4 * column
    return columnsCode(
      [f32.constant(0), set(single)],
      [],
      [
        [get(single), get(from), f32.load(offset)],
        weighted ? [get(weightAt), f32.load(), f32.multiply] : [],
        [f32.add, set(single)],
      ],
      [
        writes ? [get(into), get(product), i32.add, get(single), f32.store(offset)] : [],
        adds
          ? [
              [get(into), get(sum), i32.add, get(into), get(base), i32.add, f32.load(offset)],
              [get(single), f32.add, f32.store(offset)],
            ]
          : [],
      ],
    )
  }

  const parts: Code[] = []
  for (let first = 0; first < vectors; first += atOnce)
    parts.push(vectorColumns(first, Math.min(atOnce, vectors - first)))
  for (let column = width - singles; column < width; column++) parts.push(singleColumn(column))
  return {
    parameters: 10,
    locals: [
      ...Array.from({ length: 5 }, () => 'i32' as const),
      'f32',
      ...Array.from({ length: 1 + atOnce }, () => 'v128' as const),
    ],
    body: forBelow(row, end, 1, parts),
  }
}
