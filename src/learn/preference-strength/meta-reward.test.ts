import { expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import {
  add,
  checkGradients,
  evaluate,
  gradients,
  hessianVectorProduct,
  mul,
  sgd,
  sub,
  sum,
  type Tensor,
  value,
} from '../../tensor/index.ts'
import { pairLoss } from '../loss/index.ts'
import { fitPreferences, rewardKind } from '../model/index.ts'
import { featurePairs } from '../pairs/pair-data.ts'
import { contrastiveRewardKind, fitMetaReward, responseDifference } from './index.ts'

it('difference of responses is (k − 1)/(2k) for equal scores, without a gradient, and worked out by hand for others', async () => {
  for (const k of [2, 3, 5]) {
    const s = [new Array<number>(k).fill(7), new Array<number>(k).fill(-1)]
    expect(await evaluate(({ s }) => responseDifference(s), { s })).toBeCloseTo((k - 1) / (2 * k), 12)
    const slopes = (await evaluate(({ s }) => gradients(responseDifference(s), s), { s })) as number[][]
    expect(slopes.flat().every((slope) => slope === 0)).toBe(true)
  }
  // Two prompts of two: (2/4) σ(2) and (2/4) σ(1).
  const sigma = (x: number) => 1 / (1 + Math.exp(-x))
  const found = await evaluate(({ s }) => responseDifference(s), { s: [[1, 3], [0, -1]] }) // biome-ignore format: a table
  expect(found).toBeCloseTo((sigma(2) / 2 + sigma(1) / 2) / 2, 12)
  const check = await checkGradients(({ s }) => responseDifference(s as Tensor), { s: [[1, 3, 0.2], [0, -1, 4]] }) // biome-ignore format: a table
  expect(check.error).toBeLessThan(1e-8)
  await expect(evaluate(({ s }) => responseDifference(s), { s: [[1]] })).rejects.toThrow('from 2')
})

const data = featurePairs({ a: [[1, 0], [0, 2]], b: [[0, 1], [1, 0]], targets: [1, 0] }) // biome-ignore format: a table
const responses = [[1, 1], [0, 3], [2, -1], [1, 4], [0, 0], [3, 1]] // biome-ignore format: a table
const parameters = {
  model: { layers: [{ weight: value(Float32Array.from([0.5, -0.3]), [1, 2]) }] },
  encoder: {},
  contextEncoder: {},
}
const step = { data, responses, perPrompt: 3, options: { bias: false }, parameters, epochs: 1 }
const rates = { meta: 0.7, learning: 0.9 }

/** One update of a linear model by the definition, on plain numbers. */
async function byDefinition(order: 'first' | 'second'): Promise<number[]> {
  const found = await evaluate(
    ({ w, d, y, h }) => {
      const scores = (of: Tensor): Tensor => sumOver(h, of)
      const difference = responseDifference(scores(w))
      const slope = gradients(difference, w)
      const moved = add(w, mul(slope, rates.meta))
      const there = gradients(pairLoss(sumOver(d, moved), { target: y }), moved)
      if (order === 'first') return sub(w, mul(there, rates.learning))
      // (I + η H_J) ∇L(θ′)
      const curved = add(there, mul(hessianVectorProduct(difference, w, there), rates.meta))
      return sub(w, mul(curved, rates.learning))
    },
    {
      w: [0.5, -0.3],
      d: [[1, -1], [-1, 2]], // biome-ignore format: a table
      y: [1, 0],
      h: [responses.slice(0, 3), responses.slice(3)],
    },
  )
  return found as number[]
}

function sumOver(x: Tensor, w: Tensor): Tensor {
  return sum(mul(x, w), -1)
}

it.each(['first', 'second'] as const)('takes the step of its definition, of %s order', async (order) => {
  const model = await fitMetaReward({
    ...step,
    meta: { metaRate: rates.meta, order },
    optimizer: sgd({ learningRate: rates.learning }),
  })
  const expected = await byDefinition(order)
  const found = model.parameters.model.layers[0]?.weight.data as Float32Array
  expected.forEach((weight, k) => {
    expect(found[k]).toBeCloseTo(weight, 5)
  })
})

it('first and second order differ, and responses that are all alike change nothing', async () => {
  const [first, second] = [await byDefinition('first'), await byDefinition('second')]
  expect(Math.abs((first[0] as number) - (second[0] as number))).toBeGreaterThan(1e-3)
  const alike = responses.map(() => [1, 1])
  const run = () => startRun({ seed: 1 })
  const fit = { data, options: { bias: false }, epochs: 20 }
  const meta = await fitMetaReward({ ...fit, responses: alike, perPrompt: 2, meta: { metaRate: 1 } }, run())
  const plain = await fitPreferences({ kind: rewardKind, ...fit }, run())
  expect(await meta.logits(data)).toEqual(await plain.logits(data))
})

it('asks all prompts in turn, also where they are more than pairs', async () => {
  const one = featurePairs({ a: [[1, 0]], b: [[0, 1]], targets: [1] }) // biome-ignore format: a table
  const many = Array.from({ length: 10 }, (_, row) => [row, (row * row) % 7])
  const losses: number[] = []
  await fitMetaReward({
    ...step,
    data: one,
    responses: many,
    perPrompt: 2,
    epochs: 10,
    meta: { metaRate: 1 },
    optimizer: sgd({ learningRate: 1e-30 }),
    onMetrics: ({ kind, loss }) => kind === 'epoch' && losses.push(loss),
  })
  expect(losses).toHaveLength(10)
  expect(new Set(losses).size).toBe(5)
  expect(losses.slice(5)).toEqual(losses.slice(0, 5))
})

it('refuses responses that do not come in lists of k', async () => {
  await expect(fitMetaReward({ data, responses, perPrompt: 3, kind: contrastiveRewardKind })).rejects.toThrow(
    'contrastive-reward trains by a loss of its own',
  )
  await expect(fitMetaReward({ ...step, perPrompt: 4 })).rejects.toThrow('6 responses are not 4 to each prompt')
  await expect(fitMetaReward({ ...step, perPrompt: 1 })).rejects.toThrow('at least 2')
  await expect(fitMetaReward({ ...step, responses: [[1, 2, 3], [1, 2, 3]], perPrompt: 2 })).rejects.toThrow('columns') // biome-ignore format: a table
})
