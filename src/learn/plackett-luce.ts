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

/** A distinct ranking, laid out: members from best to worst, those below last. */
interface Layout {
  readonly members: Int32Array
  /** Where each group of tied competitors begins in `members`, and where the last one ends. */
  readonly starts: Int32Array
}

/** What the evaluation of one ranking leaves behind; its memory is used for one ranking after the other. */
interface Workspace {
  /** e^θ by member, scaled so that the largest is 1. */
  readonly worths: Float64Array
  /** ∂cost/∂θ by member. */
  readonly score: Float64Array
  /** Σ weight / sum over the sets that hold a member, within its own group; and the same of squares. */
  readonly own: Float64Array
  readonly ownSquared: Float64Array
  /** Σ weight / sum² over all sets of a group: what everyone behind it is charged. */
  readonly behindSquared: Float64Array
  /** By group of several: Σ weight / sum² over the sets that hold both members, lower triangle. */
  readonly both: Map<number, Float64Array>
}

function layOut({ groups, below }: OrderedGroups): Layout {
  const starts = new Int32Array(groups.length + 1)
  for (const [g, group] of groups.entries()) starts[g + 1] = (starts[g] as number) + group.length
  return { members: Int32Array.from([...groups.flat(), ...below]), starts }
}

function workspaceFor(layouts: readonly Layout[]): Workspace {
  const longest = layouts.reduce((most, { members }) => Math.max(most, members.length), 0)
  const column = (): Float64Array => new Float64Array(longest)
  return {
    worths: column(),
    score: column(),
    own: column(),
    ownSquared: column(),
    behindSquared: column(),
    both: new Map(),
  }
}

/**
 * Sums over the orders of a group of several: in every order as likely, a set of s that are still to be placed has
 * weight 1 / C(m, s). Fills the group's part of the workspace.
 */
function addTie(
  work: Workspace,
  group: number,
  start: number,
  size: number,
  rest: number,
): { readonly cost: number; readonly behind: number } {
  const both = new Float64Array(size * size)
  const choose = new Float64Array(size + 1).fill(1)
  for (let s = 1; s <= size; s++) choose[s] = ((choose[s - 1] as number) * (size - s + 1)) / s
  let [cost, behind, behindSquared] = [0, 0, 0]
  for (let set = 1; set < 2 ** size; set++) {
    let sum = rest
    let members = 0
    for (let i = 0; i < size; i++) {
      if (((set >> i) & 1) === 0) continue
      sum += work.worths[start + i] as number
      members++
    }
    const weight = 1 / (choose[members] as number)
    const squared = weight / (sum * sum)
    cost += weight * Math.log(sum)
    behind += weight / sum
    behindSquared += squared
    for (let i = 0; i < size; i++) {
      if (((set >> i) & 1) === 0) continue
      work.own[start + i] = (work.own[start + i] as number) + weight / sum
      work.ownSquared[start + i] = (work.ownSquared[start + i] as number) + squared
      for (let j = 0; j < i; j++)
        if (((set >> j) & 1) === 1) both[i * size + j] = (both[i * size + j] as number) + squared
    }
  }
  work.behindSquared[group] = behindSquared
  work.both.set(group, both)
  return { cost, behind }
}

/** −ln P of one ranking; its scores and what its second derivatives need go to the workspace. */
function evaluateRanking({ members, starts }: Layout, strengths: Float64Array, work: Workspace): number {
  const { worths, score, own, ownSquared, behindSquared } = work
  const groups = starts.length - 1
  const placed = starts[groups] as number
  let top = Number.NEGATIVE_INFINITY
  for (let i = 0; i < members.length; i++) top = Math.max(top, strengths[members[i] as number] as number)
  // What is left behind a place is summed from behind, so that it is never a difference; `score` holds it for now.
  let rest = 0
  for (let i = members.length - 1; i >= 0; i--) {
    score[i] = rest
    worths[i] = Math.exp((strengths[members[i] as number] as number) - top)
    rest += worths[i] as number
  }
  let cost = 0
  let behind = 0
  for (let g = 0; g < groups; g++) {
    const start = starts[g] as number
    const end = starts[g + 1] as number
    const left = score[end - 1] as number
    let charged: number
    if (end - start === 1) {
      const sum = left + (worths[start] as number)
      cost += Math.log(sum)
      charged = 1 / sum
      own[start] = charged
      ownSquared[start] = charged * charged
      behindSquared[g] = charged * charged
    } else {
      own.fill(0, start, end)
      ownSquared.fill(0, start, end)
      const tie = addTie(work, g, start, end - start, left)
      cost += tie.cost
      charged = tie.behind
    }
    for (let i = start; i < end; i++) {
      cost += top - (strengths[members[i] as number] as number)
      score[i] = (worths[i] as number) * (behind + (own[i] as number)) - 1
    }
    behind += charged
  }
  for (let i = placed; i < members.length; i++) score[i] = (worths[i] as number) * behind
  return cost
}

/** Adds `factor` times the second derivatives of the ranking evaluated last to a matrix's lower triangle. */
function addSecondDerivatives(
  { members, starts }: Layout,
  work: Workspace,
  matrix: Float64Array,
  size: number,
  factor: number,
): void {
  const { worths, score, ownSquared, behindSquared } = work
  const groups = starts.length - 1
  const placed = starts[groups] as number
  const add = (i: number, j: number, value: number): void => {
    const row = members[i] as number
    const column = members[j] as number
    const cell = row > column ? row * size + column : column * size + row
    matrix[cell] = (matrix[cell] as number) + factor * value
  }
  for (let i = 0; i < members.length; i++) add(i, i, (score[i] as number) + (i < placed ? 1 : 0))
  let before = 0
  for (let g = 0; g < groups; g++) {
    const start = starts[g] as number
    const end = starts[g + 1] as number
    const both = work.both.get(g)
    for (let i = start; i < end; i++) {
      const worth = worths[i] as number
      const charged = before + (ownSquared[i] as number)
      add(i, i, -worth * worth * charged)
      for (let j = start; j < i; j++) {
        const shared = before + (both?.[(i - start) * (end - start) + j - start] as number)
        add(i, j, -worth * (worths[j] as number) * shared)
      }
      for (let j = end; j < members.length; j++) add(i, j, -worth * (worths[j] as number) * charged)
    }
    before += behindSquared[g] as number
  }
  for (let i = placed; i < members.length; i++)
    for (let j = placed; j <= i; j++) add(i, j, -(worths[i] as number) * (worths[j] as number) * before)
}

function plackettLuceObjective(table: RankingTable, counts: Float64Array, penalty: number): ConvexObjective {
  const size = table.names.length
  const layouts = table.rankings.map(layOut)
  const work = workspaceFor(layouts)
  return {
    size,
    gradient(strengths, gradient) {
      let cost = 0
      for (let i = 0; i < size; i++) {
        gradient[i] = penalty * (strengths[i] as number)
        cost += 0.5 * (gradient[i] as number) * (strengths[i] as number)
      }
      for (const [r, layout] of layouts.entries()) {
        const count = counts[r] as number
        if (count === 0) continue
        cost += count * evaluateRanking(layout, strengths, work)
        for (let i = 0; i < layout.members.length; i++) {
          const member = layout.members[i] as number
          gradient[member] = (gradient[member] as number) + count * (work.score[i] as number)
        }
      }
      return cost
    },
    hessian(strengths, hessian) {
      hessian.fill(0)
      addInformation(layouts, work, counts, strengths, hessian)
      if (penalty === 0) fixGauge(hessian, size, size)
      for (let i = 0; i < size; i++) hessian[i * size + i] = (hessian[i * size + i] as number) + penalty
    },
  }
}

function addInformation(
  layouts: readonly Layout[],
  work: Workspace,
  counts: Float64Array,
  strengths: Float64Array,
  hessian: Float64Array,
): void {
  for (const [r, layout] of layouts.entries()) {
    if (counts[r] === 0) continue
    evaluateRanking(layout, strengths, work)
    addSecondDerivatives(layout, work, hessian, strengths.length, counts[r] as number)
  }
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
  const layouts = table.rankings.map(layOut)
  const work = workspaceFor(layouts)
  addInformation(layouts, work, table.counts, fit.strengths, hessian)
  const gauge = kind === 'fisher' && fit.penalty === 0 ? fixGauge(hessian, size, size) : 0
  const ridge = kind === 'fisher' ? 0 : 1e-5 * table.total
  for (let i = 0; i < size; i++) hessian[i * size + i] = (hessian[i * size + i] as number) + ridge + fit.penalty
  const bread = choleskyInverse(cholesky(hessian, size))
  if (kind === 'fisher') {
    if (gauge > 0) leaveGauge(bread, size, rankedCompetitors(table), gauge)
    return bread
  }
  const meat = new Float64Array(size * size)
  for (const [r, layout] of layouts.entries()) {
    evaluateRanking(layout, fit.strengths, work)
    for (const [i, row] of layout.members.entries())
      for (const [j, column] of layout.members.entries())
        if (column <= row)
          meat[row * size + column] =
            (meat[row * size + column] as number) +
            (table.counts[r] as number) * (work.score[i] as number) * (work.score[j] as number)
  }
  mirror(meat, size)
  return sandwich(bread, meat, size)
}
