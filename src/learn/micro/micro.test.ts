import { expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { adam, value } from '../../tensor/index.ts'
import { opposedGroupsWorld } from '../../worlds/index.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import { fitPreferences, fittedModel, rewardKind } from '../model/index.ts'
import { featurePairs } from '../pairs/pair-data.ts'
import {
  adaptedMixtureKind,
  adaptMixture,
  distillRouting,
  exponentialWeights,
  headLeads,
  headRewards,
  mixtureKind,
  routingWeights,
} from './index.ts'

const floats = (numbers: readonly number[], shape: readonly number[]) => value(Float32Array.from(numbers), [...shape])
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** Heads that read one column each; the router gives head 0 three quarters where the context is 1, half where it is 0. */
function planted(options: object = {}) {
  return fittedModel({
    kind: mixtureKind,
    options: mixtureKind.options.parse({ heads: 2, ...options }),
    encoder: plainFeatures(2),
    contextEncoder: plainFeatures(1),
    parameters: {
      model: {
        heads: { weight: floats([1, 0, 0, 1], [2, 2]) },
        router: { weight: floats([Math.log(3), 0], [2, 1]), bias: floats([0, 0], [2]) },
      },
      encoder: {},
      contextEncoder: {},
    },
  })
}

const data = featurePairs({
  a: [[2, 0], [2, 0], [2, 0]], // biome-ignore format: a table
  b: [[0, 1], [0, 1], [0, 1]], // biome-ignore format: a table
  contexts: [[1], [0], [1]],
  raters: ['one', 'two', 'one'],
  targets: [1, 0, 1],
})

it('probabilities are the routed sum of the heads’ own, worked out by hand', async () => {
  const found = await planted().probabilities(data)
  expect(found[0]).toBeCloseTo(0.75 * sigmoid(2) + 0.25 * sigmoid(-1), 6)
  expect(found[1]).toBeCloseTo(0.5 * sigmoid(2) + 0.5 * sigmoid(-1), 6)
  const summed = await planted({ mixing: 'rewards' }).probabilities(data)
  expect(summed[0]).toBeCloseTo(sigmoid(0.75 * 2 - 0.25), 6)
  const scores = await planted().scoreFeatures({ features: [[2, 1]], contexts: [[1]] })
  expect(scores.data[0]).toBeCloseTo(0.75 * 2 + 0.25, 6)
  expect([...(await headRewards(planted(), { rows: 1, columns: 2, data: Float32Array.of(2, 1) })).data]).toEqual([2, 1])
  expect([...(await headLeads(planted(), data)).data.subarray(0, 2)]).toEqual([2, -1])
  const weights = await routingWeights(planted(), [[1], [0]])
  expect([...weights.data].map((weight) => Number(weight.toFixed(6)))).toEqual([0.75, 0.25, 0.5, 0.5])
})

it('reads a rater’s weights up to a factor, so that training of their own leaves scores of the same size', async () => {
  const { parameters, encoder, contextEncoder } = planted()
  const scored = async (logWeights: readonly number[]) => {
    const model = fittedModel({
      kind: adaptedMixtureKind,
      options: mixtureKind.options.parse({ heads: 2, mixing: 'rewards' }),
      encoder,
      ...(contextEncoder && { contextEncoder }),
      raters: ['ann'],
      parameters: { ...parameters, model: { ...parameters.model, logWeights: floats(logWeights, [1, 2]) } },
    })
    const { data: scores } = await model.scoreFeatures({ features: [[2, 1]], contexts: [[1]], raters: ['ann'] })
    return [scores[0], (await model.logits({ ...data, raters: ['ann'], rater: new Int32Array(3) }))[0]]
  }
  // Weights 0.8 and 0.2, and four times as much of both: 0.8·2 + 0.2·1, and 0.8·2 − 0.2·1.
  for (const factor of [1, 4]) {
    const [score, logit] = await scored([Math.log(0.8 * factor), Math.log(0.2 * factor)])
    expect(score).toBeCloseTo(1.8, 5)
    expect(logit).toBeCloseTo(1.4, 5)
  }
})

it('exponential weights with rate 1 are Bayes’ rule, and the best expert is never far ahead', () => {
  expect([...exponentialWeights([0.5, 0.5], [0, Math.log(3)])]).toEqual([
    expect.closeTo(0.75, 12),
    expect.closeTo(0.25, 12),
  ])
  expect([...exponentialWeights([0.9, 0.1], [1e4, 0], { floor: 0.01 })].map((w) => Number(w.toFixed(4)))).toEqual([
    0.0099, 0.9901,
  ])
  // Mean log-loss of the Bayes mixture is at most that of the best expert and ln K/T.
  const random = seeded(4)
  let weights: Float64Array = Float64Array.of(1 / 3, 1 / 3, 1 / 3)
  let mixed = 0
  const alone = [0, 0, 0]
  for (let t = 0; t < 60; t++) {
    const chances = [0.8, 0.5, 0.3]
    const said = random.chance(0.8)
    const likelihoods = chances.map((chance) => (said ? chance : 1 - chance))
    mixed -= Math.log(likelihoods.reduce((sum, likelihood, k) => sum + likelihood * (weights[k] as number), 0))
    likelihoods.forEach((likelihood, k) => {
      alone[k] = (alone[k] as number) - Math.log(likelihood)
    })
    weights = exponentialWeights(weights, likelihoods.map((likelihood) => -Math.log(likelihood)), { floor: 0 }) // biome-ignore format: a line
  }
  expect(mixed).toBeLessThanOrEqual(Math.min(...alone) + Math.log(3) + 1e-9)
  expect(() => exponentialWeights([1], [1, 2])).toThrow('1 weights and 2 losses')
  expect(() => exponentialWeights([0, 0], [1, 2])).toThrow('ruled out')
  expect(() => exponentialWeights([1, 1], [Number.NaN, 2])).toThrow('expert 0')
})

it('labels of a rater move their weights from where the router puts them, and strangers stay routed', async () => {
  const adapted = await adaptMixture(planted(), data)
  expect(adapted.raters).toEqual(['one', 'two'])
  // One: from ¾, ¼ by two labels of likelihoods σ(2), σ(−1) each; two: from ½, ½ by σ(−2), σ(1).
  const [first, second] = [0.75 * sigmoid(2) ** 2, 0.25 * sigmoid(-1) ** 2]
  const one = first / (first + second)
  const found = await adapted.probabilities(data)
  expect(found[0]).toBeCloseTo(one * sigmoid(2) + (1 - one) * sigmoid(-1), 5)
  const two = sigmoid(-2) / (sigmoid(-2) + sigmoid(1))
  expect(found[1]).toBeCloseTo(two * sigmoid(2) + (1 - two) * sigmoid(-1), 5)
  const stranger = { ...data, rater: data.rater.map(() => -1) }
  expect(await adapted.probabilities(stranger)).toEqual(await planted().probabilities(stranger))
  await expect(adaptMixture(planted(), stranger)).rejects.toThrow('pair 0 has no rater')
})

it('one head is Bradley–Terry, and equal heads are too however they are routed', async () => {
  const random = seeded(1)
  const rows = (): number[][] => Array.from({ length: 40 }, () => [random.normal(), random.normal()])
  const pairs = featurePairs({
    a: rows(),
    b: rows(),
    targets: Array.from({ length: 40 }, () => random.integer(2)),
    contexts: rows(),
  })
  const start = floats([0.3, -0.2], [1, 2])
  const training = { data: pairs, epochs: 5, batchSize: 40 }
  const one = await fitPreferences({
    ...training,
    kind: mixtureKind,
    options: { heads: 1 },
    parameters: {
      model: { heads: { weight: start }, router: { weight: floats([0, 0], [1, 2]), bias: floats([0], [1]) } },
      encoder: {},
      contextEncoder: {},
    },
  })
  const plain = await fitPreferences({
    ...training,
    kind: rewardKind,
    options: { bias: false },
    parameters: { model: { layers: [{ weight: start }] }, encoder: {}, contextEncoder: {} },
  })
  const [mixed, scalar] = [await one.logits(pairs), await plain.logits(pairs)]
  mixed.forEach((logit, pair) => {
    expect(logit).toBeCloseTo(scalar[pair] as number, 4)
  })
})

it('finds two groups that nobody named, better for each after a few labels than one reward for all', async () => {
  const world = (name: string, pairs: number) =>
    opposedGroupsWorld({ pairs }, { people: seeded(7), log: seeded(`7/${name}`) })
  const pairsOf = (from: ReturnType<typeof world>) => {
    const [rows, columns] = [from.targets.length, from.dimensions]
    return featurePairs({
      a: { rows, columns, data: from.a },
      b: { rows, columns, data: from.b },
      targets: from.targets,
      contexts: Array.from(from.topic, (topic) => [topic, 1 - topic]),
      raters: Array.from(from.group, (group) => `group ${group}`),
    })
  }
  const [train, few, test] = [world('train', 3000), world('few', 60), world('test', 2000)].map(pairsOf)
  if (!train || !few || !test) throw new Error('worlds are missing')
  const anonymous = { ...train, rater: train.rater.map(() => -1), raters: [] }
  const training = { data: anonymous, batchSize: 1000, epochs: 60, optimizer: adam({ learningRate: 0.03 }) }
  const mixture = await fitPreferences({ kind: mixtureKind, options: { heads: 2 }, ...training }, startRun({ seed: 2 }))
  const single = await fitPreferences(
    { kind: rewardKind, options: { bias: false }, ...training },
    startRun({ seed: 2 }),
  )
  const accuracy = async (model: { probabilities(data: typeof test): Promise<Float32Array> }): Promise<number> => {
    const found = await model.probabilities(test)
    return found.reduce((right, p, pair) => right + Number(p > 0.5 === (test.targets[pair] === 1)), 0) / found.length
  }
  const adapted = await adaptMixture(mixture, few)
  expect(await accuracy(adapted)).toBeGreaterThan((await accuracy(single)) + 0.08)

  // What labels said is taught to the router, which then needs none.
  const taught = { contexts: [[1, 0], [0, 1]], weights: [[0.9, 0.1], [0.2, 0.8]] } // biome-ignore format: tables
  const distilled = await distillRouting(mixture, taught)
  const routed = await routingWeights(distilled, taught.contexts)
  expect([...routed.data].map((weight) => Number(weight.toFixed(2)))).toEqual([0.9, 0.1, 0.2, 0.8])
  expect(distilled.parameters.model.heads).toEqual(mixture.parameters.model.heads)
  await expect(distillRouting(mixture, { ...taught, weights: [[1], [1]] })).rejects.toThrow('2 × 1')
}, 30_000)

it('a strong entropy term makes routing even, and contexts must be there', async () => {
  const random = seeded(3)
  const rows = (): number[][] => Array.from({ length: 60 }, () => [random.normal(), random.normal()])
  const pairs = featurePairs({ a: rows(), b: rows(), contexts: rows() })
  const spread = async (options: object): Promise<number> => {
    const model = await fitPreferences({
      kind: mixtureKind,
      options: { heads: 2, ...options },
      data: pairs,
      epochs: 80,
    })
    const { data: weights } = await routingWeights(model, rows())
    return Math.max(...weights) - Math.min(...weights)
  }
  expect(await spread({ entropyWeight: 5 })).toBeLessThan((await spread({ entropyWeight: 0 })) / 2)
  const bare = featurePairs({ a: [[1]], b: [[0]] })
  await expect(fitPreferences({ kind: mixtureKind, data: bare })).rejects.toThrow('no context features')
})
