import { cholesky, choleskySolve, NotPositiveDefiniteError } from '../../measure/index.ts'

/** The point of least length among the mixtures of some vectors. */
export interface MinNorm {
  /** λ, at least 0, summing to 1: [vectors]. */
  readonly weights: Float64Array
  /** ‖Σ λ_t g_t‖. */
  readonly norm: number
  /** Steps taken after the start. */
  readonly iterations: number
}

export interface MinNormOptions {
  /**
   * How far the point may be from the best, as a share of the longest vector's square: Frank–Wolfe's duality gap.
   * Default 1e-10.
   */
  readonly tolerance?: number
  /** Default 1000. */
  readonly maximumIterations?: number
}

/**
 * The share of the first of two vectors in their shortest mixture λ g₁ + (1 − λ) g₂, from their inner products: 1 where
 * the first already is (g₁·g₂ ≥ g₁·g₁), 0 where the second is, and otherwise (g₂·g₂ − g₁·g₂)/‖g₁ − g₂‖². Of equal
 * vectors it is 1.
 *
 * @param first g₁·g₁
 * @param between g₁·g₂
 * @param second g₂·g₂
 */
export function minNormOfTwo(first: number, between: number, second: number): number {
  if (between >= first) return 1
  if (between >= second) return 0
  return (second - between) / (first + second - 2 * between)
}

/**
 * λ = argmin ‖Σ_t λ_t g_t‖² over weights that are at least 0 and sum to 1. The vector u = Σ λ_t g_t is a common ascent
 * direction of all objectives whose gradients g are, u·g_t ≥ ‖u‖² for each t, and it is 0 where no such direction is.
 *
 * Two vectors have a closed form. For more, the best pair is the start; the vector that leans least along u joins, and the
 * shortest mixture of those that have weight is taken, until the duality gap is closed. That ends after finitely many
 * steps, also where the shortest mixture is 0 and steps of Frank–Wolfe become ever smaller.
 *
 * @param gradients [vectors][width], or [vectors] of typed arrays
 * @throws {RangeError} when there are none, their lengths differ, or a number is not finite
 * @see Désidéri (2012), "Multiple-gradient descent algorithm (MGDA) for multiobjective optimization"; Sener & Koltun
 *   (2018), arXiv 1810.04650; Wolfe (1976), "Finding the nearest point in a polytope"
 * @example
 * minNormWeights([[1, 0], [0, 2]]).weights // [0.8, 0.2]
 */
export function minNormWeights(gradients: readonly ArrayLike<number>[], options: MinNormOptions = {}): MinNorm {
  const { tolerance = 1e-10, maximumIterations = 1000 } = options
  const products = gram(gradients)
  const count = gradients.length
  const product = (i: number, j: number): number => products[i * count + j] as number
  const weights = new Float64Array(count)
  if (count === 1) weights[0] = 1
  else {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < count; i++)
      for (let j = i + 1; j < count; j++) {
        const share = minNormOfTwo(product(i, i), product(i, j), product(j, j))
        const square =
          share ** 2 * product(i, i) + 2 * share * (1 - share) * product(i, j) + (1 - share) ** 2 * product(j, j)
        if (square >= least) continue
        least = square
        weights.fill(0)
        weights[i] = share
        weights[j] = 1 - share
      }
  }
  let longest = 0
  for (let i = 0; i < count; i++) longest = Math.max(longest, product(i, i))
  /** u·g_t */
  const along = new Float64Array(count)
  const measure = (): void => {
    for (let i = 0; i < count; i++) {
      let total = 0
      for (let j = 0; j < count; j++) total += (weights[j] as number) * product(i, j)
      along[i] = total
    }
  }
  measure()
  let iterations = 0
  for (; count > 2 && iterations < maximumIterations; iterations++) {
    let [to, square] = [0, 0]
    for (let i = 0; i < count; i++) {
      square += (weights[i] as number) * (along[i] as number)
      if ((along[i] as number) < (along[to] as number)) to = i
    }
    if (square - (along[to] as number) <= tolerance * longest) break
    if (!toShortest(weights, to, products, longest)) {
      const share = minNormOfTwo(product(to, to), along[to] as number, square)
      for (let i = 0; i < count; i++) weights[i] = (weights[i] as number) * (1 - share) + (i === to ? share : 0)
    }
    measure()
  }
  let square = 0
  for (let i = 0; i < count; i++) square += (weights[i] as number) * (along[i] as number)
  return { weights, norm: Math.sqrt(Math.max(0, square)), iterations }
}

/**
 * Moves to the shortest mixture of the vectors that have weight and one more, letting go of those in the way: Wolfe's
 * minor cycle. A mixture of S whose weights sum to 1 and may be negative is shortest at λ ∝ (G_S + ‖g‖² 1 1ᵀ)⁻¹ 1.
 *
 * @returns false, with nothing done, where rounding hides which way that is
 */
function toShortest(weights: Float64Array, to: number, products: Float64Array, longest: number): boolean {
  const count = weights.length
  const moved = Float64Array.from(weights)
  let chosen = [...weights.keys()].filter((i) => (weights[i] as number) > 0 || i === to)
  for (;;) {
    const size = chosen.length
    const matrix = Float64Array.from(
      { length: size * size },
      (_, at) =>
        (products[(chosen[Math.floor(at / size)] as number) * count + (chosen[at % size] as number)] as number) /
          longest +
        1,
    )
    let wanted: Float64Array
    try {
      wanted = choleskySolve(cholesky(matrix, size), new Float64Array(size).fill(1))
    } catch (error) {
      if (error instanceof NotPositiveDefiniteError) return false
      throw error
    }
    const total = wanted.reduce((sum, weight) => sum + weight, 0)
    // How far one may go before a weight becomes negative, and whose that is.
    let [length, first] = [1, -1]
    chosen.forEach((i, at) => {
      const [from, aim] = [moved[i] as number, (wanted[at] as number) / total]
      if (aim <= 0 && from / (from - aim) < length) [length, first] = [from / (from - aim), i]
    })
    if (length === 0) return false
    chosen.forEach((i, at) => {
      const [from, aim] = [moved[i] as number, (wanted[at] as number) / total]
      moved[i] = i === first ? 0 : Math.max(0, from + length * (aim - from))
    })
    if (first < 0) break
    chosen = chosen.filter((i) => i !== first)
  }
  weights.set(moved)
  return true
}

/** Inner products of all with all, checked. */
function gram(gradients: readonly ArrayLike<number>[]): Float64Array {
  const [count, width] = [gradients.length, gradients[0]?.length ?? 0]
  if (count === 0) throw new RangeError('minNormWeights: there are no gradients')
  const products = new Float64Array(count * count)
  for (let i = 0; i < count; i++) {
    const own = gradients[i] as ArrayLike<number>
    if (own.length !== width)
      throw new RangeError(`minNormWeights: gradient ${i} has ${own.length} numbers, the first one has ${width}`)
    for (let k = 0; k < width; k++)
      if (!Number.isFinite(own[k]))
        throw new RangeError(`minNormWeights: number ${k} of gradient ${i} is ${own[k]}, expected a finite one`)
    for (let j = 0; j <= i; j++) {
      let total = 0
      for (let k = 0; k < width; k++) total += (own[k] as number) * (gradients[j]?.[k] as number)
      products[i * count + j] = total
      products[j * count + i] = total
    }
  }
  return products
}

/** How gradients of different sources are put on one scale before they are mixed. */
export type GradientNormalization = 'l2' | 'loss' | 'loss+' | 'none'

/**
 * Gradients of some sources on one scale: `l2` divides each by its length, `loss` by the source's share of all losses
 * (ℓ_t + 1)/Σ(ℓ + 1), `loss+` by its length and its loss, `none` leaves them. What would be divided by 0 stays as it is.
 *
 * @param losses [sources]
 */
export function normalizeGradients(
  gradients: readonly ArrayLike<number>[],
  losses: ArrayLike<number>,
  by: GradientNormalization = 'l2',
): readonly Float64Array[] {
  let total = 0
  for (let t = 0; t < losses.length; t++) total += (losses[t] as number) + 1
  return gradients.map((gradient, t) => {
    let square = 0
    for (let k = 0; k < gradient.length; k++) square += (gradient[k] as number) ** 2
    const [length, loss] = [Math.sqrt(square), losses[t] as number]
    const scale = { l2: length, loss: (loss + 1) / total, 'loss+': length * loss, none: 1 }[by]
    return Float64Array.from(gradient, (value) => value / (scale === 0 ? 1 : scale))
  })
}
