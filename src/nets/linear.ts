import type { Random } from '../run/index.ts'
import {
  add,
  cast,
  div,
  filled,
  linear,
  mul,
  type Symbolic,
  type Tensor,
  type TensorValue,
  zeros,
} from '../tensor/index.ts'
import { type FloatType, normalValue, uniformValue } from './parameters.ts'

/** A low-rank addition to a linear map: `alpha/rank · B A` (Hu et al. 2021, arXiv 2106.09685). */
export interface LoraParameters {
  /** [rank, in] */
  readonly a: TensorValue
  /** [out, rank] */
  readonly b: TensorValue
  /** int64 scalar: the numerator of the factor. A whole number, so that training leaves it alone. */
  readonly alpha: TensorValue
}

export interface LinearParameters {
  /** [out, in] */
  readonly weight: TensorValue
  /** [out] */
  readonly bias?: TensorValue
  readonly lora?: LoraParameters
}

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Standard deviation of normal weights (biases are then 0). Default: uniform within ±1/√in, biases too. */
  readonly deviation?: number
  /** Default float32. */
  readonly dtype?: FloatType
}

/** Parameters of a map from `inputs` to `outputs` features. */
export function initLinear(
  random: Random,
  inputs: number,
  outputs: number,
  options: LinearOptions = {},
): LinearParameters {
  const { bias = true, deviation, dtype = 'float32' } = options
  const bound = 1 / Math.sqrt(inputs)
  const weight =
    deviation === undefined
      ? uniformValue(random, [outputs, inputs], bound, dtype)
      : normalValue(random, [outputs, inputs], deviation, dtype)
  if (!bias) return { weight }
  return {
    weight,
    bias: deviation === undefined ? uniformValue(random, [outputs], bound, dtype) : zeros([outputs], dtype),
  }
}

/**
 * x Wᵀ + bias over the last axis, and `alpha/rank · (x Aᵀ) Bᵀ` where the map has a low-rank addition.
 *
 * @param x [..., in]
 * @returns [..., out]
 */
export function applyLinear(parameters: Symbolic<LinearParameters>, x: Tensor): Tensor {
  const { weight, bias, lora } = parameters
  const plain = linear(x, weight, bias, { transposed: true })
  if (lora === undefined) return plain
  const rank = Number(lora.a.shape[0])
  const inner = linear(x, lora.a, undefined, { transposed: true })
  const factor = div(cast(lora.alpha, x.dtype), rank)
  return add(plain, linear(mul(inner, factor), lora.b, undefined, { transposed: true }))
}

export interface NormParameters {
  /** [features] */
  readonly weight: TensorValue
  /** [features] */
  readonly bias?: TensorValue
}

/** Scale 1, and shift 0 on request, of a normalisation over `features`. */
export function initNorm(features: number, bias: boolean, dtype: FloatType = 'float32'): NormParameters {
  const weight = filled([features], 1, dtype)
  return bias ? { weight, bias: zeros([features], dtype) } : { weight }
}
