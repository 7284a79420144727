import { pairLoss } from '../../learn/index.ts'
import type { Run } from '../../run/index.ts'
import {
  adamW,
  add,
  concat,
  examplesOf,
  fit,
  mean,
  mul,
  neg,
  reshape,
  type SessionOptions,
  spec,
  split,
  squeeze,
  sub,
  type Tensor,
  trainStep,
  value,
} from '../../tensor/index.ts'
import type { SessionBeam } from './beam-search.ts'
import { fitName } from './fit-name.ts'
import { historyWords, type Session, type SessionGenerator, sessionCodes } from './session-generator.ts'
import { encodeHistories, sessionLosses, sessionStates, sessionWords } from './session-net.ts'

/** log P(S | H) of the preferred and of the other session, under the net that is trained and under the one before it. */
export interface SessionLogProbabilities {
  readonly preferred: Tensor
  readonly other: Tensor
  readonly preferredBefore: Tensor
  readonly otherBefore: Tensor
}

/**
 * −log σ( β [log M′(S^w | H)/M(S^w | H)] − β [log M′(S^l | H)/M(S^l | H)] ), of each pair: ln 2 while the nets are equal.
 *
 * @param beta β. Default 0.1, DPO's; OneRec gives none
 * @returns the shape of its parts
 * @see Deng et al., OneRec, arXiv 2502.18965, equation 10; Rafailov et al., DPO, arXiv 2305.18290
 * @example
 * await evaluate((logs) => sessionPreferenceLoss(logs, 0.1), {
 *   preferred: [-3], other: [-4], preferredBefore: [-3], otherBefore: [-4],
 * }) // [0.6931]
 */
export function sessionPreferenceLoss(
  { preferred, other, preferredBefore, otherBefore }: SessionLogProbabilities,
  beta = 0.1,
): Tensor {
  const margin = sub(sub(preferred, preferredBefore), sub(other, otherBefore))
  return pairLoss(mul(margin, beta), { reduction: 'none' })
}

/**
 * One number for each session of several objectives: every objective is set to mean 0 and deviation 1 among the sessions,
 * and the weighted sum is taken. An objective that is the same for all says nothing. The paper does not say how its
 * rewards are merged.
 *
 * @param rewards [sessions · objectives]
 * @param weights of the objectives. Default all 1
 */
export function mergeRewards(rewards: ArrayLike<number>, weights: readonly number[]): Float64Array {
  const objectives = weights.length
  const sessions = rewards.length / objectives
  const merged = new Float64Array(sessions)
  for (const [objective, weight] of weights.entries()) {
    const own = Array.from({ length: sessions }, (_, at) => rewards[at * objectives + objective] as number)
    const centre = own.reduce((total, number) => total + number, 0) / sessions
    const deviation = Math.sqrt(own.reduce((total, number) => total + (number - centre) ** 2, 0) / sessions)
    // Below rounding, equal rewards must not become an order.
    if (!(deviation > 1e-9)) continue
    for (const [at, number] of own.entries())
      merged[at] = (merged[at] as number) + (weight * (number - centre)) / deviation
  }
  return merged
}

/** Rewards of sessions, [sessions · objectives], larger being better. */
export type RewardSessions = (sessions: readonly Session[]) => Promise<Float32Array>

/** A session that is preferred to another for one history. */
export interface SessionPair {
  readonly history: ArrayLike<number>
  readonly preferred: ArrayLike<number>
  readonly other: ArrayLike<number>
}

/**
 * The best and the worst of each row's beams by their merged rewards, the earlier beam where rewards are equal; undefined
 * where there is one beam only or all are as good.
 *
 * @param rewards of all beams, row by row: [Σ beams · objectives]
 */
export function hardestPairs(
  histories: readonly ArrayLike<number>[],
  beams: readonly (readonly SessionBeam[])[],
  rewards: Float32Array,
  weights: readonly number[],
): readonly (SessionPair | undefined)[] {
  let from = 0
  return beams.map((own, row) => {
    const merged = mergeRewards(rewards.subarray(from, from + own.length * weights.length), weights)
    from += own.length * weights.length
    let [best, worst] = [0, 0]
    for (const [at, reward] of merged.entries()) {
      if (reward > (merged[best] as number)) best = at
      if (reward < (merged[worst] as number)) worst = at
    }
    if (best === worst) return undefined
    return {
      history: histories[row] ?? [],
      preferred: (own[best] as SessionBeam).items,
      other: (own[worst] as SessionBeam).items,
    }
  })
}

/** How a generator is aligned. */
export interface AlignmentOptions {
  /** Times that pairs are mined and learned from. Default 1. */
  readonly rounds?: number
  /** Passes of each round, its reference staying. Default 1 (OneRec). */
  readonly epochs?: number
  /** r_DPO, the share of sessions that pairs are mined for. Default 0.01 (OneRec). */
  readonly share?: number
  /** N, the beams that are mined. Default 128 (OneRec). */
  readonly beams?: number
  /** β. Default 0.1. */
  readonly beta?: number
  /** λ, what a pair counts beside its session. Default 1. */
  readonly lambda?: number
  /** Of the objectives of the rewards. Default 1 each. */
  readonly weights?: readonly number[]
  /** Adam's. Default 2e-4 (OneRec). */
  readonly learningRate?: number
  /** Default 256. */
  readonly batchSize?: number
  /** Whether pairs are found in the beams of every round's own net (default) or are these, for all rounds. */
  readonly pairs?: readonly (SessionPair | undefined)[]
  /** Steps between checkpoints; 0 for none. Default: one at the end of each round. */
  readonly checkpointEvery?: number
  /** Where and on how many threads the step runs. */
  readonly session?: SessionOptions
  /** Told after each round. */
  readonly onRound?: (round: AlignmentRound) => void | Promise<void>
}

/** What a round of alignment did. */
export interface AlignmentRound {
  /** From 1. */
  readonly round: number
  /** Pairs that were learned from. */
  readonly pairs: number
  /** Mean loss of the round. */
  readonly loss: number
  /** Mean log P of the preferred sessions before and after the round: it falls when preference eats up likelihood. */
  readonly preferred: readonly [before: number, after: number]
  readonly other: readonly [before: number, after: number]
}

const meanOf = (numbers: Float32Array): number =>
  numbers.reduce((total, number) => total + number, 0) / Math.max(1, numbers.length)

/**
 * Iterative preference alignment: from the net as it is, a share of the sessions gets a pair, the best and the worst of
 * the beams that the net itself writes for the history as a reward model judges them; then an epoch on
 *
 *     L_NTP + λ L_DPO where there is a pair, L_NTP elsewhere
 *
 * with the net before the epoch as reference; and again. Log-probabilities are without dropout. The generator's numbers
 * are trained where they lie.
 *
 * @param sessions high-quality ones, which the net goes on being trained on
 * @param rewards judges sessions; see `fitSessionReward`
 * @throws {RangeError} on options out of range or when no pair is found in a round
 * @see Deng et al., OneRec, arXiv 2502.18965, algorithm 2
 */
export async function alignSessions(
  generator: SessionGenerator,
  sessions: readonly Session[],
  rewards: RewardSessions | undefined,
  options: AlignmentOptions,
  run: Run,
): Promise<readonly AlignmentRound[]> {
  const { rounds = 1, share = 0.01, beams = 128, beta = 0.1, lambda = 1, learningRate = 2e-4 } = options
  const { batchSize = 256, epochs = 1, pairs: given } = options
  if (!(share > 0 && share <= 1)) throw new RangeError(`share is ${share}, expected more than 0 and at most 1`)
  for (const [name, number] of Object.entries({ beta, learningRate }))
    if (!(number > 0 && Number.isFinite(number)))
      throw new RangeError(`${name} is ${number}, expected a positive number`)
  if (!(lambda >= 0)) throw new RangeError(`lambda is ${lambda}, expected a number of at least 0`)
  if (!(Number.isInteger(rounds) && rounds >= 1))
    throw new RangeError(`rounds is ${rounds}, expected a whole number of at least 1`)
  if (given && given.length !== sessions.length)
    throw new RangeError(`there are ${given.length} pairs, expected ${sessions.length}, one a session or undefined`)
  const { config, ids, parameters } = generator
  const levels = ids.sizes.length
  const codes = config.sessionLength * levels
  const step = await trainStep(
    (inputs, p) => {
      const { memory, mask } = encodeHistories(p, inputs.histories, config)
      const all = concat([inputs.sessions, inputs.preferred, inputs.other], 0)
      const thrice = { memory: concat([memory, memory, memory], 0), mask: concat([mask, mask, mask], 0) }
      const { states } = sessionStates(p, thrice, sessionWords(all, config), config)
      const losses = reshape(sessionLosses(p, states, all, config), [3, -1])
      const [next, preferred, other] = split(losses, [1, 1, 1], 0).map((part) => squeeze(part, 0)) as [
        Tensor,
        Tensor,
        Tensor,
      ]
      const preference = sessionPreferenceLoss(
        {
          preferred: neg(preferred),
          other: neg(other),
          preferredBefore: inputs.preferredBefore,
          otherBefore: inputs.otherBefore,
        },
        beta,
      )
      return mean(add(next, mul(mul(preference, inputs.paired), lambda)))
    },
    {
      ...options.session,
      inputs: {
        histories: spec(['batch', config.historyLength * levels], 'int32'),
        sessions: spec(['batch', codes], 'int32'),
        preferred: spec(['batch', codes], 'int32'),
        other: spec(['batch', codes], 'int32'),
        preferredBefore: spec(['batch']),
        otherBefore: spec(['batch']),
        paired: spec(['batch']),
      },
      parameters,
      optimizer: adamW({ learningRate, weightDecay: 0 }),
    },
  )
  const mined = async (round: number): Promise<readonly (SessionPair | undefined)[]> => {
    if (given) return given
    if (!rewards) throw new RangeError('there are neither rewards to mine pairs by nor pairs')
    const random = run.random(`alignment/${round}`)
    const chosen = sessions.flatMap((_, at) => (random.chance(share) ? [at] : []))
    const histories = chosen.map((at) => (sessions[at] as Session).history)
    const found = await generator.generate(histories, { beams })
    const judged = await rewards(
      found.flatMap((own, row) => own.map(({ items }) => ({ history: histories[row] ?? [], items }))),
    )
    const count = found.reduce((total, own) => total + own.length, 0)
    const weights = options.weights ?? new Array<number>(count > 0 ? judged.length / count : 1).fill(1)
    const pairs: (SessionPair | undefined)[] = sessions.map(() => undefined)
    for (const [place, pair] of hardestPairs(histories, found, judged, weights).entries())
      pairs[chosen[place] as number] = pair
    return pairs
  }
  const report: AlignmentRound[] = []
  try {
    for (let round = 1; round <= rounds; round++) {
      run.signal.throwIfAborted()
      run.progress({ label: 'mining preferences', done: round - 1, total: rounds })
      const pairs = await mined(round)
      const real = pairs.filter((pair) => pair !== undefined)
      if (real.length === 0)
        throw new RangeError(`round ${round} has no pair: all rewards are equal, or no session was drawn`)
      const sides = (side: 'preferred' | 'other'): Session[] =>
        real.map((pair) => ({ history: pair.history, items: pair[side] }))
      const [preferred, other] = [sides('preferred'), sides('other')]
      const before = [await generator.logProbability(preferred), await generator.logProbability(other)] as const
      let place = 0
      const references = {
        preferredBefore: new Float32Array(pairs.length),
        otherBefore: new Float32Array(pairs.length),
      }
      for (const [at, pair] of pairs.entries())
        if (pair) {
          references.preferredBefore[at] = before[0][place] as number
          references.otherBefore[at] = before[1][place++] as number
        }
      const written = (of: (session: Session, pair: SessionPair | undefined) => ArrayLike<number>) =>
        value(
          sessionCodes(
            sessions.map((session, at) => of(session, pairs[at])),
            ids,
            config.sessionLength,
          ),
          [sessions.length, codes],
        )
      const columns = {
        // A pair's history is its session's: both are read once.
        histories: value(
          historyWords(
            sessions.map(({ history }) => history),
            ids,
            config.historyLength,
          ),
          [sessions.length, config.historyLength * levels],
        ),
        sessions: written(({ items }) => items),
        preferred: written(({ items }, pair) => pair?.preferred ?? items),
        other: written(({ items }, pair) => pair?.other ?? items),
        preferredBefore: value(references.preferredBefore),
        otherBefore: value(references.otherBefore),
        paired: value(Float32Array.from(pairs, (pair) => Number(pair !== undefined))),
      }
      const { history } = await fit(
        step,
        {
          examples: examplesOf(columns),
          batchSize,
          epochs,
          name: fitName(`alignment-${round}`, step, columns, [batchSize, step.updates]),
          order: `alignment-${round}`,
          ...(options.checkpointEvery !== undefined && { checkpointEvery: options.checkpointEvery }),
        },
        run,
      )
      const after = [await generator.logProbability(preferred), await generator.logProbability(other)] as const
      const done: AlignmentRound = {
        round,
        pairs: real.length,
        loss: history.at(-1)?.loss ?? Number.NaN,
        preferred: [meanOf(before[0]), meanOf(after[0])],
        other: [meanOf(before[1]), meanOf(after[1])],
      }
      report.push(done)
      await options.onRound?.(done)
    }
  } finally {
    await step.dispose()
  }
  return report
}
