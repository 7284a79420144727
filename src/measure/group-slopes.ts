import { NotPositiveDefiniteError } from './linear-algebra.ts'
import { isSeparable, logisticRegression } from './logistic-regression.ts'
import { type LogisticData, logisticRows } from './logistic-rows.ts'
import { type PooledEffect, pooledEffect } from './pooling.ts'

/** No group has a slope of its own: outcomes all alike, or told apart by the columns. */
export class NoFiniteSlopeError extends RangeError {
  override readonly name = 'NoFiniteSlopeError'
}

export interface GroupSlopesOptions {
  /** The column whose slope may differ between groups. */
  readonly column: number
  /** Ridge of every group's own fit. Default 1e-6. */
  readonly ridge?: number
  /** Level of the pooled interval. Default 0.95. */
  readonly level?: number
}

/** One group's slope. */
export interface GroupSlope<Group> {
  readonly group: Group
  readonly rows: number
  /** The group's own estimate, from its rows alone. */
  readonly slope: number
  /** From the group's own information matrix. */
  readonly standardError: number
  /**
   * The mean of the group's slope under the pooled distribution N(effect, τ²) and its own estimate:
   * (slope/se² + effect/τ²)/(1/se² + 1/τ²); the pooled effect itself when τ² is 0.
   */
  readonly shrunken: number
}

export interface GroupSlopes<Group> {
  /** Groups that went into the pooled effect, in order of their first row. */
  readonly groups: readonly GroupSlope<Group>[]
  /** Groups without a finite estimate: outcomes all alike, separated by the columns, or too few rows to tell. */
  readonly left: readonly Group[]
  /** The slope over groups; τ = √betweenVariance says how much groups disagree. */
  readonly pooled: PooledEffect
}

/**
 * Logistic slopes that differ between groups (raters), by two-stage meta-analysis: slopes b_g ~ N(β, τ²), each fitted
 * from its group's rows with all columns, then pooled by DerSimonian and Laird. A group whose outcomes its columns
 * separate has no finite slope; it is left out and named, since with a tiny ridge it would count as a study that agrees
 * with everything. Where groups differ much, steep slopes have large errors, and τ and the pooled effect come out too
 * small (τ by about a fifth for slopes of deviation 0.8 from 240 rows each).
 *
 * @param groups `[rows]`: whose row it is
 * @throws {NoFiniteSlopeError} when no group has a finite slope
 * @throws {RangeError} when shapes do not match
 * @see DerSimonian & Laird (1986); WIMHF (arXiv 2510.26202), which calls τ the subjectivity of a feature
 */
export function groupSlopes<Group extends string | number>(
  data: LogisticData,
  groups: ArrayLike<Group>,
  { column, ridge = 1e-6, level }: GroupSlopesOptions,
): GroupSlopes<Group> {
  const { rows, columns, design, outcomes, weights, offsets } = logisticRows(data)
  if (groups.length !== rows) throw new RangeError(`groups has ${groups.length} entries, expected ${rows}, one per row`)
  if (!Number.isInteger(column) || column < 0 || column >= columns)
    throw new RangeError(`column is ${column}, expected an integer from 0 to ${columns - 1}`)
  const members = new Map<Group, number[]>()
  for (let row = 0; row < rows; row++) {
    const group = groups[row] as Group
    const list = members.get(group)
    if (list) list.push(row)
    else members.set(group, [row])
  }
  const fitted: Omit<GroupSlope<Group>, 'shrunken'>[] = []
  const left: Group[] = []
  for (const [group, list] of members) {
    const own: LogisticData = {
      design: Float64Array.from(list.flatMap((row) => [...design.subarray(row * columns, (row + 1) * columns)])),
      columns,
      outcomes: list.map((row) => outcomes[row] as number),
      weights: list.map((row) => weights[row] as number),
      offsets: list.map((row) => offsets[row] as number),
    }
    const slope = ownSlope(own, column, ridge)
    if (slope) fitted.push({ group, rows: list.length, ...slope })
    else left.push(group)
  }
  if (fitted.length === 0)
    throw new NoFiniteSlopeError(
      `none of ${members.size} groups has a finite slope; a group needs both outcomes for like rows`,
    )
  const pooled = pooledEffect(
    fitted.map(({ slope, standardError }) => ({ effect: slope, standardError })),
    level,
  )
  const { effect, betweenVariance } = pooled
  const shrink = (slope: number, standardError: number): number =>
    betweenVariance === 0
      ? effect
      : (slope * betweenVariance + effect * standardError ** 2) / (betweenVariance + standardError ** 2)
  return {
    groups: fitted.map((own) => ({ ...own, shrunken: shrink(own.slope, own.standardError) })),
    left,
    pooled,
  }
}

function ownSlope(
  data: LogisticData,
  column: number,
  ridge: number,
): { readonly slope: number; readonly standardError: number } | undefined {
  if (data.outcomes.length <= data.columns) return undefined
  try {
    // Without a ridge first: columns that depend on each other within the group say nothing about the slope.
    logisticRegression(data, { ridge: 0 })
  } catch (error) {
    if (error instanceof NotPositiveDefiniteError) return undefined
    throw error
  }
  if (isSeparable(data)) return undefined
  const fit = logisticRegression(data, { ridge })
  return {
    slope: fit.coefficients[column] as number,
    standardError: Math.sqrt(fit.modelCovariance[column * data.columns + column] as number),
  }
}
