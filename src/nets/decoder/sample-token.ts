import type { Random } from '../../run/index.ts'

export interface SamplingOptions {
  /** Logits are divided by it. Default 1. Towards 0 the likeliest token alone is left. */
  readonly temperature?: number
  /** Only this many of the likeliest tokens. Default all. */
  readonly topK?: number
  /** Only the likeliest tokens that together have at least this probability (Holtzman et al. 2020, arXiv 1904.09751). */
  readonly topP?: number
}

/** @throws {RangeError} naming the option that makes no sense */
export function assertSampling({ temperature = 1, topK, topP }: SamplingOptions): void {
  if (!(temperature > 0) || temperature === Number.POSITIVE_INFINITY)
    throw new RangeError(`sampling: temperature is ${temperature}, expected a positive number`)
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    throw new RangeError(`sampling: topK is ${topK}, expected a whole number of at least 1`)
  if (topP !== undefined && !(topP > 0 && topP <= 1))
    throw new RangeError(`sampling: topP is ${topP}, expected above 0 and at most 1`)
}

/**
 * The tokens that may be drawn and their probabilities, the likeliest first; equal ones by number.
 *
 * @param logits one per token
 * @returns tokens and probabilities that sum to 1
 */
export function tokenDistribution(
  logits: ArrayLike<number>,
  options: SamplingOptions = {},
): { readonly tokens: Int32Array; readonly probabilities: Float64Array } {
  assertSampling(options)
  const { temperature = 1, topK = logits.length, topP = 1 } = options
  let order = Int32Array.from({ length: logits.length }, (_, token) => token)
  const at = (token: number): number => logits[token] ?? Number.NEGATIVE_INFINITY
  order = order.sort((a, b) => at(b) - at(a) || a - b).subarray(0, topK)
  const top = at(order[0] ?? 0)
  const weights = Float64Array.from(order, (token) => Math.exp((at(token) - top) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let kept = weights.length
  if (topP < 1) {
    let mass = 0
    for (kept = 0; kept < weights.length && mass < topP; kept++) mass += (weights[kept] ?? 0) / total
  }
  const chosen = weights.subarray(0, kept)
  const share = chosen.reduce((sum, weight) => sum + weight, 0)
  return { tokens: order.subarray(0, kept), probabilities: chosen.map((weight) => weight / share) }
}

/** Draws a token from logits. @returns the token */
export function sampleToken(logits: ArrayLike<number>, options: SamplingOptions, random: Random): number {
  const { tokens, probabilities } = tokenDistribution(logits, options)
  return tokens[random.weighted(probabilities)] ?? 0
}
