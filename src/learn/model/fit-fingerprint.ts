import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { canonicalJson, type Json } from '../../run/index.ts'
import type { PairData } from '../pairs/pair-data.ts'
import type { Encoders } from './pair-graph.ts'

/** Tells fits apart in a run's folder: other data, options or seeds are another fit. */
export function fingerprint(
  {
    encoders,
    ...about
  }: { encoders: Encoders; kind: string; options: unknown; seed: number; batchSize: number; epochs: number },
  data: PairData,
): string {
  const digest = createHash('sha256')
  const { encoder, contextEncoder } = encoders
  digest.update(
    canonicalJson({ ...about, encoder: encoder.id, contextEncoder: contextEncoder?.id ?? null } as unknown as Json),
  )
  for (const rows of [data.rows, data.contexts ?? []]) {
    if ('columns' in rows) digestNumbers(digest, rows.data)
    else for (const { candidate, context, rater } of rows) digest.update(`${context.id} ${candidate.id} ${rater?.id} `)
  }
  for (const numbers of [data.a, data.b, data.targets, data.weights, data.context, data.rater])
    digestNumbers(digest, numbers)
  for (const [name, { data: numbers }] of Object.entries(data.columns)) digestNumbers(digest.update(name), numbers)
  return digest.digest('hex').slice(0, 16)
}

const checkedBytes = 1 << 20

/**
 * Numbers into a digest: as they are, or in megabytes by their checksums, which are computed four times as fast; a
 * changed table of features would have to keep every checksum to be taken for the same.
 */
function digestNumbers(digest: Hash, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  if (byteLength <= checkedBytes) digest.update(bytes)
  else
    for (let from = 0; from < byteLength; from += checkedBytes)
      digest.update(`${crc32(bytes.subarray(from, from + checkedBytes))} `)
}
