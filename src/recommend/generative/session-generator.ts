import {
  type Compiled,
  compile,
  type InputSpecs,
  type SessionOptions,
  spec,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import { type SessionBeam, searchSessions } from './beam-search.ts'
import { type CodeTrie, codeTrie } from './code-trie.ts'
import { codesOf, type SemanticIds } from './semantic-ids.ts'
import { sessionDecoder } from './session-decoder.ts'
import {
  encodeHistories,
  type FullSessionNetConfig,
  fullSessionNetConfig,
  levelOffsets,
  type SessionNetConfig,
  type SessionNetParameters,
  sessionLosses,
  sessionStates,
  sessionWords,
} from './session-net.ts'

/** What someone had taken, oldest first, and what they were given or took then, in order. */
export interface Session {
  readonly history: ArrayLike<number>
  readonly items: ArrayLike<number>
}

export interface GenerateSessionsOptions {
  /** Sessions kept at every step of the search, and returned. Default 128 (OneRec). */
  readonly beams?: number
  /** Items that the sessions of a row must not have. Default: those of its history. `nothing` allows all. */
  readonly exclude?: 'seen' | 'nothing' | ((row: number) => ArrayLike<number>)
}

/** A net that writes sessions, with the catalogue it writes of. */
export interface SessionGenerator {
  readonly ids: SemanticIds
  readonly trie: CodeTrie
  readonly config: FullSessionNetConfig
  /** Numbers of the net; whoever trains them trains the generator. */
  readonly parameters: SessionNetParameters
  /**
   * The likeliest sessions that go on from some histories, likeliest first; equal histories and parameters give equal
   * sessions.
   *
   * @throws {RangeError} on an item that there is none of, or when a row may get fewer items than a session has
   */
  generate(
    histories: readonly ArrayLike<number>[],
    options?: GenerateSessionsOptions,
  ): Promise<readonly (readonly SessionBeam[])[]>
  /**
   * log P(S | H) of some sessions, the sum over all their codes, in nats: [sessions].
   *
   * @throws {RangeError} on a session of another length, or an item that there is none of
   */
  logProbability(sessions: readonly Session[]): Promise<Float32Array>
  dispose(): Promise<void>
}

/** Rows that are searched, and sessions that are told, at once. */
const rowsAtOnce = 64

/** Histories as the net reads them: the last n items' rows of the embedding, after zeros: [rows · n · levels]. */
export function historyWords(
  histories: readonly ArrayLike<number>[],
  ids: SemanticIds,
  historyLength: number,
): Int32Array<ArrayBuffer> {
  const offsets = levelOffsets(ids.sizes)
  const levels = ids.sizes.length
  const words = new Int32Array(histories.length * historyLength * levels)
  for (const [row, history] of histories.entries()) {
    const kept = Math.min(historyLength, history.length)
    for (let at = 0; at < kept; at++) {
      const own = codesOf(ids, history[history.length - kept + at] ?? -1)
      const place = ((row + 1) * historyLength - kept + at) * levels
      for (let level = 0; level < levels; level++)
        words[place + level] = (own[level] as number) + (offsets[level] as number)
    }
  }
  return words
}

/** Sessions as codes: [sessions · m · levels]. @throws {RangeError} on a session of another length or an unknown item */
export function sessionCodes(
  sessions: readonly ArrayLike<number>[],
  ids: SemanticIds,
  sessionLength: number,
): Int32Array<ArrayBuffer> {
  const levels = ids.sizes.length
  const codes = new Int32Array(sessions.length * sessionLength * levels)
  for (const [row, items] of sessions.entries()) {
    if (items.length !== sessionLength)
      throw new RangeError(`session ${row} has ${items.length} items, expected ${sessionLength}`)
    for (let at = 0; at < sessionLength; at++)
      codes.set(codesOf(ids, items[at] ?? -1), (row * sessionLength + at) * levels)
  }
  return codes
}

/**
 * A generator of sessions from a net's numbers.
 *
 * @param session where and on how many threads its graphs run
 * @throws {RangeError} when the net's sizes are not those of the ids
 */
export function sessionGenerator(
  ids: SemanticIds,
  parameters: SessionNetParameters,
  config: SessionNetConfig,
  session: SessionOptions = {},
): SessionGenerator {
  const whole = fullSessionNetConfig(config)
  if (whole.sizes.join() !== ids.sizes.join())
    throw new RangeError(`the net has ${whole.sizes.join(', ')} codes by level, the ids have ${ids.sizes.join(', ')}`)
  const { historyLength, sessionLength } = whole
  const levels = ids.sizes.length
  const trie = codeTrie(ids)
  const decoder = sessionDecoder(parameters, whole, session)
  let told: Promise<Compiled<InputSpecs, Tensor>> | undefined
  const teller = (): Promise<Compiled<InputSpecs, Tensor>> => {
    told ??= compile(
      ({ histories, sessions }, p) => {
        const { states } = sessionStates(p, encodeHistories(p, histories, whole), sessionWords(sessions, whole), whole)
        return sessionLosses(p, states, sessions, whole)
      },
      {
        ...session,
        inputs: {
          histories: spec(['batch', historyLength * levels], 'int32'),
          sessions: spec(['batch', sessionLength * levels], 'int32'),
        },
        parameters,
      },
    ) as unknown as Promise<Compiled<InputSpecs, Tensor>>
    return told
  }
  return {
    ids,
    trie,
    config: whole,
    parameters,
    async generate(histories, { beams = 128, exclude = 'seen' } = {}) {
      if (!(Number.isInteger(beams) && beams >= 1))
        throw new RangeError(`beams is ${beams}, expected a whole number of at least 1`)
      const found: (readonly SessionBeam[])[] = []
      for (let from = 0; from < histories.length; from += rowsAtOnce) {
        const some = histories.slice(from, from + rowsAtOnce)
        const answers = await decoder.read(historyWords(some, ids, historyLength))
        const lists =
          exclude === 'nothing'
            ? undefined
            : exclude === 'seen'
              ? (row: number) => some[row] ?? []
              : (row: number) => exclude(from + row)
        const search = { rows: some.length, beams, sessionLength, ...(lists && { exclude: lists }) }
        found.push(...(await searchSessions(answers, trie, ids.sizes, search)))
      }
      return found
    },
    async logProbability(sessions) {
      const answer = await teller()
      const all = new Float32Array(sessions.length)
      for (let from = 0; from < sessions.length; from += 4 * rowsAtOnce) {
        const some = sessions.slice(from, from + 4 * rowsAtOnce)
        const words = historyWords(
          some.map(({ history }) => history),
          ids,
          historyLength,
        )
        const codes = sessionCodes(
          some.map(({ items }) => items),
          ids,
          sessionLength,
        )
        const losses = (await answer({
          histories: value(words, [some.length, historyLength * levels]),
          sessions: value(codes, [some.length, sessionLength * levels]),
        })) as TensorValue
        for (let row = 0; row < some.length; row++) all[from + row] = -Number(losses.data[row])
      }
      return all
    },
    async dispose() {
      await decoder.dispose()
      await (await told)?.dispose()
      told = undefined
    },
  }
}
