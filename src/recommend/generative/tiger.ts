import { type Run, startRun } from '../../run/index.ts'
import type { Recommender } from '../contract.ts'
import { historyOf, type InteractionSet } from '../interactions/interaction-set.ts'
import { historiesOf, type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { fitSessions, nextItemSessions, type SessionFitOptions } from './fit-sessions.ts'
import type { SemanticIds } from './semantic-ids.ts'
import { type Session, sessionGenerator } from './session-generator.ts'
import { initSessionNet, type SessionNetConfig } from './session-net.ts'
import { sessionRecommender } from './session-recommender.ts'

export interface TigerOptions
  extends Omit<SessionNetConfig, 'sizes' | 'sessionLength'>,
    Omit<SessionFitOptions, 'valid'> {
  /** What each user did in order, repeats and all. Default: the histories of the training set, each item once. */
  readonly sequences?: Sequences
  /** Items that came after the training items, to choose the epoch by; the first of a user's counts. */
  readonly valid?: InteractionSet
  /** Users of them that are measured, evenly spread. Default 2000. */
  readonly validUsers?: number
}

/** What the items of a later set went on from. */
export function heldOutSessions(sequences: Sequences, held: InteractionSet, most: number): readonly Session[] {
  const users = Array.from({ length: held.users }, (_, user) => user).filter(
    (user) => (held.offsets[user + 1] ?? 0) > (held.offsets[user] ?? 0) && sequenceOf(sequences, user).length > 0,
  )
  const apart = Math.max(1, users.length / most)
  return Array.from({ length: Math.min(most, users.length) }, (_, at) => {
    const user = users[Math.floor(at * apart)] as number
    return { history: sequenceOf(sequences, user), items: historyOf(held, user).subarray(0, 1) }
  })
}

/**
 * Generative retrieval: a transformer reads the ids of a history and writes the id of the next item, code by code; what
 * to recommend is found by beam search in the tree of ids. Every item after the first of each history is learned from.
 *
 * As published but for what the options say, and without the hashed token of the user: anyone is read by their history
 * alone.
 *
 * @param ids of the catalogue, see `rqVaeIds` (as published) and `residualIds`
 * @throws {RangeError} on options out of range, or ids of another number of items
 * @see Rajput et al., Recommender Systems with Generative Retrieval, NeurIPS 2023, arXiv 2305.05065
 * @example
 * const { ids } = await rqVaeIds(await textVectors(titles, encoder), {}, run)
 * const model = await tiger(train, ids, { historyLength: 20, valid }, run)
 */
export async function tiger(
  train: InteractionSet,
  ids: SemanticIds,
  options: TigerOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  if (ids.items !== train.items)
    throw new RangeError(`there are ids of ${ids.items} items, expected ${train.items} as the training set has`)
  const { valid, validUsers = 2000, sequences = historiesOf(train), ...rest } = options
  const config = { historyLength: 20, experts: 1, ...netOptions(rest), sizes: ids.sizes, sessionLength: 1 }
  const generator = sessionGenerator(ids, initSessionNet(run.random('tiger/start'), config), config, rest.session)
  const held = valid && heldOutSessions(sequences, valid, validUsers)
  await fitSessions(
    generator,
    nextItemSessions(sequences, generator.config.historyLength),
    { measure: 'recall', ...rest, ...(held && { valid: held }) },
    run,
  )
  return sessionRecommender('tiger', generator, sequences, train, { ...(rest.beams && { beams: rest.beams }) })
}

const netNames = [
  'historyLength',
  'width',
  'layers',
  'heads',
  'hidden',
  'experts',
  'chosen',
  'dropout',
  'reads',
] as const
type NetOptions = Omit<SessionNetConfig, 'sizes' | 'sessionLength'>

/** What of some options is the net's. */
export function netOptions(options: NetOptions): NetOptions {
  return Object.fromEntries(
    netNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as NetOptions
}
