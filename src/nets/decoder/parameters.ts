import type { Random } from '../../run/index.ts'
import type { TensorValue } from '../../tensor/index.ts'
import { initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { type DecoderConfig, fullDecoderConfig } from './config.ts'

export interface DecoderLayerParameters {
  readonly attentionNorm: NormParameters
  /** [heads · headWidth, width] */
  readonly query: LinearParameters
  /** [keyHeads · headWidth, width] */
  readonly key: LinearParameters
  /** [keyHeads · headWidth, width] */
  readonly value: LinearParameters
  /** [width, heads · headWidth] */
  readonly output: LinearParameters
  readonly feedForwardNorm: NormParameters
  /** [hidden, width] */
  readonly gate: LinearParameters
  /** [hidden, width] */
  readonly up: LinearParameters
  /** [width, hidden] */
  readonly down: LinearParameters
}

export interface DecoderParameters {
  /** [vocabulary, width] */
  readonly embedding: TensorValue
  readonly layers: readonly DecoderLayerParameters[]
  readonly norm: NormParameters
  /** [vocabulary, width]; absent when tied to the embedding. */
  readonly head?: LinearParameters
}

/**
 * Fresh parameters: normal with standard deviation 0.02, those that write to the residual stream smaller by √(2·layers)
 * (Radford et al. 2019), norms 1, biases 0.
 */
export function initDecoder(random: Random, config: DecoderConfig, dtype: FloatType = 'float32'): DecoderParameters {
  const full = fullDecoderConfig(config)
  const { vocabulary, width, layers, heads, keyHeads, headWidth, hidden } = full
  const deviation = 0.02
  const map = (inputs: number, outputs: number, bias: boolean, scale = 1): LinearParameters =>
    initLinear(random, inputs, outputs, { bias, deviation: deviation * scale, dtype })
  const last = 1 / Math.sqrt(2 * layers)
  const embedding = normalValue(random, [vocabulary, width], deviation, dtype)
  const made = Array.from({ length: layers }, () => ({
    attentionNorm: initNorm(width, false, dtype),
    query: map(width, heads * headWidth, full.queryBias),
    key: map(width, keyHeads * headWidth, full.queryBias),
    value: map(width, keyHeads * headWidth, full.queryBias),
    output: map(heads * headWidth, width, full.outputBias, last),
    feedForwardNorm: initNorm(width, false, dtype),
    gate: map(width, hidden, false),
    up: map(width, hidden, false),
    down: map(hidden, width, false, last),
  }))
  const norm = initNorm(width, false, dtype)
  return full.tied
    ? { embedding, layers: made, norm }
    : { embedding, layers: made, norm, head: map(width, vocabulary, false) }
}
