import { mean, variance } from './moments.ts'

export interface ChainDiagnostics {
  /** Split R̂: √ of the variance between and within halves of chains over that within; near 1 when they agree. */
  readonly rHat: number
  /** Number of independent draws that would tell the mean as well. */
  readonly effectiveSize: number
}

/** Σ (x_i − m)(x_{i+lag} − m) / n. */
function autocovariance(chain: Float64Array, centre: number, lag: number): number {
  let sum = 0
  for (let i = 0; i + lag < chain.length; i++)
    sum += ((chain[i] as number) - centre) * ((chain[i + lag] as number) - centre)
  return sum / chain.length
}

/**
 * Whether chains of draws of one quantity agree, and how much they say about its mean: split R̂, and the effective
 * sample size from autocorrelations summed in pairs while they are positive and falling (Geyer 1992).
 *
 * @param chains chains of equal length, at least 4 draws each
 * @returns R̂ 1 and every draw effective for a quantity that never changes
 * @throws {RangeError} on no chains, unequal or too short ones
 * @see Gelman et al., Bayesian Data Analysis, 3rd ed. (2013), sections 11.4–11.5; Vehtari et al. (2021), arXiv 1903.08008
 */
export function chainDiagnostics(chains: readonly ArrayLike<number>[]): ChainDiagnostics {
  const length = chains[0]?.length ?? 0
  if (length < 4 || chains.some((chain) => chain.length !== length))
    throw new RangeError(
      `the chains have ${chains.map((chain) => chain.length).join(', ') || 'no'} draws, expected equal numbers of at least 4`,
    )
  const half = Math.floor(length / 2)
  const parts = chains.flatMap((chain) => {
    const draws = Float64Array.from(chain)
    return [draws.subarray(0, half), draws.subarray(length - half)]
  })
  const centres = parts.map(mean)
  const within = mean(parts.map((part) => variance(part)))
  const between = variance(centres)
  const total = ((half - 1) / half) * within + between
  const draws = parts.length * half
  if (total === 0) return { rHat: 1, effectiveSize: draws }
  const correlation = (lag: number): number =>
    lag === 0 ? 1 : 1 - (within - mean(parts.map((part, k) => autocovariance(part, centres[k] as number, lag)))) / total
  // 2·Σ of correlations at lags above 0, plus 1.
  let time = -1
  let least = Number.POSITIVE_INFINITY
  for (let lag = 0; ; lag += 2) {
    const even = correlation(lag)
    const pair = even + correlation(lag + 1)
    if (pair < 0 || lag + 4 >= half) {
      // Of the first pair that is left out, the even lag still counts where it is positive.
      time += Math.max(0, even)
      break
    }
    least = Math.min(least, pair)
    time += 2 * least
  }
  // Draws that alternate may tell more than independent ones; the customary bound keeps noise from telling anything.
  return { rHat: Math.sqrt(total / within), effectiveSize: Math.min(draws / time, draws * Math.log10(draws)) }
}
