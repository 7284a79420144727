import { expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { adam, value } from '../../tensor/index.ts'
import { idealPointWorld } from '../../worlds/index.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import { adaptRaters, fitPreferences, fittedModel } from '../model/index.ts'
import { featurePairs, type PairData } from '../pairs/pair-data.ts'
import { hardenMixtures, mixPrototypes, palKind, prototypeDisagreement, raterMixtures } from './index.ts'

const floats = (numbers: readonly number[], shape: readonly number[]) => value(Float32Array.from(numbers), [...shape])

/** Two prototypes, at 0 and at (4, 0); `near` likes the first, `far` the second, `both` half of each. */
function planted(form: 'distance' | 'squared', shift = 0) {
  return fittedModel({
    kind: palKind,
    options: palKind.options.parse({ projector: 'identity', form }),
    encoder: plainFeatures(2),
    raters: ['near', 'far', 'both'],
    parameters: {
      model: {
        prototypes: floats([shift, shift, 4 + shift, shift], [2, 2]),
        weights: floats([40, 0, 0, 40, 0, 0], [3, 2]),
      },
      encoder: {},
      contextEncoder: {},
    },
  })
}

const pairs = (shift = 0): PairData =>
  featurePairs({
    a: [[1, 0], [1, 0], [1, 0], [1, 0]].map(([x = 0, y = 0]) => [x + shift, y + shift]), // biome-ignore format: a column
    b: [[4, 3], [4, 3], [4, 3], [4, 3]].map(([x = 0, y = 0]) => [x + shift, y + shift]), // biome-ignore format: a column
    raters: ['near', 'far', 'both', 'a stranger'],
  })

it('log-odds are differences of distances to the ideal point, worked out by hand', async () => {
  // Points: near (0, 0): 5 − 1; far (4, 0): 3 − 3; both and, as the mean of all, a stranger (2, 0): √13 − 1.
  const half = Math.sqrt(13) - 1
  const found = await planted('distance').logits(pairs())
  ;[4, 0, half, half].forEach((lead, pair) => {
    expect(found[pair]).toBeCloseTo(lead, 5)
  })
  const squared = await planted('squared').logits(pairs())
  ;[24, 0, 12, 12].forEach((lead, pair) => {
    expect(squared[pair]).toBeCloseTo(lead, 4)
  })
  const { data } = await planted('distance').scoreFeatures({
    features: [[3, 4], [4, 0]], // biome-ignore format: a table
    raters: ['near', 'far'],
  })
  expect(data[0]).toBeCloseTo(-5, 5)
  expect(data[1]).toBeCloseTo(0, 5)
})

it('moving items and prototypes together changes nothing', async () => {
  const [here, there] = [await planted('distance').logits(pairs()), await planted('distance', 3).logits(pairs(3))]
  here.forEach((lead, pair) => {
    expect(there[pair]).toBeCloseTo(lead, 4)
  })
})

it('mixtures are read, mixed and hardened', async () => {
  const model = planted('distance')
  const { rows, columns, data } = raterMixtures(model)
  expect([rows, columns]).toEqual([3, 2])
  expect([...data].map((share) => Number(share.toFixed(6)))).toEqual([1, 0, 0, 1, 0.5, 0.5])
  const quarter = await mixPrototypes(model, [0.75, 0.25]).logits(pairs())
  // Everybody's point is (1, 0): √18 − 0.
  for (const lead of quarter) expect(lead).toBeCloseTo(Math.sqrt(18), 4)
  expect([...raterMixtures(hardenMixtures(model)).data]).toEqual([1, 0, 0, 1, 1, 0].map((x) => expect.closeTo(x, 6)))
  // Prototype 1 says σ(4), prototype 2 says ½: the variance of two numbers is a quarter of their squared difference.
  const sure = 1 / (1 + Math.exp(-4))
  expect((await prototypeDisagreement(model, pairs()))[0]).toBeCloseTo((sure - 0.5) ** 2 / 4, 6)
  expect(() => mixPrototypes(model, [0.6, 0.6])).toThrow('sum to 1')
  expect(() => mixPrototypes(model, [1])).toThrow('1 shares for 2')
})

it('variant B compares angles with a point that the context moves', async () => {
  const identity = { layers: [{ weight: floats([1, 0, 0, 1], [2, 2]), bias: floats([0, 0], [2]) }] }
  const turned = { layers: [{ weight: floats([0, -1, 1, 0], [2, 2]), bias: floats([0, 0], [2]) }] }
  const model = fittedModel({
    kind: palKind,
    options: palKind.options.parse({ variant: 'B', projector: 'linear' }),
    encoder: plainFeatures(2),
    contextEncoder: plainFeatures(2),
    raters: ['straight', 'turned'],
    parameters: {
      model: {
        projector: identity,
        prototypeMaps: [identity, turned],
        logScale: floats([Math.log(5)], []),
        weights: floats([40, 0, 0, 40], [2, 2]),
      },
      encoder: {},
      contextEncoder: {},
    },
  })
  const data = featurePairs({
    a: [[2, 0], [2, 0]], // biome-ignore format: a table
    b: [[0, 7], [0, 7]], // biome-ignore format: a table
    contexts: [[3, 0], [3, 0]], // biome-ignore format: a table
    raters: ['straight', 'turned'],
  })
  // Straight: cosines 1 and 0 times 5; turned by a quarter: (0, 3), so 0 and 1.
  const [straight, other] = await model.logits(data)
  expect(straight).toBeCloseTo(5, 4)
  expect(other).toBeCloseTo(-5, 4)
})

it('finds groups of opposed tastes, and fits a newcomer by their few pairs alone', async () => {
  const world = idealPointWorld({ groups: 2, raters: 42, items: 120, pairsPerRater: 40 }, seeded(2))
  const row = (item: number | undefined): number[] => [
    ...world.items.subarray(4 * (item as number), 4 * (item as number) + 4),
  ]
  const of = (keep: (rater: number, nth: number) => boolean): PairData => {
    const kept = Array.from(world.rater, (_, pair) => pair).filter((pair) =>
      keep(world.rater[pair] as number, pair % 40),
    )
    return featurePairs({
      a: kept.map((pair) => row(world.a[pair])),
      b: kept.map((pair) => row(world.b[pair])),
      targets: kept.map((pair) => world.targets[pair] as number),
      raters: kept.map((pair) => `r${world.rater[pair]}`),
    })
  }
  const [seen, held] = [of((rater, nth) => rater < 40 && nth < 30), of((rater, nth) => rater < 40 && nth >= 30)]
  const fit = (prototypes: number) =>
    fitPreferences(
      {
        kind: palKind,
        options: { prototypes, projector: 'identity', form: 'squared', loss: 'logistic' },
        data: seen,
        batchSize: 2048,
        epochs: 300,
        optimizer: adam({ learningRate: 0.05 }),
      },
      startRun({ seed: 1 }),
    )
  const accuracy = async (model: Awaited<ReturnType<typeof fit>>, on: PairData): Promise<number> => {
    const found = await model.probabilities(on)
    return found.reduce((right, p, pair) => right + Number(p > 0.5 === (on.targets[pair] === 1)), 0) / found.length
  }
  const [one, two] = [await fit(1), await fit(2)]
  expect(await accuracy(two, held)).toBeGreaterThan((await accuracy(one, held)) + 0.05)
  const mixtures = raterMixtures(two)
  const first = Array.from({ length: 40 }, (_, rater) => {
    const place = two.raters.indexOf(`r${rater}`)
    return (mixtures.data[2 * place] as number) > 0.5
  })
  const agreeing = first.filter((flag, rater) => flag === first[rater % 2]).length
  expect(first[0]).not.toBe(first[1])
  expect(agreeing).toBeGreaterThanOrEqual(38)
  // With one prototype nobody differs.
  expect(await one.logits({ ...held, rater: held.rater.map(() => -1) })).toEqual(await one.logits(held))

  const [few, rest] = [of((rater, nth) => rater >= 40 && nth < 10), of((rater, nth) => rater >= 40 && nth >= 10)]
  const adapted = await adaptRaters({ model: two, data: few })
  expect(await accuracy(adapted, rest)).toBeGreaterThan((await accuracy(two, rest)) + 0.03)
  expect(adapted.parameters.model.prototypes?.data).toEqual(two.parameters.model.prototypes?.data)
  expect([...adapted.parameters.model.weights.data.subarray(0, 80)]).toEqual([...two.parameters.model.weights.data])
}, 30_000)

it('trains by the hinge loss unless told otherwise, and refuses what cannot be', async () => {
  const data = featurePairs({ a: [[1, 0]], b: [[0, 1]], raters: ['one'] })
  // Both items equally far from every prototype at 0: h = 0 costs 1.
  const still = { kind: palKind, data, epochs: 1, optimizer: adam({ learningRate: 1e-12 }) }
  const parameters = {
    model: { prototypes: floats([0, 0], [1, 2]), weights: floats([0], [1, 1]) },
    encoder: {},
    contextEncoder: {},
  }
  const options = { prototypes: 1, projector: 'identity' }
  const hinged = await fitPreferences({ ...still, options, parameters })
  expect(hinged.metrics['trainLoss']).toBeCloseTo(1, 6)
  const logistic = await fitPreferences({ ...still, options: { ...options, loss: 'logistic' }, parameters })
  expect(logistic.metrics['trainLoss']).toBeCloseTo(Math.log(2), 6)
  const trying = (options: object) => fitPreferences({ kind: palKind, data, options })
  await expect(trying({ variant: 'B' })).rejects.toThrow('no context features')
  await expect(trying({ projector: 'identity', dimensions: 3 })).rejects.toThrow('keeps 2 columns')
  await expect(trying({ prototypes: 0 })).rejects.toThrow()
})
