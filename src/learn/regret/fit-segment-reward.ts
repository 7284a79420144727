import { z } from 'zod'
import { logisticLoss } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import type { Mdp } from '../tabular/mdp.ts'
import { knownPolicies, optimalPolicies, randomPolicyFeatures } from '../tabular/policy-improvement.ts'
import { successorFeatures } from '../tabular/successor-features.ts'
import { valueIteration } from '../tabular/value-iteration.ts'
import {
  type PairRows,
  pairRows,
  pairRowsLogOdds,
  type RegretForm,
  regretFormOf,
  type SegmentModel,
  type SegmentPreferences,
} from './segment-rows.ts'
import { trainReward } from './train-reward.ts'

export interface SegmentRewardOptions {
  /** How preferences are explained. Default `regret`. */
  readonly model?: SegmentModel
  /** γ of the values, below 1, since a policy on the way need not end. Default 0.999 (the paper's experiments). */
  readonly discount?: number
  /** Default `deterministic` where transitions are certain, else `general`. */
  readonly form?: RegretForm
  /** Number of policies, each optimal for a random reward, whose values stand for V* at first. Default 60. */
  readonly policies?: number
  /** Successor features `[policies, states, features]` of policies of your own instead, under the same discount. */
  readonly psi?: Float64Array
  /** τ of `softValue`. Default 0.1: wide enough for gradients to see the second-best policy. */
  readonly temperature?: number
  /** Of Adam, falling to 0 along a cosine in each round, in units of log odds (see `trainReward`). Default 1. */
  readonly learningRate?: number
  /** Updates of a round, each with all pairs. Default 80. */
  readonly steps?: number
  /**
   * After each round but the last, the policy that is optimal for the reward found joins the known policies, and
   * training goes on from there. Default 10. The paper's learner has one round, which serves as long as the random
   * policies include good ones. Partial return needs no policies and takes all updates in one round.
   */
  readonly rounds?: number
  /** `[features]`: where to start. Default 0, where every preference is an even chance. */
  readonly initial?: ArrayLike<number>
}

/** A reward that explains preferences. */
export interface SegmentRewardFit {
  readonly model: SegmentModel
  readonly form: RegretForm
  readonly discount: number
  /** `[features]`: w, the weights of the lowest loss. Their scale says how sure people were, and no more. */
  readonly weights: Float64Array
  /** Mean preference loss of `weights`, in nats, with V* of `weights` by value iteration. */
  readonly loss: number
  /** Training loss by update, with V̂ in the place of V*; rounds one after another. */
  readonly losses: readonly number[]
}

const whole = z.int().min(1)
const positive = z.number().positive()
const settings = z.object({
  model: z.enum(['regret', 'partial-return']).default('regret'),
  discount: z.number().min(0).lt(1, 'expected below 1: a policy on the way need not end').default(0.999),
  form: z.enum(['deterministic', 'general']).optional(),
  policies: whole.default(60),
  temperature: positive.default(0.1),
  learningRate: positive.default(1),
  steps: whole.default(80),
  rounds: whole.default(10),
})

/** Options with their defaults. @throws {RangeError} naming every option that is out of range */
function checked(mdp: Mdp, options: SegmentRewardOptions): z.infer<typeof settings> {
  const parsed = settings.safeParse(options)
  if (!parsed.success)
    throw new RangeError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  const { initial } = options
  if (initial && (initial.length !== mdp.features || !Array.from(initial).every(Number.isFinite)))
    throw new RangeError(`initial: expected ${mdp.features} finite numbers, one per feature`)
  return parsed.data
}

/**
 * Fits w of r = w·φ to preferences between segments: full-batch Adam on the preference loss, with V* as the soft maximum
 * over known policies' values. The regret loss is not convex; kept is what has the lowest loss: within a round by the
 * training loss, between rounds, whose V̂ differ, by the loss under V* itself.
 *
 * @throws {RangeError} on pairs that are not as they should be (see `pairRows`), or options out of range
 */
export async function fitSegmentReward(
  mdp: Mdp,
  preferences: SegmentPreferences,
  options: SegmentRewardOptions,
  run: Run,
): Promise<SegmentRewardFit> {
  const { model, discount, form = regretFormOf(mdp), policies, rounds, ...training } = checked(mdp, options)
  const rows = pairRows(mdp, preferences, model, { form, discount })
  let start: Float64Array = options.initial ? Float64Array.from(options.initial) : new Float64Array(mdp.features)
  const exactLoss = (weights: Float64Array): number => {
    const values = model === 'regret' ? valueIteration(mdp, weights, { discount, tolerance: 1e-7 }).values : []
    return meanLoss(rows, pairRowsLogOdds(rows, weights, values))
  }
  const name = 'segment-reward'
  if (model === 'partial-return') {
    const { best, losses } = await trainReward(rows, { ...training, start, steps: rounds * training.steps, name }, run)
    return { model, form, discount, weights: best, loss: exactLoss(best), losses }
  }

  let psi: Float64Array = options.psi ?? randomPolicyFeatures(mdp, policies, run.random('policies'), { discount })
  knownPolicies(mdp, psi)
  const odd = psi.findIndex((number) => !Number.isFinite(number))
  if (odd >= 0) throw new RangeError(`psi[${odd}] is ${psi[odd]}, expected finite numbers`)
  let found = { weights: start, loss: Number.POSITIVE_INFINITY }
  const losses: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const seen = statesOf(mdp, psi, rows.states)
    const named = `${name}-${round}`
    const trained = await trainReward(rows, { ...training, start, psi: seen, name: named }, run)
    start = trained.best
    losses.push(...trained.losses)
    const loss = exactLoss(start)
    if (loss < found.loss) found = { weights: start, loss }
    if (round === rounds) break
    const own = successorFeatures(mdp, optimalPolicies(mdp, start, discount), { discount })
    const wider = new Float64Array(psi.length + own.length)
    wider.set(psi)
    wider.set(own, psi.length)
    psi = wider
  }
  return { model, form, discount, ...found, losses }
}

const meanLoss = ({ labels, weights, pairs }: PairRows, logOdds: Float64Array): number =>
  logOdds.reduce((sum, x, pair) => sum + (weights[pair] as number) * logisticLoss(x, labels[pair] as number), 0) / pairs

/** ψ of some states alone, `[policies, used, features]`. */
function statesOf({ states, features }: Mdp, psi: Float64Array, used: readonly number[]): Float64Array {
  const policies = psi.length / (states * features)
  const taken = new Float64Array(policies * used.length * features)
  for (let j = 0; j < policies; j++)
    used.forEach((state, at) => {
      const from = (j * states + state) * features
      taken.set(psi.subarray(from, from + features), (j * used.length + at) * features)
    })
  return taken
}
