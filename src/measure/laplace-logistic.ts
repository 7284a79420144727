import type { Random } from '../run/index.ts'
import { type ChainDiagnostics, chainDiagnostics } from './chains.ts'
import { type CholeskyFactor, cholesky, choleskySolve, choleskyTransposeSolve } from './linear-algebra.ts'
import { addSquares, type LogisticData, type LogisticRows, logisticRows, logOdds } from './logistic-rows.ts'
import { quantiles, standardDeviation } from './moments.ts'
import { drawInverseGaussian, drawPolyaGamma } from './polya-gamma.ts'

export interface LaplaceLogisticOptions {
  /** b of the prior Laplace(0, b) by column, or of all; Infinity for a flat prior (intercept, controls). */
  readonly scale: number | readonly number[]
  /** Default 4. */
  readonly chains?: number
  /** Draws of each chain that are thrown away. Default 250. */
  readonly warmup?: number
  /** Draws of each chain that are kept. Default 1000. */
  readonly draws?: number
  /** Share of the posterior between the ends of `intervals`. Default 0.95. */
  readonly level?: number
}

export interface LaplaceLogisticFit {
  /**
   * `[columns]`: posterior mean of β. The mean of each draw's conditional mean given the scales, which varies less than
   * the mean of the draws.
   */
  readonly mean: Float64Array
  /** `[columns]` */
  readonly standardDeviation: Float64Array
  /** `[columns]`: the central share of the posterior. */
  readonly intervals: readonly (readonly [lower: number, upper: number])[]
  /** `[chains · draws, columns]`: β of every draw kept, chain after chain. */
  readonly draws: Float64Array
  /** By column. */
  readonly diagnostics: readonly ChainDiagnostics[]
}

function scalesOf(columns: number, scale: LaplaceLogisticOptions['scale']): Float64Array {
  if (typeof scale !== 'number' && scale.length !== columns)
    throw new RangeError(`scale has ${scale.length} entries, expected ${columns}, one per column`)
  const scales = Float64Array.from(
    { length: columns },
    (_, k) => (typeof scale === 'number' ? scale : scale[k]) as number,
  )
  const bad = scales.findIndex((value) => !(value > 0))
  if (bad >= 0) throw new RangeError(`scale ${bad} is ${scales[bad]}, expected a positive number`)
  return scales
}

/** One chain; its draws go to `draws` and its conditional means are added to `total`. */
function runChain(
  rows: LogisticRows,
  scales: Float64Array,
  options: { readonly warmup: number; readonly draws: number },
  random: Random,
  draws: Float64Array,
  total: Float64Array,
): void {
  const { columns } = rows
  const flat = Array.from(scales, (scale) => scale === Number.POSITIVE_INFINITY)
  // 1/s of the normal scale mixture β ~ N(0, s), s ~ Exp(mean 2b²), whose margin is Laplace(0, b).
  const precisions = scales.map((scale, k) => (flat[k] ? 0 : 1 / (2 * scale * scale)))
  const beta = new Float64Array(columns)
  const scores = new Float64Array(rows.rows)
  const omega = new Float64Array(rows.rows)
  const matrix = new Float64Array(columns * columns)
  const centre = new Float64Array(columns)
  const noise = new Float64Array(columns)
  // Xᵀ(y − ½) never changes; offsets add −XᵀΩ·offset.
  const pull = new Float64Array(columns)
  let factor: CholeskyFactor | undefined
  const offset = rows.offsets.some((value) => value !== 0)
  for (let row = 0; row < rows.rows; row++) {
    const lean = (rows.weights[row] as number) * ((rows.outcomes[row] as number) - 0.5)
    for (let k = 0; k < columns; k++) pull[k] = (pull[k] as number) + lean * (rows.design[row * columns + k] as number)
  }
  for (let step = -options.warmup; step < options.draws; step++) {
    logOdds(rows, beta, scores)
    for (let row = 0; row < rows.rows; row++) {
      // PG(w, s) is the sum of w independent PG(1, s).
      let sum = 0
      for (let copy = 0; copy < (rows.weights[row] as number); copy++)
        sum += drawPolyaGamma(random, scores[row] as number)
      omega[row] = sum
    }
    matrix.fill(0)
    addSquares(rows, matrix, omega)
    for (let k = 0; k < columns; k++)
      matrix[k * columns + k] = (matrix[k * columns + k] as number) + (precisions[k] as number)
    centre.set(pull)
    if (offset)
      for (let row = 0; row < rows.rows; row++) {
        const known = (omega[row] as number) * (rows.offsets[row] as number)
        for (let k = 0; k < columns; k++)
          centre[k] = (centre[k] as number) - known * (rows.design[row * columns + k] as number)
      }
    factor = cholesky(matrix, columns, factor)
    choleskySolve(factor, centre, centre)
    for (let k = 0; k < columns; k++) noise[k] = random.normal()
    choleskyTransposeSolve(factor, noise, noise)
    for (let k = 0; k < columns; k++) {
      const value = (centre[k] as number) + (noise[k] as number)
      beta[k] = value
      if (flat[k]) continue
      const scale = scales[k] as number
      // 1/s given β is inverse Gaussian with mean 1/(b·|β|) and shape 1/b²; the bound keeps β = 0 from ending it.
      const size = Math.max(Math.abs(value), 1e-12 * scale)
      precisions[k] = drawInverseGaussian(random, 1 / (scale * size), 1 / (scale * scale))
    }
    if (step < 0) continue
    draws.set(beta, step * columns)
    for (let k = 0; k < columns; k++) total[k] = (total[k] as number) + (centre[k] as number)
  }
}

/**
 * Bayesian logistic regression with Laplace priors: posterior mean and intervals of β under y ~ Bernoulli(σ(offset +
 * x·β)), β_k ~ Laplace(0, scale_k), all independent.
 *
 * A Gibbs sampler that needs no tuning and is exact in the limit: Pólya–Gamma variables make the likelihood normal in β,
 * exponential scales make the prior so; each is drawn given the others. The random stream decides every draw.
 *
 * @param data weights must be whole numbers: how often a row occurred
 * @throws {RangeError} on shapes that do not match, scales that are not positive, or weights that are not whole
 * @throws {NotPositiveDefiniteError} when columns with a flat prior depend on each other
 * @see Polson, Scott & Windle (2013), JASA 108, 1339–1349; Park & Casella (2008), JASA 103, 681–686
 * @example
 * const { mean, intervals } = laplaceLogistic({ design, columns: 29, outcomes }, { scale: 0.1 }, run.random('posterior'))
 */
export function laplaceLogistic(
  data: LogisticData,
  options: LaplaceLogisticOptions,
  random: Random,
): LaplaceLogisticFit {
  const { chains = 4, warmup = 250, draws: kept = 1000, level = 0.95 } = options
  for (const [name, value, least] of [
    ['chains', chains, 1],
    ['warmup', warmup, 0],
    ['draws', kept, 4],
  ] as const)
    if (!Number.isInteger(value) || value < least)
      throw new RangeError(`${name} is ${value}, expected an integer of at least ${least}`)
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  const rows = logisticRows(data)
  const fraction = rows.weights.findIndex((weight) => !Number.isInteger(weight))
  if (fraction >= 0)
    throw new RangeError(`row ${fraction}: weight is ${rows.weights[fraction]}, expected a whole number of occurrences`)
  const { columns } = rows
  const scales = scalesOf(columns, options.scale)
  const draws = new Float64Array(chains * kept * columns)
  const total = new Float64Array(columns)
  for (let chain = 0; chain < chains; chain++) {
    const part = draws.subarray(chain * kept * columns, (chain + 1) * kept * columns)
    runChain(rows, scales, { warmup, draws: kept }, random.fork(chain), part, total)
  }
  const columnOf = (k: number, chain: number): Float64Array =>
    Float64Array.from({ length: kept }, (_, step) => draws[(chain * kept + step) * columns + k] as number)
  const byColumn = Array.from({ length: columns }, (_, k) => {
    const parts = Array.from({ length: chains }, (_chain, chain) => columnOf(k, chain))
    const all = Float64Array.from(parts.flatMap((part) => [...part]))
    const [lower, upper] = quantiles(all, [(1 - level) / 2, (1 + level) / 2])
    return {
      deviation: standardDeviation(all),
      interval: [lower as number, upper as number] as const,
      diagnostics: chainDiagnostics(parts),
    }
  })
  return {
    mean: total.map((sum) => sum / (chains * kept)),
    standardDeviation: Float64Array.from(byColumn, ({ deviation }) => deviation),
    intervals: byColumn.map(({ interval }) => interval),
    draws,
    diagnostics: byColumn.map(({ diagnostics }) => diagnostics),
  }
}
