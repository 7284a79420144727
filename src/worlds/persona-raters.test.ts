import { expect, it } from 'vitest'
import type { PersonaStatement } from '../collect/index.ts'
import { seeded, startRun } from '../run/index.ts'
import { opposedStatements, personaRaters } from './persona-raters.ts'

const says = (persona: PersonaStatement['persona'], statement: string, agrees: boolean): PersonaStatement => ({
  persona,
  statement,
  agrees,
  confidence: 1,
})
const statements = [
  says('risk-averse', 'safe', true),
  says('risk-averse', 'wild', false),
  says('risk-seeking', 'leap', true),
  says('risk-seeking', 'wait', false),
]

it('raters of a persona choose what it would say, and raters of the other what it would not', () => {
  const votes = personaRaters(statements, { ratersPerPersona: 4, pairsPerRater: 25 }, seeded(1))
  expect(votes).toHaveLength(200)
  for (const { a, b, outcome, rater } of votes) {
    const chosen = (outcome === 'a' ? a : b).content
    const careful = rater.traits?.['persona'] === 'risk-averse'
    expect(careful ? ['safe', 'wait'] : ['leap', 'wild']).toContain('text' in chosen && chosen.text)
  }
  const left = votes.filter(({ outcome }) => outcome === 'a').length
  expect(left).toBeGreaterThan(70)
  expect(left).toBeLessThan(130)
  expect(personaRaters(statements, { ratersPerPersona: 4, pairsPerRater: 25 }, seeded(1))).toEqual(votes)
  const told = personaRaters(statements, { ratersPerPersona: 1, pairsPerRater: 9, placeTells: 1 }, seeded(1))
  for (const { context, rater } of told)
    expect(context.features).toEqual(
      rater.traits?.['persona'] === 'risk-averse' ? { here: 1, there: 0 } : { here: 0, there: 1 },
    )
  const unsure = statements.map((one) => ({ ...one, confidence: 0 }))
  const [vote] = personaRaters(unsure, { ratersPerPersona: 1, pairsPerRater: 1 }, seeded(1))
  const chosen = vote && (vote.outcome === 'a' ? vote.a : vote.b).content
  expect(['wild', 'leap']).toContain(chosen && 'text' in chosen && chosen.text)
})

it('needs two personas, with statements of both sorts', () => {
  expect(() => personaRaters(statements.slice(0, 2), {}, seeded(1))).toThrow('two opposed personas')
  expect(() =>
    personaRaters(
      [statements[0], statements[3]].flatMap((one) => one ?? []),
      {},
      seeded(1),
    ),
  ).toThrow('one sort')
})

it('holds a fifth of the statements of two opposed personas apart', async () => {
  const { seen, held } = await opposedStatements(startRun({ seed: 1 }))
  expect(seen.length + held.length).toBe(2000)
  const known = new Set(seen.map(({ statement }) => statement))
  expect(held.some(({ statement }) => known.has(statement))).toBe(false)
  expect(held.length).toBeGreaterThan(380)
  expect(held.length).toBeLessThan(420)
})
