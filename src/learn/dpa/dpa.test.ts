import fc from 'fast-check'
import { expect, it } from 'vitest'
import { candidate } from '../../collect/index.ts'
import { seeded } from '../../run/index.ts'
import { fitRatings } from '../model/fit-ratings.ts'
import { featureRatings } from '../pairs/rating-data.ts'
import {
  angleBetween,
  bestInDirection,
  directedModel,
  directionAt,
  directionalUtilities,
  directionControl,
  expectedMaximum,
  readDirectionPrompt,
  selectionGain,
  shiftDirection,
  turnDirection,
  unitDirection,
} from './index.ts'

const close = (found: readonly number[], wanted: readonly number[]): void => {
  expect(found.length).toBe(wanted.length)
  found.forEach((x, k) => {
    expect(x).toBeCloseTo(wanted[k] as number, 12)
  })
}

it('directions have length 1 whatever the size of their weights, and refuse what points nowhere', () => {
  close(unitDirection([3, 4]), [0.6, 0.8])
  close(unitDirection([3e200, 4e200]), [0.6, 0.8])
  close(unitDirection([3e-200, -4e-200]), [0.6, -0.8])
  expect(() => unitDirection([0, 0])).toThrow('other than 0')
  expect(() => unitDirection([])).toThrow('other than 0')
  expect(() => unitDirection([1, Number.NaN])).toThrow('weight 1 is NaN')
  close(directionAt(-45), [Math.SQRT1_2, -Math.SQRT1_2])
})

it('angles add in a plane: a dial turned twice is a dial turned by the sum', () => {
  close(turnDirection(directionAt(10), [0, 1], 15), directionAt(25))
  close(turnDirection(directionAt(10), [0, 1], -40), directionAt(-30))
  expect(angleBetween([1, 0], [1, 1])).toBeCloseTo(45, 12)
  expect(angleBetween([1, 0], [-2, 0])).toBeCloseTo(180, 12)
  expect(angleBetween(directionAt(0), directionAt(1e-7))).toBeCloseTo(1e-7, 15)
  close(shiftDirection([2, 0], [0, 1]), [Math.SQRT1_2, Math.SQRT1_2])
  expect(() => shiftDirection([1, 0], [-1, 0])).toThrow('other than 0')
  expect(() => turnDirection([1, 0], [-3, 0], 10)).toThrow('one line')
  expect(() => angleBetween([1], [1, 0])).toThrow('as many')
  const number = fc.double({ min: -5, max: 5, noNaN: true })
  fc.assert(
    fc.property(
      fc.array(number, { minLength: 3, maxLength: 3 }),
      fc.double({ min: -80, max: 80, noNaN: true }),
      (w, a) => {
        fc.pre(Math.hypot(...w) > 0.1 && Math.hypot(w[0] as number, w[2] as number) > 0.1)
        const turned = turnDirection(w, [0, 1, 0], a)
        expect(Math.hypot(...turned)).toBeCloseTo(1, 9)
        expect(angleBetween(w, turned)).toBeCloseTo(Math.abs(a), 6)
      },
    ),
    { seed: 1, numRuns: 50 },
  )
})

it('words round a direction to hundredths, and are read back to within half a degree', () => {
  const control = directionControl([1, -1], ['helpfulness', 'verbosity'])
  expect(control.weights).toEqual([71, -71])
  expect(Math.hypot(...control.weights)).toBeCloseTo(100.41, 2)
  expect(control.systemPrompt).toContain('"helpfulness" × 71 + "verbosity" × -71')
  close(control.direction, directionAt(-45))
  for (let degrees = -180; degrees < 180; degrees += 7) {
    const { systemPrompt, direction } = directionControl(directionAt(degrees), ['a "quoted" one', 'b'])
    expect(angleBetween(readDirectionPrompt(systemPrompt, ['a "quoted" one', 'b']), direction)).toBeLessThan(0.5)
  }
  expect(directionControl([1, -1e-9], ['a', 'b']).weights).toEqual([100, 0])
  // In another order of aspects the same wish.
  close(readDirectionPrompt(directionControl([0, 2], ['a', 'b']).systemPrompt, ['b', 'a']), [1, 0])
  expect(() => readDirectionPrompt('Be nice.', ['a'])).toThrow('names no weights')
  expect(() => readDirectionPrompt(control.systemPrompt, ['helpfulness'])).toThrow('verbosity')
  expect(() => directionControl([1], ['a', 'b'])).toThrow('1 weights for 2 aspects')
  expect(() => directionControl([1, 2], ['a', 'a'])).toThrow('two aspects are called "a"')
  // Each of two numbers is off by up to ½ of a hundredth: asin(√½/100) = 0.405°.
  let farthest = 0
  for (let degrees = -180; degrees < 180; degrees += 0.1) {
    const { systemPrompt, direction } = directionControl(directionAt(degrees), ['a', 'b'])
    farthest = Math.max(farthest, angleBetween(readDirectionPrompt(systemPrompt, ['a', 'b']), direction))
  }
  expect(farthest).toBeGreaterThan(0.37)
  expect(farthest).toBeLessThan(0.4052)
})

it('utility is v · r: 0° selects by the first aspect, scale changes nothing, the opposite turns the order round', () => {
  const scores = [[80, 20], [60, 60], [70, 70], [81, 90]] // biome-ignore format: a table
  close([...directionalUtilities([[80, 20], [60, 60]], [1, -1])], [60 * Math.SQRT1_2, 0]) // biome-ignore format: a table
  expect(bestInDirection(scores, [5, 0])).toBe(3)
  expect(bestInDirection(scores, [1, -1])).toBe(0)
  expect(bestInDirection([[1, 0], [1, 9]], [1, 0])).toBe(0) // biome-ignore format: a table
  const utilities = directionalUtilities(scores, [2, 3])
  close([...directionalUtilities(scores, [200, 300])], [...utilities])
  close(
    [...directionalUtilities(scores, [-2, -3])],
    [...utilities].map((x) => -x),
  )
  expect(() => directionalUtilities(scores, [1, 0, 0])).toThrow('3 numbers, the scores have 2')
})

it('a directed model tells preferences of the wish, from one fit for everybody', async () => {
  const ratings = featureRatings({
    features: [[0, 0], [1, 0], [0, 1]], // biome-ignore format: a table
    values: [[0, 0], [10, 0], [0, 10]], // biome-ignore format: a table
    aspects: ['helpfulness', 'verbosity'],
  })
  const fitted = await fitRatings({ ratings, ridge: 0 })
  const text = (words: string) => candidate({ modality: 'text', text: words })
  const [helpful, long] = [text('helpful'), text('long')]
  const judge = {
    ...fitted,
    score: async (batch: Parameters<typeof fitted.score>[0]) =>
      fitted.scoreFeatures({
        features: batch.map(({ candidate: one }) => (one.id === helpful.id ? [1, 0] : [0, 1])),
      }),
  }
  const context = { id: 'here' }
  const wish = directedModel(judge, [1, -1], { temperature: 10 })
  expect(wish.aspects).toEqual(['utility'])
  const { data } = await wish.score([{ context, candidate: helpful }, { context, candidate: long }]) // biome-ignore format: two
  expect(data[0]).toBeCloseTo(10 * Math.SQRT1_2, 3)
  // (7.071 + 7.071)/10 = 1.4142
  expect((await wish.prefer([{ context, a: helpful, b: long }]))[0]).toBeCloseTo(1 / (1 + Math.exp(-Math.SQRT2)), 4)
  expect(
    (await directedModel(judge, [-1, 1], { temperature: 10 }).prefer([{ context, a: helpful, b: long }]))[0],
  ).toBeCloseTo(1 / (1 + Math.exp(Math.SQRT2)), 4)
  expect(() => directedModel(judge, [1])).toThrow('expected one for each')
})

it('the best of n normal scores gains what order statistics say', () => {
  // Order statistics of the normal distribution (tables of Teichroew 1956): E max of 2, 4, 8, 16; of 1 it is 0.
  for (const [
    n,
    wanted,
  ] of [[1, 0], [2, 0.5641896], [3, 0.8462844], [4, 1.0293754], [8, 1.4236003], [16, 1.7659914]] as const) // biome-ignore format: a table
    expect(expectedMaximum(n)).toBeCloseTo(wanted, 6)
  expect(expectedMaximum(1000)).toBeCloseTo(3.2414, 3)
  expect(() => expectedMaximum(0)).toThrow('n is 0')
  const random = seeded('best of n')
  const utilities = Array.from({ length: 4000 }, () => Array.from({ length: 8 }, () => 3 * random.normal()))
  const { deviations, gain, promised, overrated } = selectionGain(utilities)
  expect(deviations).toBeCloseTo(1.4236, 1)
  expect(gain).toBe(promised)
  expect(overrated).toBe(0)
  // A judge who sees the truth and as much noise: a correlation of √½ keeps √½ of the gain, and promises √2 of it.
  const noisy = utilities.map((row) => row.map((utility) => utility + 3 * random.normal()))
  const seen = selectionGain(noisy, utilities)
  expect(seen.deviations).toBeCloseTo(1.4236 * Math.SQRT1_2, 1)
  expect(seen.promised / seen.gain).toBeCloseTo(2, 1)
})

it('a selection is judged by others, and refuses what has no answer', () => {
  const found = selectionGain([[1, 3], [5, 5]], [[0, 4], [1, 3]]) // biome-ignore format: a table
  // Chosen 1 and 0: by the chooser +1 and 0, by the other +2 and −1.
  expect(found.chosen).toEqual([1, 0])
  expect([found.promised, found.gain, found.overrated]).toEqual([0.5, 0.5, 0])
  // Within prompts (0, 4) and (1, 3): squares 8 + 2 over two degrees of freedom.
  expect(found.deviations).toBeCloseTo(0.5 / Math.sqrt(5), 12)
  expect(selectionGain([[2]]).gain).toBe(0)
  expect(selectionGain([[2]]).deviations).toBeNaN()
  expect(() => selectionGain([])).toThrow('at least 1')
  expect(() => selectionGain([[1]], [[1, 2]])).toThrow('prompt 0 has 1 and 2')
  expect(() => selectionGain([[Number.NaN]])).toThrow('not a finite')
})
