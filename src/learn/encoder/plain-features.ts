import { z } from 'zod'
import { compile } from '../../tensor/index.ts'
import type { Judgement, Matrix } from '../contract.ts'
import { computedFeatures } from './computed-features.ts'
import type { Encoder, EncoderKind } from './encoder.ts'
import { encoderId } from './encoder-id.ts'

/**
 * The encoder of a model that was fitted on plain arrays of features: its rows are what it is fed, and it cannot read
 * judgements.
 */
export function plainFeatures(width: number): Encoder<Record<string, never>> {
  if (!Number.isInteger(width) || width < 1)
    throw new RangeError(`plainFeatures: width is ${width}, expected a whole number of at least 1`)
  const description = { kind: 'plain-features', options: { width } }
  return {
    id: encoderId(description),
    description,
    ...computedFeatures('plainFeatures', width),
    prepare() {
      return Promise.reject(
        new RangeError(
          'the model was fitted on plain features and cannot read judgements; score features, or fit with an encoder',
        ),
      )
    },
  }
}

/** How a saved model's plain features are made again. */
export const plainFeaturesKind: EncoderKind = {
  kind: 'plain-features',
  open: (options) => plainFeatures(z.strictObject({ width: z.int() }).parse(options).width),
}

/**
 * Features of some judgements by a frozen encoder, some at a time.
 *
 * @returns [judgements, width]
 * @throws {RangeError} when the encoder has parameters to train, or gives a number that is not finite
 */
export async function encodeJudgements(encoder: Encoder, judgements: readonly Judgement[]): Promise<Matrix> {
  if (!encoder.frozen) throw new RangeError(`${encoder.description.kind} is trained with its head: it has no rows yet`)
  const { width, specs } = encoder
  const apply = await compile((inputs) => encoder.apply({} as never, inputs), { inputs: specs })
  const data = new Float32Array(judgements.length * width)
  try {
    for (let from = 0; from < judgements.length; from += chunk) {
      const part = judgements.slice(from, from + chunk)
      const rows = await apply(await encoder.prepare(part))
      data.set(rows.data as Float32Array, from * width)
    }
  } finally {
    await apply.dispose()
  }
  let wrong = 0
  while (wrong < data.length && Number.isFinite(data[wrong])) wrong++
  if (wrong < data.length)
    throw new RangeError(
      `${encoder.description.kind}: column ${wrong % width} of the candidate ${judgements[Math.floor(wrong / width)]?.candidate.id} is ${data[wrong]}, expected a finite number`,
    )
  return { rows: judgements.length, columns: width, data }
}

const chunk = 1024
