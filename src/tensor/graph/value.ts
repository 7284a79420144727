import { type DType, dtypeOf, holds, type TypedArray, zeroed } from './dtype.ts'

/** A tensor's numbers: `data` in row-major order, shape all known. What goes into and comes out of compiled graphs. */
export interface TensorValue {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/** Plain nested arrays, as formulas are checked by hand: numbers, booleans or 64-bit integers. */
export type Nested = number | boolean | bigint | readonly Nested[]

/** Anything that can be read as a tensor's numbers. */
export type ValueLike = TensorValue | TypedArray | Nested

/** Number of elements of a known shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/**
 * Wraps a typed array, without copying.
 *
 * @param shape default: one axis of all elements
 * @param dtype default: the array's own type; `'bool'` for a Uint8Array of zeros and ones
 * @throws {RangeError} when the shape does not multiply to the number of elements
 */
export function value(data: TypedArray, shape: readonly number[] = [data.length], dtype = dtypeOf(data)): TensorValue {
  if (!holds(data, dtype)) throw new TypeError(`a ${data.constructor.name} cannot hold ${dtype} elements`)
  if (sizeOf(shape) !== data.length)
    throw new RangeError(`shape [${shape.join(', ')}] has ${sizeOf(shape)} elements, the array has ${data.length}`)
  return { dtype, shape, data }
}

export function isTensorValue(candidate: unknown): candidate is TensorValue {
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    'data' in candidate &&
    ArrayBuffer.isView(candidate.data) &&
    'dtype' in candidate &&
    'shape' in candidate
  )
}

const float16Scratch = new DataView(new ArrayBuffer(4))

/** The bits of a number rounded to half precision. */
export function toFloat16(x: number): number {
  float16Scratch.setFloat32(0, x)
  const bits = float16Scratch.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 112
  const mantissa = bits & 0x7fffff
  if (exponent >= 31) return sign | (Number.isNaN(x) ? 0x7e00 : 0x7c00)
  if (exponent <= 0) {
    if (exponent < -10) return sign
    const full = mantissa | 0x800000
    const shift = 14 - exponent
    const half = full >>> shift
    const rest = full & ((1 << shift) - 1)
    const middle = 1 << (shift - 1)
    return sign | (half + Number(rest > middle || (rest === middle && (half & 1) === 1)))
  }
  const half = (exponent << 10) | (mantissa >>> 13)
  const rest = mantissa & 0x1fff
  return sign | (half + Number(rest > 0x1000 || (rest === 0x1000 && (half & 1) === 1)))
}

/** The number that half-precision bits stand for. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 31
  const mantissa = bits & 1023
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15))
}

function writer(dtype: DType, data: TypedArray): (index: number, element: number | bigint) => void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return (index, element) => {
      if (typeof element === 'number' && !Number.isInteger(element))
        throw new TypeError(`element ${index} is ${element}, expected a whole number for ${dtype}`)
      data[index] = BigInt(element)
    }
  if (dtype === 'float16')
    return (index, element) => {
      data[index] = toFloat16(Number(element))
    }
  return (index, element) => {
    data[index] = Number(element)
  }
}

function isNestedArray(nested: Nested): nested is readonly Nested[] {
  return Array.isArray(nested)
}

function nestedShape(nested: Nested): number[] {
  const shape: number[] = []
  let level = nested
  while (isNestedArray(level)) {
    shape.push(level.length)
    const [first] = level
    if (first === undefined) break
    level = first
  }
  return shape
}

function firstElement(nested: Nested): number | boolean | bigint | undefined {
  let level: Nested | undefined = nested
  while (level !== undefined && isNestedArray(level)) level = level[0]
  return level
}

/**
 * Reads numbers as a tensor of the given type. Typed arrays of the right class are wrapped, everything else is copied.
 *
 * @param dtype default: the value's own; booleans are bool, bigints int64, plain numbers float64
 * @throws {RangeError} when nested arrays are ragged
 */
export function toValue(like: ValueLike, dtype?: DType): TensorValue {
  if (isTensorValue(like)) return dtype === undefined || dtype === like.dtype ? like : convert(like, dtype)
  if (ArrayBuffer.isView(like)) {
    if (dtype === undefined || holds(like, dtype)) return value(like, [like.length], dtype ?? dtypeOf(like))
    return convert(value(like), dtype)
  }
  const shape = nestedShape(like)
  const first = firstElement(like)
  const target = dtype ?? (typeof first === 'boolean' ? 'bool' : typeof first === 'bigint' ? 'int64' : 'float64')
  const data = zeroed(target, sizeOf(shape))
  const write = writer(target, data)
  let at = 0
  const fill = (level: Nested, depth: number): void => {
    if (isNestedArray(level)) {
      if (level.length !== shape[depth])
        throw new RangeError(
          `nested arrays are ragged: an array at depth ${depth} has ${level.length} elements, the first there has ${shape[depth] ?? 'none (a number)'}`,
        )
      for (const item of level) fill(item, depth + 1)
    } else {
      if (depth !== shape.length) throw new RangeError(`nested arrays are ragged: a number where an array was expected`)
      write(at++, typeof level === 'boolean' ? Number(level) : level)
    }
  }
  fill(like, 0)
  return { dtype: target, shape, data }
}

/** A copy with elements of another type (rounded to half precision for float16, not zero → true for bool). */
export function convert(from: TensorValue, dtype: DType): TensorValue {
  const data = zeroed(dtype, from.data.length)
  const write = writer(dtype, data)
  for (let i = 0; i < data.length; i++) {
    const raw = from.data[i] ?? 0
    const element = from.dtype === 'float16' ? fromFloat16(Number(raw)) : raw
    write(i, dtype === 'bool' ? Number(Boolean(element)) : element)
  }
  return { dtype, shape: from.shape, data }
}

/** Plain nested arrays of a tensor's numbers: booleans for bool, numbers otherwise (a bigint beyond 2⁵³). */
export function toNested({ dtype, shape, data }: TensorValue): Nested {
  const element = (index: number): Nested => {
    const raw = data[index] ?? 0
    if (dtype === 'bool') return Boolean(raw)
    if (dtype === 'float16') return fromFloat16(Number(raw))
    return typeof raw === 'bigint' && Number.isSafeInteger(Number(raw)) ? Number(raw) : raw
  }
  let at = 0
  const build = (depth: number): Nested => {
    if (depth === shape.length) return element(at++)
    return Array.from({ length: shape[depth] ?? 0 }, () => build(depth + 1))
  }
  return build(0)
}

/** A tensor of zeros. */
export function zeros(shape: readonly number[], dtype: DType = 'float32'): TensorValue {
  return { dtype, shape, data: zeroed(dtype, sizeOf(shape)) }
}

/** A tensor whose elements are all one number. */
export function filled(shape: readonly number[], element: number, dtype: DType = 'float32'): TensorValue {
  const data = zeroed(dtype, sizeOf(shape))
  const write = writer(dtype, data)
  for (let i = 0; i < data.length; i++) write(i, element)
  return { dtype, shape, data }
}
