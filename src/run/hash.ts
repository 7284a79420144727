import { createHash } from 'node:crypto'

/** A value that survives JSON unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

/**
 * JSON with object keys in code-unit order and `undefined` members left out, so that equal values have equal texts.
 *
 * @throws {TypeError} on a number that JSON has no text for (NaN, infinities)
 */
export function canonicalJson(value: Json | undefined): string {
  if (value === undefined) return 'null'
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as { readonly [key: string]: Json | undefined }
  const members = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`)
  return `{${members.join(',')}}`
}

/** SHA-256 in lower-case hexadecimal of some bytes, or of the UTF-8 form of a text. */
export function contentHash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
