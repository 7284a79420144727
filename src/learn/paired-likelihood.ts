import { type CholeskyFactor, type ConvexObjective, cholesky, lbfgs, type Minimum, newton } from '../measure/index.ts'
import type { ComparisonTable } from './comparison-table.ts'
import { fixGauge } from './gauge.ts'

/**
 * How the outcome of a pairing depends on δ = θ_a − θ_b + x·γ, and on a tie parameter τ where the model has one. This
 * is all that distinguishes one pairwise model from another; fitting, penalties, intervals and bootstrap are shared.
 */
export interface PairedLink {
  readonly name: string
  /** Whether ties are an outcome of their own (τ is estimated), not half a win for each. */
  readonly tieParameter: boolean
  /** The τ at which equal competitors tie with probability `share`; where the fit begins. */
  tieStart(share: number): number
  /**
   * Writes the cost −ln P of (weighted) wins, ties and losses of a, and its derivatives, to
   * `out = [cost, ∂δ, ∂τ, ∂δ², ∂δ∂τ, ∂τ²]`; links without a tie parameter get no ties and write entries 0, 1 and 3.
   */
  evaluate(delta: number, tie: number, wins: number, ties: number, losses: number, out: Float64Array): void
}

/** Parameters above which no matrix of parameters by parameters is made: fits go by L-BFGS, intervals by bootstrap. */
export const denseLimit = 2_500

/** Strengths of the quadratic penalty ½·Σ penalty·parameter², added to the summed cost. */
export interface PairedPenalties {
  /** On every θ; default 0. */
  readonly strengths: number
  /** On every γ; default 0. */
  readonly coefficients: number
}

/** Weighted outcomes per pairing, which is what the fit itself needs of a table. */
export interface PairingTotals {
  readonly wins: Float64Array
  readonly ties: Float64Array
  readonly losses: Float64Array
}

/** A fitted pairwise model. */
export interface PairedFit {
  readonly link: PairedLink
  /** θ by competitor, natural-log odds, mean 0. */
  readonly strengths: Float64Array
  /** γ by covariate. */
  readonly coefficients: Float64Array
  /** τ, the tie parameter on its internal scale; 0 for links without one. */
  readonly tie: number
  /** θ, γ and τ in one vector, as the covariance orders them. */
  readonly parameters: Float64Array
  readonly penalties: PairedPenalties
  /** −Σ weight·ln P at the fit, without the penalty, in nats. */
  readonly cost: number
  readonly iterations: number
  readonly converged: boolean
}

/**
 * Adds up outcomes per pairing. Where the link has no tie parameter, y counts as y wins and 1 − y losses.
 *
 * @param counts votes per cell; default the table's own (bootstrap replicates have others)
 * @throws {RangeError} when the link has a tie parameter and an outcome is neither 0, ½ nor 1
 */
export function pairingTotals(
  table: ComparisonTable,
  link: PairedLink,
  counts: Float64Array = table.counts,
  reuse?: PairingTotals,
): PairingTotals {
  const size = table.a.length
  const totals = reuse ?? {
    wins: new Float64Array(size),
    ties: new Float64Array(size),
    losses: new Float64Array(size),
  }
  const { wins, ties, losses } = totals
  wins.fill(0)
  ties.fill(0)
  losses.fill(0)
  for (let cell = 0; cell < counts.length; cell++) {
    const pairing = table.pairing[cell] as number
    const outcome = table.outcomes[cell] as number
    const weight = (counts[cell] as number) * (table.weights[cell] as number)
    if (!link.tieParameter) {
      wins[pairing] = (wins[pairing] as number) + weight * outcome
      losses[pairing] = (losses[pairing] as number) + weight * (1 - outcome)
    } else if (outcome === 1) wins[pairing] = (wins[pairing] as number) + weight
    else if (outcome === 0) losses[pairing] = (losses[pairing] as number) + weight
    else if (outcome === 0.5) ties[pairing] = (ties[pairing] as number) + weight
    else
      throw new RangeError(
        `${link.name} has no graded outcomes, but "${table.names[table.a[pairing] as number]}" against ` +
          `"${table.names[table.b[pairing] as number]}" has outcome ${outcome}; expected 0, ½ or 1`,
      )
  }
  return totals
}

/** δ of a pairing. */
export function delta(table: ComparisonTable, parameters: Float64Array, pairing: number): number {
  const width = table.covariates.names.length
  let difference =
    (parameters[table.a[pairing] as number] as number) - (parameters[table.b[pairing] as number] as number)
  for (let k = 0, at = pairing * width, from = table.names.length; k < width; k++)
    difference += (table.covariates.values[at + k] as number) * (parameters[from + k] as number)
  return difference
}

/** Adds `dd·zzᵀ + dt·(z·eᵀ + e·zᵀ) + tt·e·eᵀ` to the lower triangle, where z holds ±1 and x, and e picks τ. */
export function addOuter(
  table: ComparisonTable,
  pairing: number,
  tieIndex: number,
  size: number,
  dd: number,
  dt: number,
  tt: number,
  matrix: Float64Array,
): void {
  const add = (i: number, j: number, value: number): void => {
    matrix[i * size + j] = (matrix[i * size + j] as number) + value
  }
  const a = table.a[pairing] as number
  const b = table.b[pairing] as number
  add(a, a, dd)
  add(b, b, dd)
  add(b, a, -dd)
  const competitors = table.names.length
  const width = table.covariates.names.length
  for (let k = 0; k < width; k++) {
    const x = table.covariates.values[pairing * width + k] as number
    if (x === 0) continue
    const row = competitors + k
    add(row, a, dd * x)
    add(row, b, -dd * x)
    for (let l = 0; l <= k; l++)
      add(row, competitors + l, dd * x * (table.covariates.values[pairing * width + l] as number))
    if (tieIndex >= 0) add(tieIndex, row, dt * x)
  }
  if (tieIndex < 0) return
  add(tieIndex, a, dt)
  add(tieIndex, b, -dt)
  add(tieIndex, tieIndex, tt)
}

function parameterCount(table: ComparisonTable, link: PairedLink): number {
  return table.names.length + table.covariates.names.length + (link.tieParameter ? 1 : 0)
}

/** The Hessian of the summed cost, lower triangle; nothing of penalties or gauge. */
export function addInformation(
  table: ComparisonTable,
  link: PairedLink,
  totals: PairingTotals,
  parameters: Float64Array,
  hessian: Float64Array,
): void {
  const size = parameters.length
  const tieIndex = link.tieParameter ? size - 1 : -1
  const tie = tieIndex < 0 ? 0 : (parameters[tieIndex] as number)
  const out = new Float64Array(6)
  for (let pairing = 0; pairing < table.a.length; pairing++) {
    link.evaluate(
      delta(table, parameters, pairing),
      tie,
      totals.wins[pairing] as number,
      totals.ties[pairing] as number,
      totals.losses[pairing] as number,
      out,
    )
    addOuter(table, pairing, tieIndex, size, out[3] as number, out[4] as number, out[5] as number, hessian)
  }
}

/**
 * The penalised cost of a table under a link. Without a penalty on θ the cost does not change when all θ move
 * together; the Hessian then gets a multiple of 1·1ᵀ on its θ block, which leaves every Newton step as it is and keeps
 * Σθ at its start. Competitors without votes keep their start as well.
 */
export function pairedObjective(
  table: ComparisonTable,
  link: PairedLink,
  totals: PairingTotals,
  penalties: PairedPenalties,
): ConvexObjective {
  const competitors = table.names.length
  const tieIndex = link.tieParameter ? parameterCount(table, link) - 1 : -1
  const size = parameterCount(table, link)
  const width = table.covariates.names.length
  const out = new Float64Array(6)
  const penalty = (i: number): number =>
    i < competitors ? penalties.strengths : i === tieIndex ? 0 : penalties.coefficients
  return {
    size,
    gradient(parameters, gradient) {
      let cost = 0
      for (let i = 0; i < size; i++) {
        gradient[i] = penalty(i) * (parameters[i] as number)
        cost += 0.5 * (gradient[i] as number) * (parameters[i] as number)
      }
      const tie = tieIndex < 0 ? 0 : (parameters[tieIndex] as number)
      for (let pairing = 0; pairing < table.a.length; pairing++) {
        const wins = totals.wins[pairing] as number
        const ties = totals.ties[pairing] as number
        const losses = totals.losses[pairing] as number
        link.evaluate(delta(table, parameters, pairing), tie, wins, ties, losses, out)
        cost += out[0] as number
        const slope = out[1] as number
        const a = table.a[pairing] as number
        const b = table.b[pairing] as number
        gradient[a] = (gradient[a] as number) + slope
        gradient[b] = (gradient[b] as number) - slope
        for (let k = 0; k < width; k++)
          gradient[competitors + k] =
            (gradient[competitors + k] as number) + slope * (table.covariates.values[pairing * width + k] as number)
        if (tieIndex >= 0) gradient[tieIndex] = (gradient[tieIndex] as number) + (out[2] as number)
      }
      return cost
    },
    hessian(parameters, hessian) {
      hessian.fill(0)
      addInformation(table, link, totals, parameters, hessian)
      if (penalties.strengths === 0) fixGauge(hessian, size, competitors)
      for (let i = 0; i < size; i++) hessian[i * size + i] = (hessian[i * size + i] as number) + penalty(i)
    },
  }
}

export interface PairedFitOptions {
  readonly penalties?: Partial<PairedPenalties>
  /** Parameters to begin with, such as those of the fit that a bootstrap replicate resamples. Default θ = γ = 0. */
  readonly start?: Float64Array
  /** A factor of the Hessian near the minimum. */
  readonly factor?: CholeskyFactor
  /** Default: the table's, added up. */
  readonly totals?: PairingTotals
}

/**
 * Minimises the penalised cost from θ = 0, so that the mean of θ stays 0: by Newton's method, beyond `denseLimit`
 * parameters by L-BFGS. Stops when no entry of the gradient exceeds
 * 1e-10 of the total weight.
 *
 * Whether a finite minimum exists is for the caller to find out first: see `separationOf`.
 */
export function fitPaired(table: ComparisonTable, link: PairedLink, options: PairedFitOptions = {}): PairedFit {
  const penalties = { strengths: 0, coefficients: 0, ...options.penalties }
  const totals = options.totals ?? pairingTotals(table, link)
  const sum = (column: Float64Array): number => column.reduce((total, value) => total + value, 0)
  const ties = sum(totals.ties)
  const weight = sum(totals.wins) + ties + sum(totals.losses)
  const start = options.start ?? new Float64Array(parameterCount(table, link))
  if (!options.start && link.tieParameter) start[start.length - 1] = link.tieStart(ties / weight)
  const objective = pairedObjective(table, link, totals, penalties)
  const gradientTolerance = 1e-10 * weight
  const minimum: Minimum =
    objective.size > denseLimit
      ? lbfgs(objective, start, { gradientTolerance, maxIterations: 5_000 })
      : newton(objective, start, { gradientTolerance, ...(options.factor && { factor: options.factor }) })
  const { parameters } = minimum
  const competitors = table.names.length
  const width = table.covariates.names.length
  let penalty = 0
  for (let i = 0; i < competitors + width; i++)
    penalty += (i < competitors ? penalties.strengths : penalties.coefficients) * (parameters[i] as number) ** 2
  return {
    link,
    strengths: parameters.slice(0, competitors),
    coefficients: parameters.slice(competitors, competitors + width),
    tie: link.tieParameter ? (parameters[parameters.length - 1] as number) : 0,
    parameters,
    penalties,
    cost: minimum.value - penalty / 2,
    iterations: minimum.iterations,
    converged: minimum.converged,
  }
}

/** The factored Hessian at a fit, to start nearby fits with. */
export function factorAt(table: ComparisonTable, fit: PairedFit): CholeskyFactor {
  const objective = pairedObjective(table, fit.link, pairingTotals(table, fit.link), fit.penalties)
  const hessian = new Float64Array(objective.size ** 2)
  objective.hessian(fit.parameters, hessian)
  return cholesky(hessian, objective.size)
}
