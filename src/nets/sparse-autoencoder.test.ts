import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { adam, constant, evaluate, gradients, type Nested, spec, sub, sum, trainStep, value } from '../tensor/index.ts'
import { checkNet, distance, numbersOf } from './checks.fixture.ts'
import { normalValue } from './parameters.ts'
import {
  decodeSparse,
  encodeSparse,
  initSparseAutoencoder,
  movingThreshold,
  normalizeDictionary,
  normalizedSquaredError,
  type SparseActivation,
  sparseLoss,
  trackSilence,
} from './sparse-autoencoder.ts'

const kinds: readonly SparseActivation[] = [
  { kind: 'relu' },
  { kind: 'topK', k: 2 },
  { kind: 'batchTopK', k: 2 },
  { kind: 'threshold', threshold: 0.5 },
]

/** Codes of inputs under the identity: features are coordinates. */
async function codes(x: number[][], activation: SparseActivation, signed = false): Promise<Nested> {
  const width = x[0]?.length ?? 0
  const identity = Array.from({ length: width }, (_, i) => Array.from({ length: width }, (_j, j) => Number(i === j)))
  const zeros = new Array<number>(width).fill(0)
  return evaluate(
    ({ rows, weight, bias }) =>
      encodeSparse({ center: bias, encoder: { weight, bias }, dictionary: weight }, rows, activation, { signed }),
    { rows: x, weight: identity, bias: zeros },
  )
}

describe('encodeSparse', () => {
  const rows = [
    [3, -4, 1],
    [0.5, 0.25, -0.75],
  ]

  it('keeps what each activation keeps: by hand', async () => {
    expect(await codes(rows, { kind: 'relu' })).toEqual([
      [3, 0, 1],
      [0.5, 0.25, 0],
    ])
    expect(await codes(rows, { kind: 'topK', k: 1 })).toEqual([
      [3, 0, 0],
      [0.5, 0, 0],
    ])
    expect(await codes(rows, { kind: 'topK', k: 1 }, true)).toEqual([
      [0, -4, 0],
      [0, 0, -0.75],
    ])
    expect(await codes(rows, { kind: 'batchTopK', k: 1 }, true)).toEqual([
      [3, -4, 0],
      [0, 0, 0],
    ])
    expect(await codes(rows, { kind: 'batchTopK', k: 1 })).toEqual([
      [3, 0, 1],
      [0, 0, 0],
    ])
    expect(await codes(rows, { kind: 'threshold', threshold: 0.5 }, true)).toEqual([
      [3, -4, 1],
      [0, 0, -0.75],
    ])
  })

  it('keeps exactly k · batch of the batch, also among equals, the first ones', async () => {
    expect(
      await codes(
        [
          [1, 1, 1],
          [1, 1, 1],
        ],
        { kind: 'batchTopK', k: 1 },
      ),
    ).toEqual([
      [1, 1, 0],
      [0, 0, 0],
    ])
    expect(
      await codes(
        [
          [1, 1, 1],
          [1, 1, 1],
        ],
        { kind: 'topK', k: 2 },
      ),
    ).toEqual([
      [1, 1, 0],
      [1, 1, 0],
    ])
    const net = initSparseAutoencoder(seeded(1), { width: 8, features: 16 })
    const x = normalValue(seeded(2), [10, 8], 1)
    const z = await numbersOf(net, (p) => encodeSparse(p, constant(x), { kind: 'batchTopK', k: 3 }, { signed: true }))
    expect(z.filter((number) => number !== 0).length).toBe(30)
  })

  it('takes an empty batch, and refuses k beyond the features', async () => {
    const net = initSparseAutoencoder(seeded(1), { width: 3, features: 4 })
    const none = constant(value(new Float32Array(0), [0, 3]))
    expect(await numbersOf(net, (p) => encodeSparse(p, none, { kind: 'batchTopK', k: 2 }))).toEqual([])
    await expect(numbersOf(net, (p) => encodeSparse(p, none, { kind: 'topK', k: 5 }))).rejects.toThrow(
      'k is 5, expected a whole number from 1 to 4',
    )
  })
})

describe('sparseLoss', () => {
  const net = initSparseAutoencoder(seeded(3), { width: 3, features: 5 }, undefined, 'float64')
  const x = normalValue(seeded(4), [6, 3], 1, 'float64')

  it('has the gradients that finite differences give, but for the dictionary, which only turns', async () => {
    for (const activation of kinds)
      for (const signed of [false, true]) {
        const free = { center: net.center, encoder: net.encoder }
        const { error } = await checkNet(
          free,
          (p) =>
            sparseLoss({ ...p, dictionary: constant(net.dictionary) }, constant(x), activation, {
              signed,
              prefixes: [2, 5],
              l1: 0.1,
            }).loss,
        )
        expect(error, `${activation.kind} ${signed}`).toBeLessThan(1e-6)
      }
    const slopes = await evaluate(
      ({ rows, d }) => {
        const center = constant(net.center)
        const slope = gradients(sum(decodeSparse({ center, encoder: { weight: d, bias: d }, dictionary: d }, rows)), d)
        return { slope, d }
      },
      { rows: [[1, 2, 3, 4, 5]], d: net.dictionary },
    )
    const [slope, d] = [slopes.slope as number[][], slopes.d as number[][]]
    slope.forEach((row, feature) => {
      // Σ over the width of z W: slope z everywhere, less its part along the row.
      const direction = d[feature] ?? []
      const along = direction.reduce((total, number) => total + number * (feature + 1), 0)
      expect(
        distance(
          row,
          direction.map((number) => feature + 1 - along * number),
        ),
      ).toBeLessThan(1e-9)
    })
  })

  it('measures errors against the mean of the batch', async () => {
    const of = (predicted: number[][], rows: number[][]) =>
      evaluate(({ p, r }) => normalizedSquaredError(p, r), { p: predicted, r: rows })
    expect(await of([[2], [2]], [[1], [3]])).toBeCloseTo(1, 9)
    expect(await of([[1], [3]], [[1], [3]])).toBe(0)
    expect(await of([[5], [5]], [[5], [5]])).toBe(0)
  })

  it('lets only dead features learn what is left', async () => {
    const slopes = async (dead: number[]): Promise<number[]> => {
      const run = await evaluate(
        ({ weight, mask, rows }) => {
          const p = {
            center: constant(net.center),
            encoder: { weight, bias: constant(net.encoder.bias) },
            dictionary: constant(net.dictionary),
          }
          const options = { signed: true, deadWeight: 100 }
          const [plain, helped] = [
            sparseLoss(p, rows, { kind: 'topK', k: 1 }, options),
            sparseLoss(p, rows, { kind: 'topK', k: 1 }, { ...options, dead: mask }),
          ]
          return gradients(sub(helped.loss, plain.loss), weight)
        },
        { weight: net.encoder.weight, mask: value(Uint8Array.from(dead), [5], 'bool'), rows: x },
      )
      return (run as number[][]).map((row) => Math.hypot(...row))
    }
    const only = await slopes([0, 1, 0, 0, 1])
    expect(only.map((size) => size > 1e-9)).toEqual([false, true, false, false, true])
    expect(Math.max(...(await slopes([0, 0, 0, 0, 0])))).toBe(0)
  })

  it('reports what thresholds and silence are tracked by', async () => {
    const run = await evaluate(
      ({ rows }) => {
        const { smallest, active } = sparseLoss(
          {
            center: constant(net.center),
            encoder: { weight: constant(net.encoder.weight), bias: constant(net.encoder.bias) },
            dictionary: constant(net.dictionary),
          },
          rows,
          { kind: 'batchTopK', k: 1 },
          { signed: true },
        )
        return {
          smallest,
          active,
          z: encodeSparse(
            {
              center: constant(net.center),
              encoder: { weight: constant(net.encoder.weight), bias: constant(net.encoder.bias) },
              dictionary: constant(net.dictionary),
            },
            rows,
            { kind: 'batchTopK', k: 1 },
            { signed: true },
          ),
        }
      },
      { rows: x },
    )
    const z = run.z as number[][]
    const sizes = z
      .flat()
      .map(Math.abs)
      .filter((size) => size > 0)
    expect(run.smallest).toBe(Math.min(...sizes))
    expect(run.active).toEqual([0, 1, 2, 3, 4].map((feature) => z.some((row) => row[feature] !== 0)))
    const silent = new Int32Array(3).fill(4)
    trackSilence(silent, [1, 0, 1])
    expect([...silent]).toEqual([0, 5, 0])
    expect(movingThreshold(1, 2)).toBeCloseTo(1.01, 12)
  })
})

describe('initSparseAutoencoder', () => {
  it('starts at the medians, with unit directions and the encoder their transpose', () => {
    const { center, dictionary, encoder } = initSparseAutoencoder(
      seeded(5),
      { width: 2, features: 3 },
      [1, 10, 2, 30, 9, 20, 4, 40],
    )
    expect(Array.from(center.data, Number)).toEqual([3, 25])
    expect(encoder.weight.data).toEqual(dictionary.data)
    expect(encoder.weight.data).not.toBe(dictionary.data)
    for (let row = 0; row < 3; row++)
      expect(Math.hypot(Number(dictionary.data[2 * row]), Number(dictionary.data[2 * row + 1]))).toBeCloseTo(1, 6)
  })
})

describe('a signed BatchTopK autoencoder, trained', () => {
  it('recovers planted directions, and its threshold keeps about k a row', async () => {
    const random = seeded('planted')
    const [width, planted, rows] = [32, 6, 256]
    const directions = Array.from({ length: planted }, () => {
      const row = Array.from({ length: width }, () => random.normal())
      return row.map((number) => number / Math.hypot(...row))
    })
    const draw = (): Float32Array =>
      Float32Array.from(
        Array.from({ length: rows }, () => {
          const row = new Array<number>(width).fill(0)
          for (const which of random.shuffle([0, 1, 2, 3, 4, 5]).slice(0, 2)) {
            const size = (random.chance(0.5) ? 1 : -1) * (0.5 + random.uniform())
            for (let i = 0; i < width; i++) row[i] = (row[i] ?? 0) + size * (directions[which]?.[i] ?? 0)
          }
          return row
        }).flat(),
      )
    const net = initSparseAutoencoder(random, { width, features: 12 }, draw())
    const activation = { kind: 'batchTopK', k: 2 } as const
    const options = { signed: true, prefixes: [8, 12] }
    const step = await trainStep(
      ({ x, dead }, p) => {
        const made = sparseLoss(p, x, activation, { ...options, dead })
        return { loss: made.loss, error: made.error, smallest: made.smallest, active: made.active }
      },
      {
        inputs: { x: spec([rows, width]), dead: spec([12], 'bool') },
        parameters: net,
        optimizer: adam({ learningRate: 0.01 }),
        threads: 1,
      },
    )
    const silent = new Int32Array(12)
    let threshold = 0
    let error = 1
    for (let round = 0; round < 400; round++) {
      const made = await step({
        x: draw(),
        dead: value(
          Uint8Array.from(silent, (steps) => Number(steps > 64)),
          [12],
          'bool',
        ),
      })
      normalizeDictionary(net)
      trackSilence(silent, made.metrics.active.data)
      threshold = movingThreshold(threshold, Number(made.metrics.smallest.data[0]), 0.9)
      error = Number(made.metrics.error.data[0])
    }
    await step.dispose()
    expect(error).toBeLessThan(0.1)
    const learned = Array.from({ length: 12 }, (_, f) =>
      Array.from(net.dictionary.data.slice(f * width, (f + 1) * width), Number),
    )
    for (const direction of directions) {
      const cosines = learned.map((row) =>
        Math.abs(row.reduce((total, number, i) => total + number * (direction[i] ?? 0), 0)),
      )
      expect(Math.max(...cosines)).toBeGreaterThan(0.95)
    }
    const z = await numbersOf(net, (p) =>
      encodeSparse(p, constant(value(draw(), [rows, width])), { kind: 'threshold', threshold }, { signed: true }),
    )
    const each = z.filter((number) => number !== 0).length / rows
    expect(each).toBeGreaterThan(1.6)
    expect(each).toBeLessThan(2.6)
  })
})
