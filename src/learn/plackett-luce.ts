import {
  type CholeskyFactor,
  type ConvexObjective,
  cholesky,
  choleskyInverse,
  newton,
  sandwich,
} from '../measure/index.ts'
import { fixGauge, leaveGauge, mirror } from './gauge.ts'
import type { OrderedGroups, RankingTable } from './rankings.ts'

/** A tie of m competitors is averaged over its orders by way of 2^m subsets. */
const largestTie = 10

/** A fitted Plackett–Luce model. */
export interface PlackettLuceFit {
  /** θ by competitor, natural-log worth, mean 0. */
  readonly strengths: Float64Array
  /** Strength of the penalty ½·penalty·‖θ‖² that was added. */
  readonly penalty: number
  /** −Σ ln P at the fit, without the penalty, in nats. */
  readonly cost: number
  readonly iterations: number
  readonly converged: boolean
}

/** Sums over the orders of one group of tied competitors, `worths` their e^θ and `rest` that of all behind them. */
interface Stage {
  /** Σ weight·ln(sum). */
  cost: number
  /** Σ weight / sum over all sets, and the same of squares: what everyone behind is charged. */
  behind: number
  behindSquared: number
  /** The same over the sets that hold member i. */
  readonly own: Float64Array
  readonly ownSquared: Float64Array
  /** Σ weight / sum² over the sets that hold both, `[m, m]`. */
  readonly both: Float64Array
}

function stageOf(worths: Float64Array, rest: number): Stage {
  const size = worths.length
  const stage: Stage = {
    cost: 0,
    behind: 0,
    behindSquared: 0,
    own: new Float64Array(size),
    ownSquared: new Float64Array(size),
    both: new Float64Array(size * size),
  }
  // Every order of the group is as likely, so a set of s that are still to be placed has weight 1 / C(m, s).
  const choose = new Float64Array(size + 1).fill(1)
  for (let s = 1; s <= size; s++) choose[s] = ((choose[s - 1] as number) * (size - s + 1)) / s
  for (let set = 1; set < 2 ** size; set++) {
    let sum = rest
    let members = 0
    for (let i = 0; i < size; i++) {
      if (((set >> i) & 1) === 0) continue
      sum += worths[i] as number
      members++
    }
    const weight = 1 / (choose[members] as number)
    stage.cost += weight * Math.log(sum)
    stage.behind += weight / sum
    stage.behindSquared += weight / (sum * sum)
    for (let i = 0; i < size; i++) {
      if (((set >> i) & 1) === 0) continue
      stage.own[i] = (stage.own[i] as number) + weight / sum
      stage.ownSquared[i] = (stage.ownSquared[i] as number) + weight / (sum * sum)
      for (let j = 0; j < i; j++)
        if (((set >> j) & 1) === 1)
          stage.both[i * size + j] = (stage.both[i * size + j] as number) + weight / (sum * sum)
    }
  }
  return stage
}

/** Cost and scores of one ranking; members are its competitors from best to worst, those below last. */
interface RankingTerms {
  readonly members: readonly number[]
  readonly cost: number
  /** `[members]`: ∂cost/∂θ. */
  readonly score: Float64Array
  /** Adds `factor` times the second derivatives to a matrix's lower triangle. */
  addHessian(matrix: Float64Array, size: number, factor: number): void
}

function termsOf({ groups, below }: OrderedGroups, strengths: Float64Array): RankingTerms {
  const members = [...groups.flat(), ...below]
  const top = members.reduce((most, i) => Math.max(most, strengths[i] as number), Number.NEGATIVE_INFINITY)
  const worths = Float64Array.from(members, (i) => Math.exp((strengths[i] as number) - top))
  const placed = members.length - below.length
  // Summed from behind, so that what is left is never a difference.
  const starts: number[] = []
  let at = 0
  for (const group of groups) {
    starts.push(at)
    at += group.length
  }
  const rests = new Float64Array(groups.length)
  let rest = 0
  for (let i = placed; i < members.length; i++) rest += worths[i] as number
  for (let g = groups.length - 1; g >= 0; g--) {
    rests[g] = rest
    const start = starts[g] as number
    for (let i = start; i < start + (groups[g] as readonly number[]).length; i++) rest += worths[i] as number
  }
  const stages = groups.map((group, g) =>
    stageOf(worths.subarray(starts[g] as number, (starts[g] as number) + group.length), rests[g] as number),
  )

  let cost = 0
  let behind = 0
  const score = new Float64Array(members.length)
  stages.forEach((stage, g) => {
    const start = starts[g] as number
    cost += stage.cost
    stage.own.forEach((own, i) => {
      cost += top - (strengths[members[start + i] as number] as number)
      score[start + i] = (worths[start + i] as number) * (behind + own) - 1
    })
    behind += stage.behind
  })
  for (let i = placed; i < members.length; i++) score[i] = (worths[i] as number) * behind

  return {
    members,
    cost,
    score,
    addHessian(matrix, size, factor) {
      const add = (i: number, j: number, value: number): void => {
        const [row, column] = [members[i] as number, members[j] as number]
        const cell = row > column ? row * size + column : column * size + row
        matrix[cell] = (matrix[cell] as number) + factor * value
      }
      for (let i = 0; i < members.length; i++) add(i, i, (score[i] as number) + (i < placed ? 1 : 0))
      let before = 0
      stages.forEach((stage, g) => {
        const start = starts[g] as number
        const count = stage.own.length
        for (let i = 0; i < count; i++) {
          const worth = worths[start + i] as number
          add(start + i, start + i, -worth * worth * (before + (stage.ownSquared[i] as number)))
          for (let j = 0; j < i; j++)
            add(
              start + i,
              start + j,
              -worth * (worths[start + j] as number) * (before + (stage.both[i * count + j] as number)),
            )
          for (let j = start + count; j < members.length; j++)
            add(start + i, j, -worth * (worths[j] as number) * (before + (stage.ownSquared[i] as number)))
        }
        before += stage.behindSquared
      })
      for (let i = placed; i < members.length; i++)
        for (let j = placed; j <= i; j++) add(i, j, -(worths[i] as number) * (worths[j] as number) * before)
    },
  }
}

function plackettLuceObjective(table: RankingTable, counts: Float64Array, penalty: number): ConvexObjective {
  const size = table.names.length
  return {
    size,
    gradient(strengths, gradient) {
      let cost = 0
      for (let i = 0; i < size; i++) {
        gradient[i] = penalty * (strengths[i] as number)
        cost += 0.5 * (gradient[i] as number) * (strengths[i] as number)
      }
      table.rankings.forEach((ranking, r) => {
        const count = counts[r] as number
        if (count === 0) return
        const terms = termsOf(ranking, strengths)
        cost += count * terms.cost
        terms.members.forEach((member, i) => {
          gradient[member] = (gradient[member] as number) + count * (terms.score[i] as number)
        })
      })
      return cost
    },
    hessian(strengths, hessian) {
      hessian.fill(0)
      addInformation(table, counts, strengths, hessian)
      if (penalty === 0) fixGauge(hessian, size, size)
      for (let i = 0; i < size; i++) hessian[i * size + i] = (hessian[i * size + i] as number) + penalty
    },
  }
}

function addInformation(
  table: RankingTable,
  counts: Float64Array,
  strengths: Float64Array,
  hessian: Float64Array,
): void {
  table.rankings.forEach((ranking, r) => {
    if (counts[r] !== 0) termsOf(ranking, strengths).addHessian(hessian, strengths.length, counts[r] as number)
  })
}

export interface PlackettLuceOptions {
  /** Strength of ½·penalty·‖θ‖², added to the summed cost. Default 0. */
  readonly penalty?: number
  /** How often each distinct ranking counts; default the table's counts. */
  readonly counts?: Float64Array
  /** Strengths to begin with. Default 0. */
  readonly start?: Float64Array
  /** A factor of the Hessian near the minimum. */
  readonly factor?: CholeskyFactor
}

/**
 * Plackett–Luce: a rater picks the best of those that are left, again and again, each with probability proportional to
 * its worth e^θ. P(order) = Π_t e^{θ(t)} / Σ_{k left at t} e^{θ(k)}; for two competitors this is Bradley–Terry.
 *
 * - A partial ranking has only its own members in the sums. A top-k list (`unranked: 'below'`) ends after k picks, with
 *   the others in every sum.
 * - Tied competitors are taken as indifference: the log-likelihood is averaged over all orders of the tie, which for two
 *   is half a win for each. Ties of more than ten are rejected.
 *
 * Fitted by Newton's method from θ = 0; the mean of θ stays 0. Costs m² per distinct ranking of m competitors and
 * iteration. Whether a finite fit exists is for the caller to find out first (`separationOf(neighbouringPairs(table))`).
 *
 * @throws {RangeError} on a tie of more than ten competitors
 * @see Plackett (1975), Applied Statistics 24, 193–202; Hunter (2004), Annals of Statistics 32, 384–406
 */
export function fitPlackettLuce(table: RankingTable, options: PlackettLuceOptions = {}): PlackettLuceFit {
  const { penalty = 0, counts = table.counts } = options
  for (const { groups } of table.rankings)
    for (const group of groups)
      if (group.length > largestTie)
        throw new RangeError(
          `${group.length} competitors are tied at one rank, among them "${table.names[group[0] as number]}"; ` +
            `expected at most ${largestTie}: rank them, leave those at the end unranked, or use explodeRankings`,
        )
  const minimum = newton(
    plackettLuceObjective(table, counts, penalty),
    options.start ?? new Float64Array(table.names.length),
    {
      gradientTolerance: 1e-10 * counts.reduce((sum, count) => sum + count, 0),
      ...(options.factor && { factor: options.factor }),
    },
  )
  const strengths = minimum.parameters
  const squares = strengths.reduce((sum, strength) => sum + strength * strength, 0)
  return {
    strengths,
    penalty,
    cost: minimum.value - (penalty * squares) / 2,
    iterations: minimum.iterations,
    converged: minimum.converged,
  }
}

/** The factored Hessian at a fit, to start nearby fits with. */
export function plackettLuceFactor(table: RankingTable, fit: PlackettLuceFit): CholeskyFactor {
  const size = table.names.length
  const hessian = new Float64Array(size * size)
  plackettLuceObjective(table, table.counts, fit.penalty).hessian(fit.strengths, hessian)
  return cholesky(hessian, size)
}

/** Indices of the competitors that appear in a ranking. */
export function rankedCompetitors(table: RankingTable, counts: Float64Array = table.counts): number[] {
  const seen = new Set<number>()
  table.rankings.forEach(({ groups, below }, r) => {
    if (counts[r] !== 0) for (const i of [...groups.flat(), ...below]) seen.add(i)
  })
  return [...seen].sort((x, y) => x - y)
}

/**
 * Covariance of the strengths around their mean, `[names, names]`, with a whole ranking as the unit: sandwich
 * H⁻¹·B·H⁻¹ with B = Σ count·s·sᵀ over the scores of the distinct rankings and H + λI, λ = 1e-5 per ranking, as for
 * pairs; or `fisher`, the inverse of H on vectors of sum 0.
 */
export function plackettLuceCovariance(
  table: RankingTable,
  fit: PlackettLuceFit,
  kind: 'sandwich' | 'fisher' = 'sandwich',
): Float64Array {
  const size = table.names.length
  const hessian = new Float64Array(size * size)
  addInformation(table, table.counts, fit.strengths, hessian)
  const gauge = kind === 'fisher' && fit.penalty === 0 ? fixGauge(hessian, size, size) : 0
  const ridge = kind === 'fisher' ? 0 : 1e-5 * table.total
  for (let i = 0; i < size; i++) hessian[i * size + i] = (hessian[i * size + i] as number) + ridge + fit.penalty
  const bread = choleskyInverse(cholesky(hessian, size))
  if (kind === 'fisher') {
    if (gauge > 0) leaveGauge(bread, size, rankedCompetitors(table), gauge)
    return bread
  }
  const meat = new Float64Array(size * size)
  table.rankings.forEach((ranking, r) => {
    const { members, score } = termsOf(ranking, fit.strengths)
    const count = table.counts[r] as number
    members.forEach((row, i) => {
      members.forEach((column, j) => {
        if (column <= row)
          meat[row * size + column] =
            (meat[row * size + column] as number) + count * (score[i] as number) * (score[j] as number)
      })
    })
  })
  mirror(meat, size)
  return sandwich(bread, meat, size)
}
