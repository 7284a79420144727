import type { Candidate, Rater, Signal, SignalFilter, SignalKind } from '../../collect/index.ts'

/** Candidates that a rater put in some order at once. */
export interface JudgedList {
  readonly rater: string
  /** Id of the context. */
  readonly context: string
  readonly candidates: readonly Candidate[]
  /** `[candidates]`: smaller is better, equal is a tie, NaN lies below all others. */
  readonly ranks: readonly number[]
}

/** A rater and what they said. */
export interface JudgingRater {
  readonly id: string
  readonly kind: Rater['kind']
  readonly traits: NonNullable<Rater['traits']>
  readonly lists: readonly JudgedList[]
  /** How many signals of each kind. */
  readonly signals: Readonly<Record<string, number>>
}

/** Kinds of signals that put candidates in an order. */
export const orderingKinds = ['comparison', 'ranking', 'rating', 'choice'] as const satisfies readonly SignalKind[]

type RatingSignal = Extract<Signal, { kind: 'rating' }>

function listOf(signal: Exclude<Signal, RatingSignal>): Pick<JudgedList, 'candidates' | 'ranks'> | undefined {
  switch (signal.kind) {
    case 'comparison': {
      const { a, b, outcome } = signal
      if (outcome !== 'a' && outcome !== 'b') return undefined
      return { candidates: [a, b], ranks: outcome === 'a' ? [1, 2] : [2, 1] }
    }
    case 'ranking':
      return { candidates: signal.candidates, ranks: signal.ranks.map((rank) => rank ?? Number.NaN) }
    case 'choice': {
      const chosen = new Set(signal.chosen)
      return { candidates: signal.shown, ranks: signal.shown.map((_, place) => (chosen.has(place) ? 1 : 2)) }
    }
    default:
      return undefined
  }
}

/** The whole score of a rating: `overall`, or its only aspect. */
function overallOf({ aspects }: RatingSignal): number | undefined {
  const names = Object.keys(aspects)
  return aspects['overall'] ?? (names.length === 1 ? aspects[names[0] as string] : undefined)
}

const says = ({ ranks }: Pick<JudgedList, 'ranks'>): boolean =>
  ranks.some((rank) => rank !== ranks[0] && !(Number.isNaN(rank) && Number.isNaN(ranks[0])))

interface Gathered {
  kind: Rater['kind']
  readonly traits: Record<string, string | number | boolean>
  readonly lists: JudgedList[]
  readonly rated: Map<string, { readonly candidates: Candidate[]; readonly scores: number[] }>
  readonly signals: Record<string, number>
}

/**
 * Signals as lists in order, by rater: comparisons that one side won, rankings, what was chosen above what was shown
 * beside it, and a rater's ratings of several candidates in one context by their score. What puts nothing in order, such
 * as a tie of two, is counted as a signal and makes no list.
 */
export async function judgedLists(signals: AsyncIterable<Signal>): Promise<readonly JudgingRater[]> {
  const raters = new Map<string, Gathered>()
  for await (const signal of signals) {
    const { rater, context, kind } = signal
    let one = raters.get(rater.id)
    if (!one) {
      one = { kind: rater.kind, traits: {}, lists: [], rated: new Map(), signals: {} }
      raters.set(rater.id, one)
    }
    Object.assign(one.traits, rater.traits)
    one.signals[kind] = (one.signals[kind] ?? 0) + 1
    if (signal.kind === 'rating') {
      const score = overallOf(signal)
      if (score === undefined) continue
      const rated = one.rated.get(context.id) ?? { candidates: [], scores: [] }
      one.rated.set(context.id, rated)
      rated.candidates.push(signal.candidate)
      rated.scores.push(score)
      continue
    }
    const list = listOf(signal)
    if (list && says(list)) one.lists.push({ rater: rater.id, context: context.id, ...list })
  }
  return [...raters].map(([id, { kind, traits, lists, rated, signals }]) => {
    const fromRatings = [...rated].map(([context, { candidates, scores }]) => ({
      rater: id,
      context,
      candidates,
      ranks: scores.map((score) => -score),
    }))
    return { id, kind, traits, signals, lists: [...lists, ...fromRatings.filter(says)] }
  })
}

/** The filter of the signals that tell the tastes of a source's raters. */
export function orderingSignals(source: string): SignalFilter {
  return { sources: [source], kinds: orderingKinds }
}
