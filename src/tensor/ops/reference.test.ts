import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Tensor, TensorValue } from '../index.ts'
import * as t from '../index.ts'

interface Plain {
  readonly shape: readonly number[]
  readonly data: readonly number[]
  readonly int?: boolean
}
interface Reference {
  readonly inputs: readonly Plain[]
  readonly result: Plain
  readonly gradients: readonly Plain[]
  readonly mask?: Plain
}
const { cases }: { readonly cases: Readonly<Record<string, Reference>> } = JSON.parse(
  readFileSync(new URL('../fixtures/operations.json', import.meta.url), 'utf8'),
)
const read = ({ shape, data, int }: Plain): TensorValue =>
  int ? t.value(BigInt64Array.from(data, BigInt), shape) : t.value(Float32Array.from(data), shape)

type Fn = (a: Tensor, b: Tensor, c: Tensor) => Tensor
const functions: Readonly<Record<string, Fn>> = {
  gelu: (a) => t.gelu(a),
  'gelu tanh': (a) => t.gelu(a, { approximate: true }),
  silu: (a) => t.silu(a),
  softplus: (a) => t.softplus(a),
  logSigmoid: (a) => t.logSigmoid(a),
  leakyRelu: (a) => t.leakyRelu(a, 0.2),
  log1p: (a) => t.log1p(a),
  expm1: (a) => t.expm1(a),
  erf: (a) => t.erf(a),
  logSumExp: (a) => t.logSumExp(a, 1),
  variance: (a) => t.variance(a, 1, { correction: 1 }),
  norm: (a) => t.norm(a, 0),
  max: (a) => t.max(a, 1),
  maximum: t.maximum,
  softmax: (a) => t.softmax(a, { axis: 0 }),
  'softmax masked': (a) => {
    const mask = cases['softmax masked']?.mask as Plain
    return t.softmax(a, { mask: t.constant(t.value(Uint8Array.from(mask.data), mask.shape, 'bool')) })
  },
  logSoftmax: (a) => t.logSoftmax(a),
  layerNorm: (a, b, c) => t.layerNorm(a, { scale: b, bias: c }),
  rmsNorm: (a, b) => t.rmsNorm(a, { scale: b }),
  groupNorm: (a, b, c) => t.groupNorm(a, 2, { scale: b, bias: c }),
  takeAlong: (a, b) => t.takeAlong(a, b),
  scatterAdd: (a, b, c) => t.scatterAdd(a, b, c),
  cumulativeSum: (a) => t.cumulativeSum(a, 0),
  sort: (a) => t.sort(a, { descending: true }),
  topK: (a) => t.topK(a, 2).values,
  einsum: (a, b) => t.einsum('ij,kj->ki', a, b),
  conv1d: (a, b, c) => t.conv1d(a, b, { bias: c, stride: 2, padding: 2, dilation: 2 }),
  conv2d: (a, b) => t.conv2d(a, b, { stride: [2, 1], padding: 1, groups: 2 }),
  convTranspose2d: (a, b) => t.convTranspose2d(a, b, { stride: 2, padding: 1, outputPadding: 1 }),
  'convTranspose1d groups': (a, b) => t.convTranspose1d(a, b, { stride: 3, groups: 3 }),
  maxPool: (a) => t.maxPool(a, 3, { stride: 2, padding: 1 }),
  averagePool: (a) => t.averagePool(a, 2, { stride: 1, padding: 1 }),
  resizeBilinear: (a) => t.resizeBilinear(a, 9, 3),
  attention: (a, b, c) => t.attention(a, b, c, { causal: true }),
}

describe('values and gradients are those of PyTorch', () => {
  it('has a function for every case', () => {
    expect(Object.keys(functions).sort()).toEqual(Object.keys(cases).sort())
  })

  it.each(Object.keys(cases))('%s', async (name) => {
    const reference = cases[name] as Reference
    const inputs = Object.fromEntries(reference.inputs.map((input, index) => ['abc'[index] ?? '', read(input)]))
    const run = await t.compile(
      ({ a, b, c }: Readonly<Record<string, Tensor>>) => {
        const result = (functions[name] as Fn)(a as Tensor, b as Tensor, c as Tensor)
        const moving = [a, b, c].filter((x): x is Tensor => x?.dtype === 'float32')
        return { result, gradients: t.gradients(t.sum(t.sin(result)), moving) }
      },
      { inputs: inputs as Readonly<Record<string, t.TensorType>>, threads: 2 },
    )
    const { result, gradients } = await run(inputs)
    const same = (found: TensorValue | undefined, expected: Plain): void => {
      expect(found?.shape).toEqual(expected.shape)
      expected.data.forEach((number, index) => {
        const close = Math.abs(Number(found?.data[index]) - number) <= 2e-5 * Math.max(1, Math.abs(number))
        expect(close, `${name}[${index}]: ${found?.data[index]}, PyTorch has ${number}`).toBe(true)
      })
    }
    same(result, reference.result)
    expect(gradients.length).toBe(reference.gradients.length)
    reference.gradients.forEach((expected, index) => {
      same(gradients[index], expected)
    })
    await run.dispose()
  })
})
