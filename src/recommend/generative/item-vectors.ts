import { candidate } from '../../collect/index.ts'
import { type Encoder, encodeJudgements } from '../../learn/index.ts'
import { truncatedSvd } from '../../measure/index.ts'
import type { Random } from '../../run/index.ts'
import { type Sequences, sequenceOf } from '../interactions/sequences.ts'

/** What items are like: item i has numbers `data[i · width]` to `data[(i + 1) · width − 1]`. */
export interface ContentVectors {
  readonly data: Float32Array
  readonly width: number
}

/**
 * Vectors of items by what is written of them.
 *
 * @param texts one an item
 * @param encoder reads candidates' texts and needs no training, such as `latentSemantics(texts, { width: 64 }, random)`
 *   or a sentence transformer
 * @throws {RangeError} when the encoder has parameters to train
 */
export async function textVectors(texts: readonly string[], encoder: Encoder): Promise<ContentVectors> {
  const matrix = await encodeJudgements(
    encoder,
    texts.map((text) => ({ context: { id: 'item' }, candidate: candidate({ modality: 'text', text }) })),
  )
  return { data: Float32Array.from(matrix.data), width: encoder.width }
}

/**
 * Vectors of items by who took them: items of the same histories are alike. Histories are rows of 1/√length, so that
 * long ones do not count for more, and the vectors are the right singular vectors times their singular values.
 *
 * @param items how many there are
 * @param width at most the smaller of users and items
 * @throws {RangeError} on a width out of range or an item that there is none of
 */
export function collaborativeVectors(
  sequences: Sequences,
  items: number,
  width: number,
  random: Random,
): ContentVectors {
  const rows = Array.from({ length: sequences.offsets.length - 1 }, (_, user) => {
    const places = Uint32Array.from(new Set(sequenceOf(sequences, user))).sort()
    return { places, values: new Float64Array(places.length).fill(1 / Math.sqrt(places.length)) }
  }).filter(({ places }) => places.length > 0)
  const { right, singularValues } = truncatedSvd(rows, items, width, random)
  const data = new Float32Array(items * width)
  for (let k = 0; k < width; k++)
    for (let item = 0; item < items; item++)
      data[item * width + k] = (right[k * items + item] as number) * (singularValues[k] as number)
  return { data, width }
}

/**
 * Vectors side by side, each part scaled so that its rows have a mean square of its weight: parts count by their weights,
 * not by their units.
 *
 * @throws {RangeError} when the parts have different numbers of items
 */
export function joinVectors(parts: readonly (ContentVectors & { readonly weight?: number })[]): ContentVectors {
  const width = parts.reduce((total, part) => total + part.width, 0)
  const items = parts[0] ? parts[0].data.length / parts[0].width : 0
  const data = new Float32Array(items * width)
  let from = 0
  for (const [at, part] of parts.entries()) {
    if (part.data.length / part.width !== items)
      throw new RangeError(`part ${at} has ${part.data.length / part.width} items, expected ${items}`)
    const square = part.data.reduce((total, number) => total + number * number, 0) / Math.max(1, items)
    const scale = square > 0 ? Math.sqrt((part.weight ?? 1) / square) : 0
    for (let item = 0; item < items; item++)
      for (let k = 0; k < part.width; k++)
        data[item * width + from + k] = (part.data[item * part.width + k] as number) * scale
    from += part.width
  }
  return { data, width }
}
