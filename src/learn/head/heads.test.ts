import { expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { checkGradients, compile, evaluate, gradients, spec, type Tensor, value } from '../../tensor/index.ts'
import { pairLoss } from '../loss/index.ts'
import {
  antisymmetricScales,
  antisymmetricScore,
  antisymmetricScores,
  applyAspectsHead,
  applyScalarHead,
  embedAntisymmetric,
  idealPointScore,
  initAntisymmetricHead,
  initAspectsHead,
  initRoutedHead,
  initScalarHead,
  mixedPoints,
  mixtureLogOdds,
  raterRows,
  routedLogWeights,
  routedRewards,
} from './index.ts'

const rows = value(
  Float32Array.from({ length: 12 }, (_, i) => Math.sin(i * 1.7)),
  [4, 3],
)

it('a scalar head is the one column of an aspects head', async () => {
  const options = { hidden: [5], activation: 'tanh' } as const
  const parameters = initScalarHead(seeded(1), 3, options)
  expect(parameters).toEqual(initAspectsHead(seeded(1), 3, 1, options))
  const run = await compile(
    ({ x }, p) => ({ scalar: applyScalarHead(p, x, options), aspects: applyAspectsHead(p, x, options) }),
    { inputs: { x: spec(['rows', 3]) }, parameters },
  )
  const { scalar, aspects } = await run({ x: rows })
  expect(scalar.shape).toEqual([4])
  expect(aspects.shape).toEqual([4, 1])
  expect(scalar.data).toEqual(aspects.data)
  expect(() => initAspectsHead(seeded(1), 3, 0)).toThrow('[3, 0]')
})

it('a linear head is w·h + b', async () => {
  const p = { layers: [{ weight: value(Float32Array.of(1, -2, 3), [1, 3]), bias: value(Float32Array.of(0.5), [1]) }] }
  const run = await compile(({ x }, p) => applyScalarHead(p, x), { inputs: { x: spec(['rows', 3]) }, parameters: p })
  expect([
    ...(
      await run({
        x: [
          [1, 1, 1],
          [0, 1, 0],
        ],
      })
    ).data,
  ]).toEqual([2.5, -1.5])
})

it('antisymmetric scores: a quarter turn scores 1, swapping negates to the last bit, oneself is 0', async () => {
  expect(await evaluate(({ a, b }) => antisymmetricScore(a, b), { a: [[1, 0]], b: [[0, 1]] })).toEqual([1])
  const parameters = initAntisymmetricHead(seeded(2), 3, { dimensions: 6, contextWidth: 2 })
  const run = await compile(
    ({ x, c }, p) => {
      const v = embedAntisymmetric(p, x)
      const scales = antisymmetricScales(p, c) as Tensor
      return { v, scales, all: antisymmetricScores(v, scales), own: antisymmetricScore(v, v, scales) }
    },
    { inputs: { x: spec(['rows', 3]), c: spec([1, 2]) }, parameters },
  )
  const { v, scales, all, own } = await run({ x: rows, c: [[0.3, -1]] })
  expect(v.shape).toEqual([4, 6])
  expect([...scales.data].map(Number).reduce((a, b) => a + b)).toBeCloseTo(3, 5)
  for (let i = 0; i < 4; i++) {
    expect(Math.hypot(...[...v.data].slice(6 * i, 6 * i + 6).map(Number))).toBeCloseTo(1, 5)
    for (let j = 0; j < 4; j++) expect(Number(all.data[4 * i + j]) + Number(all.data[4 * j + i])).toBe(0)
  }
  expect([...own.data].map(Math.abs as (x: number | bigint) => number)).toEqual([0, 0, 0, 0])
  const swapped = await evaluate(({ a, b }) => [antisymmetricScore(a, b), antisymmetricScore(b, a)], {
    a: [[0.1, 0.7, -0.3, 0.9]],
    b: [[0.33, -0.21, 0.7, 0.05]],
  })
  const [[forward], [backward]] = swapped as unknown as [[number], [number]]
  expect(forward).toBe(-backward)
})

it('the antisymmetric form with v = (r, 1) is a difference of rewards', async () => {
  const score = await evaluate(({ a, b }) => antisymmetricScore(a, b), { a: [[3, 1]], b: [[-1.5, 1]] })
  expect(score).toEqual([4.5])
  expect(() => initAntisymmetricHead(seeded(1), 3, { dimensions: 3 })).toThrow('dimensions is 3')
})

it('rotating a block of all embeddings changes no score', async () => {
  const turn = (v: readonly number[], by: number): number[] => [
    (v[0] as number) * Math.cos(by) - (v[1] as number) * Math.sin(by),
    (v[0] as number) * Math.sin(by) + (v[1] as number) * Math.cos(by),
  ]
  const [a, b] = [
    [0.3, -0.8],
    [1.1, 0.2],
  ]
  const plain = await evaluate(({ a, b }) => antisymmetricScore(a, b), { a: [a], b: [b] })
  const turned = await evaluate(({ a, b }) => antisymmetricScore(a, b), { a: [turn(a, 1.2)], b: [turn(b, 1.2)] })
  expect((turned as number[])[0]).toBeCloseTo((plain as number[])[0] as number, 14)
})

it('a mixture of equal heads is Bradley–Terry, and its pair loss the mixture likelihood', async () => {
  const even = await evaluate(({ d, w }) => mixtureLogOdds(d, w), {
    d: [[1.3, 1.3]],
    w: [[Math.log(0.2), Math.log(0.8)]],
  })
  expect((even as number[])[0]).toBeCloseTo(1.3, 13)
  const loss = await evaluate(({ d, w }) => pairLoss(mixtureLogOdds(d, w)), {
    d: [[2, -1]],
    w: [[Math.log(0.3), Math.log(0.7)]],
  })
  const p = 0.3 / (1 + Math.exp(-2)) + 0.7 / (1 + Math.E)
  expect(loss).toBeCloseTo(-Math.log(p), 13)
  const check = await checkGradients(({ d, w }) => mixtureLogOdds(d as Tensor, w as Tensor), {
    d: [[2, -1]],
    w: [[-0.4, -1.1]],
  })
  expect(check.error).toBeLessThan(1e-8)
})

it('a router starts even, and one head gives the context no effect', async () => {
  const parameters = initRoutedHead(seeded(3), 3, { heads: 4, contextWidth: 2 })
  const run = await compile(({ x, c }, p) => ({ r: routedRewards(p, x), w: routedLogWeights(p, c) }), {
    inputs: { x: spec(['rows', 3]), c: spec(['rows', 2]) },
    parameters,
  })
  const { r, w } = await run({ x: rows, c: value(new Float32Array(8).fill(0.7), [4, 2]) })
  expect(r.shape).toEqual([4, 4])
  for (const weight of w.data) expect(Number(weight)).toBeCloseTo(-Math.log(4), 5)
})

it('ideal points: distances do not change when all is moved, cosines when all is scaled', async () => {
  const items = [
    [1, 2],
    [3, -1],
  ]
  const point = [[0.5, 0.5]]
  const shift = (r: readonly number[]): number[] => r.map((x) => x + 9)
  for (const form of ['distance', 'squared'] as const) {
    const plain = await evaluate(({ z, p }) => idealPointScore(z, p, { form }), { z: items, p: point })
    const moved = await evaluate(({ z, p }) => idealPointScore(z, p, { form }), {
      z: items.map(shift),
      p: point.map(shift),
    })
    ;(moved as number[]).forEach((score, i) => {
      expect(score).toBeCloseTo((plain as number[])[i] as number, 12)
    })
    const expected = form === 'squared' ? -2.5 : -Math.sqrt(2.5)
    expect((plain as number[])[0]).toBeCloseTo(expected, 14)
  }
  const [cosine] = (await evaluate(({ z, p }) => idealPointScore(z, p, { form: 'cosine' }), {
    z: [[7, 0]],
    p: point,
  })) as number[]
  expect(cosine).toBeCloseTo(Math.SQRT1_2, 14)
  const atPoint = await evaluate(({ z, p }) => gradients(sum0(idealPointScore(z, p)), z), { z: [[1, 1]], p: [[1, 1]] })
  expect((atPoint as number[][]).flat().map(Math.abs)).toEqual([0, 0])
})

const sum0 = (x: Tensor): Tensor => pairLoss(x, { reduction: 'sum' })

it('mixed points lie between prototypes; unknown raters get the common row', async () => {
  const mixed = await evaluate(({ l, p }) => mixedPoints(l, p), {
    l: [
      [0, 0],
      [Math.log(3), 0],
    ],
    p: [
      [0, 0],
      [4, 8],
    ],
  })
  expect(mixed).toEqual([
    [expect.closeTo(2, 12), expect.closeTo(4, 12)],
    [expect.closeTo(1, 12), expect.closeTo(2, 12)],
  ])
  const found = await evaluate(({ t, r, f }) => raterRows(t, r, f), {
    t: [
      [1, 2],
      [3, 4],
    ],
    r: [1n, -1n, 0n],
    f: [9, 9],
  })
  expect(found).toEqual([
    [3, 4],
    [9, 9],
    [1, 2],
  ])
})
