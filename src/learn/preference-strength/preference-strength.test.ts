import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { adam, evaluate, sgd, value } from '../../tensor/index.ts'
import { noisyPairsWorld } from '../../worlds/index.ts'
import { evaluateModel } from '../calibrate.ts'
import { generalPreferenceKind } from '../general-preference/index.ts'
import { infoNce, pairLoss } from '../loss/index.ts'
import { type FittedModel, fitPreferences, loadModel, rewardKind, saveModel } from '../model/index.ts'
import { featurePairs, type PairData } from '../pairs/pair-data.ts'
import {
  annotateStrength,
  contrastiveRewardKind,
  fitByStrength,
  flipLabels,
  flipStrength,
  mislabelQueue,
  type PreferenceStrength,
  type StrengthTraining,
  strengthBins,
  strengthenedPairs,
  strengthOf,
  strengthRecipes,
  takeStrength,
  weakestPairs,
} from './index.ts'

/** Two members' log-odds of five pairs; the fourth is a tie. */
const opinions = strengthOf(
  { rows: 5, columns: 2, data: Float32Array.from([1, 3, 4, -2, -3, -3, 5, 5, -5, 3]) },
  [1, 0, 1, 0.5, 1],
)

describe('strength', () => {
  it('is the mean and deviation of votes for the preferred side, worked out by hand', () => {
    expect([...opinions.votes.data]).toEqual([1, 3, -4, 2, -3, -3, 0, 0, -5, 3])
    expect([...opinions.mean]).toEqual([2, -1, -3, 0, -1])
    expect([...opinions.deviation]).toEqual([1, 3, 0, 0, 4])
    expect([...opinions.decided]).toEqual([1, 1, 1, 0, 1])
    const alone = strengthOf({ rows: 1, columns: 1, data: Float32Array.of(-2) }, [0])
    expect([alone.mean[0], alone.deviation[0]]).toEqual([2, 0])
    expect(() => strengthOf(opinions.votes, [1])).toThrow('5 pairs and 1 targets')
  })

  it('queues what is probably mislabelled: weakest first, of equals the most disputed', () => {
    expect(mislabelQueue(opinions).map(({ pair }) => pair)).toEqual([2, 4, 1])
    expect(mislabelQueue(opinions, { most: 1 })).toEqual([{ pair: 2, mean: -3, deviation: 0 }])
    expect(mislabelQueue(opinions, { below: -2 }).map(({ pair }) => pair)).toEqual([2])
    expect([...weakestPairs(opinions, 0.5)]).toEqual([2, 4])
    expect([...strengthBins(opinions, 2)]).toEqual([1, 1, 0, -1, 0])
    expect([...strengthBins(opinions, 4)]).toEqual([3, 2, 0, -1, 1])
  })

  it('turning labels twice is turning nothing, and what was against them is for them', () => {
    const data = featurePairs({ a: [[1], [2], [3], [4], [5]], b: [[0], [0], [0], [0], [0]], targets: [1, 0, 1, 0.5, 1] }) // biome-ignore format: a table
    const once = flipLabels(data, [2, 3])
    expect([...once.targets]).toEqual([1, 0, 0, 0.5, 1])
    expect(flipLabels(once, [2, 3])).toEqual(data)
    expect(flipStrength(opinions, [2]).mean[2]).toBe(3)
    const logits = { rows: 5, columns: 2, data: Float32Array.from([1, 3, 4, -2, -3, -3, 5, 5, -5, 3]) }
    expect(strengthOf(logits, once.targets).mean[2]).toBe(3)
    expect([...takeStrength(opinions, [2, 0]).mean]).toEqual([-3, 2])
    expect(() => flipLabels(data, [5])).toThrow('no pair 5 among 5')
  })

  it('makes of it labels, leads and an order of training', () => {
    const data = featurePairs({ a: [[1], [2], [3], [4], [5]], b: [[0], [0], [0], [0], [0]], targets: [1, 0, 1, 0.5, 1] }) // biome-ignore format: a table
    const of = (training: StrengthTraining) => strengthenedPairs(data, opinions, training)
    const rounded = (numbers: ArrayLike<unknown> | undefined) =>
      Array.from(numbers ?? [], (x) => Number(Number(x).toFixed(6)))
    const soft = of(strengthRecipes.softLabelAndMargin)
    expect(rounded(soft.targets)).toEqual([1, 0.1, 0.9, 0.5, 0.9])
    // The second pair prefers b, so a should lead by −û = 1.
    expect(rounded(soft.columns['lead']?.data)).toEqual([2, 1, -3, 0, -1])
    expect(rounded(of({ margin: 'clampedAtZero' }).columns['lead']?.data).map(Math.abs)).toEqual([2, 0, 0, 0, 0])
    // A quarter of four: the third is turned, and is no longer doubted.
    const turned = of({ flip: 0.25, smoothing: 0.1, margin: 'raw' })
    expect(rounded(turned.targets)).toEqual([1, 0.1, 0, 0.5, 0.9])
    expect(rounded(turned.columns['lead']?.data)).toEqual([2, 1, -3, 0, -1])
    expect(rounded(of({ smoothing: 0.2, smooth: 'all' }).targets)).toEqual([0.8, 0.2, 0.8, 0.5, 0.8])
    expect(rounded(of({ curriculum: { bins: 2, epochs: 3 } }).columns['fromEpoch']?.data)).toEqual([0, 0, 3, 0, 3])
    expect(() => strengthenedPairs(data, takeStrength(opinions, [1]), {})).toThrow('1 pairs for 5 pairs')
  })
})

const strengthOfAll = (mean: readonly number[]): PreferenceStrength => ({
  votes: { rows: mean.length, columns: 1, data: Float32Array.from(mean) },
  mean: Float64Array.from(mean),
  deviation: new Float64Array(mean.length),
  decided: new Uint8Array(mean.length).fill(1),
})

describe('fitByStrength', () => {
  const one = featurePairs({ a: [[1]], b: [[0]] })
  const fitting = { options: { bias: false }, epochs: 600, optimizer: adam({ learningRate: 0.05 }) }
  const logit = async (training: StrengthTraining, mean: number) => {
    const model = await fitByStrength({ ...fitting, data: one, strength: strengthOfAll([mean]), training })
    return (await model.logits(one))[0]
  }

  it('without any of it is plain training, to the last digit', async () => {
    const world = noisyPairsWorld({ pairs: 60, dimensions: 4 }, seeded(1))
    const data = pairsOfWorld(world.differences, 4, world.targets)
    const [run, fit] = [() => startRun({ seed: 2 }), { data, epochs: 5, validation: 0.2, options: { bias: false } }]
    const strength = strengthOfAll(Array.from(world.targets, () => -1))
    const [plain, same] = [
      await fitPreferences({ kind: rewardKind, ...fit }, run()),
      await fitByStrength({ ...fit, strength, training: {} }, run()),
    ]
    expect(same.parameters).toEqual(plain.parameters)
    expect(same.metrics).toEqual(plain.metrics)
  })

  it('soft labels end at ln((1 − α)/α), and margins move that by û', async () => {
    expect(await logit({ smoothing: 0.1 }, -1)).toBeCloseTo(Math.log(9), 3)
    expect(await logit({ smoothing: 0.1, smooth: 'all', margin: 'raw' }, 0.5)).toBeCloseTo(Math.log(9) + 0.5, 3)
    expect(await logit({ smoothing: 0.1, margin: 'raw' }, -0.5)).toBeCloseTo(Math.log(9) - 0.5, 3)
    expect(await logit({ smoothing: 0.1, margin: 'clampedAtZero' }, -0.5)).toBeCloseTo(Math.log(9), 3)
    expect(await logit({ flip: 1, smoothing: 0.1, smooth: 'all' }, -1)).toBeCloseTo(-Math.log(9), 3)
  })

  it('starts with the strongest pairs', async () => {
    const data = featurePairs({ a: [[1], [0], [0], [0]], b: [[0], [3], [7], [1]], targets: [1, 0, 0, 1] }) // biome-ignore format: a table
    const losses: number[] = []
    const model = await fitByStrength({
      data,
      strength: strengthOfAll([2, 1, -1, -2]),
      training: { curriculum: { bins: 2, epochs: 2 } },
      options: { bias: false },
      epochs: 3,
      optimizer: sgd({ learningRate: 1e-30 }),
      onMetrics: ({ kind, loss }) => kind === 'epoch' && losses.push(loss),
    })
    const w = Number(model.parameters.model.layers[0]?.weight.data[0])
    const cost = (lead: number) => Math.log1p(Math.exp(-lead))
    const leads = [w, 3 * w, 7 * w, -w]
    const mean = (some: readonly number[]) => some.reduce((sum, lead) => sum + cost(lead), 0) / some.length
    expect(losses[0]).toBeCloseTo(mean(leads.slice(0, 2)), 5)
    expect(losses[1]).toBeCloseTo(mean(leads.slice(0, 2)), 5)
    expect(losses[2]).toBeCloseTo(mean(leads), 5)
  })

  it('refuses margins for kinds that would not read them', async () => {
    const asked = { data: one, strength: strengthOfAll([1]), kind: generalPreferenceKind }
    await expect(fitByStrength({ ...asked, training: { margin: 'raw' } })).rejects.toThrow('a loss of its own')
    await expect(fitByStrength({ data: one, strength: strengthOfAll([1]), training: { flip: 2 } })).rejects.toThrow()
  })
})

function pairsOfWorld(differences: Float32Array, columns: number, targets: Float32Array): PairData {
  const rows = differences.length / columns
  return featurePairs({
    a: { rows, columns, data: differences },
    b: { rows, columns, data: new Float32Array(rows * columns) },
    targets,
  })
}

it('an ensemble finds wrong labels, and turning them helps', async () => {
  const world = noisyPairsWorld({ pairs: 1000, dimensions: 16 }, seeded(1))
  const data = pairsOfWorld(world.differences, 16, world.targets)
  const fit = { batchSize: 1000, epochs: 60, optimizer: adam({ learningRate: 0.05 }) }
  const strength = await annotateStrength(
    { kind: rewardKind, data, members: 3, folds: 4, ...fit },
    startRun({ seed: 1 }),
  )
  const doubted = weakestPairs(strength, 0.2)
  const precision = doubted.reduce((sum, pair) => sum + (world.wrong[pair] as number), 0) / doubted.length
  expect(precision).toBeGreaterThan(0.8)
  const clean = pairsOfWorld(world.differences, 16, world.truth)
  const accuracy = async (training: StrengthTraining) =>
    (await evaluateModel(await fitByStrength({ data, strength, training, ...fit }, startRun({ seed: 1 })), clean))
      .accuracy
  expect(await accuracy({ flip: 0.2 })).toBeGreaterThanOrEqual(await accuracy({}))
}, 30_000)

describe('contrastiveRewardKind', () => {
  const data = featurePairs({ a: [[1, 2], [0, 1], [3, 1]], b: [[2, 0], [1, 1], [0, 0]], targets: [1, 0, 1] }) // biome-ignore format: a table
  const identity = { weight: value(Float32Array.from([1, 0, 0, 1]), [2, 2]), bias: value(new Float32Array(2)) }
  const parameters = {
    model: {
      body: { layers: [identity] },
      head: { layers: [{ weight: value(Float32Array.from([1, -1]), [1, 2]), bias: value(new Float32Array(1)) }] },
      prototypes: value(Float32Array.from([1, 1, 1, 1]), [2, 2]),
    },
    encoder: {},
    contextEncoder: {},
  }
  const loss = async (options: object): Promise<number> => {
    const model = await fitPreferences({
      kind: contrastiveRewardKind,
      options: { hidden: [2], dropout: 0, ...options },
      data,
      parameters,
      epochs: 1,
      optimizer: sgd({ learningRate: 1e-30 }),
    })
    return model.metrics['trainLoss'] as number
  }
  const [a, b] = [[[1, 2], [0, 1], [3, 1]], [[2, 0], [1, 1], [0, 0]]] as const // biome-ignore format: tables

  it('adds β times the contrast of hidden features, or of their differences', async () => {
    const margins = [-1 - 2, -1 - 0, 2 - 0]
    const preference = Number(await evaluate(({ m, y }) => pairLoss(m, { target: y }), { m: margins, y: [1, 0, 1] }))
    expect(await loss({ weight: 0 })).toBeCloseTo(preference, 5)
    const features = Number(await evaluate(({ h }) => infoNce(h, h), { h: [...a, ...b] }))
    expect(await loss({ weight: 0.3 })).toBeCloseTo(preference + 0.3 * features, 5)
    // Preferred less other: the second pair the other way round.
    const apart = [[-1, 2], [1, 0], [3, 1]] // biome-ignore format: a table
    const differences = Number(await evaluate(({ h }) => infoNce(h, h, { temperature: 0.5 }), { h: apart }))
    expect(await loss({ weight: 0.3, contrast: 'differences', temperature: 0.5 })).toBeCloseTo(
      preference + 0.3 * differences,
      5,
    )
    // Two equal prototypes tell nothing apart: ln 2.
    expect(await loss({ weight: 1, form: 'swav', prototypes: 2 })).toBeCloseTo(preference + Math.log(2), 5)
  })

  it('drops features in training alone, reads leads, and is opened again after saving', async () => {
    expect(await loss({ weight: 0.3, dropout: 0.4 })).not.toBeCloseTo(await loss({ weight: 0.3 }), 3)
    const kind = contrastiveRewardKind
    const fit = { kind, data, epochs: 3, options: { hidden: [4], form: 'swav', prototypes: 3 } }
    const [run, strength] = [() => startRun({ seed: 1 }), strengthOfAll([1, 2, -1])]
    const plain = await fitPreferences(fit, run())
    const led = await fitByStrength({ ...fit, strength, training: { margin: 'raw' } }, run())
    expect(await led.logits(data)).not.toEqual(await plain.logits(data))
    const folder = join(mkdtempSync(join(tmpdir(), 'penchant-')), 'model')
    await saveModel(led as FittedModel, folder)
    expect(await (await loadModel(folder)).logits(data)).toEqual(await led.logits(data))
  })
})
