import { z } from 'zod'
import {
  adaptLinearRaters,
  adaptRaters,
  featurePairs,
  fittedModel,
  type Matrix,
  type ModelKind,
  type PairData,
  plainFeatures,
  raterRows,
} from '../../src/learn/index.ts'
import { logisticLoss } from '../../src/measure/index.ts'
import { startRun } from '../../src/run/index.ts'
import { constant, mul, sum, type TensorValue, zeros } from '../../src/tensor/index.ts'
import { floats, newcomers } from './data.ts'
import type { Round, Workload } from './workload.ts'

const { raters, pairsEach, width } = newcomers

/** The first raters' leads and answers. */
function given(count: number): { readonly leads: Matrix; readonly answers: Float32Array; readonly rater: Int32Array } {
  const pairs = count * pairsEach
  return {
    leads: { rows: pairs, columns: width, data: floats('leads').subarray(0, pairs * width) },
    answers: floats('answers').subarray(0, pairs),
    rater: Int32Array.from({ length: pairs }, (_, pair) => Math.floor(pair / pairsEach)),
  }
}

/** How well the first ten are told, who are in every sample. */
const judged = 10
function lossOf(tastes: Float32Array): number {
  const { leads, answers } = given(Math.min(judged, tastes.length / width))
  let total = 0
  answers.forEach((answer, pair) => {
    let lead = 0
    for (let k = 0; k < width; k++)
      lead += (leads.data[pair * width + k] ?? 0) * (tastes[Math.floor(pair / pairsEach) * width + k] ?? 0)
    total += logisticLoss(lead, answer)
  })
  return total / answers.length
}

function timed(done: number, work: () => Promise<Float32Array> | Float32Array): () => Promise<Round> {
  return async () => {
    const start = performance.now()
    const tastes = await work()
    const ms = performance.now() - start
    return { done, ms, loss: lossOf(tastes) }
  }
}

/** Everyone's weights by Newton's method, λ = 1: all at once. */
const linear: Workload = {
  name: 'newcomers',
  title: 'weights over 8 heads for 100 k raters of 8 pairs, exactly, beside a loop over raters in PyTorch',
  target: 10,
  unit: 'raters',
  make() {
    const { leads, answers, rater } = given(raters)
    return timed(
      raters,
      () => adaptLinearRaters({ differences: leads, rater, raters, targets: answers }).parameters.data,
    )
  },
}

/** The same, rater by rater. */
const oneByOne: Workload = {
  ...linear,
  name: 'newcomers-one-by-one',
  title: 'the same, our own loop over raters beside that of PyTorch',
  make() {
    const { leads, answers } = given(raters)
    return timed(raters, () => {
      const tastes = new Float32Array(raters * width)
      for (let of = 0; of < raters; of++) {
        const [from, to] = [of * pairsEach, (of + 1) * pairsEach]
        const differences = { rows: pairsEach, columns: width, data: leads.data.subarray(from * width, to * width) }
        const { parameters } = adaptLinearRaters({
          differences,
          rater: new Int32Array(pairsEach),
          raters: 1,
          targets: answers.subarray(from, to),
        })
        tastes.set(parameters.data, of * width)
      }
      return tastes
    })
  },
}

/** Rewards of known heads, weighted by each rater in an own way. */
const weighted: ModelKind<Record<string, never>, { readonly weights: TensorValue }> = {
  name: 'weighted',
  options: z.strictObject({}),
  raterParameters: ['weights'],
  init: (_, sizes) => ({ weights: zeros([Math.max(1, sizes.raters), sizes.width]) }),
  score: (parameters, { features, rater }) => {
    if (rater === undefined) throw new RangeError('weighted: the rows have no raters')
    const own = raterRows(parameters.weights, rater, constant(zeros([width])))
    return sum(mul(own, features), -1, { keepDims: true })
  },
}

function adapting(count: number, of: string, rounds: number): Pick<Workload, 'make'> {
  return {
    make() {
      const all = given(count * rounds)
      const model = fittedModel({
        kind: weighted,
        options: {},
        encoder: plainFeatures(width),
        parameters: { model: { weights: zeros([1, width]) }, encoder: {}, contextEncoder: {} },
      })
      const some = (round: number): PairData => {
        const [from, to] = [round * count * pairsEach, (round + 1) * count * pairsEach]
        return featurePairs({
          a: { rows: to - from, columns: width, data: all.leads.data.subarray(from * width, to * width) },
          b: { rows: to - from, columns: width, data: new Float32Array((to - from) * width) },
          targets: all.answers.subarray(from, to),
          raters: all.rater.map((rater) => rater % count).subarray(from, to),
          raterNames: Array.from({ length: count }, (_, rater) => `${of} ${rater}`),
        })
      }
      const parts = Array.from({ length: rounds }, (_, round) => some(round))
      return timed(count * rounds, async () => {
        const tastes = new Float32Array(count * rounds * width)
        for (const [round, data] of parts.entries()) {
          const adapted = await adaptRaters({ model, data }, startRun({ seed: 1 }))
          tastes.set(adapted.parameters.model.weights.data as Float32Array, round * count * width)
        }
        return tastes
      })
    },
  }
}

const adapted: Workload = {
  ...linear,
  name: 'adapt',
  title: 'the same by 200 AdamW updates, as for parameters that are not linear',
  ...adapting(raters, 'rater', 1),
}

const adaptedOneByOne: Workload = {
  ...linear,
  name: 'adapt-one-by-one',
  title: 'the same, our own loop over raters beside that of PyTorch',
  ...adapting(1, 'rater', 10),
}

export const newcomerWorkloads = [linear, oneByOne, adapted, adaptedOneByOne]
