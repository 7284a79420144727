import type { Candidate, Context } from '../../collect/index.ts'
import { mean, type PairedDifference, pairedBootstrap } from '../../measure/index.ts'
import type { Random } from '../../run/index.ts'
import type { PreferenceModel } from '../contract.ts'
import { answerProperties } from './answer-properties.ts'
import { type JudgeWeights, rankProperties } from './judge-weights.ts'

export interface ManipulationOptions {
  /** How many properties to name. Default 3. */
  readonly count?: number
  /** Which end of the judge's ranking: those it likes most, or least. Default top. */
  readonly end?: 'top' | 'last'
}

/** The properties that a manipulation names, the most telling first. */
export function manipulatedProperties(
  weights: Pick<JudgeWeights, 'properties' | 'weights'>,
  { count = 3, end = 'top' }: ManipulationOptions = {},
): readonly string[] {
  if (!Number.isInteger(count) || count < 1 || count > weights.properties.length)
    throw new RangeError(`count is ${count}, expected an integer from 1 to ${weights.properties.length}`)
  const ranked = rankProperties(weights).map(({ property }) => property)
  return end === 'top' ? ranked.slice(0, count) : ranked.slice(-count).reverse()
}

/**
 * A system message that asks for answers with some properties: the training-free way to please, or displease, a judge
 * whose weights are known.
 */
export function manipulationMessage(properties: readonly string[]): string {
  const lines = properties.map((name) => {
    const phrase = answerProperties.find((property) => property.name === name)?.phrase
    return `- ${phrase ?? `has much of this: ${name}`}`
  })
  return `Answer the user. Above all, write an answer that\n${lines.join('\n')}`
}

/** Writes an answer to a context, following a system message where there is one. */
export type Answerer = (context: Context, systemMessage: string | undefined) => Promise<Candidate>

export interface ManipulationReport {
  readonly message: string
  /** Mean score without and with the message. */
  readonly plain: number
  readonly manipulated: number
  /** Mean of manipulated − plain over contexts, with its bootstrap interval. */
  readonly shift: PairedDifference
}

/**
 * How far a judge can be moved: the same contexts answered without and with a message that names what the judge likes
 * (or dislikes), and both answers scored by the judge. A large shift warns that the judge can be gamed.
 *
 * @throws {RangeError} on no contexts
 * @see Li et al. (2024), arXiv 2402.11296, section on manipulating judges
 */
export async function manipulationShift(
  answer: Answerer,
  judge: Pick<PreferenceModel, 'score'>,
  contexts: readonly Context[],
  message: string,
  random: Random,
): Promise<ManipulationReport> {
  if (contexts.length === 0) throw new RangeError('there are no contexts, expected at least one')
  const scoresWith = async (systemMessage: string | undefined): Promise<readonly number[]> => {
    const judgements = await Promise.all(
      contexts.map(async (context) => ({ context, candidate: await answer(context, systemMessage) })),
    )
    const { columns, data } = await judge.score(judgements)
    return contexts.map((_, row) => data[row * columns] as number)
  }
  const plain = await scoresWith(undefined)
  const manipulated = await scoresWith(message)
  return {
    message,
    plain: mean(plain),
    manipulated: mean(manipulated),
    shift: pairedBootstrap(manipulated, plain, random),
  }
}
