import { cholesky, choleskyInverse, newton } from '../../measure/index.ts'

/** What one rater said of some candidates at once. */
export interface RankedList {
  /** `[candidates, width]`, row after row. */
  readonly features: Float64Array
  /** `[candidates]`: smaller is better, equal is a tie; NaN was not ranked and lies below all that were. */
  readonly ranks: ArrayLike<number>
}

/** A {@link RankedList} put in order, best first. */
export interface OrderedList {
  /** `[candidates, width]`, best first. */
  readonly rows: Float64Array
  /** Where each group of tied candidates begins, and where the last one ends. */
  readonly starts: Int32Array
}

/** Puts a list in order. @throws {RangeError} when the features do not make a row per rank, or one is not finite */
export function orderList({ features, ranks }: RankedList, width: number): OrderedList {
  const count = ranks.length
  if (features.length !== count * width)
    throw new RangeError(`a list of ${count} candidates has ${features.length} features, expected ${count} × ${width}`)
  const bad = features.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new RangeError(`feature ${bad % width} of candidate ${Math.floor(bad / width)} is not finite`)
  const rank = (i: number): number => {
    const given = ranks[i] as number
    return Number.isNaN(given) ? Number.POSITIVE_INFINITY : given
  }
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) =>
    rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : a - b,
  )
  const rows = new Float64Array(count * width)
  const starts: number[] = []
  order.forEach((from, at) => {
    rows.set(features.subarray(from * width, (from + 1) * width), at * width)
    if (at === 0 || rank(from) !== rank(order[at - 1] as number)) starts.push(at)
  })
  return { rows, starts: Int32Array.of(...starts, count) }
}

/** How many choices a list tells: candidates that something was ranked below. */
export function choicesIn({ starts }: OrderedList): number {
  return starts.length < 2 ? 0 : (starts[starts.length - 2] as number)
}

/** Where {@link addOrderedLoss} keeps what it needs; one for all lists of a width. */
export interface Scratch {
  readonly first: Float64Array
  readonly second: Float64Array
  readonly mean: Float64Array
}

export function scratchFor(width: number): Scratch {
  return { first: new Float64Array(width), second: new Float64Array(width * width), mean: new Float64Array(width) }
}

/**
 * Adds the negative log-likelihood of an ordered list to what is there, and gives its value. Everyone who has somebody
 * below was chosen from among themselves and those below:
 *
 *     −Σ_i [x_i·β − ln(e^{x_i·β} + Σ_{j below i} e^{x_j·β})]
 *
 * Ties say nothing of each other. Without ties it is the rank-ordered (exploded) logit; for a pair, the logistic loss.
 *
 * @param gradient `[width]`
 * @param hessian `[width, width]`: its lower triangle is added to, when given
 */
export function addOrderedLoss(
  { rows, starts }: OrderedList,
  beta: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array | undefined,
  { first, second, mean }: Scratch,
): number {
  const width = beta.length
  const count = starts[starts.length - 1] as number
  const utilities = new Float64Array(count)
  let top = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i++) {
    let sum = 0
    for (let k = 0; k < width; k++) sum += (rows[i * width + k] as number) * (beta[k] as number)
    utilities[i] = sum
    top = Math.max(top, sum)
  }
  first.fill(0)
  second.fill(0)
  let [below, cost] = [0, 0]
  for (let g = starts.length - 2; g >= 0; g--) {
    const [from, to] = [starts[g] as number, starts[g + 1] as number]
    if (g < starts.length - 2)
      for (let i = from; i < to; i++) {
        const own = Math.exp((utilities[i] as number) - top)
        const total = below + own
        cost += Math.log(total) + top - (utilities[i] as number)
        for (let k = 0; k < width; k++) {
          const x = rows[i * width + k] as number
          const m = ((first[k] as number) + own * x) / total
          mean[k] = m
          gradient[k] = (gradient[k] as number) + m - x
        }
        if (hessian)
          for (let k = 0; k < width; k++) {
            const scaled = own * (rows[i * width + k] as number)
            for (let l = 0; l <= k; l++)
              hessian[k * width + l] =
                (hessian[k * width + l] as number) +
                ((second[k * width + l] as number) + scaled * (rows[i * width + l] as number)) / total -
                (mean[k] as number) * (mean[l] as number)
          }
      }
    for (let i = from; i < to; i++) {
      const own = Math.exp((utilities[i] as number) - top)
      below += own
      for (let k = 0; k < width; k++) {
        const scaled = own * (rows[i * width + k] as number)
        first[k] = (first[k] as number) + scaled
        if (hessian)
          for (let l = 0; l <= k; l++)
            second[k * width + l] = (second[k * width + l] as number) + scaled * (rows[i * width + l] as number)
      }
    }
  }
  return cost
}

export interface NormalPrior {
  /** `[width]` */
  readonly mean: ArrayLike<number>
  /** `[width]`: 1/τ², at least 0. */
  readonly precision: ArrayLike<number>
}

export interface RankOrderedLogit {
  /** `[width]`: the most likely β given the prior. */
  readonly coefficients: Float64Array
  /** `[width, width]`: the inverse of the second derivatives, the covariance of the normal posterior. */
  readonly covariance: Float64Array
  /** −ln likelihood at the fit, without the prior, in nats. */
  readonly cost: number
  readonly converged: boolean
}

/**
 * What features of candidates decide a rater's orders: the β that makes lists most likely (see {@link addOrderedLoss})
 * under a normal prior, by Newton's method.
 *
 * @param start where to begin; default the prior's mean
 * @throws {NotPositiveDefiniteError} when lists and prior leave a direction open
 * @see Beggs, Cardell & Hausman (1981), "Assessing the potential demand for electric cars", Journal of Econometrics 17
 * @example
 * const list = orderList({ features: Float64Array.of(1, 0), ranks: [1, 2] }, 1)
 * rankOrderedLogit([list], { mean: [0], precision: [1] }).coefficients // β = σ(−β): 0.4011
 */
export function rankOrderedLogit(
  lists: readonly OrderedList[],
  { mean, precision }: NormalPrior,
  start: ArrayLike<number> = mean,
): RankOrderedLogit {
  const width = mean.length
  const scratch = scratchFor(width)
  const ignored = new Float64Array(width)
  const penalise = (beta: Float64Array, gradient: Float64Array): number => {
    let cost = 0
    for (let k = 0; k < width; k++) {
      const away = (beta[k] as number) - (mean[k] as number)
      gradient[k] = (precision[k] as number) * away
      cost += 0.5 * (precision[k] as number) * away * away
    }
    return cost
  }
  const information = (beta: Float64Array, hessian: Float64Array): void => {
    hessian.fill(0)
    for (let k = 0; k < width; k++) hessian[k * width + k] = precision[k] as number
    for (const list of lists) addOrderedLoss(list, beta, ignored, hessian, scratch)
  }
  const found = newton(
    {
      size: width,
      gradient(beta, gradient) {
        let cost = penalise(beta, gradient)
        for (const list of lists) cost += addOrderedLoss(list, beta, gradient, undefined, scratch)
        return cost
      },
      hessian: information,
    },
    Float64Array.from(start),
    { gradientTolerance: 1e-7 },
  )
  const hessian = new Float64Array(width * width)
  information(found.parameters, hessian)
  return {
    coefficients: found.parameters,
    covariance: choleskyInverse(cholesky(hessian, width)),
    cost: found.value - penalise(found.parameters, ignored),
    converged: found.converged,
  }
}
