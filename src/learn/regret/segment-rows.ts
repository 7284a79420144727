import { expectedFeatures, isDeterministic, type Mdp } from '../tabular/mdp.ts'
import { type Segment, segmentFeatures } from './segment.ts'

/** What people said of pairs of segments. */
export interface SegmentPreferences {
  /** `[pairs]` */
  readonly first: readonly Segment[]
  /** `[pairs]` */
  readonly second: readonly Segment[]
  /** `[pairs]`: μ = 1 where the first is preferred, 0 the second, ½ a tie. */
  readonly firstPreferred: ArrayLike<number>
  /** `[pairs]`: how much a pair counts; default 1. */
  readonly weights?: ArrayLike<number>
}

/** How people are thought to compare segments. */
export type SegmentModel = 'regret' | 'partial-return'

/**
 * Regret told from what came out, V*(s_0) − Σ r − V*(s_T), or from what was decided, Σ −A*(s_t, a_t). They are the same
 * where transitions are certain and nothing is discounted.
 */
export type RegretForm = 'deterministic' | 'general'

/** The form for a process: `deterministic` where transitions are certain. */
export const regretFormOf = (mdp: Mdp): RegretForm => (isDeterministic(mdp) ? 'deterministic' : 'general')

/**
 * A segment's score as a linear function of the reward w and of state values V: score = features·w + Σ_s states[s]·V(s).
 */
export interface SegmentScore {
  /** `[features]` */
  readonly features: Float64Array
  /** Coefficients of V by state. */
  readonly states: ReadonlyMap<number, number>
}

/**
 * What a segment's score depends on: the partial return, or minus the regret in one of its forms.
 *
 * @param discount γ of V, used by the general form alone
 * @throws {RangeError} as {@link segmentFeatures}
 */
export function segmentScore(
  mdp: Mdp,
  segment: Segment,
  model: SegmentModel,
  { form = regretFormOf(mdp), discount = 0.999 }: { readonly form?: RegretForm; readonly discount?: number } = {},
): SegmentScore {
  const collected = segmentFeatures(mdp, segment)
  const states = new Map<number, number>()
  const add = (state: number, coefficient: number): void => {
    const sum = (states.get(state) ?? 0) + coefficient
    // V is 0 in terminal states by definition.
    if (mdp.terminal[state] === 1 || sum === 0) states.delete(state)
    else states.set(state, sum)
  }
  if (model === 'partial-return') return { features: collected, states }
  if (form === 'deterministic') {
    add(segment.states.at(-1) as number, 1)
    add(segment.states[0] as number, -1)
    return { features: collected, states }
  }
  const expected = expectedFeatures(mdp)
  const features = new Float64Array(mdp.features)
  segment.actions.forEach((action, step) => {
    const state = segment.states[step] as number
    const row = state * mdp.actions + action
    for (let k = 0; k < mdp.features; k++)
      features[k] = (features[k] as number) + (expected[row * mdp.features + k] as number)
    for (let outcome = mdp.first[row] as number; outcome < (mdp.first[row + 1] as number); outcome++)
      add(mdp.successors[outcome] as number, discount * (mdp.probabilities[outcome] as number))
    add(state, -1)
  })
  return { features, states }
}

/** A score's number under given rewards and values. @param values `[states]`: V* */
export function scoreOf(score: SegmentScore, weights: ArrayLike<number>, values: ArrayLike<number>): number {
  let total = 0
  for (let k = 0; k < score.features.length; k++) total += (score.features[k] as number) * (weights[k] as number)
  for (const [state, coefficient] of score.states) total += coefficient * (values[state] as number)
  return total
}

/** Pairs of segments as the log odds of the first, linear in w and V. */
export interface PairRows {
  readonly pairs: number
  /** `[pairs, features]` */
  readonly features: Float64Array
  /** States whose values matter; never empty. */
  readonly states: readonly number[]
  /** `[pairs, states]`: coefficients of the values of {@link states}. */
  readonly coefficients: Float64Array
  /** `[pairs]`: μ. */
  readonly labels: Float64Array
  /** `[pairs]`, with mean 1. */
  readonly weights: Float64Array
}

/**
 * Rows of the preference loss. A pair and its swapped copy with the swapped label cost the same, so none are added.
 *
 * @throws {RangeError} on no pairs, columns of different lengths, labels outside [0, 1], weights that are not positive
 * and finite, or segments that the process cannot make; the pair is named
 */
export function pairRows(
  mdp: Mdp,
  preferences: SegmentPreferences,
  model: SegmentModel,
  options: { readonly form?: RegretForm; readonly discount?: number } = {},
): PairRows {
  const { first, second, firstPreferred, weights } = preferences
  const pairs = first.length
  if (pairs === 0) throw new RangeError('there are no preferences, expected at least one pair of segments')
  for (const [name, { length }] of Object.entries({ second, firstPreferred, ...(weights && { weights }) }))
    if (length !== pairs) throw new RangeError(`${name} has ${length} entries, expected ${pairs}, one per pair`)
  const scores = first.map((segment, pair) => {
    try {
      return [segment, second[pair] as Segment].map((one) => segmentScore(mdp, one, model, options))
    } catch (error) {
      if (error instanceof RangeError) throw new RangeError(`pair ${pair}: ${error.message}`, { cause: error })
      throw error
    }
  })
  const used = [...new Set(scores.flatMap((pair) => pair.flatMap(({ states }) => [...states.keys()])))].sort(
    (one, other) => one - other,
  )
  const states = used.length > 0 ? used : [0]
  const columnOf = new Map(states.map((state, column) => [state, column]))
  const features = new Float64Array(pairs * mdp.features)
  const coefficients = new Float64Array(pairs * states.length)
  const labels = new Float64Array(pairs)
  const counts = new Float64Array(pairs)
  scores.forEach((both, pair) => {
    const label = firstPreferred[pair] as number
    if (!(label >= 0 && label <= 1)) throw new RangeError(`pair ${pair}: the label is ${label}, expected 0 to 1`)
    const weight = weights?.[pair] ?? 1
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`pair ${pair}: the weight is ${weight}, expected a finite number above 0`)
    labels[pair] = label
    counts[pair] = weight
    both.forEach((score, side) => {
      const sign = side === 0 ? 1 : -1
      score.features.forEach((value, k) => {
        const at = pair * mdp.features + k
        features[at] = (features[at] as number) + sign * value
      })
      for (const [state, coefficient] of score.states) {
        const at = pair * states.length + (columnOf.get(state) as number)
        coefficients[at] = (coefficients[at] as number) + sign * coefficient
      }
    })
  })
  const mean = counts.reduce((sum, weight) => sum + weight, 0) / pairs
  return { pairs, features, states, coefficients, labels, weights: counts.map((weight) => weight / mean) }
}

/**
 * Mean preference loss of pairs under given rewards and values, in nats.
 *
 * @param values `[states]`: V*, of every state of the process
 */
export function pairRowsLogOdds(rows: PairRows, weights: ArrayLike<number>, values: ArrayLike<number>): Float64Array {
  const width = weights.length
  return Float64Array.from({ length: rows.pairs }, (_, pair) => {
    let total = 0
    for (let k = 0; k < width; k++) total += (rows.features[pair * width + k] as number) * (weights[k] as number)
    rows.states.forEach((state, column) => {
      const coefficient = rows.coefficients[pair * rows.states.length + column] as number
      if (coefficient !== 0) total += coefficient * (values[state] as number)
    })
    return total
  })
}
