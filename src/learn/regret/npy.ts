/** Numbers of a NumPy array file. */
export interface NumpyArray {
  readonly shape: readonly number[]
  /** Row after row. */
  readonly data: Float64Array
}

/**
 * Reads a NumPy array file (format 1.0 to 3.0) of 64-bit floats or integers in row-major order, little-endian, which is
 * how data sets of research code are published.
 *
 * @param name of the file, for messages
 * @throws {TypeError} on what is no such file, naming what it is instead
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function readNpy(bytes: Uint8Array, name: string): NumpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 12 || bytes[0] !== 0x93 || Buffer.from(bytes.subarray(1, 6)).toString('latin1') !== 'NUMPY')
    throw new TypeError(`${name} is no NumPy array file`)
  const wide = (bytes[6] as number) >= 2
  const from = wide ? 12 : 10
  const start = from + (wide ? view.getUint32(8, true) : view.getUint16(8, true))
  const header = Buffer.from(bytes.subarray(from, start)).toString('latin1')
  const kind = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  if (kind !== '<f8' && kind !== '<i8')
    throw new TypeError(`${name} holds ${kind ?? 'records'}, expected 64-bit floats or integers (<f8, <i8)`)
  if (!/'fortran_order':\s*False/.test(header)) throw new TypeError(`${name} is in column order, expected row order`)
  const sizes = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? ''
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]))
  const count = shape.reduce((product, size) => product * size, 1)
  if (bytes.length - start < 8 * count)
    throw new TypeError(`${name} ends after ${bytes.length - start} bytes of numbers, expected ${8 * count}`)
  const data = Float64Array.from({ length: count }, (_, at) =>
    kind === '<f8' ? view.getFloat64(start + 8 * at, true) : Number(view.getBigInt64(start + 8 * at, true)),
  )
  return { shape, data }
}
