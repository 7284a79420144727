import {
  type Candidate,
  type Comparison,
  type Context,
  candidate,
  contextId,
  type PersonaStatement,
  personaStatements,
} from '../collect/index.ts'
import type { Random, Run } from '../run/index.ts'

/**
 * What a risk-averse and a risk-seeking persona would say and would not, in two parts that share no statement: a fifth
 * is held out, by the run's seed.
 */
export async function opposedStatements(
  run: Run,
): Promise<{ readonly seen: readonly PersonaStatement[]; readonly held: readonly PersonaStatement[] }> {
  const all: PersonaStatement[] = []
  for await (const statement of personaStatements(run, ['risk-averse', 'risk-seeking'])) all.push(statement)
  const texts = run.random('statements').shuffle([...new Set(all.map(({ statement }) => statement))])
  const apart = new Set(texts.slice(0, Math.round(texts.length / 5)))
  return {
    seen: all.filter(({ statement }) => !apart.has(statement)),
    held: all.filter(({ statement }) => apart.has(statement)),
  }
}

export interface PersonaRatersOptions {
  /** Raters of either persona. Default 30. */
  readonly ratersPerPersona?: number
  /** Pairs that each rater judges. Default 20. */
  readonly pairsPerRater?: number
  /**
   * How often the place of a comparison tells the persona of who judges: its context has the features `here` and
   * `there`, 1 and 0 for the first persona, 0 and 1 for the second. Default ½: it tells nothing.
   */
  readonly placeTells?: number
  /** Goes before the raters' names, so that two calls give different people. Default `persona`. */
  readonly prefix?: string
}

/**
 * Simulated raters of two opposed personas, who compare real statements: each pair has one statement that the rater
 * would make and one that they would not, in random order. What one persona would say, a rater of the other would not.
 * A label is wrong as often as the statements' own labels are unsure: with one minus their mean confidence.
 *
 * @param statements of the two personas, at least one each that is agreed with and one that is not
 * @throws {RangeError} when there are not exactly two personas, or one of them has statements of one sort alone
 */
export function personaRaters(
  statements: readonly PersonaStatement[],
  options: PersonaRatersOptions,
  random: Random,
): readonly Comparison[] {
  const { ratersPerPersona = 30, pairsPerRater = 20, prefix = 'persona', placeTells = 0.5 } = options
  if (!(placeTells >= 0 && placeTells <= 1))
    throw new RangeError(`personaRaters: placeTells is ${placeTells}, expected a number from 0 to 1`)
  const personas = [...new Set(statements.map(({ persona }) => persona))]
  const [first, second] = personas
  if (personas.length !== 2 || first === undefined || second === undefined)
    throw new RangeError(`personaRaters: statements are of [${personas.join(', ')}], expected two opposed personas`)
  const place = (first: boolean): Context => {
    const context = { tags: ['statements'], language: 'en', features: { here: Number(first), there: Number(!first) } }
    return { id: contextId(context), ...context }
  }
  const [here, there] = [place(true), place(false)]
  const item = ({ statement }: PersonaStatement): Candidate => candidate({ modality: 'text', text: statement })
  return [first, second].flatMap((persona) => {
    const says = (statement: PersonaStatement): boolean => statement.agrees === (statement.persona === persona)
    const [own, others] = [statements.filter(says), statements.filter((statement) => !says(statement))]
    if (own.length === 0 || others.length === 0)
      throw new RangeError(`personaRaters: the statements are all of one sort for "${persona}"`)
    return Array.from({ length: ratersPerPersona }, (_, nth) => {
      const name = `${prefix}/${persona}/${nth}`
      const stream = random.fork(name)
      return Array.from({ length: pairsPerRater }, (_, pair): Comparison => {
        const [liked, disliked] = [stream.pick(own), stream.pick(others)]
        const wrong = stream.chance(1 - (liked.confidence + disliked.confidence) / 2)
        const swapped = stream.chance(0.5)
        const told = stream.chance(placeTells)
        return {
          kind: 'comparison',
          id: `${name}/${pair}`,
          rater: { id: name, kind: 'simulated', traits: { persona } },
          context: told === (persona === first) ? here : there,
          time: 0,
          source: 'persona-raters',
          a: item(swapped ? disliked : liked),
          b: item(swapped ? liked : disliked),
          outcome: swapped === wrong ? 'a' : 'b',
        }
      })
    }).flat()
  })
}
