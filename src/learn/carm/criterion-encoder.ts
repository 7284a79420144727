import { z } from 'zod'
import type { Json } from '../../run/index.ts'
import type { Encoder, EncoderKind } from '../encoder/encoder.ts'
import { encoderId } from '../encoder/encoder-id.ts'
import { criterionAlone } from './criterion-context.ts'

const kind = 'criterion'

/**
 * Lets an encoder of contexts read the criterion alone, without the prompt.
 *
 * @param encoder one that reads contexts and gives zeros where there are no words, so that no criterion changes nothing
 * @example
 * const contextEncoder = criterionEncoder(hashedNgrams({ of: 'context', projection: 'none', buckets: 128 }))
 */
export function criterionEncoder<P>(encoder: Encoder<P>): Encoder<P> {
  const { kind: inner, options } = encoder.description
  return {
    ...encoder,
    id: encoderId({ kind, options: encoder.id }),
    description: { kind, options: { kind: inner, options } },
    prepare: (batch) => encoder.prepare(batch.map(criterionAlone)),
  }
}

const describedSchema = z.strictObject({ kind: z.string(), options: z.unknown() })

/** Opens saved encoders of this kind. @param kinds gives the kinds that the encoder inside may have */
export function criterionEncoderKind(kinds: () => readonly EncoderKind[]): EncoderKind {
  return {
    kind,
    async open(described) {
      const { kind: inner, options } = describedSchema.parse(described)
      const opener = kinds().find((known) => known.kind === inner)
      if (opener === undefined)
        throw new RangeError(
          `criterion encoder: "${inner}" is not known; known are ${kinds()
            .map((known) => known.kind)
            .join(', ')}`,
        )
      return criterionEncoder(await opener.open(options as Json))
    },
  }
}
