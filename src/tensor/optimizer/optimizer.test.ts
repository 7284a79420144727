import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  accumulateGradients,
  adagrad,
  adam,
  adamW,
  add,
  chain,
  clipByGlobalNorm,
  clipByValue,
  cosineSchedule,
  evaluate,
  globalNorm,
  gradients,
  inverseSquareRootSchedule,
  linearSchedule,
  lion,
  matmul,
  mean,
  mul,
  muon,
  type Optimizer,
  orthogonalized,
  rmsprop,
  sgd,
  spec,
  square,
  stepDecaySchedule,
  sub,
  sum,
  trainStep,
  transpose,
  value,
  withWarmUp,
} from '../index.ts'

interface Plain {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}
const fixture: {
  readonly start: Readonly<Record<'w' | 'c' | 'x' | 'y', Plain>>
  readonly traces: Readonly<Record<string, readonly (readonly [readonly number[], readonly number[]])[]>>
} = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8'))

const read = ({ shape, data }: Plain): ReturnType<typeof value> => value(Float32Array.from(data), shape)

async function trace(optimizer: Optimizer): Promise<(readonly [number[], number[]])[]> {
  const parameters = { w: read(fixture.start.w), c: read(fixture.start.c) }
  const step = await trainStep(({ x, y }, { w, c }) => mean(square(sub(add(matmul(x, w), c), y))), {
    inputs: { x: spec([4, 3]), y: spec([4, 2]) },
    parameters,
    optimizer,
    threads: 1,
  })
  const traced: (readonly [number[], number[]])[] = []
  for (let i = 0; i < 5; i++) {
    await step({ x: read(fixture.start.x), y: read(fixture.start.y) })
    traced.push([Array.from(parameters.w.data, Number), Array.from(parameters.c.data, Number)])
  }
  await step.dispose()
  return traced
}

const optimizers: readonly (readonly [name: string, optimizer: Optimizer])[] = [
  ['sgd', sgd({ learningRate: 0.1 })],
  ['sgd momentum', sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.05 })],
  ['sgd nesterov', sgd({ learningRate: 0.1, momentum: 0.8, nesterov: true })],
  ['adam', adam({ learningRate: 0.01 })],
  ['adam clipped', chain(clipByGlobalNorm(0.5), adam({ learningRate: 0.01 }))],
  ['adam clipped by value', chain(clipByValue(0.1), adam({ learningRate: 0.01 }))],
  ['adamW', adamW({ learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 })],
  ['adagrad', adagrad({ learningRate: 0.1, initial: 0.1 })],
  ['rmsprop', rmsprop({ learningRate: 0.01, decay: 0.9 })],
  ['rmsprop centred', rmsprop({ learningRate: 0.01, decay: 0.9, centred: true, momentum: 0.5 })],
  ['lion', lion({ learningRate: 0.01, weightDecay: 0.1 })],
  [
    'muon',
    muon({ learningRate: 0.05, momentum: 0.9, weightDecay: 0.1, others: { learningRate: 0.01, weightDecay: 0 } }),
  ],
]

describe('optimisers take the steps of the reference', () => {
  it.each(optimizers)('%s', async (name, optimizer) => {
    const expected = fixture.traces[name]
    const found = await trace(optimizer)
    expect(expected).toHaveLength(5)
    found.forEach((step, index) => {
      const [w = [], c = []] = expected?.[index] ?? []
      step[0].forEach((number, at) => {
        expect(number).toBeCloseTo(w[at] ?? Number.NaN, 5)
      })
      step[1].forEach((number, at) => {
        expect(number).toBeCloseTo(c[at] ?? Number.NaN, 5)
      })
    })
  })
})

describe('optimisers of doubles', () => {
  it.each(optimizers.filter(([name]) => /^(adam|adamW|sgd)$/.test(name)))('%s', async (name, optimizer) => {
    const double = ({ shape, data }: Plain): ReturnType<typeof value> => value(Float64Array.from(data), shape)
    const parameters = { w: double(fixture.start.w), c: double(fixture.start.c) }
    const step = await trainStep(({ x, y }, { w, c }) => mean(square(sub(add(matmul(x, w), c), y))), {
      inputs: { x: spec([4, 3], 'float64'), y: spec([4, 2], 'float64') },
      parameters,
      optimizer,
    })
    for (const [w] of fixture.traces[name] ?? []) {
      await step({ x: double(fixture.start.x), y: double(fixture.start.y) })
      w.forEach((number, at) => {
        expect(parameters.w.data[at]).toBeCloseTo(number, 5)
      })
    }
    expect(step.updates).toBe(5)
  })
})

describe('accumulateGradients', () => {
  it('moves every third step, by the mean gradient, with its own count of updates', async () => {
    const parameters = { w: value(Float32Array.from([1])) }
    const rates: number[] = []
    const optimizer = accumulateGradients(
      3,
      sgd({
        learningRate: (step) => {
          rates.push(step)
          return 0.5
        },
      }),
    )
    // The loss x·w has gradient x.
    const step = await trainStep(({ x }, { w }) => sum(mul(x, w)), { inputs: { x: spec([1]) }, parameters, optimizer })
    const seen: number[] = []
    for (const x of [1, 2, 6, 4, 4, 4]) {
      await step({ x: [x] })
      seen.push(Number(parameters.w.data[0]))
    }
    // 1 − 0.5·(1 + 2 + 6)/3 = −0.5, then −0.5 − 0.5·4 = −2.5
    expect(seen).toEqual([1, 1, -0.5, -0.5, -0.5, -2.5])
    expect(rates).toEqual([1, 1, 1, 2, 2, 2])
  })

  it('keeps the state of the optimiser within as it was between its steps', async () => {
    const make = (): { w: ReturnType<typeof value> } => ({ w: value(Float32Array.from([1, -1])) })
    const options = { inputs: { x: spec([2]) } }
    const [plain, slow] = [make(), make()]
    const loss = ({ x }: { readonly x: Parameters<typeof sum>[0] }, { w }: { readonly w: Parameters<typeof sum>[0] }) =>
      sum(mul(x, square(w)))
    const one = await trainStep(loss, { ...options, parameters: plain, optimizer: adam({ learningRate: 0.1 }) })
    const two = await trainStep(loss, {
      ...options,
      parameters: slow,
      optimizer: accumulateGradients(2, adam({ learningRate: 0.1 })),
    })
    for (let i = 0; i < 3; i++) {
      await one({ x: [1, 2] })
      await two({ x: [1, 2] })
      await two({ x: [1, 2] })
    }
    expect([...slow.w.data]).toEqual([...plain.w.data])
  })
})

describe('orthogonalized', () => {
  it('keeps singular vectors and brings singular values near 1', async () => {
    const x = [
      [3, 0, 0],
      [0, 0.5, 0],
    ]
    // Of a diagonal matrix only the singular values change: by p(σ) = aσ + bσ³ + cσ⁵, five times from σ/‖X‖.
    const p = (s: number): number => 3.4445 * s - 4.775 * s ** 3 + 2.0315 * s ** 5
    const expected = [3, 0.5].map((s) => [1, 2, 3, 4, 5].reduce(p, s / Math.hypot(3, 0.5)))
    const wide = (await evaluate(({ m }) => orthogonalized(m), { m: x })) as number[][]
    const tall = (await evaluate(({ m }) => orthogonalized(transpose(m)), { m: x })) as number[][]
    expect(wide[0]?.[0]).toBeCloseTo(expected[0] ?? Number.NaN, 9)
    expect(wide[1]?.[1]).toBeCloseTo(expected[1] ?? Number.NaN, 9)
    expect(tall[1]?.[1]).toBeCloseTo(expected[1] ?? Number.NaN, 9)
    expect(wide[0]?.[1]).toBe(0)
  })
})

describe('schedules', () => {
  it('give the rates their formulas say', () => {
    const at = (schedule: (step: number) => number, ...steps: number[]): number[] => steps.map(schedule)
    expect(at(withWarmUp(4, 1), 1, 2, 4, 9)).toEqual([0.25, 0.5, 1, 1])
    expect(at(linearSchedule(1, 0, 5), 1, 2, 3, 5, 9)).toEqual([1, 0.75, 0.5, 0, 0])
    expect(at(cosineSchedule(2, 3, 1), 1, 2, 3, 7)).toEqual([2, 1.5, 1, 1])
    expect(at(inverseSquareRootSchedule(1, 4), 1, 4, 16)).toEqual([0.25, 1, 0.5])
    expect(at(stepDecaySchedule(1, 0.5, 2), 1, 2, 3, 5)).toEqual([1, 1, 0.5, 0.25])
  })
})

it('the global norm is differentiable: its gradient is the unit vector', async () => {
  const slopes = await evaluate(({ a, b }) => gradients(globalNorm([a, b]), { a, b }), { a: [3], b: [[4]] })
  expect([slopes.a, slopes.b].flat(2)).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)])
})
