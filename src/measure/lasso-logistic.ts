import {
  addLoss,
  addSquares,
  curvatures,
  type LogisticData,
  type LogisticRows,
  logisticRows,
  mirror,
} from './logistic-rows.ts'

export interface LassoOptions {
  /** λ: strength of λ·Σ factor_k·|β_k| beside Σ weight·log-loss. scikit-learn's C is 1/λ. */
  readonly penalty: number
  /** `[columns]`: how much of the penalty a column bears; 0 for the intercept and controls. Default 1 for all. */
  readonly factors?: readonly number[]
  /** `[columns]`: where to begin; default 0. */
  readonly start?: ArrayLike<number>
  /** Stops when no optimality condition is missed by more than this times the sum of weights. Default 1e-9. */
  readonly tolerance?: number
  /** Default 200. */
  readonly maxIterations?: number
}

export interface LassoFit {
  /** λ. */
  readonly penalty: number
  /** `[columns]`: β; exactly 0 where a penalised column was dropped. */
  readonly coefficients: Float64Array
  /** Σ weight·log-loss at the fit, without the penalty, in nats. */
  readonly cost: number
  /** The largest miss of an optimality condition, see {@link lassoViolation}. */
  readonly violation: number
  readonly iterations: number
  readonly converged: boolean
}

function checkedFactors(columns: number, factors: readonly number[] | undefined): Float64Array {
  if (factors && factors.length !== columns)
    throw new RangeError(`factors has ${factors.length} entries, expected ${columns}, one per column`)
  const given = Float64Array.from(factors ?? new Array<number>(columns).fill(1))
  const bad = given.findIndex((factor) => !(factor >= 0 && factor < Number.POSITIVE_INFINITY))
  if (bad >= 0) throw new RangeError(`factor ${bad} is ${given[bad]}, expected a finite number of at least 0`)
  return given
}

/** The largest miss of an optimality condition, given the loss's gradient. */
function violationAt(beta: ArrayLike<number>, gradient: ArrayLike<number>, bounds: ArrayLike<number>): number {
  let most = 0
  for (let k = 0; k < beta.length; k++) {
    const [value, slope, bound] = [beta[k] as number, gradient[k] as number, bounds[k] as number]
    const miss = value === 0 ? Math.max(0, Math.abs(slope) - bound) : Math.abs(slope + Math.sign(value) * bound)
    most = Math.max(most, miss)
  }
  return most
}

/**
 * How far β is from solving the L1 problem: with g the gradient of Σ weight·log-loss, the largest of
 * |g_k + λ·f_k·sign β_k| where β_k ≠ 0 and of max(0, |g_k| − λ·f_k) where β_k = 0. 0 exactly at the solution.
 */
export function lassoViolation(
  data: LogisticData,
  coefficients: ArrayLike<number>,
  { penalty, factors }: Pick<LassoOptions, 'penalty' | 'factors'>,
): number {
  const rows = logisticRows(data)
  const bounds = checkedFactors(rows.columns, factors).map((factor) => penalty * factor)
  const gradient = new Float64Array(rows.columns)
  addLoss(rows, coefficients, gradient)
  return violationAt(coefficients, gradient, bounds)
}

/**
 * The β + d that minimises g·d + ½·d·H·d + Σ bound_k·|β_k + d_k|, by cyclic coordinate descent over the columns that
 * are not 0 and rounds over all of them.
 */
function quadraticStep(
  beta: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array,
  bounds: Float64Array,
  precision: number,
): Float64Array {
  const size = beta.length
  const target = Float64Array.from(beta)
  const slope = Float64Array.from(gradient)
  const visit = (k: number): number => {
    const curvature = hessian[k * size + k] as number
    if (!(curvature > 0)) return 0
    const [before, bound] = [target[k] as number, bounds[k] as number]
    const free = curvature * before - (slope[k] as number)
    const after = Math.abs(free) <= bound ? 0 : (free - Math.sign(free) * bound) / curvature
    const change = after - before
    if (change === 0) return 0
    target[k] = after
    const row = k * size
    for (let l = 0; l < size; l++) slope[l] = (slope[l] as number) + change * (hessian[row + l] as number)
    return Math.abs(change) * curvature
  }
  for (let round = 0; round < 1000; round++) {
    let most = 0
    for (let k = 0; k < size; k++) most = Math.max(most, visit(k))
    if (most <= precision) break
    for (let inner = 0; inner < 1000; inner++) {
      let moved = 0
      for (let k = 0; k < size; k++) if (target[k] !== 0) moved = Math.max(moved, visit(k))
      if (moved <= precision) break
    }
  }
  return target
}

function fitLasso(rows: LogisticRows, factors: Float64Array, options: LassoOptions): LassoFit {
  const { penalty, start, tolerance = 1e-9, maxIterations = 200 } = options
  const { columns } = rows
  if (!(penalty >= 0 && penalty < Number.POSITIVE_INFINITY))
    throw new RangeError(`penalty is ${penalty}, expected a finite number of at least 0`)
  if (start && start.length !== columns)
    throw new RangeError(`start has ${start.length} entries, expected ${columns}, one per column`)
  const bounds = factors.map((factor) => penalty * factor)
  const limit = tolerance * rows.weights.reduce((sum, weight) => sum + weight, 0)
  const norm = (beta: Float64Array): number =>
    beta.reduce((sum, value, k) => sum + (bounds[k] as number) * Math.abs(value), 0)

  let beta: Float64Array = start ? Float64Array.from(start) : new Float64Array(columns)
  let gradient: Float64Array = new Float64Array(columns)
  let cost = addLoss(rows, beta, gradient)
  let violation = violationAt(beta, gradient, bounds)
  const hessian = new Float64Array(columns * columns)
  let iterations = 0
  for (; violation > limit && iterations < maxIterations; iterations++) {
    hessian.fill(0)
    addSquares(rows, hessian, curvatures(rows, beta))
    mirror(hessian, columns)
    const target = quadraticStep(beta, gradient, hessian, bounds, Math.min(0.1 * limit, 0.01 * violation))
    const promised =
      target.reduce((sum, value, k) => sum + (gradient[k] as number) * (value - (beta[k] as number)), 0) +
      norm(target) -
      norm(beta)
    const value = cost + norm(beta)
    // Below this the value is too coarse to tell better from worse; then the optimality conditions judge.
    const noise = 1e-14 * Math.max(1, Math.abs(value))
    let accepted = false
    for (let length = 1; length > 1e-10 && !accepted; length /= 2) {
      // A whole step is taken as it is, so that what it sets to 0 is 0.
      const trial = length === 1 ? target : beta.map((from, k) => from + length * ((target[k] as number) - from))
      const trialGradient = new Float64Array(columns)
      const trialCost = addLoss(rows, trial, trialGradient)
      const trialViolation = violationAt(trial, trialGradient, bounds)
      const change = trialCost + norm(trial) - value
      if (change <= 1e-4 * length * promised || (change <= noise && trialViolation < violation)) {
        ;[beta, gradient, cost, violation] = [trial, trialGradient, trialCost, trialViolation]
        accepted = true
      }
    }
    if (!accepted) break
  }
  return { penalty, coefficients: beta, cost, violation, iterations, converged: violation <= limit }
}

/**
 * L1-penalised logistic regression: minimises Σ w·[softplus(s) − y·s] + λ·Σ factor_k·|β_k|, s = offset + x·β, by
 * proximal Newton steps whose quadratic problems are solved by coordinate descent. Columns of factor 0 (intercept,
 * controls) are fitted freely. The result is checked against the optimality conditions themselves.
 *
 * As the most likely β under the prior Laplace(0, 1/λ) it is not the posterior mean, which `laplaceLogistic` gives: it
 * has exact zeros.
 *
 * @throws {RangeError} on shapes that do not match, or values that are not finite
 * @see Friedman, Hastie & Tibshirani (2010), J. Statistical Software 33(1); Yuan, Ho & Lin (2012), JMLR 13
 * @example
 * lassoLogistic({ design, columns: 3, outcomes }, { penalty: 2, factors: [0, 1, 1] })
 */
export function lassoLogistic(data: LogisticData, options: LassoOptions): LassoFit {
  const rows = logisticRows(data)
  return fitLasso(rows, checkedFactors(rows.columns, options.factors), options)
}

/** The fit of the columns without penalty alone, and the smallest λ at which it solves the whole problem. */
function emptyFit(rows: LogisticRows, factors: Float64Array): LassoFit {
  const free = Array.from(factors.keys()).filter((k) => factors[k] === 0)
  const design = new Float64Array(rows.rows * free.length)
  for (let row = 0; row < rows.rows; row++)
    for (const [at, k] of free.entries()) design[row * free.length + at] = rows.design[row * rows.columns + k] as number
  const controls = { ...rows, design, columns: free.length }
  const fit = fitLasso(controls, new Float64Array(free.length), { penalty: 0 })
  const beta = new Float64Array(rows.columns)
  for (const [at, k] of free.entries()) beta[k] = fit.coefficients[at] as number
  const gradient = new Float64Array(rows.columns)
  addLoss(rows, beta, gradient)
  let largest = 0
  for (const [k, factor] of factors.entries())
    if (factor > 0) largest = Math.max(largest, Math.abs(gradient[k] as number) / factor)
  return { ...fit, coefficients: beta, penalty: largest }
}

export interface LassoPathOptions extends Omit<LassoOptions, 'penalty' | 'start'> {
  /** Number of λ, evenly spaced on a log scale. Default 50. */
  readonly count?: number
  /** The last λ over the first. Default 0.001. */
  readonly ratio?: number
}

/**
 * Fits from the smallest λ that drops every penalised column down to a share of it, each beginning at the one before.
 *
 * @returns fits in order of falling λ; the first has no penalised column
 */
export function lassoPath(data: LogisticData, options: LassoPathOptions = {}): readonly LassoFit[] {
  const { count = 50, ratio = 1e-3, factors: given, ...rest } = options
  if (!Number.isInteger(count) || count < 2)
    throw new RangeError(`count is ${count}, expected an integer of at least 2`)
  if (!(ratio > 0 && ratio < 1)) throw new RangeError(`ratio is ${ratio}, expected a number between 0 and 1`)
  const rows = logisticRows(data)
  const factors = checkedFactors(rows.columns, given)
  const fits = [emptyFit(rows, factors)]
  const first = fits[0] as LassoFit
  for (let step = 1; step < count; step++) {
    const before = fits[step - 1] as LassoFit
    const penalty = first.penalty * ratio ** (step / (count - 1))
    fits.push(fitLasso(rows, factors, { ...rest, penalty, start: before.coefficients }))
  }
  return fits
}

/** Columns that are penalised and not dropped, in order. */
const keptOf = (coefficients: Float64Array, factors: Float64Array): number[] =>
  Array.from(coefficients.keys()).filter((k) => coefficients[k] !== 0 && factors[k] !== 0)

export interface SelectedColumns {
  /** The penalised columns kept, in order. */
  readonly columns: readonly number[]
  readonly fit: LassoFit
}

/**
 * The columns that an L1 penalty keeps when it keeps `count` of those it bears on: λ by geometric bisection.
 *
 * Where no λ keeps exactly that many (columns that enter together), the fit that keeps the fewest above `count` is cut
 * to the `count` with the largest |β_k|·factor_k.
 *
 * @throws {RangeError} when count is not from 0 to the number of penalised columns
 * @see WIMHF (arXiv 2510.26202), which selects features so
 */
export function selectColumns(
  data: LogisticData,
  count: number,
  options: Omit<LassoOptions, 'penalty' | 'start'> = {},
): SelectedColumns {
  const rows = logisticRows(data)
  const factors = checkedFactors(rows.columns, options.factors)
  const penalised = factors.filter((factor) => factor > 0).length
  if (!Number.isInteger(count) || count < 0 || count > penalised)
    throw new RangeError(
      `count is ${count}, expected an integer from 0 to ${penalised}, the number of penalised columns`,
    )
  const empty = emptyFit(rows, factors)
  if (count === 0 || empty.penalty === 0) return { columns: [], fit: empty }
  let [low, high] = [empty.penalty * 1e-8, empty.penalty]
  let start = empty.coefficients
  let above: LassoFit | undefined
  for (let step = 0; step < 60; step++) {
    const fit = fitLasso(rows, factors, { ...options, penalty: Math.sqrt(low * high), start })
    const kept = keptOf(fit.coefficients, factors)
    if (kept.length === count) return { columns: kept, fit }
    if (kept.length > count) {
      above = fit
      low = fit.penalty
    } else high = fit.penalty
    start = fit.coefficients
  }
  const fit = above ?? fitLasso(rows, factors, { ...options, penalty: low, start })
  const size = (k: number): number => Math.abs(fit.coefficients[k] as number) * (factors[k] as number)
  const columns = keptOf(fit.coefficients, factors)
    .sort((k, l) => size(l) - size(k) || k - l)
    .slice(0, count)
    .sort((k, l) => k - l)
  return { columns, fit }
}
