/**
 * Element types. Graphs are computed in float32, float64, int64 and bool; float16 is for storage (cast before use);
 * int32 and the unsigned types serve the seeded generator and quantised codes.
 */
export type DType = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'uint32' | 'uint64' | 'uint8' | 'bool'

/** The typed arrays that hold elements: float16 as raw bits, bool as 0 and 1 bytes. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Uint32Array
  | BigUint64Array
  | Uint8Array

/** ONNX's number for a type (`TensorProto.DataType`). */
export const onnxType: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
}

export const bytesPerElement: Readonly<Record<DType, number>> = {
  float32: 4,
  uint8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
}

type ArrayOf = (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray

const views: Readonly<Record<DType, ArrayOf>> = {
  float32: (buffer, offset, length) => new Float32Array(buffer, offset, length),
  float64: (buffer, offset, length) => new Float64Array(buffer, offset, length),
  float16: (buffer, offset, length) => new Uint16Array(buffer, offset, length),
  int64: (buffer, offset, length) => new BigInt64Array(buffer, offset, length),
  int32: (buffer, offset, length) => new Int32Array(buffer, offset, length),
  uint32: (buffer, offset, length) => new Uint32Array(buffer, offset, length),
  uint64: (buffer, offset, length) => new BigUint64Array(buffer, offset, length),
  uint8: (buffer, offset, length) => new Uint8Array(buffer, offset, length),
  bool: (buffer, offset, length) => new Uint8Array(buffer, offset, length),
}

/** Elements of a type over existing bytes. */
export function viewAs(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  return views[dtype](buffer, byteOffset, length)
}

/** A zeroed array for a number of elements. */
export function zeroed(dtype: DType, length: number): TypedArray {
  return views[dtype](new ArrayBuffer(length * bytesPerElement[dtype]), 0, length)
}

/** The type whose elements an array holds by itself (16-bit words count as float16, bytes as uint8). */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'float32'
  if (array instanceof Float64Array) return 'float64'
  if (array instanceof Uint16Array) return 'float16'
  if (array instanceof BigInt64Array) return 'int64'
  if (array instanceof Int32Array) return 'int32'
  if (array instanceof Uint32Array) return 'uint32'
  if (array instanceof BigUint64Array) return 'uint64'
  return 'uint8'
}

export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16'
}

/** Whether a typed array of this class can hold elements of this type. */
export function holds(array: TypedArray, dtype: DType): boolean {
  const own = dtypeOf(array)
  return own === dtype || (own === 'uint8' && dtype === 'bool')
}
