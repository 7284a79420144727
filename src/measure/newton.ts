import { type CholeskyFactor, cholesky, choleskySolve, NotPositiveDefiniteError } from './linear-algebra.ts'

/** A smooth convex function, with its derivatives written into the caller's memory. */
export interface ConvexObjective {
  readonly size: number
  /** Value at `parameters` (length `size`); the gradient goes to `gradient`. Infinity outside the domain. */
  gradient(parameters: Float64Array, gradient: Float64Array): number
  /** Second derivatives at `parameters`, `[size, size]`; at least the lower triangle, which is all that is read. */
  hessian(parameters: Float64Array, hessian: Float64Array): void
}

export interface NewtonOptions {
  /** Stops when no entry of the gradient is larger. Default 1e-9. */
  readonly gradientTolerance?: number
  /** Default 200. */
  readonly maxIterations?: number
  /** A factor of the Hessian near the minimum, to begin with; kept as long as it serves. */
  readonly factor?: CholeskyFactor
}

export interface Minimum {
  readonly parameters: Float64Array
  readonly value: number
  /** The largest entry of the gradient, without sign. */
  readonly gradientNorm: number
  readonly iterations: number
  /** False when the iterations ran out, or when no step along the descent direction helped. */
  readonly converged: boolean
}

const largest = (vector: Float64Array): number => {
  let norm = 0
  for (let i = 0; i < vector.length; i++) norm = Math.max(norm, Math.abs(vector[i] as number))
  return norm
}

/** Factors a Hessian; where it is singular in rounding, a growing ridge turns the step towards the gradient. */
function factored(hessian: Float64Array, size: number, reuse: CholeskyFactor | undefined): CholeskyFactor {
  let scale = 0
  for (let i = 0; i < size; i++) scale = Math.max(scale, Math.abs(hessian[i * size + i] as number))
  let ridge = 0
  for (;;) {
    try {
      return cholesky(hessian, size, reuse)
    } catch (error) {
      if (!(error instanceof NotPositiveDefiniteError) || !(ridge <= scale)) throw error
      const wider = ridge === 0 ? 1e-12 * (scale || 1) : 100 * ridge
      for (let i = 0; i < size; i++) hessian[i * size + i] = (hessian[i * size + i] as number) + wider - ridge
      ridge = wider
    }
  }
}

/**
 * Minimises a convex function by Newton's method with a held factor (Shamanskii): x ← x − t·H⁻¹g, where the factored
 * H is kept while it shrinks the gradient at least fivefold a step, and is computed anew otherwise. The step t is
 * halved until the value falls enough (Armijo, 1e-4). Costs one factorisation where plain Newton needs several, and
 * none at all when a factor from a nearby problem is handed over (bootstrap replicates).
 *
 * @param start where to begin, left as it is
 */
export function newton(objective: ConvexObjective, start: Float64Array, options: NewtonOptions = {}): Minimum {
  const { gradientTolerance = 1e-9, maxIterations = 200 } = options
  const size = objective.size
  let parameters = Float64Array.from(start)
  let trial = new Float64Array(size)
  let gradient = new Float64Array(size)
  let trialGradient = new Float64Array(size)
  const step = new Float64Array(size)
  let hessian: Float64Array | undefined
  let own: CholeskyFactor | undefined
  let factor = options.factor
  let fresh = false

  let value = objective.gradient(parameters, gradient)
  let norm = largest(gradient)
  let iterations = 0
  while (norm > gradientTolerance && iterations < maxIterations) {
    if (!factor) {
      hessian ??= new Float64Array(size * size)
      objective.hessian(parameters, hessian)
      own = factored(hessian, size, own)
      factor = own
      fresh = true
    }
    choleskySolve(factor, gradient, step)
    let slope = 0
    for (let i = 0; i < size; i++) slope -= (gradient[i] as number) * (step[i] as number)
    // Below this the value, a sum over very many rows, is too coarse to tell better from worse; then the gradient judges.
    const noise = 1e-12 * Math.max(1, Math.abs(value))
    let accepted = false
    for (let length = 1; length > 1e-10; length /= 2) {
      for (let i = 0; i < size; i++) trial[i] = (parameters[i] as number) - length * (step[i] as number)
      const trialValue = objective.gradient(trial, trialGradient)
      const trialNorm = largest(trialGradient)
      const fell = trialValue <= value + 1e-4 * length * slope
      if (fell || (trialValue <= value + noise && trialNorm < norm)) {
        if (!(trialNorm < norm / 5)) factor = undefined
        ;[parameters, trial] = [trial, parameters]
        ;[gradient, trialGradient] = [trialGradient, gradient]
        value = trialValue
        norm = trialNorm
        accepted = true
        break
      }
      if (!fresh) break
    }
    iterations++
    if (accepted) {
      fresh = false
      continue
    }
    if (fresh) break
    factor = undefined
  }
  return { parameters, value, gradientNorm: norm, iterations, converged: norm <= gradientTolerance }
}
