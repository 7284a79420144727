import type { ConvexObjective, Minimum } from './newton.ts'

export interface LbfgsOptions {
  /** Stops when no entry of the gradient is larger. Default 1e-9. */
  readonly gradientTolerance?: number
  /** Default 1000. */
  readonly maxIterations?: number
  /** Steps that are remembered. Default 10. */
  readonly memory?: number
}

const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (y[i] as number)
  return sum
}

interface Remembered {
  /** Change of the parameters. */
  readonly s: Float64Array
  /** Change of the gradient. */
  readonly y: Float64Array
  /** 1 / (s·y). */
  readonly rho: number
}

/** −H·g by the two-loop recursion, H the implicit inverse Hessian of the remembered steps. */
function direction(gradient: Float64Array, memory: readonly Remembered[]): Float64Array {
  const step = gradient.map((slope) => -slope)
  const alphas: number[] = []
  for (let k = memory.length - 1; k >= 0; k--) {
    const { s, y, rho } = memory[k] as Remembered
    const alpha = rho * dot(s, step)
    alphas[k] = alpha
    for (let i = 0; i < step.length; i++) step[i] = (step[i] as number) - alpha * (y[i] as number)
  }
  const last = memory[memory.length - 1]
  const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1 / Math.max(1, Math.sqrt(dot(gradient, gradient)))
  for (let i = 0; i < step.length; i++) step[i] = (step[i] as number) * scale
  for (const [k, { s, y, rho }] of memory.entries()) {
    const beta = rho * dot(y, step)
    for (let i = 0; i < step.length; i++)
      step[i] = (step[i] as number) + ((alphas[k] as number) - beta) * (s[i] as number)
  }
  return step
}

/**
 * Minimises a smooth function by L-BFGS with a weak-Wolfe line search (bisection, 1e-4 and 0.9): for problems whose
 * Hessian is too large to factor. Gradients are all it needs; the function need not be convex, in which case a local
 * minimum is found.
 *
 * @param start where to begin, left as it is
 * @see Liu & Nocedal (1989), Mathematical Programming 45, 503–528; Lewis & Overton (2013) for the line search
 */
export function lbfgs(
  objective: Pick<ConvexObjective, 'size' | 'gradient'>,
  start: Float64Array,
  { gradientTolerance = 1e-9, maxIterations = 1000, memory = 10 }: LbfgsOptions = {},
): Minimum {
  const size = objective.size
  let parameters = Float64Array.from(start)
  let gradient = new Float64Array(size)
  let value = objective.gradient(parameters, gradient)
  const remembered: Remembered[] = []
  const norm = (): number => gradient.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0)
  let iterations = 0
  while (norm() > gradientTolerance && iterations < maxIterations) {
    const step = direction(gradient, remembered)
    const slope = dot(step, gradient)
    const trial = new Float64Array(size)
    const trialGradient = new Float64Array(size)
    let [low, high, length] = [0, Number.POSITIVE_INFINITY, 1]
    let trialValue = Number.NaN
    let found = false
    for (let attempt = 0; attempt < 60; attempt++) {
      for (let i = 0; i < size; i++) trial[i] = (parameters[i] as number) + length * (step[i] as number)
      trialValue = objective.gradient(trial, trialGradient)
      // Near the minimum the value is all rounding; there, a smaller gradient will do.
      const level = trialValue <= value + 1e-14 * Math.max(1, Math.abs(value))
      if (
        !(trialValue <= value + 1e-4 * length * slope) &&
        !(level && Math.abs(dot(trialGradient, step)) <= -0.9 * slope)
      )
        high = length
      else if (dot(trialGradient, step) < 0.9 * slope) low = length
      else {
        found = true
        break
      }
      length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2
    }
    iterations++
    if (!found) {
      if (remembered.length === 0) break
      remembered.length = 0
      continue
    }
    const s = trial.map((x, i) => x - (parameters[i] as number))
    const y = trialGradient.map((g, i) => g - (gradient[i] as number))
    const curvature = dot(s, y)
    if (curvature > 0) remembered.push({ s, y, rho: 1 / curvature })
    if (remembered.length > memory) remembered.shift()
    parameters = trial
    gradient = trialGradient
    value = trialValue
  }
  return { parameters, value, gradientNorm: norm(), iterations, converged: norm() <= gradientTolerance }
}
