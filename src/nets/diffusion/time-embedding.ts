import type { Random } from '../../run/index.ts'
import {
  cast,
  concat,
  constant,
  cos,
  expandDims,
  mul,
  type Symbolic,
  silu,
  sin,
  type Tensor,
  value,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, type LinearOptions, type LinearParameters } from '../linear.ts'

/**
 * cos and sin of a number at frequencies from 1 down to almost 1/period, in equal ratios (Vaswani et al. 2017; the
 * order of DiT).
 *
 * @param x [batch]
 * @param width of the result, even
 * @param period Default 10 000
 * @returns [batch, width]: all cosines, then all sines
 * @throws {RangeError} when the width is odd
 */
export function sinusoidal(x: Tensor, width: number, period = 10_000): Tensor {
  if (width % 2 !== 0) throw new RangeError(`sinusoidal: the width is ${width}, expected an even number`)
  const half = width / 2
  const frequencies = Float64Array.from({ length: half }, (_, at) => period ** (-at / half))
  const angles = mul(expandDims(x, -1), cast(constant(value(frequencies)), x.dtype))
  return concat([cos(angles), sin(angles)], -1)
}

export interface TimeEmbeddingParameters {
  /** [width, frequencies] */
  readonly first: LinearParameters
  /** [width, width] */
  readonly second: LinearParameters
}

/** Widths of the two maps; `frequencies` numbers of sinusoids feed them. */
export function initTimeEmbedding(
  random: Random,
  frequencies: number,
  width: number,
  options: LinearOptions = {},
): TimeEmbeddingParameters {
  return {
    first: initLinear(random, frequencies, width, options),
    second: initLinear(random, width, width, options),
  }
}

/**
 * Times as a net reads them: sinusoids, a map, SiLU, a map.
 *
 * @param seen [batch], about 0 to 1000
 * @returns [batch, width]
 */
export function applyTimeEmbedding(parameters: Symbolic<TimeEmbeddingParameters>, seen: Tensor): Tensor {
  const frequencies = Number(parameters.first.weight.shape[1])
  return applyLinear(parameters.second, silu(applyLinear(parameters.first, sinusoidal(seen, frequencies))))
}
