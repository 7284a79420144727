import { mean, pearson, sigmoid, spearman } from '../../measure/index.ts'
import { queryGroups } from './answer-properties.ts'

/** How much one judge weighs each property in one scenario. */
export interface JudgeWeights {
  readonly judge: string
  readonly scenario: string
  readonly properties: readonly string[]
  /** `[properties]`: α, the log odds that an answer better in this property alone is chosen. */
  readonly weights: ArrayLike<number>
}

/** 100·σ(α): the chance in per cent that an answer better in one property alone is chosen; 50 is indifference. */
export function degreeOfPreference(weight: number): number {
  return 100 * sigmoid(weight)
}

/**
 * A judge's mean degrees of preference over scenarios, `[properties]`. Degrees are averaged, not weights: the two differ.
 *
 * @throws {RangeError} on no weights, or of different properties
 */
export function averageDegrees(scenarios: readonly JudgeWeights[]): Float64Array {
  const [first] = scenarios
  if (!first) throw new RangeError('there are no weights, expected those of at least one scenario')
  for (const { judge, scenario, properties } of scenarios)
    if (properties.join('\n') !== first.properties.join('\n'))
      throw new RangeError(`${judge} in ${scenario} has other properties than ${first.judge} in ${first.scenario}`)
  return Float64Array.from(first.properties, (_, k) =>
    mean(scenarios.map(({ weights }) => degreeOfPreference(weights[k] as number))),
  )
}

/** Properties with their degrees, the most preferred first; equal ones in their own order. */
export function rankProperties({
  properties,
  weights,
}: Pick<JudgeWeights, 'properties' | 'weights'>): readonly { readonly property: string; readonly degree: number }[] {
  return properties
    .map((property, k) => ({ property, degree: degreeOfPreference(weights[k] as number), k }))
    .sort((left, right) => right.degree - left.degree || left.k - right.k)
    .map(({ property, degree }) => ({ property, degree }))
}

/** How alike two weight vectors are: correlations, or distances turned round and divided by the number of properties. */
export const similarityMeasures = ['pearson', 'spearman', 'l1', 'l2'] as const
export type SimilarityMeasure = (typeof similarityMeasures)[number]

/**
 * Pearson's or Spearman's correlation of two judges' weights, or −‖α − α′‖₁/29 and −‖α − α′‖₂/29 for 29 properties.
 *
 * @returns NaN for a correlation with weights that are all equal
 * @throws {RangeError} on unequal lengths
 */
export function weightSimilarity(
  left: ArrayLike<number>,
  right: ArrayLike<number>,
  measure: SimilarityMeasure = 'pearson',
): number {
  if (left.length !== right.length)
    throw new RangeError(`there are ${left.length} and ${right.length} weights, expected as many`)
  if (measure === 'pearson') return pearson(left, right)
  if (measure === 'spearman') return spearman(left, right)
  const gaps = Array.from(left, (value, k) => Math.abs(value - (right[k] as number)))
  const distance =
    measure === 'l1'
      ? gaps.reduce((sum, gap) => sum + gap, 0)
      : Math.sqrt(gaps.reduce((sum, gap) => sum + gap * gap, 0))
  return -distance / left.length
}

export interface JudgeSimilarities {
  readonly judges: readonly string[]
  /** `[judges, judges]`: mean over scenarios. NaN where no scenario compares two judges. */
  readonly matrix: Float64Array
  /** Scenarios in which two judges could not be compared: one has no weights there, or weights that are all equal. */
  readonly skipped: readonly { readonly judges: readonly [string, string]; readonly scenario: string }[]
}

/**
 * How alike judges are, averaged over scenarios: those given, or else all but the {@link queryGroups}, whose queries are
 * in the scenarios too. A scenario that cannot compare two judges is left out of
 * their mean and named.
 *
 * @throws {RangeError} when a judge has two weight vectors for one scenario
 */
export function judgeSimilarities(
  all: readonly JudgeWeights[],
  options: { readonly scenarios?: readonly string[]; readonly measure?: SimilarityMeasure } = {},
): JudgeSimilarities {
  const groups: readonly string[] = queryGroups
  const scenarios =
    options.scenarios ?? [...new Set(all.map(({ scenario }) => scenario))].filter((name) => !groups.includes(name))
  const judges = [...new Set(all.map(({ judge }) => judge))]
  const known = new Map<string, ArrayLike<number>>()
  for (const { judge, scenario, weights } of all) {
    const key = JSON.stringify([judge, scenario])
    if (known.has(key)) throw new RangeError(`${judge} has two weight vectors for ${scenario}, expected one`)
    known.set(key, weights)
  }
  const matrix = new Float64Array(judges.length ** 2)
  const skipped: { judges: readonly [string, string]; scenario: string }[] = []
  for (const [i, left] of judges.entries())
    for (const [j, right] of judges.entries()) {
      if (j > i) break
      const values = scenarios.flatMap((scenario) => {
        const [a, b] = [left, right].map((judge) => known.get(JSON.stringify([judge, scenario])))
        const value = a && b ? weightSimilarity(a, b, options.measure) : Number.NaN
        if (!Number.isNaN(value)) return [value]
        skipped.push({ judges: [left, right], scenario })
        return []
      })
      const value = values.length === 0 ? Number.NaN : mean(values)
      matrix[i * judges.length + j] = value
      matrix[j * judges.length + i] = value
    }
  return { judges, matrix, skipped }
}

/**
 * Mean similarity of pairs with one judge in each of two groups; within one group, of its pairs of different judges.
 *
 * @throws {RangeError} on an unknown judge, or no pair
 */
export function meanSimilarity(
  { judges, matrix }: Pick<JudgeSimilarities, 'judges' | 'matrix'>,
  left: readonly string[],
  right: readonly string[] = left,
): number {
  const placeOf = (judge: string): number => {
    const place = judges.indexOf(judge)
    if (place < 0) throw new RangeError(`there are no similarities of ${judge}`)
    return place
  }
  const values = left.flatMap((a, i) =>
    right
      .filter((b, j) => (left === right ? j > i : a !== b))
      .map((b) => matrix[placeOf(a) * judges.length + placeOf(b)] as number),
  )
  if (values.length === 0) throw new RangeError('the groups have no pair of different judges')
  return mean(values)
}

/**
 * What each property contributes to a judge's log odds in each pair: α_p·(c_p − mean c_p), the Shapley value of a
 * linear model whose properties are independent. A row sums to its log odds less their mean.
 *
 * @param comparisons `[rows, properties]`
 * @returns `[rows, properties]`
 */
export function propertyContributions(weights: ArrayLike<number>, comparisons: Float64Array): Float64Array {
  const width = weights.length
  const rows = comparisons.length / width
  if (!Number.isInteger(rows) || rows === 0)
    throw new RangeError(`there are ${comparisons.length} comparisons, expected whole rows of ${width}`)
  const means = new Float64Array(width)
  comparisons.forEach((value, at) => {
    means[at % width] = (means[at % width] as number) + value / rows
  })
  return comparisons.map((value, at) => (weights[at % width] as number) * (value - (means[at % width] as number)))
}
