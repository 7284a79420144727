import type { Encoder, EncoderDescription } from './encoder.ts'

/** Whether an encoder is known to read more of a judgement than its context, by what its description says. */
function readsMore({ options }: Pick<EncoderDescription, 'options'>): boolean {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) return false
  const { of, rows, encoders } = options as { of?: unknown; rows?: unknown; encoders?: readonly EncoderDescription[] }
  if (Array.isArray(encoders)) return encoders.some(readsMore)
  // Rows are given by the candidate's id.
  return rows !== undefined || (typeof of === 'string' && of !== 'context')
}

/**
 * Checks that an encoder reads contexts alone. A context is kept once for all its pairs: what an encoder read of the
 * candidate or the rater there would be those of the first pair, which tell it the label.
 *
 * @throws {RangeError} when it reads candidates or raters
 */
export function assertReadsContexts({ description }: Pick<Encoder, 'description'>): void {
  if (readsMore(description))
    throw new RangeError(
      `a context encoder reads contexts alone, and "${description.kind}" reads candidates or raters; give it of: 'context', or join it to the encoder`,
    )
}
