import { kernels } from '../../tensor/index.ts'

const { f32, f32x4, forBelow, get, i32, namedLocals, set, tee } = kernels
type Code = kernels.Code

/** Rows of features and the columns of weights that they are multiplied with. */
export interface ColumnsShape {
  /** How many columns, K. */
  readonly columns: number
  /** Bytes of a row of weights, a multiple of 32: zeros fill it up. */
  readonly bytes: number
  /** Bytes from one row of features to the next. */
  readonly rowStride: number
  /** Bytes from one column's products to the next. */
  readonly productStride: number
}

/** Bytes of a vector, and what a round of the innermost loops takes. */
const [vectorBytes, roundBytes] = [16, 32]

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)

/** Columns that are done together, so that a number of a row is read once for all of them. */
function columnGroups(columns: number): readonly { readonly first: number; readonly size: number }[] {
  return range(Math.ceil(columns / 4)).map((group) => ({ first: 4 * group, size: Math.min(4, columns - 4 * group) }))
}

const sumNames = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7'] as const
const rowNames = ['row0', 'row1', 'row2', 'row3'] as const
const placeOf = (places: readonly number[], index: number): number => places[index] as number
const increase = (local: number, bytes: number): Code => [get(local), i32.constant(bytes), i32.add, set(local)]

/**
 * Products of rows and columns, `out[k][row] = rows[row]·weights[k] + bias[k]`. Eight sums at a time are kept apart, as
 * many as an addition that waits for none of the others needs.
 *
 * Arguments: addresses of the rows, the weights, the biases (where there are any) and the products; then the number of
 * rows, a multiple of 4.
 */
export function productsKernel(
  { columns, bytes, rowStride, productStride }: ColumnsShape,
  biased: boolean,
): kernels.WasmFunction {
  const { at, ...declared } = namedLocals(['rows', 'weights', 'bias', 'out', 'count'], {
    i32: ['end', 'x', 'w', 'stop'],
    f32: [],
    v128: ['weight', ...rowNames, ...sumNames],
  })
  const sums = sumNames.map((name) => at[name])
  const held = rowNames.map((name) => at[name])
  const rowsAtOnce = columns > 2 ? 2 : 4
  // One column alone is summed in two halves.
  const halves = columns === 1 ? 2 : 1
  const group = ({ first, size }: { readonly first: number; readonly size: number }): Code => {
    const sumOf = (row: number, column: number, half: number): number =>
      placeOf(sums, (row * size + column) * halves + half)
    const vector = (number: number): Code => [
      range(rowsAtOnce).map((row) => [
        get(at.x),
        f32x4.load(row * rowStride + number * vectorBytes),
        set(placeOf(held, row)),
      ]),
      range(size).map((column) => [
        [get(at.w), f32x4.load((first + column) * bytes + number * vectorBytes), set(at.weight)],
        range(rowsAtOnce).map((row) => {
          const own = sumOf(row, column, number % halves)
          return [get(placeOf(held, row)), get(at.weight), get(own), f32x4.multiplyAdd, set(own)]
        }),
      ]),
    ]
    return [
      range(rowsAtOnce * size * halves).map((index) => [f32x4.constant(0), set(placeOf(sums, index))]),
      [get(at.weights), tee(at.w), i32.constant(bytes), i32.add, set(at.stop), get(at.rows), set(at.x)],
      forBelow(at.w, at.stop, roundBytes, vector(0), vector(1), increase(at.x, roundBytes)),
      range(rowsAtOnce).map((row) =>
        range(size).map((column): Code => {
          const own = sumOf(row, column, 0)
          return [
            halves === 2 ? [get(own), get(sumOf(row, column, 1)), f32x4.add, set(own)] : [],
            get(at.out),
            range(4).map((lane) => [get(own), f32x4.lane(lane), lane === 0 ? [] : f32.add]),
            biased ? [get(at.bias), f32.load(4 * (first + column)), f32.add] : [],
            f32.store((first + column) * productStride + 4 * row),
          ]
        }),
      ),
    ]
  }
  return {
    ...declared,
    body: [
      [get(at.rows), get(at.count), i32.constant(rowStride), i32.multiply, i32.add, set(at.end)],
      forBelow(
        at.rows,
        at.end,
        rowsAtOnce * rowStride,
        columnGroups(columns).map(group),
        increase(at.out, 4 * rowsAtOnce),
      ),
    ],
  }
}

/**
 * The way back: `gradient[k] = Σ slopes[k][row] rows[row]`, and `bias[k] = Σ slopes[k][row]`.
 *
 * Arguments: addresses of the rows, the slopes, the gradients and those of the biases (where there are any); then the
 * number of rows, a multiple of 4.
 */
export function slopesKernel(
  { columns, bytes, rowStride, productStride }: ColumnsShape,
  biased: boolean,
): kernels.WasmFunction {
  const { at, ...declared } = namedLocals(['rows', 'slopes', 'gradient', 'bias', 'count'], {
    i32: ['end', 'x', 'slope', 'column', 'stop', 'to'],
    f32: [],
    v128: ['times', 'row', ...sumNames],
  })
  const sums = sumNames.map((name) => at[name])
  /** Some columns' gradients over `vectors` vectors of the rows, from `x` and `to` on. */
  const span = (first: number, size: number, vectors: number): Code => {
    const sumOf = (column: number, vector: number): number => placeOf(sums, column * vectors + vector)
    const add = (column: number, vector: number, row: number): Code => {
      const own = sumOf(column, vector)
      return [get(row), get(at.times), get(own), f32x4.multiplyAdd, set(own)]
    }
    const times = (column: number): Code => [
      get(at.slope),
      f32x4.loadSplat((first + column) * productStride),
      set(at.times),
    ]
    const loadRow = (vector: number): Code => [get(at.x), f32x4.load(vector * vectorBytes), set(at.row)]
    return [
      range(size * vectors).map((index) => [f32x4.constant(0), set(placeOf(sums, index))]),
      [get(at.slopes), tee(at.slope), get(at.count), i32.constant(4), i32.multiply, i32.add, set(at.end)],
      [get(at.rows), get(at.column), i32.add, set(at.x)],
      forBelow(
        at.slope,
        at.end,
        4,
        size === 1
          ? [times(0), range(vectors).map((vector) => [loadRow(vector), add(0, vector, at.row)])]
          : range(vectors).map((vector) => [
              loadRow(vector),
              range(size).map((column) => [times(column), add(column, vector, at.row)]),
            ]),
        increase(at.x, rowStride),
      ),
      [get(at.gradient), get(at.column), i32.add, set(at.to)],
      range(size).map((column) =>
        range(vectors).map((vector) => [
          get(at.to),
          get(sumOf(column, vector)),
          f32x4.store((first + column) * bytes + vector * vectorBytes),
        ]),
      ),
    ]
  }
  const group = ({ first, size }: { readonly first: number; readonly size: number }): Code => {
    const most = size === 1 ? 8 : size === 2 ? 4 : 2
    const whole = Math.floor(bytes / (most * vectorBytes)) * most * vectorBytes
    const left = (bytes - whole) / vectorBytes
    return [
      [i32.constant(0), set(at.column), i32.constant(whole), set(at.stop)],
      forBelow(at.column, at.stop, most * vectorBytes, span(first, size, most)),
      left > 0 ? span(first, size, left) : [],
    ]
  }
  const [total] = sums
  const biasOf = (column: number): Code => [
    [f32x4.constant(0), set(total as number)],
    [get(at.slopes), tee(at.slope), get(at.count), i32.constant(4), i32.multiply, i32.add, set(at.end)],
    forBelow(at.slope, at.end, vectorBytes, [
      get(total as number),
      get(at.slope),
      f32x4.load(column * productStride),
      f32x4.add,
      set(total as number),
    ]),
    get(at.bias),
    range(4).map((lane) => [get(total as number), f32x4.lane(lane), lane === 0 ? [] : f32.add]),
    f32.store(4 * column),
  ]
  return { ...declared, body: [columnGroups(columns).map(group), biased ? range(columns).map(biasOf) : []] }
}
