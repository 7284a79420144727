import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { candidate, type Rating } from '../../collect/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { adam } from '../../tensor/index.ts'
import { givenFeatures } from '../encoder/given-features.ts'
import { featurePairs } from '../pairs/pair-data.ts'
import { featureRatings, takeRatings } from '../pairs/rating-data.ts'
import { ratingsOf } from '../pairs/ratings-of.ts'
import { evaluateRatings, fitRatings } from './fit-ratings.ts'
import { ratingsKind } from './ratings-kind.ts'
import { rewardKind } from './reward-kind.ts'
import { loadModel, saveModel } from './save-model.ts'

const nan = Number.NaN

/** Ratings that are exactly 10 + 20 x₁ and 70 − 5 x₁ + 8 x₂, each rated in some rows only. */
function exactTable(rows = 40) {
  const random = seeded('ratings')
  const features = Array.from({ length: rows }, () => [random.normal(), random.normal()])
  return {
    features,
    values: features.map(([x = 0, y = 0], row) => [
      row % 3 === 0 ? null : 10 + 20 * x,
      row % 3 === 1 ? null : 70 - 5 * x + 8 * y,
    ]),
    aspects: ['helpful', 'long'],
  }
}

it('finds the lines behind ratings of which a third is missing, at once or step by step', async () => {
  const ratings = featureRatings(exactTable())
  const exact = await fitRatings({ ratings, ridge: 0 })
  const { data } = await exact.scoreFeatures({ features: [[0, 0], [1, 0], [0, 1]] }) // biome-ignore format: points
  const wanted = [10, 70, 30, 65, 10, 78]
  data.forEach((score, at) => {
    expect(score).toBeCloseTo(wanted[at] as number, 3)
  })
  expect(exact.metrics['trainError']).toBeLessThan(1e-4)
  expect(exact.aspects).toEqual(['helpful', 'long'])
  const trained = await fitRatings({ ratings, epochs: 400, optimizer: adam({ learningRate: 0.05 }) })
  const slow = await trained.scoreFeatures({ features: [[0, 0], [1, 0], [0, 1]] }) // biome-ignore format: points
  slow.data.forEach((score, at) => {
    expect(score).toBeCloseTo(wanted[at] as number, 0)
  })
})

it('a ridge shrinks as its formula says, by hand', async () => {
  // One column ±1, ratings ±1 around 0: variance 1, so β = 1/(1 + ridge).
  const ratings = featureRatings({ features: [[1], [-1], [1], [-1]], values: [[1], [-1], [1], [-1]] })
  const model = await fitRatings({ ratings, ridge: 0.25 })
  expect((await model.scoreFeatures({ features: [[1]] })).data[0]).toBeCloseTo(0.8, 6)
  // Weights count as rows: 3 at +2 and 1 at −2 have the mean 1.
  const weighted = featureRatings({ features: [[5], [5]], values: [[2], [-2]], weights: [3, 1] })
  expect((await (await fitRatings({ ratings: weighted })).scoreFeatures({ features: [[5]] })).data[0]).toBeCloseTo(1, 6)
  await expect(fitRatings({ ratings: weighted, ridge: 0 })).rejects.toThrow('depend on each other')
})

it('leaves unrated rows out and counts them, and refuses an aspect without ratings', async () => {
  const { features, values, aspects } = exactTable()
  const more = featureRatings({ features: [...features, [9, 9]], values: [...values, [null, nan]], aspects })
  const model = await fitRatings({ ratings: more, ridge: 0 })
  expect(model.metrics['unratedRows']).toBe(1)
  expect((await model.scoreFeatures({ features: [[1, 0]] })).data[0]).toBeCloseTo(30, 3)
  const never = featureRatings({ features: [[1], [2]], values: [[1, null], [2, null]], aspects: ['told', 'untold'] }) // biome-ignore format: a table
  await expect(fitRatings({ ratings: never })).rejects.toThrow('"untold"')
  await expect(fitRatings({ ratings: takeRatings(more, [40]) })).rejects.toThrow('no row is rated')
  expect(() => featureRatings({ features: [[1]], values: [[1], [2]] })).toThrow('2 × 1')
  expect(() => featureRatings({ features: [[1]], values: [[Infinity]] })).toThrow('finite')
  expect(() => featureRatings({ features: [[1]], values: [[1]], weights: [0] })).toThrow('above 0')
  await expect(fitRatings({ ratings: more, options: { hidden: [4] }, solver: 'exact' })).rejects.toThrow(
    'no hidden layers',
  )
})

it('learns curves, stops at the best epoch, saves, and prefers along a direction', async () => {
  const random = seeded('curves')
  const features = Array.from({ length: 400 }, () => [random.uniform() * 2 - 1])
  const values = features.map(([x = 0], row) => [row % 2 ? null : 50 + 40 * x * x, 50 + 10 * x])
  const ratings = featureRatings({ features, values, aspects: ['bent', 'straight'] })
  const fitted = await fitRatings(
    { ratings, options: { hidden: [16], activation: 'tanh', direction: [1, -1] }, validation: 0.2, epochs: 120 },
    startRun({ seed: 3 }),
  )
  expect(fitted.metrics['validationError']).toBeLessThan(4)
  const folder = mkdtempSync(join(tmpdir(), 'ratings-'))
  try {
    await saveModel(fitted, join(folder, 'model'))
    const again = await loadModel(join(folder, 'model'))
    const [[bent, straight], [flat, level]] = [
      [...(await again.scoreFeatures({ features: [[1]] })).data],
      [...(await again.scoreFeatures({ features: [[0]] })).data],
    ] as [[number, number], [number, number]]
    expect(bent).toBeGreaterThan(flat + 25)
    const [logit] = await again.logits(featurePairs({ a: [[1]], b: [[0]] }))
    expect(logit).toBeCloseTo(bent - straight - (flat - level), 2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('reads judgements, and tells agreement aspect by aspect', async () => {
  const signals = [1, 2, 3, 4].map(
    (x): Rating => ({
      kind: 'rating',
      id: `${x}`,
      rater: { id: 'one', kind: 'human' },
      context: { id: 'here' },
      time: 0,
      source: 'test',
      candidate: candidate({ modality: 'text', text: `text ${x}` }, { features: { x } }),
      aspects: x % 2 ? { even: 2 * x, odd: -x } : { even: 2 * x },
      scale: { min: -10, max: 10 },
    }),
  )
  const ratings = await ratingsOf(signals)
  const model = await fitRatings({ ratings, encoder: givenFeatures({ of: 'candidate', names: ['x'] }), ridge: 0 })
  const [even, odd] = await evaluateRatings(model, ratings)
  expect([even?.rated, odd?.rated]).toEqual([4, 2])
  expect(even?.error).toBeCloseTo(0, 4)
  expect(odd?.correlation).toBeCloseTo(1, 6)
  await expect(evaluateRatings(model, { ...ratings, aspects: ['even', 'other'] })).rejects.toThrow('"other"')
  await expect(fitRatings({ ratings })).rejects.toThrow('encoder is needed')
})

it('refuses an aspect that is named twice', () => {
  expect(() => featureRatings({ features: [[1]], values: [[1, 2]], aspects: ['warm', 'warm'] })).toThrow(
    'the aspect "warm" is named twice',
  )
  expect(ratingsKind.options.safeParse({ aspects: ['warm', 'warm'] }).success).toBe(false)
  expect(rewardKind.options.safeParse({ aspects: ['warm', 'warm'] }).success).toBe(false)
})
