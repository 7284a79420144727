import type { SignalFilter, SignalSource } from '../../collect/index.ts'
import { sigmoid } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import type { Judgement, Learner, PreferenceModel } from '../contract.ts'
import type { Mdp } from '../tabular/mdp.ts'
import { greedyPolicy, type Policy } from '../tabular/policy.ts'
import { type OptimalValues, valueIteration } from '../tabular/value-iteration.ts'
import { fitSegmentReward, type SegmentRewardFit, type SegmentRewardOptions } from './fit-segment-reward.ts'
import type { Segment } from './segment.ts'
import { type RegretForm, regretFormOf, type SegmentModel, scoreOf, segmentScore } from './segment-rows.ts'
import { segmentOf } from './segment-signal.ts'

export interface RegretPreferencesOptions extends SegmentRewardOptions {
  /** The process that segments are of, with its features. */
  readonly mdp: Mdp
  /** Its name in the segments' candidates; see `segmentCandidate`. */
  readonly world: string
  /** Which comparisons to learn from. Default all. */
  readonly filter?: Omit<SignalFilter, 'kinds'>
}

/** A reward that explains preferences between segments, as a preference model. */
export interface SegmentRewardModel extends PreferenceModel {
  readonly model: SegmentModel
  readonly form: RegretForm
  readonly discount: number
  /** `[features]`: w. */
  readonly weights: Float64Array
  /** V* and Q* of w. */
  readonly optimal: OptimalValues
  /** `[states, actions]`: optimal for w, ties shared. */
  readonly policy: Policy
  /** Minus a segment's regret, or its partial return: higher is preferred. */
  scoreSegment(segment: Segment): number
}

/** A {@link SegmentRewardModel} and how it was fitted. */
export interface FittedSegmentReward extends SegmentRewardModel, SegmentRewardFit {
  /** Comparisons learned from. */
  readonly pairs: number
  /** Comparisons left out because the rater would not judge. */
  readonly skipped: number
}

/**
 * A preference model of given rewards; with `weights` kept as JSON it is how a fitted model comes back.
 *
 * @param weights `[features]`
 * @param options `world` as in the candidates; `model` default `regret`, `discount` default 0.999
 * @throws {RangeError} as {@link valueIteration}
 */
export function segmentRewardModel(
  mdp: Mdp,
  weights: ArrayLike<number>,
  options: Pick<RegretPreferencesOptions, 'world' | 'model' | 'discount' | 'form'>,
): SegmentRewardModel {
  const { world, model = 'regret', discount = 0.999, form = regretFormOf(mdp) } = options
  const own = Float64Array.from(weights)
  if (own.length !== mdp.features) throw new RangeError(`weights has ${own.length} numbers, expected ${mdp.features}`)
  const optimal = valueIteration(mdp, own, { discount })
  const scoreSegment = (segment: Segment): number =>
    scoreOf(segmentScore(mdp, segment, model, { form, discount }), own, optimal.values)
  const scoreCandidate = ({ candidate }: Pick<Judgement, 'candidate'>): number =>
    scoreSegment(segmentOf(candidate, world))
  return {
    aspects: [model],
    model,
    form,
    discount,
    weights: own,
    optimal,
    policy: greedyPolicy(mdp, optimal.actionValues),
    scoreSegment,
    score: async (batch) => ({ rows: batch.length, columns: 1, data: Float32Array.from(batch, scoreCandidate) }),
    prefer: async (pairs) =>
      Float32Array.from(pairs, ({ a, b }) =>
        sigmoid(scoreCandidate({ candidate: a }) - scoreCandidate({ candidate: b })),
      ),
  }
}

/**
 * The regret preference model of Knox, Hatgis-Kessell, Booth, Niekum, Stone and Allievi, "Models of human preference for
 * learning reward functions" (TMLR 2024, arXiv 2206.02231): people who compare two pieces of behaviour compare how far
 * each fell short of the best decisions, not how much reward it happened to collect.
 *
 *     regret(σ) = V*(s_0) − (Σ_t r_t + V*(s_T)),      in general Σ_t V*(s_t) − Q*(s_t, a_t)
 *     P(σ₁ ≻ σ₂) = sigmoid(regret(σ₂) − regret(σ₁)),  r = w·φ
 *
 * with V* the optimal values of w, 0 in terminal states. w is fitted to comparisons of segments by cross-entropy, ties
 * counting half for each, through V̂ of known policies (see `softValue`); `model: 'partial-return'` fits
 * sigmoid(Σ r₁ − Σ r₂) instead, by the same optimiser, and which one people follow is told by the loss of comparisons
 * held out. A comparison that ended `both-bad` prefers neither and counts as a tie; `skipped` ones are left out and
 * counted.
 *
 * Defaults are the paper's where named, with these of our own: start at w = 0, steps in units of log odds, τ = 0.1, ten
 * rounds of 80 updates between which the policy found joins the known ones.
 *
 * What partial return learns from people who follow regret is not their reward but about their advantage A*: acting
 * greedily in it works, planning with it as a reward does not, for a constant more per step makes wandering pay
 * (Knox et al. 2024, "Learning optimal advantage from preferences and mistaking it for reward", arXiv 2310.02456). See
 * {@link greedyInReward}.
 *
 * @throws {TypeError} when a comparison's candidate is no segment of the world, named by its signal
 * @throws {RangeError} when there are no comparisons, a segment cannot happen in the process, or an option is out of range
 * @example
 * const model = await regretPreferences(store, { mdp, world: 'delivery' }, startRun({ seed: 1 }))
 * scaledReturn(mdp, model.policy, trueWeights)
 */
export const regretPreferences = async (
  signals: SignalSource,
  options: RegretPreferencesOptions,
  run: Run,
): Promise<FittedSegmentReward> => {
  const { mdp, world, filter, ...training } = options
  const [first, second]: [Segment[], Segment[]] = [[], []]
  const [labels, weights]: [number[], number[]] = [[], []]
  let skipped = 0
  for await (const signal of signals.read({ ...filter, kinds: ['comparison'] })) {
    if (signal.kind !== 'comparison') continue
    if (signal.outcome === 'skipped') {
      skipped++
      continue
    }
    try {
      first.push(segmentOf(signal.a, world))
      second.push(segmentOf(signal.b, world))
    } catch (error) {
      if (error instanceof TypeError) throw new TypeError(`signal ${signal.id}: ${error.message}`, { cause: error })
      throw error
    }
    labels.push(signal.outcome === 'a' ? 1 : signal.outcome === 'b' ? 0 : 0.5)
    weights.push(signal.weight ?? 1)
  }
  const fitted = await fitSegmentReward(mdp, { first, second, firstPreferred: labels, weights }, training, run)
  if (skipped > 0)
    run.log({ level: 'info', message: 'comparisons that nobody judged were left out', fields: { skipped } })
  return { ...segmentRewardModel(mdp, fitted.weights, { world, ...fitted }), ...fitted, pairs: labels.length, skipped }
}

// The contract, checked.
regretPreferences satisfies Learner<RegretPreferencesOptions>

/**
 * The policy that is greedy in what one step pays, w·φ(s, a) averaged over what may follow: what to do with weights that
 * are an advantage rather than a reward. `[states, actions]`, ties shared.
 *
 * @param weights `[features]`
 * @param options `tieTolerance`: default 1e-6
 * @throws {RangeError} on weights of another length or that are not finite
 */
export function greedyInReward(
  mdp: Mdp,
  weights: ArrayLike<number>,
  options: { readonly tieTolerance?: number } = {},
): Policy {
  const { actionValues } = valueIteration(mdp, weights, { discount: 0 })
  return greedyPolicy(mdp, actionValues, options)
}
