/**
 * How much of the picture is left after each step of a diffusion: ᾱ_t, the square of the factor on the clean signal,
 * falling with t. Entry t belongs to step t, counted from 0.
 */
export type NoiseSchedule = Float64Array

function assertSteps(name: string, steps: number): void {
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new RangeError(`${name}: steps is ${steps}, expected a whole number of at least 1`)
}

/** ᾱ_t = Π_{s ≤ t} (1 − β_s). */
function cumulated(betas: Float64Array): NoiseSchedule {
  let product = 1
  return betas.map((beta) => {
    product *= 1 - beta
    return product
  })
}

/**
 * β rises in equal steps (Ho, Jain & Abbeel 2020, arXiv 2006.11239).
 *
 * @param from first β. Default 1e-4
 * @param to last β. Default 0.02
 */
export function linearNoise(steps = 1000, from = 1e-4, to = 0.02): NoiseSchedule {
  assertSteps('linearNoise', steps)
  if (!(from > 0 && to < 1 && from <= to))
    throw new RangeError(`linearNoise: β goes from ${from} to ${to}, expected 0 < from ≤ to < 1`)
  return cumulated(Float64Array.from({ length: steps }, (_, t) => from + ((to - from) * t) / Math.max(1, steps - 1)))
}

/**
 * ᾱ_t = f(t + 1)/f(0) with f(t) = cos²((t/steps + s)/(1 + s) · π/2), each β at most 0.999 (Nichol & Dhariwal 2021,
 * arXiv 2102.09672).
 *
 * @param offset s. Default 0.008
 */
export function cosineNoise(steps = 1000, offset = 0.008): NoiseSchedule {
  assertSteps('cosineNoise', steps)
  const f = (t: number): number => Math.cos(((t / steps + offset) / (1 + offset)) * (Math.PI / 2)) ** 2
  return cumulated(Float64Array.from({ length: steps }, (_, t) => Math.min(0.999, 1 - f(t + 1) / f(t))))
}

/**
 * The schedule moved and stretched so that the last step is pure noise and the first stays as it was (Lin et al. 2023,
 * arXiv 2305.08891, algorithm 1). The last prediction of `eps` is then useless: use it with `v`.
 */
export function zeroTerminalNoise(schedule: NoiseSchedule): NoiseSchedule {
  const roots = schedule.map(Math.sqrt)
  const [first = 1, last = 0] = [roots[0], roots.at(-1)]
  return roots.map((root) => (((root - last) * first) / (first - last)) ** 2)
}
