import { type Candidate, type Context, candidate, contextId } from '../collect/index.ts'
import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

/** A judge who weighs properties of answers. */
export interface PlantedJudge {
  readonly name: string
  /** `[properties]` for each scenario: the log odds that an answer better in one property alone is chosen. */
  readonly weights: Readonly<Record<string, readonly number[]>>
}

export interface JudgeWorldOptions {
  /** How many properties answers have. Default 29. */
  readonly properties?: number
  /** Default `['questions', 'stories']`. */
  readonly scenarios?: readonly string[]
  /** Default six judges of two families: weights of a family differ little, see {@link plantedJudges}. */
  readonly judges?: readonly PlantedJudge[]
  /** Pairs of answers in each scenario, default 400; every judge votes on all of them. */
  readonly pairs?: number
  /** How much of a property comes from what all properties of its third share, 0 to 1. Default 0.5. */
  readonly shared?: number
}

export interface JudgedPair {
  readonly scenario: string
  /** `[properties]`: 1 where the first answer is ahead, −1 where the second is, 0 where they are level. */
  readonly comparison: Int8Array
  /** By judge, in their order: 1 when the first answer was chosen. */
  readonly votes: readonly (0 | 1)[]
}

export interface JudgeWorld {
  readonly judges: readonly PlantedJudge[]
  readonly scenarios: readonly string[]
  readonly properties: number
  readonly pairs: readonly JudgedPair[]
}

/**
 * Judges of families: in each scenario a family has four strong weights and many small ones, and a judge's weights are
 * its family's, a share of what all judges have in common, and a little of its own.
 *
 * @param names of the judges, family by family
 */
export function plantedJudges(
  names: readonly (readonly string[])[],
  options: { readonly properties: number; readonly scenarios: readonly string[] },
  random: Random,
): readonly PlantedJudge[] {
  const { properties, scenarios } = options
  const draw = (label: string, strong: number, size: number, small: number): number[] => {
    const stream = random.fork(label)
    const chosen = stream.shuffle(Array.from({ length: properties }, (_, k) => k)).slice(0, strong)
    return Array.from({ length: properties }, (_, k) =>
      chosen.includes(k)
        ? (stream.chance(0.75) ? 1 : -1) * size * (0.75 + 0.5 * stream.uniform())
        : small * stream.normal(),
    )
  }
  return names.flatMap((family, f) =>
    family.map((name) => ({
      name,
      weights: Object.fromEntries(
        scenarios.map((scenario) => {
          const parts = [
            draw(`common/${scenario}`, 2, 0.7, 0.05),
            draw(`family/${f}/${scenario}`, 4, 0.8, 0.05),
            draw(`own/${name}/${scenario}`, 0, 0, 0.08),
          ]
          return [scenario, parts.reduce((sum, part) => sum.map((value, k) => value + (part[k] ?? 0)))]
        }),
      ),
    })),
  )
}

/** −1, 0 or 1: near halves of the time level. */
const signOf = (lean: number): number => (lean > 0.5 ? 1 : lean < -0.5 ? -1 : 0)

/**
 * Simulated judges with known weights vote on pairs of answers whose properties go together in three groups, so that a
 * property may win for the sake of its neighbours. P(first chosen) = σ(comparison · weights).
 *
 * @throws {RangeError} on fewer than one pair, `shared` outside [0, 1], or a judge without weights for a scenario
 */
export function judgeWorld(options: JudgeWorldOptions, random: Random): JudgeWorld {
  const { properties = 29, scenarios = ['questions', 'stories'], pairs: count = 400, shared = 0.5 } = options
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`pairs is ${count}, expected an integer of at least 1`)
  if (!(shared >= 0 && shared <= 1)) throw new RangeError(`shared is ${shared}, expected a number from 0 to 1`)
  const judges =
    options.judges ??
    plantedJudges(
      [
        ['north-1', 'north-2', 'north-3'],
        ['south-1', 'south-2', 'south-3'],
      ],
      { properties, scenarios },
      random.fork('judges'),
    )
  const weightsOf = (judge: PlantedJudge, scenario: string): readonly number[] => {
    const weights = judge.weights[scenario]
    if (weights?.length !== properties)
      throw new RangeError(
        `${judge.name} has ${weights?.length ?? 'no'} weights for ${scenario}, expected ${properties}`,
      )
    return weights
  }
  const answers = random.fork('answers')
  const votes = random.fork('votes')
  const pairs = scenarios.flatMap((scenario) =>
    Array.from({ length: count }, (): JudgedPair => {
      const groups = [answers.normal(), answers.normal(), answers.normal()]
      const comparison = Int8Array.from({ length: properties }, (_, k) =>
        signOf(Math.sqrt(shared) * (groups[k % 3] ?? 0) + Math.sqrt(1 - shared) * answers.normal()),
      )
      return {
        scenario,
        comparison,
        votes: judges.map((judge) => {
          const odds = weightsOf(judge, scenario).reduce((sum, weight, k) => sum + weight * (comparison[k] ?? 0), 0)
          return votes.chance(sigmoid(odds)) ? 1 : 0
        }),
      }
    }),
  )
  return { judges, scenarios, properties, pairs }
}

/**
 * A simulated writer that does as a system message says: its answers have amounts from 0 to 3 of each property, in the
 * candidate's features, and one and a half more of those whose phrase the message contains.
 *
 * @param properties names and the phrases that ask for them
 */
export function obedientAnswerer(
  properties: readonly { readonly name: string; readonly phrase: string }[],
  random: Random,
): (context: Context, systemMessage: string | undefined) => Promise<Candidate> {
  return async (context, systemMessage) => {
    // The same context gives the same draft, so that what differs is the message's doing.
    const draft = random.fork(context.id)
    const features = Object.fromEntries(
      properties.map(({ name, phrase }) => {
        const amount = 3 * draft.uniform() + (systemMessage?.includes(phrase) ? 1.5 : 0)
        return [name, Math.min(3, amount)]
      }),
    )
    return candidate(
      { modality: 'text', text: `Simulated answer to ${context.id}${systemMessage ? ' under instructions' : ''}.` },
      { features },
    )
  }
}

/** Contexts of simulated questions. */
export function simulatedQuestions(count: number): readonly Context[] {
  return Array.from({ length: count }, (_, position) => {
    const messages = [{ role: 'user' as const, content: `Simulated question ${position + 1}.` }]
    return { id: contextId({ messages }), messages }
  })
}
