import { type CholeskyFactor, cholesky, choleskyInverse, choleskySolve, sandwich } from '../../measure/index.ts'

/** What somebody's own data tell of their numbers, as a normal likelihood: precision L and pull L·b. */
export interface NormalLikelihood {
  /** `[width, width]`, symmetric, at least 0. */
  readonly precision: Float64Array
  /** `[width]` */
  readonly pull: Float64Array
}

/** Numbers that are known as a normal distribution. */
export interface NormalEstimate {
  /** `[width]` */
  readonly mean: Float64Array
  /** `[width, width]` */
  readonly covariance: Float64Array
}

/** How much numbers differ, by column: variances τ². */
export interface LevelVariances {
  /** `[width]`: of members about their group. */
  readonly within: Float64Array
  /** `[width]`: of groups about what all have in common; of no meaning for one group. */
  readonly between: Float64Array
}

export interface NormalLevels extends LevelVariances {
  readonly common: NormalEstimate
  readonly groups: readonly NormalEstimate[]
  /** With the uncertainty of everything above them. */
  readonly members: readonly NormalEstimate[]
  readonly rounds: number
}

export interface NormalLevelsOptions {
  /** The τ² to begin with. */
  readonly start: LevelVariances
  /** Rounds of EM at most; none leaves τ² as they are. */
  readonly rounds: number
}

/** What nothing tells, such as the mean of columns that sum to one in every list, is held to 0 by this much. */
const openEnd = 1e-6
/** A column in which nobody differs keeps this much, so that its precision stays a number. */
const leastVariance = 1e-6
const overrelaxation = 1.8
const settledBelow = 0.005

/** Largest change of a τ relative to itself, or to 0.05 where it is smaller: tastes that small are not seen. */
export function varianceChange(before: Float64Array, after: Float64Array): number {
  return after.reduce((most, value, k) => {
    const [a, b] = [Math.sqrt(before[k] as number), Math.sqrt(value)]
    return Math.max(most, Math.abs(a - b) / Math.max(b, 0.05))
  }, 0)
}

/** (L + P)⁻¹ for a diagonal P. */
function inverseWith(precision: Float64Array, P: ArrayLike<number>, work: Work): Float64Array {
  const width = P.length
  work.matrix.set(precision)
  for (let k = 0; k < width; k++) work.matrix[k * width + k] = (work.matrix[k * width + k] as number) + (P[k] as number)
  work.factor = cholesky(work.matrix, width, work.factor)
  return choleskyInverse(work.factor)
}

/** Memory that is used again. */
interface Work {
  readonly matrix: Float64Array
  readonly row: Float64Array
  factor: CholeskyFactor | undefined
}

/** Adds what somebody with posterior covariance V tells of those they vary about by 1/P: P − P·V·P and P·V·h. */
function addUpward(sum: NormalLikelihood, { pull }: NormalLikelihood, V: Float64Array, P: Float64Array): void {
  const width = P.length
  for (let i = 0; i < width; i++) {
    const p = P[i] as number
    let up = 0
    for (let j = 0; j < width; j++) {
      const v = V[i * width + j] as number
      up += v * (pull[j] as number)
      sum.precision[i * width + j] = (sum.precision[i * width + j] as number) - p * v * (P[j] as number)
    }
    sum.precision[i * width + i] = (sum.precision[i * width + i] as number) + p
    sum.pull[i] = (sum.pull[i] as number) + p * up
  }
}

const nothing = (width: number): NormalLikelihood => ({
  precision: new Float64Array(width * width),
  pull: new Float64Array(width),
})

/** V·(h + P·m). */
function meanBelow(
  { pull }: NormalLikelihood,
  V: Float64Array,
  P: Float64Array,
  above: NormalEstimate,
  out: Float64Array,
): void {
  const width = P.length
  for (let i = 0; i < width; i++) {
    let sum = 0
    for (let j = 0; j < width; j++)
      sum += (V[i * width + j] as number) * ((pull[j] as number) + (P[j] as number) * (above.mean[j] as number))
    out[i] = sum
  }
}

/** The estimate of somebody below: mean V(h + P·m), covariance V + V·P·C·P·V, C being that of those above. */
function below(own: NormalLikelihood, V: Float64Array, P: Float64Array, above: NormalEstimate): NormalEstimate {
  const width = P.length
  const mean = new Float64Array(width)
  meanBelow(own, V, P, above, mean)
  const framed = above.covariance.map(
    (value, at) => (P[Math.floor(at / width)] as number) * value * (P[at % width] as number),
  )
  const covariance = sandwich(V, framed, width)
  for (let at = 0; at < covariance.length; at++) covariance[at] = (covariance[at] as number) + (V[at] as number)
  return { mean, covariance }
}

/** Adds E(b − m)² by column: (b̂ − m̂)² + V_kk + a·C·aᵀ, a being row k of V·P − 1. */
function addSquaredGap(
  sums: Float64Array,
  own: NormalLikelihood,
  V: Float64Array,
  P: Float64Array,
  above: NormalEstimate,
  { row }: Work,
): void {
  const width = P.length
  meanBelow(own, V, P, above, row)
  for (let k = 0; k < width; k++) {
    let spread = V[k * width + k] as number
    for (let i = 0; i < width; i++) {
      const left = (V[k * width + i] as number) * (P[i] as number) - (i === k ? 1 : 0)
      let sum = 0
      for (let j = 0; j < width; j++)
        sum +=
          (above.covariance[i * width + j] as number) *
          ((V[k * width + j] as number) * (P[j] as number) - (j === k ? 1 : 0))
      spread += left * sum
    }
    sums[k] = (sums[k] as number) + ((row[k] as number) - (above.mean[k] as number)) ** 2 + spread
  }
}

/** What nothing above holds: told by those below alone. */
function free({ precision, pull }: NormalLikelihood, work: Work): NormalEstimate {
  const covariance = inverseWith(precision, new Float64Array(pull.length).fill(openEnd), work)
  return { mean: choleskySolve(work.factor as CholeskyFactor, pull), covariance }
}

/**
 * Numbers of many members from a normal likelihood of each, which vary about those of their group, and these about what
 * all have in common:
 *
 *     b_r ~ N(b_g(r), τ_within²),    b_g ~ N(μ, τ_between²),    μ free,
 *
 * by column. Given τ² everything is exact; the τ² are those that EM finds, its steps taken further the way they go, since
 * EM is slow where little is known of each member. With one group there is no level between.
 *
 * @param told one per member
 * @param groupOf `[members]`: from 0, every group with a member
 * @see Laird & Ware (1982), "Random-effects models for longitudinal data", Biometrics 38, 963–974
 * @see Salakhutdinov & Roweis (2003), "Adaptive overrelaxed bound optimization methods", ICML
 */
export function normalLevels(
  told: readonly NormalLikelihood[],
  groupOf: ArrayLike<number>,
  { start, rounds }: NormalLevelsOptions,
): NormalLevels {
  const width = start.within.length
  const groupCount = Math.max(...Array.from(groupOf)) + 1
  const work: Work = { matrix: new Float64Array(width * width), row: new Float64Array(width), factor: undefined }
  const groupFor = (member: number): number => groupOf[member] as number
  const squares = { within: new Float64Array(width), between: new Float64Array(width) }
  let { within, between } = start
  let done = 0
  for (;;) {
    const P = within.map((value) => 1 / value)
    const own = told.map(({ precision }) => inverseWith(precision, P, work))
    const ofGroups = Array.from({ length: groupCount }, () => nothing(width))
    for (const [member, one] of told.entries())
      addUpward(ofGroups[groupFor(member)] as NormalLikelihood, one, own[member] as Float64Array, P)
    const [only] = ofGroups
    let common: NormalEstimate
    let groups: readonly NormalEstimate[]
    squares.between.fill(0)
    if (groupCount === 1) {
      common = free(only as NormalLikelihood, work)
      groups = [common]
    } else {
      const Pb = between.map((value) => 1 / value)
      const ownOfGroups = ofGroups.map(({ precision }) => inverseWith(precision, Pb, work))
      const all = nothing(width)
      for (const [g, one] of ofGroups.entries()) addUpward(all, one, ownOfGroups[g] as Float64Array, Pb)
      common = free(all, work)
      groups = ofGroups.map((one, g) => below(one, ownOfGroups[g] as Float64Array, Pb, common))
      for (const [g, one] of ofGroups.entries())
        addSquaredGap(squares.between, one, ownOfGroups[g] as Float64Array, Pb, common, work)
    }
    const above = (member: number): NormalEstimate => groups[groupFor(member)] as NormalEstimate
    const finish = (): NormalLevels => ({
      ...{ common, groups, within, between, rounds: done },
      members: told.map((one, member) => below(one, own[member] as Float64Array, P, above(member))),
    })
    if (done >= rounds) return finish()
    done++
    squares.within.fill(0)
    for (const [member, one] of told.entries())
      addSquaredGap(squares.within, one, own[member] as Float64Array, P, above(member), work)
    const next = {
      within: relaxed(within, squares.within, told.length),
      between: groupCount === 1 ? between : relaxed(between, squares.between, groupCount),
    }
    const moved = Math.max(varianceChange(within, next.within), varianceChange(between, next.between))
    if (moved < settledBelow) return finish()
    ;({ within, between } = next)
  }
}

/** The next τ²: the mean of squared gaps by column, further the way it goes on the logarithm. */
function relaxed(before: Float64Array, sums: Float64Array, count: number): Float64Array {
  return before.map((value, k) =>
    Math.max(leastVariance, value * ((sums[k] as number) / count / value) ** overrelaxation),
  )
}
