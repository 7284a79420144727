import { expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { circleWorld } from '../../worlds/index.ts'
import { fitPreferences } from '../model/index.ts'
import { featurePairs, takePairs } from '../pairs/pair-data.ts'
import {
  averageScores,
  copelandScores,
  embedPreferences,
  generalPreferenceKind,
  generalPreferenceScores,
  generalPreferenceTargets,
  maximalLottery,
} from './index.ts'

/** A cycle of three: each beats the next by 2. */
const cycle = [
  [0, 2, -2],
  [-2, 0, 2],
  [2, -2, 0],
]

const oneHot = (places: Int32Array, items: number): number[][] =>
  Array.from(places, (place) => Array.from({ length: items }, (_, item) => (item === place ? 1 : 0)))

function circle(items: number) {
  const world = circleWorld(items)
  return featurePairs({ a: oneHot(world.a, items), b: oneHot(world.b, items), targets: world.targets })
}

const optimum = { batchSize: 64, epochs: 150 }

it('(r, 1) in two dimensions scores as Bradley–Terry does, 90° scores 1, and scales multiply blocks', () => {
  const scores = generalPreferenceScores([
    [3, 1],
    [0.5, 1],
  ])
  expect(scores).toEqual([
    [0, 2.5],
    [-2.5, 0],
  ])
  const wide = [
    [1, 0, 1, 0],
    [0, 1, 0, 1],
  ]
  expect(generalPreferenceScores(wide)[0]).toEqual([0, 2])
  expect(generalPreferenceScores(wide, [0.25, 1.5])[0]).toEqual([0, 1.75])
  // Turning every vector of a block by one angle changes no score; exchanging the coordinates turns the sign.
  const turn = ([x, y]: readonly number[]): number[] => [
    0.6 * (x as number) - 0.8 * (y as number),
    0.8 * (x as number) + 0.6 * (y as number),
  ]
  expect(generalPreferenceScores([turn([3, 1]), turn([0.5, 1])])[0]?.[1]).toBeCloseTo(2.5, 12)
  expect(generalPreferenceScores([[1, 3], [1, 0.5]])[0]?.[1]).toBe(-2.5) // biome-ignore format: a pair
  expect(() => generalPreferenceScores([[1, 2, 3]])).toThrow('even')
  expect(() => generalPreferenceScores([[1, 2], [1]])).toThrow('embedding 1') // biome-ignore format: a pair
})

it('learns a cycle of five that no order can hold, and says so in every way of reading it', async () => {
  const data = circle(5)
  const model = await fitPreferences(
    { kind: generalPreferenceKind, data, options: { dimensions: 4 }, ...optimum },
    startRun({ seed: 3 }),
  )
  const probabilities = await model.probabilities(data)
  expect(probabilities.every((p, pair) => p > 0.5 === (data.targets[pair] === 1))).toBe(true)

  const swapped = await model.logits({ ...data, a: data.b, b: data.a })
  expect((await model.logits(data)).map((logit) => -logit)).toEqual(swapped)

  const items = { rows: 5, columns: 5, data: Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0)) }
  const embedded = await embedPreferences(model, items)
  const vectors = Array.from({ length: 5 }, (_, row) => [...embedded.data.subarray(4 * row, 4 * row + 4)])
  for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
  const scores = generalPreferenceScores(vectors)
  expect(scores[0]?.[1]).toBeCloseTo(0.1 * ((await model.logits(data))[0] as number), 5)
  expect(copelandScores(scores)).toEqual([2, 2, 2, 2, 2])
  for (const chance of maximalLottery(scores)) expect(chance).toBeGreaterThan(0.05)

  // A candidate's score is its mean log-odds against what the model was fitted to: each item is met four times.
  const means = averageScores(scores).map((score) => score / 0.1)
  const found = await model.scoreFeatures({ features: items })
  expect(found.columns).toBe(1)
  found.data.forEach((score, item) => {
    expect(score).toBeCloseTo(means[item] as number, 3)
  })
})

it('tells scores against the candidates of its own pairs, not those of others that share the rows', async () => {
  const data = circle(7)
  const some = takePairs(data, [0, 3, 4])
  const model = await fitPreferences({ kind: generalPreferenceKind, data: some, options: { dimensions: 2 }, epochs: 2 })
  const { data: vectors } = await embedPreferences(model, data.rows)
  const places = [...some.a, ...some.b]
  for (const column of [0, 1]) {
    const mean = places.reduce((sum, row) => sum + (vectors[2 * row + column] as number), 0) / 6
    expect(model.parameters.model.reference.data[column]).toBeCloseTo(mean, 6)
  }
})

it('draws log-odds to ±10 with the regression loss, and asks for a lead with a margin', async () => {
  const data = circle(3)
  const fit = (options: object) =>
    fitPreferences({
      kind: generalPreferenceKind,
      data,
      options: { dimensions: 2, normalized: false, ...options },
      ...optimum,
      epochs: 400,
    })
  const regression = await (await fit({ loss: 'regression' })).logits(data)
  regression.forEach((logit, pair) => {
    expect(logit).toBeCloseTo(data.targets[pair] === 1 ? 10 : -10, 1)
  })
  const [plain, led] = [await (await fit({})).logits(data), await (await fit({ margin: 1 })).logits(data)]
  led.forEach((logit, pair) => {
    expect(Math.abs(logit)).toBeGreaterThan(Math.abs(plain[pair] as number))
  })
})

it('lets the context scale the blocks, and refuses where there is none', async () => {
  const data = circle(3)
  const options = { dimensions: 4, contextScales: true }
  await expect(fitPreferences({ kind: generalPreferenceKind, data, options })).rejects.toThrow('no context features')
  // Context 0 says the cycle runs forwards, context 1 backwards: only a form that reads it can hold both.
  const both = featurePairs({
    a: [...oneHot(circleWorld(3).a, 3), ...oneHot(circleWorld(3).a, 3)],
    b: [...oneHot(circleWorld(3).b, 3), ...oneHot(circleWorld(3).b, 3)],
    targets: [...circleWorld(3).targets, ...circleWorld(3).targets.map((target) => 1 - target)],
    contexts: [...Array(3).fill([1, 0]), ...Array(3).fill([0, 1])],
  })
  const model = await fitPreferences(
    { kind: generalPreferenceKind, data: both, options, ...optimum, epochs: 300 },
    startRun({ seed: 1 }),
  )
  const probabilities = await model.probabilities(both)
  expect(probabilities.every((p, pair) => p > 0.5 === (both.targets[pair] === 1))).toBe(true)
  await expect(fitPreferences({ kind: generalPreferenceKind, data, options: { dimensions: 3 } })).rejects.toThrow()
})

it('GPO asks for ŝ/β, and scores of one prompt sum to 0', () => {
  const scores = [
    [0, 0.2, 0.4],
    [-0.2, 0, 0.1],
    [-0.4, -0.1, 0],
  ]
  const found = generalPreferenceTargets(scores, { temperature: 0.1, beta: 0.5 })
  expect(found.scores[0]).toBeCloseTo(2, 12)
  expect(found.scores[1]).toBeCloseTo(-1 / 3, 12)
  expect(found.scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(0, 12)
  expect(found.targets[0]).toBeCloseTo(4, 12)
  expect([found.best, found.worst]).toEqual([0, 2])
  expect(generalPreferenceTargets(scores, { temperature: 0.1, beta: 0.001, clip: 50 }).targets).toEqual([50, -50, -50])
  // Equal answers: nothing to move, and two different places all the same.
  const equal = generalPreferenceTargets([
    [0, 0],
    [0, 0],
  ])
  expect(equal).toMatchObject({ targets: [0, 0], best: 0, worst: 1 })
  expect(() => generalPreferenceTargets([])).toThrow('no answers')
  expect(() => generalPreferenceTargets(scores, { beta: 0 })).toThrow('beta is 0')
  expect(() => averageScores([[0, 1], [1, 0]])).toThrow('its negative') // biome-ignore format: a pair
})

it('a maximal lottery is the winner where there is one, and shares a cycle evenly', () => {
  expect(maximalLottery([[0, 1, 3], [-1, 0, 2], [-3, -2, 0]])[0]).toBeGreaterThan(0.999) // biome-ignore format: a table
  for (const chance of maximalLottery(cycle)) expect(chance).toBeCloseTo(1 / 3, 2)
  // Rock, paper, scissors with scissors counting double: the equilibrium is ¼, ½, ¼ by hand.
  const uneven = [
    [0, -1, 2],
    [1, 0, -1],
    [-2, 1, 0],
  ]
  const [rock, paper, scissors] = maximalLottery(uneven, { tolerance: 1e-4 })
  expect(rock).toBeCloseTo(0.25, 3)
  expect(paper).toBeCloseTo(0.5, 3)
  expect(scissors).toBeCloseTo(0.25, 3)
  expect(maximalLottery([[0]])).toEqual([1])
  expect(() => maximalLottery([])).toThrow('no candidates')
})
