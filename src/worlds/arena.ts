import { type Candidate, type Comparison, candidate, contextId } from '../collect/index.ts'
import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

export interface ArenaWorldOptions {
  /** Number of models, default 8. */
  readonly models?: number
  /** True skills run evenly from −skill to +skill on the logit scale, default 0.7. */
  readonly skill?: number
  /** Number of votes, default 6000. */
  readonly votes?: number
  /** True effect of one standard deviation of the relative length difference on the logit, default 1. */
  readonly lengthEffect?: number
  /** Share of votes that are ties, whoever meets, default 0.2. */
  readonly tieRate?: number
  /** How much longer weaker models write: log length falls by this much per unit of skill, default 1.2. */
  readonly wordiness?: number
  /** Standard deviation of a reply's log length around its model's, default 0.3. */
  readonly lengthSpread?: number
}

export interface ArenaModel {
  readonly name: string
  /** True skill on the logit scale; skills have mean 0. */
  readonly skill: number
  /** Median length of its replies, in words. */
  readonly medianLength: number
}

/** One simulated vote: which models replied at what length, and who won. */
export interface ArenaVote {
  /** Position of the left model in `models`. */
  readonly a: number
  readonly b: number
  /** Words in the replies. */
  readonly lengthA: number
  readonly lengthB: number
  readonly outcome: 'a' | 'b' | 'tie'
}

export interface ArenaWorld {
  readonly models: readonly ArenaModel[]
  readonly votes: readonly ArenaVote[]
  readonly lengthEffect: number
  readonly tieRate: number
}

/** Relative difference of two amounts, (a − b) / (a + b + 1), between −1 and 1. */
const relative = (a: number, b: number): number => (a - b) / (a + b + 1)

/**
 * A simulated arena in which voters like long replies and weak models write them, so that counting votes alone ranks
 * the models by their length.
 *
 * Two different models, drawn evenly, reply with log-normal lengths. A share `tieRate` of the votes are ties; otherwise
 * P(a wins) = σ(skill_a − skill_b + lengthEffect·x), x = (l_a − l_b)/(l_a + l_b + 1) divided by its standard deviation
 * over all votes.
 *
 * @throws {RangeError} on fewer than two models, fewer than one vote, or a tie rate outside [0, 1]
 */
export function arenaWorld(options: ArenaWorldOptions, random: Random): ArenaWorld {
  const { models: count = 8, skill = 0.7, votes: total = 6000, lengthEffect = 1, tieRate = 0.2 } = options
  const { wordiness = 1.2, lengthSpread = 0.3 } = options
  if (!Number.isInteger(count) || count < 2)
    throw new RangeError(`models is ${count}, expected an integer of at least 2`)
  if (!Number.isInteger(total) || total < 1)
    throw new RangeError(`votes is ${total}, expected an integer of at least 1`)
  if (!(tieRate >= 0 && tieRate <= 1)) throw new RangeError(`tieRate is ${tieRate}, expected a number from 0 to 1`)

  const models = Array.from({ length: count }, (_, position): ArenaModel => {
    const trueSkill = -skill + (2 * skill * position) / (count - 1)
    return {
      name: `model-${String(position + 1).padStart(2, '0')}`,
      skill: trueSkill,
      medianLength: 250 * Math.exp(-wordiness * trueSkill),
    }
  })

  const pairs = random.fork('pairs')
  const lengths = random.fork('lengths')
  const length = (model: ArenaModel): number =>
    Math.max(1, Math.round(model.medianLength * Math.exp(lengthSpread * lengths.normal())))
  const battles = Array.from({ length: total }, () => {
    const a = pairs.integer(count)
    const other = pairs.integer(count - 1)
    const b = other < a ? other : other + 1
    const lengthA = length(models[a] as ArenaModel)
    const lengthB = length(models[b] as ArenaModel)
    return { a, b, lengthA, lengthB, difference: relative(lengthA, lengthB) }
  })
  const mean = battles.reduce((sum, { difference }) => sum + difference, 0) / total
  const deviation = Math.sqrt(battles.reduce((sum, { difference }) => sum + (difference - mean) ** 2, 0) / total) || 1

  const outcomes = random.fork('outcomes')
  const votes = battles.map(({ a, b, lengthA, lengthB, difference }): ArenaVote => {
    const logit =
      (models[a] as ArenaModel).skill - (models[b] as ArenaModel).skill + (lengthEffect * difference) / deviation
    const tied = outcomes.chance(tieRate)
    const won = outcomes.chance(sigmoid(logit))
    return { a, b, lengthA, lengthB, outcome: tied ? 'tie' : won ? 'a' : 'b' }
  })
  return { models, votes, lengthEffect, tieRate }
}

/**
 * The votes of a simulated arena as comparison signals of simulated raters, one a minute. Candidates carry the feature
 * `length` and a placeholder text that says that it is simulated.
 */
export function* arenaSignals(world: ArenaWorld): Generator<Comparison> {
  const reply = (position: number, length: number, vote: number): Candidate => {
    const { name } = world.models[position] as ArenaModel
    return candidate(
      { modality: 'text', text: `Simulated reply of ${length} words by ${name} to question ${vote + 1}.` },
      { producer: name, features: { length } },
    )
  }
  for (const [position, { a, b, lengthA, lengthB, outcome }] of world.votes.entries()) {
    const messages = [{ role: 'user' as const, content: `Simulated question ${position + 1}.` }]
    yield {
      kind: 'comparison',
      id: `simulated-arena/${position + 1}`,
      rater: { id: `simulated-rater-${(position % 200) + 1}`, kind: 'simulated' },
      context: { id: contextId({ messages }), messages },
      time: Date.UTC(2026, 0, 1) + position * 60_000,
      source: 'simulated-arena',
      a: reply(a, lengthA, position),
      b: reply(b, lengthB, position),
      outcome,
    }
  }
}
