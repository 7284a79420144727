import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { checkGradients } from '../finite-difference.ts'
import * as t from '../index.ts'
import { type Tensor, type TensorValue, value } from '../index.ts'

// Every operation with its sizes as letters, one per axis: drawn at random, all of them 1, and with an empty batch (b).

type Symbols = Readonly<Record<string, Tensor>>
interface Case {
  readonly name: string
  readonly fn: (x: Tensor, y: Tensor, z: Tensor) => unknown
  /** One word per input; `i:` before it makes whole numbers below the size n of it. */
  readonly inputs: readonly string[]
}
const on =
  (...inputs: readonly string[]) =>
  (name: string, fn: Case['fn']): Case => ({ name, fn, inputs })

const table = on('bn')
const rows = on('bnk')
const images = on('bcvw')

const sparse = (n: number): t.SparseMatrix =>
  t.sparseMatrix(n + 1, n, { rows: [0, n, n], columns: [0, n - 1, 0], values: [0.5, 2, -1] })
const size = (x: Tensor, axis: number): number => Number(t.dimAt(x.shape, axis))

const cases: readonly Case[] = [
  ...Object.entries({
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
  }).map(([name, fn]) => table(name, (x) => fn(x))),
  ...Object.entries({ log: t.log, log1p: t.log1p, sqrt: t.sqrt, reciprocal: t.reciprocal }).map(([name, fn]) =>
    table(name, (x) => fn(t.add(t.square(x), 0.5))),
  ),
  table('clip', (x) => t.clip(x, -0.5, 0.7)),
  on('bn', 'n')('add', t.add),
  on('bn', 'bmn')('sub, more axes on the right', (x, y) => t.sub(t.expandDims(x, 1), y)),
  on('bn', '1n')('mul', t.mul),
  on('bn', 'b1')('div', (x, y) => t.div(x, t.add(t.square(y), 0.5))),
  on('bn', 'n')('pow', (x, y) => t.pow(t.add(t.square(x), 0.5), y)),
  on('bn', 'bn')('maximum and minimum', (x, y) => [t.maximum(x, y), t.minimum(x, y)]),
  on('bn', 'n')('where', (x, y) => t.where(t.greater(x, 0), x, y)),
  table('sum of all and over an axis', (x) => [t.sum(t.square(x)), t.square(t.sum(x, 0)), t.square(t.sum(x, 1))]),
  table('mean', (x) => t.square(t.mean(x, -1, { keepDims: true }))),
  table('max and min', (x) => [t.max(x, 1), t.min(x, 1)]),
  table('logSumExp', (x) => t.logSumExp(x, 1)),
  table('variance', (x) => t.variance(x, 1)),
  table('norm', (x) => t.norm(x, -1)),
  table('softmax and logSoftmax', (x) => [t.softmax(x), t.logSoftmax(x)]),
  on('bn', 'bn')('softmax, masked', (x, y) => t.softmax(x, { mask: t.greater(t.stopGradient(y), 0) })),
  on('bmn', 'n', 'n')('layerNorm', (x, y, z) => t.layerNorm(x, { scale: y, bias: z, epsilon: 0.1 })),
  on('bmn', 'n')('rmsNorm', (x, y) => t.rmsNorm(x, { scale: y, epsilon: 0.1 })),
  on('bcn', 'c')('groupNorm', (x, y) => t.groupNorm(x, 1, { scale: y, epsilon: 0.1 })),
  rows('reshape', (x) => t.square(t.flatten(x, 1))),
  rows('transpose', (x) => t.square(t.transpose(x, [2, 0, 1]))),
  rows('a transpose taken back', (x) => t.square(t.transpose(t.transpose(x)))),
  on('b1n')('broadcastTo', (x) => t.square(t.broadcastTo(x, [2, size(x, 0), 3, size(x, 2)]))),
  on('bmk', 'bkn')('matmul', (x, y) => t.matmul(x, y)),
  on('bkm', 'bnk')('matmul, transposed', (x, y) => t.matmul(x, y, { transposeA: true, transposeB: true, scale: 0.3 })),
  on('bkm', 'bnk')('matmul of transposes', (x, y) => t.matmul(t.transpose(x), t.transpose(y))),
  on('bmk', 'kn')('matmul with one weight', (x, y) => t.matmul(x, y)),
  on('bmk', 'nk')('matmul with one weight, a transpose', (x, y) => t.matmul(x, t.transpose(y))),
  on('bk', 'k')('matmul with a vector', (x, y) => t.matmul(x, y)),
  on('bmk', 'kn', 'n')('linear', (x, y, z) => t.linear(x, y, z)),
  on('bk', 'nk', 'n')('linear, transposed', (x, y, z) => t.linear(x, t.transpose(y), z)),
  on('bn', 'bn')('dot', t.dot),
  on('bij', 'bkj', 'ik')('einsum', (x, y, z) => t.einsum('bij,bkj,ik->kb', x, y, z)),
  on('bhmd', 'bhnd', 'bhnv')('attention', (x, y, z) => t.attention(x, y, z)),
  on('bhm4', 'bhm4')('rotary', (x, y) => {
    const { cos, sin } = t.rotaryTables(6, 4, 10)
    const tables = { cos: t.cast(t.constant(cos), 'float64'), sin: t.cast(t.constant(sin), 'float64') }
    const offset = t.constant(value(BigInt64Array.of(1n)))
    return t.matmul(t.rotary(x, tables, offset), t.rotary(y, tables, offset), { transposeB: true })
  }),
  rows('slice and at', (x) => [t.square(t.slice(x, 1, size(x, 1) - 1)), t.square(t.at(x, -1, 0))]),
  rows('pad', (x) =>
    t.square(
      t.pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        0.5,
      ),
    ),
  ),
  on('bn', 'bm')('concat', (x, y) => t.square(t.concat([x, y, x], 1))),
  on('bn', 'bn')('stack', (x, y) => t.square(t.stack([x, y], 1))),
  rows('split', (x) => t.split(x, [1, size(x, 1) - 1], 1).map(t.square)),
  rows('flip, roll, tile and repeat', (x) =>
    t.square(t.flip(t.roll(t.repeat(t.tile(x, [1, 2, 1]), 2, 2), 1, 1), [1, 2])),
  ),
  on('nk', 'i:bm')('gather', (x, y) => t.square(t.gather(x, y))),
  on('nk', 'i:b')('gather along the last axis', (x, y) => t.square(t.gather(t.transpose(x), y, { axis: 1 }))),
  on('bn', 'i:bm')('takeAlong', (x, y) => t.square(t.takeAlong(x, y))),
  on('nk', 'bk', 'i:b')('scatterAdd', (x, y, z) => t.square(t.scatterAdd(x, z, y))),
  on('bk', 'i:b')('segmentSum and segmentMean', (x, y) => [
    t.square(t.segmentSum(x, y, 5)),
    t.square(t.segmentMean(x, y, 5)),
  ]),
  on('nb')('sparseMatmul', (x) => t.square(t.sparseMatmul(sparse(size(x, 0)), x))),
  rows('cumulativeSum', (x) => t.square(t.cumulativeSum(x, 1, { exclusive: true }))),
  table('sort and topK', (x) => [t.square(t.sort(x)), t.square(t.topK(x, 1).values)]),
  table('median and quantile', (x) => [t.median(x, 1), t.quantile(x, 0.3, 1)]),
  on('bcw', 'oc3', 'o')('conv1d', (x, y, z) => t.conv1d(x, y, { bias: z, padding: 1, stride: 2 })),
  on('bcvw', 'oc12')('conv2d', (x, y) => t.conv2d(x, y, { padding: [0, 1] })),
  on('bcw', 'co3')('convTranspose1d', (x, y) => t.convTranspose1d(x, y, { stride: 2, padding: 1 })),
  images('maxPool and averagePool', (x) => [
    t.square(t.maxPool(x, 2, { padding: 1 })),
    t.square(t.averagePool(x, 2, { stride: 1, padding: 1 })),
  ]),
  images('globalAveragePool', (x) => t.square(t.globalAveragePool(x))),
  images('upsampleNearest', (x) => t.square(t.upsampleNearest(x, 2))),
  images('resizeBilinear', (x) => t.square(t.resizeBilinear(x, 3, 5))),
]

const ways = ['random', 'size 1', 'empty batch'] as const

function draw({ name, inputs }: Case, way: (typeof ways)[number]): Readonly<Record<string, TensorValue>> {
  const random = seeded(`${name}/${way}`)
  const sizes = new Map<string, number>()
  const sizeOf = (letter: string): number => {
    if (/\d/.test(letter)) return Number(letter)
    if (letter === 'b' && way === 'empty batch') return 0
    const known = sizes.get(letter) ?? (way === 'size 1' ? 1 : 1 + random.integer(4))
    sizes.set(letter, known)
    return known
  }
  const values = inputs.map((word) => {
    const shape = [...word.replace('i:', '')].map(sizeOf)
    const count = shape.reduce((product, each) => product * each, 1)
    return word.startsWith('i:')
      ? value(
          BigInt64Array.from({ length: count }, () => BigInt(random.integer(sizeOf('n')))),
          shape,
        )
      : value(
          Float64Array.from({ length: count }, () => random.normal()),
          shape,
        )
  })
  return Object.fromEntries(values.map((each, index) => ['xyz'[index] ?? '', each]))
}

describe.each(ways)('gradients agree with finite differences, %s', (way) => {
  it.each(cases.map((each) => ({ ...each })))('$name', async (each) => {
    const inputs = draw(each, way)
    const check = await checkGradients(({ x, y, z }: Symbols) => each.fn(x as Tensor, y as Tensor, z as Tensor), inputs)
    const shapes = Object.values(inputs).map(({ shape }) => shape)
    expect(check.error, `${JSON.stringify(shapes)} ${JSON.stringify(check)}`).toBeLessThan(1e-7)
  })
})
