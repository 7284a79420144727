import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { checkGradients } from '../finite-difference.ts'
import * as t from '../index.ts'
import { type Tensor, type TensorValue, value } from '../index.ts'

const numbers = (
  shape: readonly number[],
  draw: (random: ReturnType<typeof seeded>) => number,
  seed: string,
): TensorValue => {
  const random = seeded(seed)
  const count = shape.reduce((product, size) => product * size, 1)
  return value(
    Float64Array.from({ length: count }, () => draw(random)),
    shape,
  )
}
const normal = (...shape: number[]): TensorValue => numbers(shape, (random) => random.normal(), `normal/${shape}`)
const other = (...shape: number[]): TensorValue => numbers(shape, (random) => random.normal(), `other/${shape}`)
const positive = (...shape: number[]): TensorValue =>
  numbers(shape, (random) => 0.3 + random.uniform(), `positive/${shape}`)
const indices = (...at: number[]): TensorValue => value(BigInt64Array.from(at, BigInt))
const grid = (shape: readonly number[], ...at: number[]): TensorValue => value(BigInt64Array.from(at, BigInt), shape)

const tables = ({ dtype }: Tensor): t.RotaryTables => {
  const { cos, sin } = t.rotaryTables(5, 4, 10)
  return { cos: t.cast(t.constant(cos), dtype), sin: t.cast(t.constant(sin), dtype) }
}

type Inputs = Readonly<Record<string, TensorValue>>
type Case = readonly [name: string, fn: (x: Readonly<Record<string, Tensor>>) => unknown, inputs: Inputs]

/** The inputs a, b, c of a graph function, which each case has as many of as it names. */
const of =
  (fn: (a: Tensor, b: Tensor, c: Tensor) => unknown) =>
  ({ a, b, c }: Readonly<Record<string, Tensor>>): unknown =>
    fn(a as Tensor, b as Tensor, c as Tensor)

const unaries: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  neg: t.neg,
  abs: t.abs,
  exp: t.exp,
  expm1: t.expm1,
  sin: t.sin,
  cos: t.cos,
  tanh: t.tanh,
  sigmoid: t.sigmoid,
  square: t.square,
  erf: t.erf,
  relu: t.relu,
  leakyRelu: t.leakyRelu,
  softplus: t.softplus,
  logSigmoid: t.logSigmoid,
  silu: t.silu,
  gelu: t.gelu,
  'gelu by tanh': (x) => t.gelu(x, { approximate: true }),
  clip: (x) => t.clip(x, -0.5, 0.7),
  'clip above': (x) => t.clip(x, undefined, 0.2),
  'pow 3': (x) => t.pow(x, 3),
}
const onPositive: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  log: t.log,
  log1p: t.log1p,
  sqrt: t.sqrt,
  reciprocal: t.reciprocal,
  'pow 1.7': (x) => t.pow(x, 1.7),
  'pow −½': (x) => t.pow(x, -0.5),
  signedPow: (x) => t.signedPow(x, 1.3),
  logit: (x) => t.logit(t.mul(x, 0.5)),
}

const cases: readonly Case[] = [
  ...Object.entries(unaries).map(([name, fn]): Case => [name, of(fn), { a: normal(3, 4) }]),
  ...Object.entries(onPositive).map(([name, fn]): Case => [name, of(fn), { a: positive(3, 2) }]),
  ['add, broadcasting', of(t.add), { a: normal(3, 1), b: other(2, 1, 4) }],
  ['sub, broadcasting', of(t.sub), { a: normal(3, 4), b: other(4) }],
  ['mul, broadcasting', of(t.mul), { a: normal(2, 1, 3), b: other(4, 1) }],
  ['div, broadcasting', of(t.div), { a: normal(2, 3), b: positive(3) }],
  ['pow of two tensors', of(t.pow), { a: positive(2, 3), b: other(3) }],
  ['maximum', of(t.maximum), { a: normal(5), b: other(5) }],
  ['minimum', of(t.minimum), { a: normal(5), b: other(2, 5) }],
  ['where', of((a, b) => t.where(t.greater(a, 0), b, t.square(a))), { a: normal(6), b: other(6) }],
  ['sum of all', of((a) => t.sum(a)), { a: normal(2, 3) }],
  ['sum over an axis', of((a) => t.square(t.sum(a, 1, { keepDims: true }))), { a: normal(2, 3, 2) }],
  ['mean', of((a) => t.square(t.mean(a, [0, -1]))), { a: normal(2, 3, 2) }],
  ['max', of((a) => t.max(a, 1)), { a: normal(3, 4) }],
  ['min of all', of((a) => t.min(a)), { a: normal(3, 4) }],
  ['logSumExp', of((a) => t.logSumExp(a, 0)), { a: normal(3, 4) }],
  ['variance', of((a) => t.variance(a, 1, { correction: 1 })), { a: normal(3, 4) }],
  ['standardDeviation', of((a) => t.standardDeviation(a, 0)), { a: normal(3, 4) }],
  ['norm', of((a) => t.norm(a, -1)), { a: normal(3, 4) }],
  ['normalize', of((a) => t.normalize(a)), { a: normal(3, 4) }],
  ['cosineSimilarity', of((a, b) => t.cosineSimilarity(a, b)), { a: normal(3, 4), b: other(3, 4) }],
  ['maskedMean', of((a) => t.maskedMean(a, t.greater(a, -0.5), 1)), { a: normal(3, 4) }],
  ['reshape', of((a) => t.square(t.reshape(a, [-1, 2]))), { a: normal(2, 3, 2) }],
  ['transpose', of((a) => t.square(t.transpose(a, [2, 0, 1]))), { a: normal(2, 3, 2) }],
  ['broadcastTo', of((a) => t.square(t.broadcastTo(a, [2, 3, 4]))), { a: normal(3, 1) }],
  ['matmul', of((a, b) => t.matmul(a, b)), { a: normal(3, 4), b: other(4, 2) }],
  [
    'matmul, both transposed',
    of((a, b) => t.matmul(a, b, { transposeA: true, transposeB: true, scale: 0.5 })),
    { a: normal(4, 3), b: other(2, 4) },
  ],
  ['matmul, batched', of((a, b) => t.matmul(a, t.transpose(b))), { a: normal(2, 3, 4), b: other(2, 5, 4) }],
  [
    'matmul, left transposed in a batch',
    of((a, b) => t.matmul(a, b, { transposeA: true })),
    { a: normal(2, 4, 3), b: other(2, 4, 2) },
  ],
  ['matmul, batches broadcasting', of((a, b) => t.matmul(a, b)), { a: normal(2, 1, 2, 3), b: other(4, 3, 2) }],
  ['matmul, one weight for a batch', of((a, b) => t.matmul(a, b)), { a: normal(2, 3, 4), b: other(4, 2) }],
  [
    'matmul, one transposed weight',
    of((a, b) => t.matmul(a, b, { transposeB: true })),
    { a: normal(2, 3, 4), b: other(2, 4) },
  ],
  ['matmul of a vector', of((a, b) => t.matmul(a, b)), { a: normal(4), b: other(4, 2) }],
  ['matmul of an empty batch', of((a, b) => t.matmul(a, b)), { a: normal(0, 4), b: other(4, 2) }],
  ['linear', of((a, b, c) => t.linear(a, b, c)), { a: normal(2, 3, 4), b: other(4, 2), c: normal(2) }],
  [
    'linear, transposed weight',
    of((a, b, c) => t.linear(a, b, c, { transposed: true })),
    { a: normal(3, 4), b: other(2, 4), c: normal(2) },
  ],
  ['dot', of(t.dot), { a: normal(3, 4), b: other(3, 4) }],
  ['outer', of(t.outer), { a: normal(3), b: other(4) }],
  ['einsum', of((a, b) => t.einsum('bij,bkj->bik', a, b)), { a: normal(2, 3, 4), b: other(2, 2, 4) }],
  ['einsum without inner names', of((a, b) => t.einsum('bi,bj->bji', a, b)), { a: normal(2, 3), b: other(2, 4) }],
  [
    'einsum of three',
    of((a, b, c) => t.einsum('ij,jk,k->i', a, b, c)),
    { a: normal(2, 3), b: other(3, 4), c: normal(4) },
  ],
  ['softmax', of((a) => t.softmax(a)), { a: normal(3, 4) }],
  ['softmax over the first axis', of((a) => t.softmax(a, { axis: 0 })), { a: normal(3, 4) }],
  [
    'softmax, masked',
    of((a, b) => t.softmax(a, { mask: t.greater(t.stopGradient(b), 0) })),
    { a: normal(3, 4), b: other(3, 4) },
  ],
  ['logSoftmax', of((a) => t.logSoftmax(a)), { a: normal(3, 4) }],
  ['layerNorm', of((a, b, c) => t.layerNorm(a, { scale: b, bias: c })), { a: normal(3, 5), b: other(5), c: normal(5) }],
  ['layerNorm over one feature', of((a) => t.layerNorm(a)), { a: normal(3, 1) }],
  ['rmsNorm', of((a, b) => t.rmsNorm(a, { scale: b })), { a: normal(2, 3, 5), b: other(5) }],
  [
    'groupNorm',
    of((a, b, c) => t.groupNorm(a, 2, { scale: b, bias: c })),
    { a: normal(2, 4, 3), b: other(4), c: normal(4) },
  ],
  [
    'attention',
    of((a, b, c) => t.attention(a, b, c)),
    { a: normal(2, 2, 3, 4), b: other(2, 2, 5, 4), c: normal(2, 2, 5, 2) },
  ],
  [
    'attention, causal with a window',
    of((a, b, c) => t.attention(a, b, c, { causal: true, window: 2 })),
    { a: normal(1, 2, 3, 4), b: other(1, 2, 4, 4), c: normal(1, 2, 4, 2) },
  ],
  [
    'attention, grouped, with bias and mask',
    of((a, b) =>
      t.attention(a, b, b, {
        bias: t.cos(t.matmul(a, b, { transposeB: true })),
        mask: t.constant(value(Uint8Array.from([1, 0, 1, 1, 1, 0]), [1, 2, 1, 3], 'bool')),
      }),
    ),
    { a: normal(1, 2, 2, 4), b: other(1, 1, 3, 4) },
  ],
  ['rotary', of((a, b) => t.rotary(a, tables(a), b)), { a: normal(2, 2, 3, 4), b: indices(1) }],
  [
    'rotary at given positions',
    of((a, b) => t.rotary(a, tables(a), b)),
    { a: normal(2, 1, 2, 4), b: grid([2, 2], 4, 0, 1, 3) },
  ],
  ['slice', of((a) => t.square(t.slice(a, 1, 1, -1))), { a: normal(2, 5) }],
  ['slice, every second', of((a) => t.square(t.slice(a, 1, 1, undefined, 2))), { a: normal(2, 6) }],
  ['slice, every third of an odd rest', of((a) => t.square(t.slice(a, 0, 0, 5, 3))), { a: normal(5) }],
  ['at', of((a) => t.square(t.at(a, 1, -1))), { a: normal(2, 3) }],
  ['pad', of((a) => t.square(t.pad(a, [[1, 2]], 0.5))), { a: normal(2, 3) }],
  ['concat', of((a, b) => t.square(t.concat([a, b, a], 1))), { a: normal(2, 3), b: other(2, 1) }],
  ['stack', of((a, b) => t.square(t.stack([a, b], -1))), { a: normal(2, 3), b: other(2, 3) }],
  ['split, one part unused', of((a) => t.square(t.split(a, [1, 2, 1], 1)[1] as Tensor)), { a: normal(2, 4) }],
  ['flip', of((a) => t.square(t.flip(a, [0, 1]))), { a: normal(2, 3) }],
  ['tile', of((a) => t.square(t.tile(a, [2, 3]))), { a: normal(2, 2) }],
  ['repeat', of((a) => t.square(t.repeat(a, 3, 1))), { a: normal(2, 2) }],
  ['roll', of((a) => t.square(t.roll(a, -1, 1))), { a: normal(2, 3) }],
  ['gather', of((a, b) => t.square(t.gather(a, b))), { a: normal(4, 3), b: grid([2, 2], 3, 1, 1, -4) }],
  [
    'gather along a middle axis',
    of((a, b) => t.square(t.gather(a, b, { axis: 1 }))),
    { a: normal(2, 4, 3), b: indices(3, 1, 1) },
  ],
  ['takeAlong', of((a, b) => t.square(t.takeAlong(a, b))), { a: normal(2, 4), b: grid([2, 3], 3, 1, 1, -1, 0, 2) }],
  [
    'takeAlong the first axis',
    of((a, b) => t.square(t.takeAlong(a, b, 0))),
    { a: normal(3, 2), b: grid([2, 2], 0, 2, 2, 2) },
  ],
  [
    'scatterAdd',
    of((a, b, c) => t.square(t.scatterAdd(a, c, b))),
    { a: normal(4, 2), b: other(3, 2), c: indices(1, 1, 3) },
  ],
  [
    'scatterAdd along another axis',
    of((a, b, c) => t.square(t.scatterAdd(a, c, b, { axis: 1 }))),
    { a: normal(2, 4), b: other(2, 3), c: indices(1, 1, 3) },
  ],
  ['segmentSum', of((a, b) => t.square(t.segmentSum(a, b, 3))), { a: normal(4, 2), b: indices(0, 2, 2, 0) }],
  ['segmentMean', of((a, b) => t.square(t.segmentMean(a, b, 3))), { a: normal(4, 2), b: indices(0, 2, 2, 0) }],
  [
    'sparseMatmul',
    of((a) =>
      t.square(
        t.sparseMatmul(t.sparseMatrix(3, 4, { rows: [0, 2, 2, 2], columns: [1, 3, 0, 3], values: [0.5, 2, -1, 1] }), a),
      ),
    ),
    { a: normal(4, 2) },
  ],
  ['cumulativeSum', of((a) => t.square(t.cumulativeSum(a, 1))), { a: normal(2, 4) }],
  [
    'cumulativeSum, exclusive and from the end',
    of((a) => t.square(t.cumulativeSum(a, 0, { exclusive: true, reverse: true }))),
    { a: normal(3, 2) },
  ],
  ['sort', of((a) => t.square(t.sort(a))), { a: normal(2, 4) }],
  [
    'sort, descending along the first axis',
    of((a) => t.square(t.sort(a, { axis: 0, descending: true }))),
    { a: normal(4, 2) },
  ],
  ['topK', of((a) => t.square(t.topK(a, 2).values)), { a: normal(2, 4) }],
  ['median and quantile', of((a) => [t.median(a, 1), t.quantile(a, 0.3, 0)]), { a: normal(3, 4) }],
  [
    'conv1d',
    of((a, b, c) => t.conv1d(a, b, { bias: c, stride: 2, padding: 1 })),
    { a: normal(2, 2, 7), b: other(3, 2, 3), c: normal(3) },
  ],
  ['conv2d', of((a, b) => t.conv2d(a, b, { padding: 1 })), { a: normal(1, 2, 4, 3), b: other(2, 2, 3, 3) }],
  [
    'conv2d, groups and dilation',
    of((a, b) => t.conv2d(a, b, { groups: 2, dilation: 2, padding: [2, 1] })),
    { a: normal(2, 4, 4, 3), b: other(4, 2, 3, 2) },
  ],
  ['conv2d of an empty batch', of((a, b) => t.conv2d(a, b)), { a: normal(0, 2, 4, 3), b: other(2, 2, 3, 3) }],
  [
    'convTranspose1d',
    of((a, b) => t.convTranspose1d(a, b, { stride: 2, padding: 1, outputPadding: 1 })),
    { a: normal(2, 3, 4), b: other(3, 2, 3) },
  ],
  [
    'convTranspose2d, groups',
    of((a, b) => t.convTranspose2d(a, b, { stride: 2, groups: 2 })),
    { a: normal(1, 4, 2, 3), b: other(4, 1, 2, 2) },
  ],
  ['maxPool', of((a) => t.square(t.maxPool(a, 2))), { a: normal(2, 2, 4, 4) }],
  ['maxPool, overlapping and padded', of((a) => t.maxPool(a, 3, { stride: 2, padding: 1 })), { a: normal(1, 1, 5, 4) }],
  ['averagePool', of((a) => t.square(t.averagePool(a, [2, 1], { stride: 1 }))), { a: normal(1, 2, 3, 2) }],
  ['globalAveragePool', of((a) => t.square(t.globalAveragePool(a))), { a: normal(2, 3, 2, 2) }],
  ['upsampleNearest', of((a) => t.square(t.upsampleNearest(a, 2))), { a: normal(1, 2, 2, 3) }],
  ['resizeBilinear', of((a) => t.square(t.resizeBilinear(a, 5, 2))), { a: normal(1, 2, 3, 4) }],
]

const withoutSecond = new Set(['abs'])

describe('gradients agree with finite differences', () => {
  it.each(cases)('%s', async (name, fn, inputs) => {
    const first = await checkGradients(fn, inputs)
    expect(first, name).toSatisfy(({ error }: { error: number }) => error < 2e-8)
    if (withoutSecond.has(name)) return
    const second = await checkGradients(fn, inputs, { order: 2 })
    expect(second, `${name}, twice`).toSatisfy(({ error }: { error: number }) => error < 2e-7)
  })

  // The kernels for float32 are others than those for float64, fused ones among them.
  it.each(cases)('%s, the same in float32', async (_name, fn, inputs) => {
    const both = ({ ...symbolic }: Readonly<Record<string, Tensor>>): unknown => {
      const results = [fn(symbolic)].flat().filter((result) => result !== undefined) as Tensor[]
      const total = t.addAll(results.map((result) => t.sum(t.sin(result))))
      const moving = Object.values(symbolic).filter(({ dtype }) => dtype === 'float32' || dtype === 'float64')
      return { results, gradients: t.gradients(total, moving) }
    }
    const double = await t.evaluate(both, inputs)
    const single = await t.evaluate(both, inputs, { dtype: 'float32' })
    const flat = (tree: unknown): number[] =>
      Array.isArray(tree)
        ? tree.flatMap(flat)
        : typeof tree === 'object'
          ? Object.values(tree ?? {}).flatMap(flat)
          : [Number(tree)]
    const [expected, found] = [flat(double), flat(single)]
    expect(found.length).toBe(expected.length)
    found.forEach((number, index) => {
      const exact = expected[index] ?? Number.NaN
      expect(Math.abs(number - exact) / Math.max(1, Math.abs(exact))).toBeLessThan(2e-5)
    })
  })

  it('sees a wrong gradient', async () => {
    const wrong = (x: Tensor): Tensor => t.withGradient(t.exp(x), [x], (gradient) => [gradient])
    expect((await checkGradients(of(wrong), { a: normal(3) })).error).toBeGreaterThan(0.1)
  })
})
