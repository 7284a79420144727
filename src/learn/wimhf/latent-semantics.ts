import { type SparseVector, truncatedSvd } from '../../measure/index.ts'
import { canonicalJson, contentHash, type Json, type Random } from '../../run/index.ts'
import { value } from '../../tensor/index.ts'
import { computedFeatures } from '../encoder/computed-features.ts'
import type { Encoder } from '../encoder/encoder.ts'
import { hashNgrams, inverseDocumentFrequencies, type NgramOptions } from '../encoder/hash-ngrams.ts'
import { candidateText } from '../encoder/judged-text.ts'

export interface LatentSemanticsOptions {
  /** Columns. Default 64, at most one less than there are texts. */
  readonly width?: number
  /** Which pieces of texts count. Default words and pairs of words, 8,192 buckets. */
  readonly ngrams?: Omit<NgramOptions, 'idf'>
}

/**
 * A frozen encoder of candidates' texts that needs no weights from anywhere: tf-idf of hashed n-grams, projected on the
 * directions in which some texts differ most (latent semantic analysis), each row of unit length.
 *
 * @param texts to find the directions in; fewer than three different ones are refused
 * @throws {RangeError} on too few texts, or a width that is not a positive integer
 * @see Deerwester et al. (1990), J. American Society for Information Science 41, 391–407
 */
export function latentSemantics(
  texts: Iterable<string>,
  options: LatentSemanticsOptions,
  random: Random,
): Encoder<Record<string, never>> {
  const distinct = [...new Set(texts)].sort()
  if (distinct.length < 3) throw new RangeError(`there are ${distinct.length} different texts, expected at least 3`)
  const asked = options.width ?? 64
  if (!Number.isInteger(asked) || asked < 1)
    throw new RangeError(`width is ${asked}, expected an integer of at least 1`)
  const plain: NgramOptions = {
    words: [1, 2],
    characters: false,
    buckets: 8_192,
    namespace: 'candidate',
    ...options.ngrams,
  }
  const ngrams: NgramOptions = { ...plain, idf: inverseDocumentFrequencies(distinct, plain) }
  const buckets = ngrams.buckets ?? 8_192
  const rowOf = (text: string): SparseVector => {
    const { buckets: places, weights: values } = hashNgrams(text, ngrams)
    return { places, values }
  }
  const width = Math.min(asked, distinct.length - 1, buckets)
  const { right } = truncatedSvd(distinct.map(rowOf), buckets, width, random)
  const project = (text: string, out: Float32Array): void => {
    const { places, values } = rowOf(text)
    const row = new Float64Array(width)
    for (let k = 0; k < width; k++) {
      let sum = 0
      for (let entry = 0; entry < places.length; entry++)
        sum += (values[entry] as number) * (right[k * buckets + (places[entry] as number)] as number)
      row[k] = sum
    }
    const length = Math.sqrt(row.reduce((sum, number) => sum + number * number, 0)) || 1
    out.set(row.map((number) => number / length))
  }
  const described: Json = {
    width,
    ngrams: { ...options.ngrams } as Json,
    directions: contentHash(new Uint8Array(right.buffer)),
  }
  return {
    id: contentHash(canonicalJson({ kind: 'latent-semantics', options: described })),
    description: { kind: 'latent-semantics', options: described },
    ...computedFeatures('latentSemantics', width),
    async prepare(batch) {
      const data = new Float32Array(batch.length * width)
      batch.forEach(({ candidate }, at) => {
        project(candidateText(candidate), data.subarray(at * width, (at + 1) * width))
      })
      return { features: value(data, [batch.length, width]) }
    },
  }
}
