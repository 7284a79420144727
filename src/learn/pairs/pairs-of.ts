import type { Candidate, Outcome, Rating, Signal, SignalKind, SignalSource } from '../../collect/index.ts'
import type { Judgement } from '../contract.ts'
import { eachNeighbouringPair, eachPair, orderedGroups } from '../rankings.ts'
import { pairBuilder, ratedGroups } from './pair-builder.ts'
import { checkedPairs, type PairData } from './pair-data.ts'

/** Sorts of signals that say which of two candidates is preferred. */
export type PairedKind = Extract<SignalKind, 'comparison' | 'ranking' | 'rating' | 'choice' | 'edit'>

export interface PairsOptions {
  /** Which signals to read. Default comparisons, rankings, ratings and choices. */
  readonly kinds?: readonly PairedKind[]
  /**
   * A criterion to learn instead of the whole judgement: the outcome that comparisons give for it, the score that ratings
   * give for it. Default: the outcome of comparisons and the ratings' `overall`, or their only aspect.
   */
  readonly aspect?: string
  /** Default: a tie is a label of ½ (`half`); or it is left out. */
  readonly ties?: 'half' | 'drop'
  /** Both bad: as a tie, or left out. Default `tie`. */
  readonly bothBad?: 'tie' | 'drop'
  /** Pairs of a ranking (or of one rater's ratings in one context): everyone with everyone, or neighbours. Default all. */
  readonly rankings?: 'all' | 'neighbours'
  /** What a candidate without a rank means, see `RankingOptions`. Default `absent`. */
  readonly unranked?: 'absent' | 'below'
  /** Least difference of two ratings for one to be preferred; smaller ones are left out, equal ratings stay ties. Default 0. */
  readonly minimumGap?: number
  /** `pair`: every pair counts as much as its signal; `signal`: the pairs of one signal share its weight. Default pair. */
  readonly share?: 'pair' | 'signal'
  /** What to do with a comparison of a content with itself: stop, or leave it out and count it. Default error. */
  readonly duplicates?: 'error' | 'drop'
}

/** Pairs from signals, and what was left out. */
export interface SignalPairs extends PairData {
  readonly rows: readonly Judgement[]
  readonly contexts: readonly Judgement[]
  /** How many signals (or pairs, for ties and duplicates) were left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
  /** How many signals were read. */
  readonly signals: number
}

/** Signals from a store, or any list or stream of them. */
export type Signals = SignalSource | Iterable<Signal> | AsyncIterable<Signal>

/** Reads signals of some sorts, wherever they are. */
export async function* readSignals(signals: Signals, kinds: readonly SignalKind[]): AsyncIterable<Signal> {
  const wanted = new Set<SignalKind>(kinds)
  const stream = 'read' in signals ? signals.read({ kinds }) : signals
  for await (const signal of stream) if (wanted.has(signal.kind)) yield signal
}

const score: Readonly<Record<Exclude<Outcome, 'skipped'>, number>> = { a: 1, b: 0, tie: 0.5, 'both-bad': 0.5 }

/** Finds what signals say of pairs, one signal after another. */
export interface PairFinder {
  /** Pairs of a signal are given on at once; a rating waits for the others of its rater and context. */
  take(signal: Signal): void
  /** What the ratings say together. @throws {RangeError} when no signal knew the aspect */
  finish(): void
  /** How many signals were taken. */
  readonly signals: number
  /** How many signals (or pairs, for ties and duplicates) were left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
  /** The names of what was judged apart. */
  readonly aspects: ReadonlySet<string>
}

const unrated = 'no overall rating'

/** Hands a found pair on. */
export type FoundPair = (signal: Signal, a: Candidate, b: Candidate, target: number, weight: number) => void

/** The sorts of signals that pairs are read from by default. */
export const defaultKinds: readonly PairedKind[] = ['comparison', 'ranking', 'rating', 'choice']

/** @see {@link pairsOf} */
export function pairFinder(options: PairsOptions, found: FoundPair): PairFinder {
  const { aspect, ties = 'half', bothBad = 'tie', rankings = 'all', unranked = 'absent' } = options
  const { minimumGap = 0, share = 'pair', duplicates = 'error' } = options
  if (!(minimumGap >= 0)) throw new RangeError(`pairsOf: minimumGap is ${minimumGap}, expected at least 0`)
  const leftOut: Record<string, number> = {}
  const leave = (reason: string): void => {
    leftOut[reason] = (leftOut[reason] ?? 0) + 1
  }
  const rated = ratedGroups()
  const aspects = new Set<string>()
  let read = 0

  const add = (signal: Signal, a: Candidate, b: Candidate, target: number, weight: number): void => {
    const same = a.id === b.id
    if (same && duplicates === 'error')
      throw new RangeError(
        `signal ${signal.id}: both candidates have the content ${a.id}; expected two contents, or duplicates: 'drop'`,
      )
    if (same) leave('duplicate candidates')
    else if (target === 0.5 && ties === 'drop') leave('tie')
    else found(signal, a, b, target, weight)
  }
  /** The pairs of one signal, which may share its weight. */
  const addAll = (
    signal: Signal,
    candidates: readonly Candidate[],
    pairs: readonly (readonly [a: number, b: number, target: number])[],
  ): void => {
    if (pairs.length === 0) leave('says nothing')
    // What will be left out takes no share.
    const kept = pairs.filter(
      ([a, b, target]) => candidates[a]?.id !== candidates[b]?.id && !(target === 0.5 && ties === 'drop'),
    )
    const weight = (signal.weight ?? 1) / (share === 'pair' ? 1 : Math.max(1, kept.length))
    for (const [a, b, target] of pairs)
      add(signal, candidates[a] as Candidate, candidates[b] as Candidate, target, weight)
  }
  const ordered = (candidates: readonly Candidate[], ranks: readonly (number | null)[]): [number, number, number][] => {
    const groups = orderedGroups(
      { competitors: candidates.map((_, at) => at), ranks },
      read - 1,
      candidates.length,
      unranked,
    )
    const pairs: [number, number, number][] = []
    const each = rankings === 'all' ? eachPair : eachNeighbouringPair
    each(groups, (a, b, target) => pairs.push([a, b, target]))
    return pairs
  }

  const take = (signal: Signal): void => {
    read++
    switch (signal.kind) {
      case 'comparison': {
        for (const name of Object.keys(signal.aspects ?? {})) aspects.add(name)
        const outcome = aspect === undefined ? signal.outcome : own(signal.aspects, aspect)
        if (outcome === undefined) leave(`no aspect "${aspect}"`)
        else if (outcome === 'skipped') leave('skipped')
        else if (outcome === 'both-bad' && bothBad === 'drop') leave('both bad')
        else add(signal, signal.a, signal.b, score[outcome], signal.weight ?? 1)
        break
      }
      case 'ranking': {
        if (aspect !== undefined) {
          leave(`no aspect "${aspect}"`)
          break
        }
        addAll(signal, signal.candidates, ordered(signal.candidates, signal.ranks))
        break
      }
      case 'rating': {
        for (const name of Object.keys(signal.aspects)) aspects.add(name)
        const value = ratingOf(signal, aspect)
        if (value === undefined) leave(aspect === undefined ? unrated : `no aspect "${aspect}"`)
        else rated.add(signal, value)
        break
      }
      case 'choice': {
        if (aspect !== undefined) {
          leave(`no aspect "${aspect}"`)
          break
        }
        const chosen = new Set(signal.chosen)
        const left = signal.shown.flatMap((_, at) => (chosen.has(at) ? [] : [at]))
        // Of two that were chosen neither is known to be preferred.
        addAll(
          signal,
          signal.shown,
          [...chosen].flatMap((first) => left.map((second) => [first, second, 1] as const)),
        )
        break
      }
      case 'edit':
        add(signal, signal.after, signal.before, 1, signal.weight ?? 1)
        break
      default:
        break
    }
  }
  const finish = (): void => {
    if (aspect !== undefined && read > 0 && !aspects.has(aspect))
      throw new RangeError(
        `no signal has the aspect "${aspect}"; there ${aspects.size === 1 ? 'is' : 'are'} ${[...aspects].slice(0, 20).join(', ') || 'none'}`,
      )
    for (const { signal, candidates, values, weight } of rated.groups()) {
      if (candidates.length < 2) {
        leave('the only rating in its context')
        continue
      }
      const apart = ([a, b, target]: readonly [number, number, number]): boolean =>
        target === 0.5 || (values[a] as number) - (values[b] as number) >= minimumGap
      addAll(
        { ...signal, weight },
        candidates,
        ordered(
          candidates,
          values.map((value) => -value),
        ).filter(apart),
      )
    }
  }
  return {
    take,
    finish,
    get signals() {
      return read
    },
    leftOut,
    aspects,
  }
}

/**
 * Weighted pairs from signals: comparisons as they are; rankings, and one rater's ratings in one context, by their
 * order; choices as chosen above each that was shown and not chosen; edits as after above before. Ties are labels of ½.
 *
 * Signals are read as a stream; what is kept is one entry per pair and per distinct judgement.
 *
 * @throws {RangeError} when the gap is below 0, a comparison has twice the same content, no signal knows the aspect, or
 *   no pairs are left
 * @example
 * const data = await pairsOf(store)
 * const model = await fitPreferences({ kind: rewardKind, data, encoder })
 */
export async function pairsOf(signals: Signals, options: PairsOptions = {}): Promise<SignalPairs> {
  const { kinds = defaultKinds } = options
  const built = pairBuilder()
  const finder = pairFinder(options, built.add)
  for await (const signal of readSignals(signals, kinds)) finder.take(signal)
  finder.finish()
  const data = built.data()
  if (data.a.length === 0) throw noPairs(finder, kinds)
  checkedPairs(data)
  return { ...data, leftOut: finder.leftOut, signals: finder.signals }
}

/** That signals told nothing, and why. */
export function noPairs({ signals, leftOut, aspects }: PairFinder, kinds: readonly SignalKind[]): RangeError {
  const rated =
    leftOut[unrated] === undefined ? '' : `; rated are ${[...aspects].slice(0, 20).join(', ')}: name an aspect`
  return new RangeError(
    `no pairs: ${signals} signals were read (${kinds.join(', ')})${describeLeftOut(leftOut)}; there is nothing to learn from${rated}`,
  )
}

function describeLeftOut(leftOut: Readonly<Record<string, number>>): string {
  const entries = Object.entries(leftOut)
  return entries.length === 0 ? '' : `, left out: ${entries.map(([reason, count]) => `${count} ${reason}`).join(', ')}`
}

/** What a record holds under a name that people chose, which may be that of something every object has. */
function own<Value>(record: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}

/** A rating's score for a criterion, or its overall score. */
export function ratingOf({ aspects }: Rating, aspect: string | undefined): number | undefined {
  if (aspect !== undefined) return own(aspects, aspect)
  const values = Object.values(aspects)
  return own(aspects, 'overall') ?? (values.length === 1 ? values[0] : undefined)
}
