import {
  isSeparable,
  type LogisticData,
  logisticRegression,
  mean,
  normalCdf,
  selectColumns,
  sigmoid,
  standardDeviation,
} from '../../measure/index.ts'
import type { Matrix } from '../contract.ts'

/** Pairs with what was measured in them and what was said about them. Ties are left out. */
export interface MeasuredPairs {
  /** z `[pairs, features]`: positive where the first answer has more. */
  readonly activations: Matrix
  /** `[pairs]`: words of the first answer − words of the second. */
  readonly lengths: ArrayLike<number>
  /** `[pairs]`: 1 when the first answer was preferred, 0 when the second was. */
  readonly preferred: ArrayLike<number>
}

/** What people's choices say about one axis. An association: nothing here says what made them choose. */
export interface ExpressedPreference {
  readonly feature: number
  /** Share of the pairs in which it is active. */
  readonly prevalence: number
  /** Log odds of being preferred for one standard deviation more, length held still. */
  readonly coefficient: number
  readonly standardError: number
  /** Of no association, two-sided. */
  readonly pValue: number
  /**
   * How much likelier the answer with more of it is preferred than the one with less, length held still, on average over
   * the pairs in which it is active; NaN where it never is.
   */
  readonly winChange: number
  /** Whether the axis told every choice, or every choice where it is active, so that only the ridge keeps β finite. */
  readonly separable: boolean
}

/** Added to every fit, so that one that separates the choices stays finite. */
const ridge = 1e-6

/** Columns less their mean, over their standard deviation; one without spread is 0. */
export function standardised(values: ArrayLike<number>): Float64Array {
  const [centre, spread] = [mean(values), standardDeviation(values, 0)]
  return Float64Array.from(values, (x) => (spread > 0 ? (x - centre) / spread : 0))
}

export function activationsOf({ columns, rows, data }: Matrix, feature: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => data[row * columns + feature] as number)
}

const design = (...columns: readonly ArrayLike<number>[]): Float64Array =>
  Float64Array.from({ length: (columns[0]?.length ?? 0) * columns.length }, (_, at) => {
    const column = columns[at % columns.length] as ArrayLike<number>
    return column[Math.floor(at / columns.length)] as number
  })

const ones = (length: number): Float64Array => new Float64Array(length).fill(1)

export function checkMeasured({ activations, lengths, preferred }: MeasuredPairs): void {
  const { rows, columns, data } = activations
  if (data.length !== rows * columns)
    throw new RangeError(`activations has ${data.length} numbers, expected ${rows} pairs × ${columns} features`)
  for (const [name, { length }] of Object.entries({ lengths, preferred }))
    if (length !== rows) throw new RangeError(`${name} has ${length} entries, expected ${rows}, one per pair`)
  for (let row = 0; row < rows; row++)
    if (preferred[row] !== 0 && preferred[row] !== 1)
      throw new RangeError(`pair ${row}: preferred is ${preferred[row]}, expected 1 or 0; leave ties out`)
}

/** The average over pairs of σ(α + β + γℓ) − σ(α + γℓ) in a fit on whether the first answer has more. */
function winChangeOf(
  z: Float64Array,
  lengths: Float64Array,
  preferred: ArrayLike<number>,
): {
  readonly winChange: number
  readonly separable: boolean
} {
  const active = Array.from(z.keys()).filter((row) => z[row] !== 0)
  if (active.length === 0) return { winChange: Number.NaN, separable: false }
  const more = active.map((row) => ((z[row] as number) > 0 ? 1 : 0))
  const length = active.map((row) => lengths[row] as number)
  const data: LogisticData = {
    design: design(ones(active.length), more, length),
    columns: 3,
    outcomes: active.map((row) => preferred[row] as number),
  }
  const [alpha, beta, gamma] = logisticRegression(data, { ridge }).coefficients as unknown as [number, number, number]
  return {
    winChange: mean(length.map((l) => sigmoid(alpha + beta + gamma * l) - sigmoid(alpha + gamma * l))),
    separable: isSeparable(data),
  }
}

/**
 * Which axes people's choices reward: for each on its own, Pr(first preferred) = σ(α + β·z + γ·length), z and length
 * standardised, with a ridge of 1e-6; and the change of the winning rate between having less and having more.
 *
 * @throws {RangeError} on shapes that do not match, or choices that are neither 0 nor 1
 * @see Movva et al. (2025), arXiv 2510.26202
 */
export function expressedPreferences(pairs: MeasuredPairs): readonly ExpressedPreference[] {
  checkMeasured(pairs)
  const { activations, preferred } = pairs
  const lengths = standardised(pairs.lengths)
  return Array.from({ length: activations.columns }, (_, feature): ExpressedPreference => {
    const z = activationsOf(activations, feature)
    const data: LogisticData = {
      design: design(ones(z.length), standardised(z), lengths),
      columns: 3,
      outcomes: preferred,
    }
    const fit = logisticRegression(data, { ridge })
    const [coefficient, standardError] = [fit.coefficients[1] as number, Math.sqrt(fit.modelCovariance[4] as number)]
    const never = z.every((value) => value === 0)
    const { winChange, separable } = winChangeOf(z, lengths, preferred)
    return {
      feature,
      prevalence: mean(z.map((value) => (value === 0 ? 0 : 1))),
      coefficient: never ? 0 : coefficient,
      standardError,
      pValue: never ? 1 : 2 * normalCdf(-Math.abs(coefficient) / standardError),
      winChange,
      separable: separable || (!never && isSeparable(data)),
    }
  })
}

/**
 * The few axes that tell people's choices best together: an L1-penalised logistic fit, intercept and length left free,
 * that keeps exactly `count` of them (published: 5 and 10).
 *
 * @returns features, in order
 */
export function selectAxes(pairs: MeasuredPairs, count: number): readonly number[] {
  checkMeasured(pairs)
  const { activations, preferred } = pairs
  const columns = Array.from({ length: activations.columns }, (_, k) => standardised(activationsOf(activations, k)))
  const { columns: kept } = selectColumns(
    {
      design: design(ones(activations.rows), standardised(pairs.lengths), ...columns),
      columns: 2 + columns.length,
      outcomes: preferred,
    },
    count,
    { factors: [0, 0, ...columns.map(() => 1)] },
  )
  return kept.map((column) => column - 2)
}
