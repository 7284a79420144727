import type { Random } from '../run/index.ts'

/** Who may be drawn for a battle. */
export interface Contender {
  readonly name: string
  /** Share of battles, relative to others; 0 is not served (an outage). Default 1. */
  readonly weight?: number
  /** Five times as likely to be drawn first. */
  readonly boosted?: boolean
  /** Under test without a public name: two of these never meet. */
  readonly anonymousTest?: boolean
  /** Rivals to prefer: together they get half of the weight that rivals have. */
  readonly targets?: readonly string[]
  /** Only meets rivals that one of these accepts, and only where the rival accepts it too. */
  readonly strictTargets?: readonly RegExp[]
}

/** Two sides of a battle. */
export interface Battle {
  readonly left: string
  readonly right: string
}

const boost = 5

/** Weights of the first draw. */
function firstWeights(contenders: readonly Contender[], boosted: boolean): number[] {
  return contenders.map(({ name, weight = 1, boosted: raised = false }) => {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`weight of "${name}" is ${weight}, expected a finite number of at least 0`)
    return boosted && raised ? weight * boost : weight
  })
}

/** Whether both sides' strict targets accept the other. */
function accept(first: Contender, second: Contender): boolean {
  const allows = ({ strictTargets }: Contender, { name }: Contender): boolean =>
    !strictTargets ||
    strictTargets.some((pattern) => new RegExp(pattern.source, pattern.flags.replace('g', '')).test(name))
  return allows(first, second) && allows(second, first)
}

/**
 * Weights of the rivals of a contender that was drawn first: its own weight is 0, so is that of rivals it must not
 * meet; a preferred rival has ½·W/|T|, with T the preferred rivals and W the sum of all first-draw weights.
 *
 * @see lm-sys/FastChat, serve/gradio_block_arena_anony: the sampling of Chatbot Arena and Search Arena
 */
export function rivalWeights(contenders: readonly Contender[], first: number): number[] {
  const drawn = contenders[first]
  if (!drawn) throw new RangeError(`first is ${first}, expected an index below ${contenders.length}`)
  const total = firstWeights(contenders, true).reduce((sum, weight) => sum + weight, 0)
  const preferred = drawn.targets ?? []
  return firstWeights(contenders, false).map((weight, i) => {
    const rival = contenders[i] as Contender
    if (i === first || weight === 0) return 0
    if (drawn.anonymousTest && rival.anonymousTest) return 0
    if (!accept(drawn, rival)) return 0
    return preferred.includes(rival.name) ? (0.5 * total) / preferred.length : weight
  })
}

/**
 * Draws a battle: the first contender in proportion to its weight (boosted ones five times), a rival by
 * {@link rivalWeights}, and the sides by a fair coin.
 *
 * @throws {RangeError} when nobody is served, or nobody may meet the contender drawn first
 * @see lm-sys/FastChat, serve/gradio_block_arena_anony: the sampling of Chatbot Arena and Search Arena
 * @example
 * drawBattle([{ name: 'x' }, { name: 'y', boosted: true }, { name: 'z' }], seeded(1))
 */
export function drawBattle(contenders: readonly Contender[], random: Random): Battle {
  const first = random.weighted(firstWeights(contenders, true))
  const drawn = contenders[first] as Contender
  const weights = rivalWeights(contenders, first)
  if (weights.every((weight) => weight === 0)) throw new RangeError(`"${drawn.name}" has no rival it may meet`)
  const rival = contenders[random.weighted(weights)] as Contender
  return random.chance(0.5) ? { left: drawn.name, right: rival.name } : { left: rival.name, right: drawn.name }
}

/** What is known of a pair. */
export interface PairKnowledge {
  /** P(the first wins), 0 to 1; ½ when nothing is known. */
  readonly probability: number
  /** Votes so far. */
  readonly votes: number
}

/**
 * How much one more vote on a pair narrows the interval of its win rate: √(p(1−p)/n) − √(p(1−p)/(n+1)), in win rate.
 * A pair without votes counts √(p(1−p)), more than any with votes. A pair whose p is 0 or 1 counts 0, so estimate p
 * from ratings or with a prior, not as a raw share.
 *
 * @see Chiang et al. (2024), Chatbot Arena, arXiv 2403.04132, on active sampling of pairs
 */
export function intervalShrinkage({ probability, votes }: PairKnowledge): number {
  if (!(probability >= 0 && probability <= 1))
    throw new RangeError(`probability is ${probability}, expected a number from 0 to 1`)
  if (!(votes >= 0)) throw new RangeError(`votes is ${votes}, expected a number of at least 0`)
  const deviation = Math.sqrt(probability * (1 - probability))
  return votes < 1 ? deviation : deviation / Math.sqrt(votes) - deviation / Math.sqrt(votes + 1)
}

/**
 * Draws a pair in proportion to how much a vote on it is expected to narrow its interval, so that votes go where they
 * teach most.
 *
 * @returns the index of the pair
 * @throws {RangeError} when no pair would teach anything
 */
export function drawInformativePair(pairs: readonly PairKnowledge[], random: Random): number {
  return random.weighted(pairs.map(intervalShrinkage))
}
