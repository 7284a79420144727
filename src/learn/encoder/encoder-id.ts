import { canonicalJson, contentHash } from '../../run/index.ts'
import type { EncoderDescription } from './encoder.ts'

/**
 * The name of an encoder: a hash of its sort, its options, and of the weights it starts from where it has some.
 *
 * @param weights the hash of weights that the options do not determine
 */
export function encoderId({ kind, options }: EncoderDescription, weights?: string): string {
  return contentHash(canonicalJson({ kind, options, ...(weights !== undefined && { weights }) }))
}

/** Floats as text that JSON can hold: base64 of their bytes, least significant first. */
export function floatsAsText(floats: Float32Array): string {
  const bytes = Buffer.alloc(4 * floats.length)
  floats.forEach((number, at) => {
    bytes.writeFloatLE(number, 4 * at)
  })
  return bytes.toString('base64')
}

/** @throws {RangeError} when the text does not hold whole floats */
export function floatsFromText(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length % 4 !== 0) throw new RangeError(`${bytes.length} bytes are no whole number of floats`)
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(4 * at))
}
