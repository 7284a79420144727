import { type Run, startRun } from '../../run/index.ts'
import type { Recommender } from '../contract.ts'
import type { SparseRows } from '../interactions/interaction-set.ts'
import type { Sequences } from '../interactions/sequences.ts'
import { fitSessions, type SessionFitOptions } from './fit-sessions.ts'
import { type AlignmentOptions, type AlignmentRound, alignSessions, mergeRewards } from './preference-alignment.ts'
import type { SemanticIds } from './semantic-ids.ts'
import { type Session, type SessionGenerator, sessionGenerator } from './session-generator.ts'
import { initSessionNet, type SessionNetConfig } from './session-net.ts'
import { sessionRecommender } from './session-recommender.ts'
import {
  fitSessionReward,
  type JudgedSession,
  type SessionReward,
  type SessionRewardOptions,
} from './session-reward.ts'
import { netOptions } from './tiger.ts'

/** A session as it went: what was watched of each item, and whether anything was done with it. */
export interface WatchedSession extends Session {
  /** [m]: seconds of each item, 0 where it was passed over */
  readonly watchSeconds: ArrayLike<number>
  /** Whether any item was liked, collected or shared. */
  readonly engaged: boolean
}

export interface QualityOptions {
  /** Items that must have been watched. Default 5 (OneRec). */
  readonly watchedItems?: number
  /** Seconds that must have been watched in all. Default 0: the paper does not give its threshold. */
  readonly watchSeconds?: number
}

/**
 * Whether a session is one to learn from: enough items watched, for long enough, and something done with one.
 *
 * @see Deng et al., OneRec, arXiv 2502.18965, section 3.2
 */
export function isHighQualitySession(
  { watchSeconds, engaged }: Pick<WatchedSession, 'watchSeconds' | 'engaged'>,
  { watchedItems = 5, watchSeconds: least = 0 }: QualityOptions = {},
): boolean {
  const seconds = Array.from(watchSeconds)
  const total = seconds.reduce((sum, each) => sum + each, 0)
  return engaged && total >= least && seconds.filter((each) => each > 0).length >= watchedItems
}

/** What is learned from. */
export interface OneRecData {
  readonly ids: SemanticIds
  /** High-quality sessions, which the net learns to write. */
  readonly sessions: readonly Session[]
  /** Sessions of any quality with what came of them, which the reward model learns from. */
  readonly judged: readonly JudgedSession[]
}

export interface OneRecOptions extends Omit<SessionNetConfig, 'sizes' | 'sessionLength'> {
  /** How the net learns to write sessions. */
  readonly fit?: SessionFitOptions
  /** How the reward model learns. */
  readonly reward?: SessionRewardOptions
  /** How the net is aligned to the reward model; `false` leaves it as it is. Default once, by the paper's settings. */
  readonly alignment?: AlignmentOptions | false
}

/** A generator of sessions and its judge. */
export interface OneRec {
  readonly generator: SessionGenerator
  readonly reward: SessionReward
  readonly rounds: readonly AlignmentRound[]
  /**
   * The session to show after each history: the likeliest, or with `rerank` the one among the beams that the reward
   * model holds to be best.
   */
  sessions(
    histories: readonly ArrayLike<number>[],
    options?: { readonly beams?: number; readonly rerank?: boolean; readonly weights?: readonly number[] },
  ): Promise<readonly Int32Array[]>
  /** The same as a recommender of items; it can be saved. */
  recommender(sequences: Sequences, seen: SparseRows, options?: { readonly beams?: number }): Recommender
  dispose(): Promise<void>
}

/**
 * One generator in place of retrieval and ranking: an encoder–decoder with a sparse mixture of experts reads a history
 * as semantic ids and writes a whole session, is trained on sessions that went well, and is then aligned to a reward
 * model by pairs of its own beams (see `alignSessions`).
 *
 * The paper's sizes are the defaults; a small catalogue wants small ones.
 *
 * @throws {RangeError} on options out of range, sessions of different lengths, or no sessions
 * @see Deng et al., OneRec: Unifying Retrieve and Rank with Generative Recommender and Iterative Preference Alignment,
 *   arXiv 2502.18965 (2025)
 * @example
 * const { ids } = residualIds(vectors, { codes: 32 }, run.random('ids'))
 * const model = await oneRec({ ids, sessions, judged }, { width: 64, layers: 2, experts: 4 }, run)
 * const [shown] = await model.sessions([[3, 17, 4]], { rerank: true })
 */
export async function oneRec(data: OneRecData, options: OneRecOptions = {}, run: Run = startRun()): Promise<OneRec> {
  const { ids, sessions, judged } = data
  const [first] = sessions
  if (!first) throw new RangeError('there are no sessions to learn from')
  const config: SessionNetConfig = { ...netOptions(options), sizes: ids.sizes, sessionLength: first.items.length }
  const generator = sessionGenerator(ids, initSessionNet(run.random('one-rec/start'), config), config)
  await fitSessions(generator, sessions, options.fit ?? {}, run)
  const { historyLength } = generator.config
  const reward = await fitSessionReward(judged, ids.items, { historyLength, ...options.reward }, run)
  const rounds =
    options.alignment === false
      ? []
      : await alignSessions(generator, sessions, reward.score, options.alignment ?? {}, run)
  return oneRecOf(generator, reward, rounds)
}

/** A generator and a reward model as they are. */
export function oneRecOf(
  generator: SessionGenerator,
  reward: SessionReward,
  rounds: readonly AlignmentRound[] = [],
): OneRec {
  return {
    generator,
    reward,
    rounds,
    async sessions(histories, { beams = 128, rerank = false, weights = reward.objectives.map(() => 1) } = {}) {
      const found = await generator.generate(histories, { beams })
      if (!rerank) return found.map(([best]) => best?.items ?? new Int32Array(0))
      const judged = await reward.score(
        found.flatMap((own, row) => own.map(({ items }) => ({ history: histories[row] ?? [], items }))),
      )
      let from = 0
      return found.map((own) => {
        const merged = mergeRewards(judged.subarray(from, from + own.length * weights.length), weights)
        from += own.length * weights.length
        const best = merged.reduce((top, number, at) => (number > (merged[top] as number) ? at : top), 0)
        return own[best]?.items ?? new Int32Array(0)
      })
    },
    recommender: (sequences, seen, more = {}) => sessionRecommender('one-rec', generator, sequences, seen, more),
    async dispose() {
      await generator.dispose()
      await reward.dispose()
    },
  }
}
