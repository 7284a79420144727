import {
  cast,
  constant,
  cos,
  type Dim,
  expandDims,
  mul,
  type RotaryTables,
  range,
  sin,
  type Tensor,
  value,
} from '../../tensor/index.ts'
import type { FullDecoderConfig } from './config.ts'

/**
 * By how much each pair of a head's features turns from one position to the next, in radians: `base^(−2i/width)`, or
 * that stretched as the configuration says.
 *
 * @returns [headWidth/2]
 * @see Su et al. 2021, arXiv 2104.09864; Llama 3.1's scaling: arXiv 2407.21783 and its reference code
 */
export function rotaryFrequencies(
  config: Pick<FullDecoderConfig, 'headWidth' | 'rotaryBase' | 'rotaryScaling'>,
): Float64Array {
  const { headWidth, rotaryBase, rotaryScaling: scaling } = config
  return Float64Array.from({ length: headWidth / 2 }, (_, pair) => {
    const frequency = rotaryBase ** ((-2 * pair) / headWidth)
    if (scaling.kind === 'none') return frequency
    if (scaling.kind === 'linear') return frequency / scaling.factor
    const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling
    const turns = (originalPositions * frequency) / (2 * Math.PI)
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)))
    return kept * frequency + ((1 - kept) * frequency) / factor
  })
}

/** Cosines and sines of the angles at positions 0 to `count` − 1: [count, headWidth/2] each. */
export function rotaryAngles(
  count: Dim,
  config: Pick<FullDecoderConfig, 'headWidth' | 'rotaryBase' | 'rotaryScaling'>,
  dtype: Tensor['dtype'],
): RotaryTables {
  const frequencies = rotaryFrequencies(config)
  // The products are taken in the type the model runs in, as the checkpoints were trained.
  const data = dtype === 'float64' ? frequencies : Float32Array.from(frequencies)
  const angles = mul(expandDims(cast(range(count), dtype), 1), constant(value(data, [1, data.length])))
  return { cos: cos(angles), sin: sin(angles) }
}
