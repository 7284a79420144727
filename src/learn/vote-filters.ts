import { quantile } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

/**
 * The word by which some messages give a competitor away, or undefined: a lower-cased substring search in every
 * message of either side.
 *
 * @param messages what either side wrote and was asked
 * @param words names of makers and models; the arenas use about thirty
 * @see lm-sys/FastChat, serve/monitor/clean_battle_data
 * @example
 * identityLeak(['As a model trained by Acme, I …'], ['acme']) // 'acme'
 */
export function identityLeak(messages: readonly string[], words: readonly string[]): string | undefined {
  const lower = messages.map((message) => message.toLowerCase())
  return words.find((word) => lower.some((message) => message.includes(word.toLowerCase())))
}

export interface DuplicateCap {
  /** How many votes any one prompt may have. */
  readonly cap: number
  /** `[votes]`: whether a vote stays. */
  readonly kept: readonly boolean[]
}

/**
 * Caps how often one prompt counts: the cap is the given quantile of the counts by distinct prompt, rounded down, and
 * prompts above it keep a random sample of that size.
 *
 * @param prompts one per vote; equal texts are one prompt
 * @param options `percentile` default 0.9999; `random` decides the sample, customarily seeded with 42
 * @see lm-sys/FastChat, serve/monitor/deduplication
 */
export function capDuplicates(
  prompts: readonly string[],
  options: { readonly percentile?: number; readonly random: Random },
): DuplicateCap {
  const votes = Map.groupBy(prompts.keys(), (i) => prompts[i] as string)
  if (votes.size === 0) return { cap: 0, kept: [] }
  const cap = Math.max(
    1,
    Math.floor(
      quantile(
        [...votes.values()].map((group) => group.length),
        options.percentile ?? 0.9999,
      ),
    ),
  )
  const kept = prompts.map(() => true)
  for (const group of votes.values()) {
    if (group.length <= cap) continue
    for (const dropped of options.random.shuffle(group).slice(cap)) kept[dropped] = false
  }
  return { cap, kept }
}

/** One vote with the rater who cast it. */
export interface RaterVote {
  readonly rater: string
  readonly a: string
  readonly b: string
  /** 1 when a won, ½ for a tie, 0 when b won. */
  readonly outcome: 0 | 0.5 | 1
}

export interface OutlierOptions {
  /** Raters with fewer votes are not tested. Default 5. */
  readonly minimumVotes?: number
  /** Votes of a rater that are looked at. Default 100. */
  readonly maximumVotes?: number
  /** Chance of flagging a rater who votes like the others, however often one looks. Default 0.05. */
  readonly alpha?: number
  /** Votes that say how a pair is usually decided. Default: the tested votes themselves. */
  readonly history?: readonly RaterVote[]
}

/** A rater whose votes cannot come from the crowd's. */
export interface Outlier {
  readonly rater: string
  /** After how many of the rater's votes the evidence was enough. */
  readonly votes: number
  /** The evidence then: the larger of M⁺ and M⁻, at least 1/α. */
  readonly evidence: number
}

/** The pair in alphabetical order, and the outcome seen from its first member. */
function ordered({ a, b, outcome }: RaterVote): { readonly key: string; readonly outcome: number } {
  return a < b ? { key: JSON.stringify([a, b]), outcome } : { key: JSON.stringify([b, a]), outcome: 1 - outcome }
}

/**
 * Finds raters who vote against the crowd, by a test that stays valid after every vote. With the decisive votes
 * r ∈ {0, 1} of the pair that a rater's j-th vote v is on, p⁺_j = share(r ≤ v) and p⁻_j = share(r ≥ v); for a rater
 * like the others M⁺ = Π 1/(2·p⁺_j) and M⁻ = Π 1/(2·p⁻_j) are unlikely ever to exceed 1/α (Ville's inequality), and a
 * rater is flagged as soon as one does.
 *
 * Votes on pairs that nobody decided say nothing and are passed over.
 *
 * @returns flagged raters in order of first appearance
 * @see Chiang et al. (2024), Chatbot Arena, arXiv 2403.04132, on detecting anomalous users; α, 5 and 100 as in its code
 */
export function outlierRaters(votes: readonly RaterVote[], options: OutlierOptions = {}): readonly Outlier[] {
  const { minimumVotes = 5, maximumVotes = 100, alpha = 0.05, history = votes } = options
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha is ${alpha}, expected a number between 0 and 1`)
  const decisive = new Map<string, { wins: number; losses: number }>()
  for (const vote of history) {
    const { key, outcome } = ordered(vote)
    const counts = decisive.get(key) ?? { wins: 0, losses: 0 }
    if (outcome === 1) counts.wins++
    else if (outcome === 0) counts.losses++
    decisive.set(key, counts)
  }
  const flagged: Outlier[] = []
  for (const [rater, cast] of Map.groupBy(votes, (vote) => vote.rater)) {
    if (cast.length < minimumVotes) continue
    let upper = 1
    let lower = 1
    for (const [j, vote] of cast.slice(0, maximumVotes).entries()) {
      const { key, outcome } = ordered(vote)
      const { wins, losses } = decisive.get(key) ?? { wins: 0, losses: 0 }
      const total = wins + losses
      if (total === 0) continue
      upper *= total / (2 * (outcome === 1 ? total : losses))
      lower *= total / (2 * (outcome === 0 ? total : wins))
      const evidence = Math.max(upper, lower)
      if (evidence <= 1 / alpha) continue
      flagged.push({ rater, votes: j + 1, evidence })
      break
    }
  }
  return flagged
}
