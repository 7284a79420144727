import { createHash } from 'node:crypto'
import { canonicalJson, type Json, type Run } from '../../run/index.ts'
import { parameterLeaves } from '../../tensor/index.ts'
import type { PairData, Rows } from '../pairs/pair-data.ts'

/** All that decides a fit's numbers beside the training pairs, kind, options, seed and sizes. */
export interface FitCourse {
  /** A compiled step: loss, optimiser, what is trained. */
  readonly step: { digest(): string }
  /** As they are before the first update. */
  readonly parameters: unknown
  readonly run: Run
  readonly data: PairData
  readonly held: PairData | undefined
  readonly patience: number
}

/** Names a fit apart from others of the same pairs, so that none goes on from another's checkpoint. */
export function fitIdentity({ step, parameters, run, data, held, patience }: FitCourse): string {
  const digest = createHash('sha256').update(step.digest())
  // Members of an ensemble share a seed, and draw from streams of their own.
  digest.update(JSON.stringify([patience, run.random('fit identity').uniform()]))
  for (const { path, leaf } of parameterLeaves(parameters)) digest.update(path).update(bytesOf(leaf.data))
  for (const rows of [data.rows, data.contexts ?? [], held?.rows ?? [], held?.contexts ?? []])
    digest.update(described(rows))
  if (held) for (const numbers of [held.a, held.b, held.targets, held.weights]) digest.update(bytesOf(numbers))
  return digest.digest('hex').slice(0, 16)
}

/** What is told of rows that an encoder reads anew in each step: one content may have other features elsewhere. */
function described(rows: Rows): string {
  if ('columns' in rows) return ''
  return rows
    .map(({ context, candidate, rater }) =>
      canonicalJson([
        ...[context.id, candidate.id, rater?.id ?? null],
        ...[context.features, candidate.features, rater?.traits].map((features) => (features as Json) ?? null),
      ]),
    )
    .join('\n')
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
