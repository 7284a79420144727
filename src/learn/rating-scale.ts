import { cholesky, choleskyInverse } from '../measure/index.ts'
import { type BorderedSystem, borderedSystem } from './bordered-system.ts'
import { type LinkedPart, linkedParts, type RatingCell } from './linked-parts.ts'

export type { RatingCell }

export interface RatingScaleData {
  /** The scores that can be given, ascending, such as `[0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12]`. */
  readonly scores: readonly number[]
  readonly cells: readonly RatingCell[]
  /** Position of each subject's group, such as the country of a song; `groups.length` is the number of subjects. */
  readonly groups: readonly number[]
}

export interface RatingScaleOptions {
  /** Spread of subjects around their group's mean. Estimated when absent. */
  readonly subjectScale?: number
  /** Spread of group means around 0. Estimated when absent. */
  readonly groupScale?: number
  /** Spread of an occasion's steps around the mean steps, uncorrelated. Estimated with correlations when absent. */
  readonly stepScale?: number
  /** Iterations over the spreads, default 200. */
  readonly maxIterations?: number
  /** Called after every iteration; may throw to stop. */
  readonly onIteration?: (iteration: number) => void
}

/** A posterior mode and its standard error (Laplace). */
export interface PosteriorEstimate {
  readonly value: number
  readonly standardError: number
}

export interface RatingScale {
  /** β by subject, on the logit of one more point; prior mean 0. */
  readonly subjects: readonly PosteriorEstimate[]
  /** Mean β by group. */
  readonly groups: readonly PosteriorEstimate[]
  /** δ by occasion and step between neighbouring scores. */
  readonly thresholds: readonly (readonly number[])[]
  readonly subjectScale: number
  readonly groupScale: number
  /** Sets of subjects that share no occasion with another set; what compares them is the priors alone. */
  readonly parts: number
  readonly converged: boolean
  readonly iterations: number
}

/** 10·log₁₀ of the odds exp(logit): the unit in which competitiveness of songs has been published. */
export function cantobels(logit: number): number {
  return (10 * logit) / Math.LN10
}

interface Priors {
  readonly subject: number
  readonly group: number
  /** Inverse covariance of an occasion's steps, `[steps, steps]`. */
  readonly precision: Float64Array
}

/** σ that maximises −count·ln σ − squares/(2σ²) − σ: spread under an exponential prior of mean 1. */
function scaleUnderExponential(squares: number, count: number): number {
  let sigma = Math.sqrt(squares / count)
  for (let i = 0; i < 50; i++) {
    const value = sigma ** 3 + count * sigma ** 2 - squares
    sigma -= value / (3 * sigma ** 2 + 2 * count * sigma)
  }
  return sigma
}

function check(data: RatingScaleData, options: RatingScaleOptions): { occasions: number; groups: number } {
  const { scores, cells, groups } = data
  if (scores.length < 2 || scores.some((score, k) => k > 0 && score <= (scores[k - 1] as number)))
    throw new RangeError(`scores are [${scores.join(', ')}], expected at least two, ascending`)
  if (cells.length === 0) throw new RangeError('there are no ratings')
  for (const [position, { subject, occasion, counts }] of cells.entries()) {
    if (!Number.isInteger(subject) || subject < 0 || subject >= groups.length)
      throw new RangeError(`cell ${position}: subject is ${subject}, expected 0 to ${groups.length - 1}`)
    if (!Number.isInteger(occasion) || occasion < 0)
      throw new RangeError(`cell ${position}: occasion is ${occasion}, expected an integer of at least 0`)
    if (counts.length !== scores.length || counts.some((count) => !(count >= 0) || !Number.isFinite(count)))
      throw new RangeError(`cell ${position}: expected ${scores.length} counts of at least 0`)
  }
  for (const name of ['subjectScale', 'groupScale', 'stepScale'] as const) {
    const value = options[name]
    if (value !== undefined && !(value > 0)) throw new RangeError(`${name} is ${value}, expected a positive number`)
  }
  return {
    occasions: 1 + cells.reduce((most, { occasion }) => Math.max(most, occasion), 0),
    groups: 1 + groups.reduce((most, group) => Math.max(most, group), 0),
  }
}

/**
 * Rates subjects from scores given on separate occasions, and links occasions that share no subject through what the
 * subjects' groups do across them.
 *
 * P(score s_k | subject n, occasion i) ∝ exp(s_k·β_n − Σ_{l≤k} (s_l − s_{l−1})·δ_il), a rating-scale (partial-credit)
 * model. Priors: β_n ~ N(b_g(n), σ²), b_g ~ N(0, τ²), δ_i ~ N(μ, Σ), μ ~ N(0, I), and exponential(1) on σ and τ. Where
 * no subject appears on two occasions, nothing but these priors puts them on one scale: the comparison is as good as the
 * assumption that groups keep their mean.
 *
 * The mode is found by Newton's method; σ, τ and Σ by expectation–maximisation on its Laplace approximation (Σ with one
 * pseudo-occasion of independent unit steps, which keeps it invertible). Standard errors are those of the approximation
 * with σ, τ and Σ held at their estimates. Costs are cubic in the subjects and steps of the largest linked part.
 *
 * @throws {RangeError} on scores that do not ascend, positions out of range, negative counts or no ratings
 * @see Burgoyne, Spijkervet & Baker, "Measuring the Eurovision Song Contest", ISMIR 2023, equation 4
 * @see Masters, "A Rasch model for partial credit scoring", Psychometrika 47 (1982)
 */
export function ratingScale(data: RatingScaleData, options: RatingScaleOptions = {}): RatingScale {
  const { occasions, groups } = check(data, options)
  const { scores } = data
  const categories = scores.length
  const steps = categories - 1
  const gaps = Array.from({ length: steps }, (_, l) => (scores[l + 1] as number) - (scores[l] as number))
  const shared = groups + steps
  const parts = linkedParts(data.cells, data.groups.length, occasions, steps)
  const sharedMode = new Float64Array(shared)
  const logits = new Float64Array(categories)
  const probabilities = new Float64Array(categories)

  /** Fills `probabilities` for a subject's β and the steps that start at an offset; returns the log normaliser. */
  function predict(mode: Float64Array, subject: number, offset: number): number {
    const beta = mode[subject] as number
    let threshold = 0
    let most = Number.NEGATIVE_INFINITY
    for (let k = 0; k < categories; k++) {
      if (k > 0) threshold += (gaps[k - 1] as number) * (mode[offset + k - 1] as number)
      const logit = (scores[k] as number) * beta - threshold
      logits[k] = logit
      if (logit > most) most = logit
    }
    let total = 0
    for (let k = 0; k < categories; k++) total += probabilities[k] = Math.exp((logits[k] as number) - most)
    for (let k = 0; k < categories; k++) probabilities[k] = (probabilities[k] as number) / total
    return most + Math.log(total)
  }

  const offsetOf = (part: LinkedPart, occasion: number): number => part.subjects.length + occasion * steps
  const groupOf = (part: LinkedPart, subject: number): number => data.groups[part.subjects[subject] as number] as number

  /** Negative log posterior at some parameters. */
  function objective(modes: readonly Float64Array[], common: Float64Array, priors: Priors): number {
    let value = 0
    for (const [position, part] of parts.entries()) {
      const mode = modes[position] as Float64Array
      for (const { subject, occasion, counts } of part.cells) {
        const normaliser = predict(mode, subject, offsetOf(part, occasion))
        for (let k = 0; k < categories; k++) value += (counts[k] as number) * (normaliser - (logits[k] as number))
      }
      for (let n = 0; n < part.subjects.length; n++)
        value += ((mode[n] as number) - (common[groupOf(part, n)] as number)) ** 2 / (2 * priors.subject ** 2)
      for (let i = 0; i < part.occasions.length; i++) {
        const at = offsetOf(part, i)
        for (let l = 0; l < steps; l++)
          for (let m = 0; m < steps; m++)
            value +=
              0.5 *
              ((mode[at + l] as number) - (common[groups + l] as number)) *
              (priors.precision[l * steps + m] as number) *
              ((mode[at + m] as number) - (common[groups + m] as number))
      }
    }
    for (let g = 0; g < groups; g++) value += (common[g] as number) ** 2 / (2 * priors.group ** 2)
    for (let l = 0; l < steps; l++) value += (common[groups + l] as number) ** 2 / 2
    return value
  }

  /** Gradient and Hessian of one part and its coupling to the shared parameters, to which its share is added. */
  function linearise(part: LinkedPart, priors: Priors, sharedGradient: Float64Array, border: Float64Array) {
    const { size, mode } = part
    const gradient = new Float64Array(size)
    const matrix = new Float64Array(size * size)
    const coupling = new Float64Array(size * shared)
    const add = (row: number, column: number, value: number): void => {
      matrix[row * size + column] = (matrix[row * size + column] as number) + value
    }
    const tail = new Float64Array(steps)
    const tailScore = new Float64Array(steps)
    for (const { subject, occasion, counts } of part.cells) {
      const offset = offsetOf(part, occasion)
      predict(mode, subject, offset)
      let total = 0
      let observed = 0
      let mean = 0
      let square = 0
      for (let k = 0; k < categories; k++) {
        const score = scores[k] as number
        const probability = probabilities[k] as number
        total += counts[k] as number
        observed += (counts[k] as number) * score
        mean += probability * score
        square += probability * score * score
      }
      let above = 0
      let aboveScore = 0
      let aboveCount = 0
      gradient[subject] = (gradient[subject] as number) + total * mean - observed
      for (let l = steps - 1; l >= 0; l--) {
        above += probabilities[l + 1] as number
        aboveScore += (probabilities[l + 1] as number) * (scores[l + 1] as number)
        aboveCount += counts[l + 1] as number
        tail[l] = above
        tailScore[l] = aboveScore
        gradient[offset + l] = (gradient[offset + l] as number) + (gaps[l] as number) * (aboveCount - total * above)
      }
      add(subject, subject, total * (square - mean * mean))
      for (let l = 0; l < steps; l++) {
        const mixed = -total * (gaps[l] as number) * ((tailScore[l] as number) - mean * (tail[l] as number))
        add(subject, offset + l, mixed)
        add(offset + l, subject, mixed)
        for (let m = 0; m <= l; m++) {
          const both = (tail[l] as number) * (1 - (tail[m] as number))
          const value = total * (gaps[l] as number) * (gaps[m] as number) * both
          add(offset + l, offset + m, value)
          if (m < l) add(offset + m, offset + l, value)
        }
      }
    }
    const bySubject = 1 / priors.subject ** 2
    for (let n = 0; n < part.subjects.length; n++) {
      const g = groupOf(part, n)
      const pull = bySubject * ((mode[n] as number) - (sharedMode[g] as number))
      gradient[n] = (gradient[n] as number) + pull
      sharedGradient[g] = (sharedGradient[g] as number) - pull
      add(n, n, bySubject)
      coupling[n * shared + g] = -bySubject
      border[g * shared + g] = (border[g * shared + g] as number) + bySubject
    }
    for (let i = 0; i < part.occasions.length; i++) {
      const at = offsetOf(part, i)
      for (let l = 0; l < steps; l++) {
        let pull = 0
        for (let m = 0; m < steps; m++) {
          const precision = priors.precision[l * steps + m] as number
          pull += precision * ((mode[at + m] as number) - (sharedMode[groups + m] as number))
          add(at + l, at + m, precision)
          coupling[(at + l) * shared + groups + m] = -precision
          const corner = (groups + l) * shared + groups + m
          border[corner] = (border[corner] as number) + precision
        }
        gradient[at + l] = (gradient[at + l] as number) + pull
        sharedGradient[groups + l] = (sharedGradient[groups + l] as number) - pull
      }
    }
    return { size, matrix, coupling, gradient }
  }

  /** Moves to the posterior mode for some priors and returns the factored Hessian there. */
  function settle(priors: Priors): BorderedSystem {
    let value = objective(
      parts.map(({ mode }) => mode),
      sharedMode,
      priors,
    )
    for (let iteration = 0; ; iteration++) {
      const sharedGradient = new Float64Array(shared)
      const border = new Float64Array(shared * shared)
      for (let at = 0; at < shared; at++) {
        const precision = at < groups ? 1 / priors.group ** 2 : 1
        border[at * shared + at] = precision
        sharedGradient[at] = precision * (sharedMode[at] as number)
      }
      const blocks = parts.map((part) => linearise(part, priors, sharedGradient, border))
      const system = borderedSystem(blocks, border, shared)
      const step = system.solve({ parts: blocks.map(({ gradient }) => gradient), border: sharedGradient })
      const dot = (a: Float64Array, b: Float64Array): number =>
        a.reduce((sum, entry, at) => sum + entry * (b[at] as number), 0)
      const decrement = blocks.reduce(
        (sum, { gradient }, c) => sum + dot(gradient, step.parts[c] as Float64Array),
        dot(sharedGradient, step.border),
      )
      if (decrement < 1e-10 || iteration === 100) return system
      for (let length = 1; length > 1e-8; length /= 2) {
        const modes = parts.map(({ mode }, c) =>
          mode.map((entry, row) => entry - length * ((step.parts[c] as Float64Array)[row] as number)),
        )
        const common = sharedMode.map((entry, at) => entry - length * (step.border[at] as number))
        const trial = objective(modes, common, priors)
        if (trial > value - 1e-4 * length * decrement + 1e-12 * Math.abs(value)) continue
        for (const [c, { mode }] of parts.entries()) mode.set(modes[c] as Float64Array)
        sharedMode.set(common)
        value = trial
        break
      }
    }
  }

  let priors: Priors = {
    subject: options.subjectScale ?? 0.3,
    group: options.groupScale ?? 0.1,
    precision: Float64Array.from({ length: steps * steps }, (_, at) =>
      at % (steps + 1) === 0 ? 1 / (options.stepScale ?? 1) ** 2 : 0,
    ),
  }
  const subjects: PosteriorEstimate[] = new Array(data.groups.length)
  const thresholds: number[][] = new Array(occasions)
  const maxIterations = options.maxIterations ?? 200
  let covariance: Float64Array = new Float64Array(0)
  let converged = false
  let iterations = 0
  for (;;) {
    const system = settle(priors)
    covariance = system.borderInverse
    iterations++
    options.onIteration?.(iterations)
    let subjectSquares = 0
    const stepSquares = new Float64Array(steps * steps)
    for (let l = 0; l < steps; l++) stepSquares[l * steps + l] = 1
    for (const [c, part] of parts.entries()) {
      const { mode } = part
      const mixed = system.mixedInverse(c)
      const covarianceOf = system.blockInverse(c)
      for (let n = 0; n < part.subjects.length; n++) {
        const g = groupOf(part, n)
        const variance = covarianceOf(n, n)
        subjects[part.subjects[n] as number] = { value: mode[n] as number, standardError: Math.sqrt(variance) }
        subjectSquares +=
          ((mode[n] as number) - (sharedMode[g] as number)) ** 2 +
          variance +
          (covariance[g * shared + g] as number) -
          2 * (mixed[n * shared + g] as number)
      }
      for (let i = 0; i < part.occasions.length; i++) {
        const at = offsetOf(part, i)
        thresholds[part.occasions[i] as number] = Array.from(mode.subarray(at, at + steps))
        for (let l = 0; l < steps; l++)
          for (let m = 0; m < steps; m++)
            stepSquares[l * steps + m] =
              (stepSquares[l * steps + m] as number) +
              ((mode[at + l] as number) - (sharedMode[groups + l] as number)) *
                ((mode[at + m] as number) - (sharedMode[groups + m] as number)) +
              covarianceOf(at + l, at + m) +
              (covariance[(groups + l) * shared + groups + m] as number) -
              (mixed[(at + l) * shared + groups + m] as number) -
              (mixed[(at + m) * shared + groups + l] as number)
      }
    }
    let groupSquares = 0
    for (let g = 0; g < groups; g++)
      groupSquares += (sharedMode[g] as number) ** 2 + (covariance[g * shared + g] as number)
    const next: Priors = {
      subject: options.subjectScale ?? scaleUnderExponential(subjectSquares, data.groups.length),
      group: options.groupScale ?? scaleUnderExponential(groupSquares, groups),
      precision: choleskyInverse(
        cholesky(
          stepSquares.map((square) => square / (occasions + 1)),
          steps,
        ),
      ),
    }
    const moved = Math.max(Math.abs(next.subject / priors.subject - 1), Math.abs(next.group / priors.group - 1))
    converged = moved < 1e-4
    if (converged || iterations >= maxIterations) break
    priors = next
  }
  return {
    subjects,
    groups: Array.from({ length: groups }, (_, g) => ({
      value: sharedMode[g] as number,
      standardError: Math.sqrt(covariance[g * shared + g] as number),
    })),
    thresholds,
    subjectScale: priors.subject,
    groupScale: priors.group,
    parts: parts.length,
    converged,
    iterations,
  }
}
