import { cholesky, choleskyInverse, sandwich, sandwichDiagonal } from '../measure/index.ts'
import type { ComparisonTable } from './comparison-table.ts'
import { fixGauge, leaveGauge, mirror } from './gauge.ts'
import {
  addInformation,
  addOuter,
  delta,
  denseLimit,
  type PairedFit,
  pairedObjective,
  pairingTotals,
} from './paired-likelihood.ts'

export interface CovarianceOptions {
  /**
   * `sandwich` holds for any distribution of the outcomes, `fisher` (the inverse information) only where the model is
   * right and ties are not counted as halves. Default `sandwich`.
   */
  readonly kind?: 'sandwich' | 'fisher'
  /** λ of the sandwich's H + λI. Default 1e-5·votes when no vote is weighted, else 1e-5. */
  readonly ridge?: number
  /** Whether H holds the fit's penalties. Default true. */
  readonly penalised?: boolean
  /** Subtracts this multiple of γ·γᵀ from B, for penalised γ. Default 0. */
  readonly coefficientShift?: number
}

/**
 * Covariance of (θ, γ, τ) around the gauge Σθ = 0, `[parameters, parameters]`.
 *
 * Sandwich: H⁻¹·B·H⁻¹ with H the Hessian of the cost plus λI and B = Σ_cells c·ω²·s·sᵀ, where c votes of weight ω have
 * the score s = ∂(−ln P); for Bradley–Terry s = (p − y)·(e_a − e_b). Fisher: the inverse of H on vectors of sum 0.
 *
 * @throws {RangeError} on more parameters than `denseLimit`
 * @see White (1982), Econometrica 50, 1–25; λ as in lmarena/arena-rank
 */
export function pairedCovariance(
  table: ComparisonTable,
  fit: PairedFit,
  options: CovarianceOptions = {},
): Float64Array {
  const { bread, meat } = breadAndMeat(table, fit, options)
  return meat ? sandwich(bread, meat, fit.parameters.length) : bread
}

/** The diagonal of {@link pairedCovariance}, at about half its cost: squared standard errors of (θ, γ, τ). */
export function pairedVariances(table: ComparisonTable, fit: PairedFit, options: CovarianceOptions = {}): Float64Array {
  const size = fit.parameters.length
  const { bread, meat } = breadAndMeat(table, fit, options)
  return meat ? sandwichDiagonal(bread, meat, size) : fit.parameters.map((_, i) => bread[i * (size + 1)] as number)
}

/** H⁻¹ and, for the sandwich, B. */
function breadAndMeat(
  table: ComparisonTable,
  fit: PairedFit,
  options: CovarianceOptions,
): { readonly bread: Float64Array; readonly meat?: Float64Array } {
  const { kind = 'sandwich', penalised = true, coefficientShift = 0 } = options
  const { link, parameters, penalties } = fit
  const size = parameters.length
  if (size > denseLimit)
    throw new RangeError(
      `a covariance of ${size} parameters is too large, expected at most ${denseLimit}; use bootstrap intervals`,
    )
  const competitors = table.names.length
  const hessian = new Float64Array(size * size)
  addInformation(table, link, pairingTotals(table, link), parameters, hessian)
  // The scores on θ sum to 0, so what H does along 1 is not in the sandwich; with little there but the ridge, rounding is.
  const gauge = kind === 'sandwich' || penalties.strengths === 0 ? fixGauge(hessian, size, competitors) : 0
  const ridge =
    kind === 'fisher' ? 0 : (options.ridge ?? 1e-5 * (table.weights.every((w) => w === 1) ? table.votes : 1))
  for (let i = 0; i < size; i++) {
    const penalty =
      i < competitors ? penalties.strengths : i < competitors + fit.coefficients.length ? penalties.coefficients : 0
    hessian[i * size + i] = (hessian[i * size + i] as number) + ridge + (penalised ? penalty : 0)
  }
  const bread = choleskyInverse(cholesky(hessian, size))
  if (kind === 'fisher') {
    if (gauge > 0) leaveGauge(bread, size, recordedCompetitors(table), gauge)
    return { bread }
  }
  const meat = new Float64Array(size * size)
  addScores(table, fit, meat)
  for (let k = 0; k < fit.coefficients.length; k++)
    for (let l = 0; l <= k; l++) {
      const at = (competitors + k) * size + competitors + l
      meat[at] =
        (meat[at] as number) - coefficientShift * (fit.coefficients[k] as number) * (fit.coefficients[l] as number)
    }
  mirror(meat, size)
  return { bread, meat }
}

/** Indices of the competitors that have a vote. */
export function recordedCompetitors(table: ComparisonTable): number[] {
  const met = new Uint8Array(table.names.length)
  for (let cell = 0; cell < table.counts.length; cell++) {
    if (table.counts[cell] === 0) continue
    met[table.a[table.pairing[cell] as number] as number] = 1
    met[table.b[table.pairing[cell] as number] as number] = 1
  }
  return Array.from(met.keys()).filter((i) => met[i] === 1)
}

/** The outer products of the scores, summed over cells per pairing first, lower triangle. */
function addScores(table: ComparisonTable, fit: PairedFit, meat: Float64Array): void {
  const { link, parameters, tie } = fit
  const pairings = table.a.length
  const [dd, dt, tt] = [new Float64Array(pairings), new Float64Array(pairings), new Float64Array(pairings)]
  const out = new Float64Array(6)
  for (let cell = 0; cell < table.counts.length; cell++) {
    const pairing = table.pairing[cell] as number
    const outcome = table.outcomes[cell] as number
    const tied = link.tieParameter && outcome === 0.5
    link.evaluate(delta(table, parameters, pairing), tie, tied ? 0 : outcome, tied ? 1 : 0, tied ? 0 : 1 - outcome, out)
    const factor = (table.counts[cell] as number) * (table.weights[cell] as number) ** 2
    const [d, t] = [out[1] as number, link.tieParameter ? (out[2] as number) : 0]
    dd[pairing] = (dd[pairing] as number) + factor * d * d
    dt[pairing] = (dt[pairing] as number) + factor * d * t
    tt[pairing] = (tt[pairing] as number) + factor * t * t
  }
  const size = parameters.length
  const tieIndex = link.tieParameter ? size - 1 : -1
  for (let pairing = 0; pairing < pairings; pairing++)
    addOuter(table, pairing, tieIndex, size, dd[pairing] as number, dt[pairing] as number, tt[pairing] as number, meat)
}

/**
 * Indices of covariates that are always 0, or that strengths and earlier covariates explain all but a 1e-9th of: who
 * meets whom fixes their values, so no data can tell their effects. A penalty on γ hides nothing from this.
 */
export function aliasedCovariates(table: ComparisonTable, fit: PairedFit): number[] {
  const competitors = table.names.length
  const width = fit.coefficients.length
  if (width === 0 || fit.parameters.length > denseLimit) return []
  const unpenalised = { strengths: fit.penalties.strengths, coefficients: 0 }
  const objective = pairedObjective(table, fit.link, pairingTotals(table, fit.link), unpenalised)
  const hessian = new Float64Array(objective.size ** 2)
  objective.hessian(fit.parameters, hessian)
  const aliased: number[] = []
  for (let k = 0; k < width; k++) {
    const at = (competitors + k) * (objective.size + 1)
    const information = hessian[at] as number
    if (information === 0) aliased.push(k)
    // A little ridge lets the factor pass over columns that are found to depend on the others.
    hessian[at] = information === 0 ? 1 : information * (1 + 1e-10)
  }
  const { lower, stride } = cholesky(hessian, objective.size)
  for (let k = 0; k < width; k++) {
    const i = competitors + k
    const own = (lower[i * stride + i] as number) ** 2
    if (own < 1e-9 * (hessian[i * objective.size + i] as number)) aliased.push(k)
  }
  return aliased.sort((x, y) => x - y)
}
