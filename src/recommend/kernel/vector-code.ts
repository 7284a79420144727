import { kernels } from '../../tensor/index.ts'

const { f32, f32x4, forBelow, get, i32, set } = kernels
type Code = kernels.Code

/** Instructions that sparse products do without, by their numbers in the specification's index of instructions. */
export const more = {
  equals: 0x46,
  isBelow: 0x49,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shiftLeft: 0x74,
  shiftRight: 0x76,
  rotateLeft: 0x77,
  /** Two whole numbers of 32 bits on the stack, without sign: the upper half of their product. */
  upperProduct: (first: Code, second: Code): Code => [first, 0xad, second, 0xad, 0x7e, 0x42, 32, 0x88, 0xa7],
  subtractSingle: 0x93,
  divideSingle: 0x95,
  leastSingle: 0x96,
  mostSingle: 0x97,
  isBelowSingle: 0x5d,
  /** A single number to a whole one, towards zero, what is out of range to the nearest. */
  truncate: [0xfc, 1] as Code,
  /** The single number on the stack, four times. */
  splat: [0xfd, 19] as Code,
  /** One of four numbers. */
  lane: (index: number): Code => [0xfd, 31, index],
} as const

/** Floats of a vector instruction, and their bytes. */
const four = 4
const fourBytes = 16
/** Vectors whose sums are kept apart, so that additions need not wait for each other. */
const apart = 4

/** Whether a width is one that kernels are written for. */
export function assertKernelWidth(width: number): void {
  if (!(Number.isInteger(width) && width >= four && width <= 512 && width % four === 0))
    throw new RangeError(`the width is ${width}, expected a multiple of 4 from 4 to 512`)
}

/**
 * The inner product of two rows, left on the stack.
 *
 * @param sums four v128 locals to work with
 */
export function dotCode(width: number, a: number, b: number, sums: readonly number[]): Code {
  const vectors = width / four
  const used = Math.min(apart, vectors)
  const at = (sum: number): number => sums[sum] ?? 0
  return [
    Array.from({ length: vectors }, (_, vector): Code => {
      const product: Code = [
        get(a),
        f32x4.load(vector * fourBytes),
        get(b),
        f32x4.load(vector * fourBytes),
        f32x4.multiply,
      ]
      const sum = at(vector % apart)
      return vector < used ? [product, set(sum)] : [get(sum), product, f32x4.add, set(sum)]
    }),
    totalCode(Array.from({ length: used }, (_, sum) => at(sum))),
  ]
}

/** The sum of all numbers in some v128 locals, left on the stack; the first is overwritten. */
export function totalCode(sums: readonly number[]): Code {
  const [first = 0, ...others] = sums
  return [
    others.map((sum): Code => [get(first), get(sum), f32x4.add, set(first)]),
    Array.from({ length: four }, (_, lane): Code => [get(first), more.lane(lane), lane === 0 ? [] : f32.add]),
  ]
}

/** to += scale · from over a row; `scale` is a v128 local. */
export function addScaledCode(width: number, scale: number, from: number, to: number): Code {
  return Array.from({ length: width / four }, (_, vector): Code => {
    const offset = vector * fourBytes
    const sum: Code = [
      get(to),
      f32x4.load(offset),
      get(from),
      f32x4.load(offset),
      get(scale),
      f32x4.multiply,
      f32x4.add,
    ]
    return [get(to), sum, f32x4.store(offset)]
  })
}

/**
 * out = M·v for a symmetric M, [width, width]: the sum of M's rows, each times a number of v.
 *
 * @param locals `column`, `stop` and `row` i32; `sums` eight v128
 */
export function symmetricProductCode(
  width: number,
  matrix: number,
  v: number,
  out: number,
  locals: { readonly at: number; readonly stop: number; readonly row: number; readonly sums: readonly number[] },
): Code {
  const { at, stop, row, sums } = locals
  const vectors = width / four
  const chunks: Code[] = []
  for (let first = 0; first < vectors; first += sums.length) {
    const used = sums.slice(0, Math.min(sums.length, vectors - first))
    chunks.push([
      used.map((sum): Code => [f32x4.constant(0), set(sum)]),
      [get(matrix), set(row), get(v), set(at), get(v), i32.constant(width * four), i32.add, set(stop)],
      forBelow(
        at,
        stop,
        four,
        used.map(
          (sum, vector): Code => [
            get(sum),
            [get(at), f32x4.loadSplat(), get(row), f32x4.load((first + vector) * fourBytes), f32x4.multiply],
            f32x4.add,
            set(sum),
          ],
        ),
        [get(row), i32.constant(width * four), i32.add, set(row)],
      ),
      used.map((sum, vector): Code => [get(out), get(sum), f32x4.store((first + vector) * fourBytes)]),
    ])
  }
  return chunks
}
