import { expect, it } from 'vitest'
import { asked, encoded, judged } from './encoder.fixture.ts'
import { type GivenFeaturesOptions, givenFeatures, givenFeaturesKind } from './given-features.ts'
import { encodeJudgements, plainFeatures, plainFeaturesKind } from './plain-features.ts'

const tea = judged('tea', {
  context: asked('What?', { hour: 8 }),
  features: { length: 3, hot: true },
  rater: { id: 'ann', kind: 'human', traits: { age: 40 } },
})

it('gives rows by candidate, or named numbers of the candidate, the context or the rater', async () => {
  const rows = givenFeatures({ rows: { [tea.candidate.id]: [1, 2, 3] } })
  expect(await encoded(rows, [tea, tea])).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ])
  expect(await encoded(givenFeatures({ of: 'candidate', names: ['hot', 'length'] }), [tea])).toEqual([[1, 3]])
  expect(await encoded(givenFeatures({ of: 'context', names: ['hour'] }), [tea])).toEqual([[8]])
  expect(await encoded(givenFeatures({ of: 'rater', names: ['age'] }), [tea])).toEqual([[40]])
  expect(await encodeJudgements(rows, [tea])).toEqual({ rows: 1, columns: 3, data: Float32Array.of(1, 2, 3) })
})

it('is made again from its description, with the same id', async () => {
  for (const options of [
    { of: 'context', names: ['hour'] },
    { rows: { x: [1, 0.5] } },
  ] satisfies GivenFeaturesOptions[]) {
    const encoder = givenFeatures(options)
    const again = await givenFeaturesKind.open(JSON.parse(JSON.stringify(encoder.description.options)))
    expect(again.id).toBe(encoder.id)
  }
  expect((await plainFeaturesKind.open({ width: 3 })).id).toBe(plainFeatures(3).id)
  expect(givenFeatures({ of: 'context', names: ['a'] }).id).not.toBe(givenFeatures({ of: 'rater', names: ['a'] }).id)
})

it('names what is missing or no number', async () => {
  await expect(givenFeatures({ of: 'candidate', names: ['width'] }).prepare([tea])).rejects.toThrow(
    '"width" of the candidate',
  )
  await expect(givenFeatures({ of: 'rater', names: ['age'] }).prepare([judged('x')])).rejects.toThrow(
    'of the rater (none)',
  )
  // Words are no numbers, not even the empty one.
  for (const hour of ['', '7'])
    await expect(
      givenFeatures({ of: 'candidate', names: ['hour'] }).prepare([judged('x', { features: { hour } })]),
    ).rejects.toThrow(`is ${JSON.stringify(hour)}, expected a finite number`)
  await expect(givenFeatures({ rows: { x: [1] } }).prepare([tea])).rejects.toThrow('no row for the candidate')
  expect(() => givenFeatures({ rows: { x: [1], y: [1, 2] } })).toThrow('the row of y has 2 numbers')
  expect(() => givenFeatures({ rows: { x: [Number.NaN] } })).toThrow('number 0 of x is NaN')
  expect(() => givenFeatures({ rows: {} })).toThrow('no columns')
  await expect(plainFeatures(2).prepare([tea])).rejects.toThrow('fitted on plain features')
})
