import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adam,
  at,
  compile,
  constant,
  expandDims,
  gather,
  greater,
  logSoftmax,
  mean,
  neg,
  randomKey,
  slice,
  spec,
  type Tensor,
  takeAlong,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { checkNet, distance, numbersOf, whole } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { distanceFrom, referenceCase } from '../reference.fixture.ts'
import {
  applyCrossEncoder,
  type CrossEncoderConfig,
  type CrossEncoderParameters,
  initCrossEncoder,
} from './cross-encoder.ts'
import { applySasrec, initSasrec, type SasrecConfig, type SasrecParameters, sasrecScores } from './sasrec.ts'

describe('sasrec', () => {
  const config: SasrecConfig = { items: 7, length: 5, width: 4, heads: 2, hidden: 3 }

  it.each(['code', 'paper'] as const)('agrees with PyTorch, as in the %s', async (variant) => {
    const known = referenceCase<SasrecParameters>('sequence', `sasrec ${variant}`)
    const apart = await distanceFrom(known, (p, { ids }) => applySasrec(p, ids as Tensor, { ...config, variant }))
    expect(apart.result).toBeLessThan(1e-7)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('has the gradients that finite differences give', async () => {
    const parameters = initSasrec(seeded(1), { ...config, layers: 1 }, 'float64')
    const ids = whole([[0, 0, 4, 2, 4]])
    const { error } = await checkNet(
      parameters,
      (p, inputs) => applySasrec(p, inputs.ids as Tensor, { ...config, layers: 1 }),
      { ids },
    )
    expect(error).toBeLessThan(1e-5)
  })

  it('never looks ahead, at padding, or from padding', async () => {
    const parameters = initSasrec(seeded(2), config, 'float64')
    const states = (row: number[], p = parameters) =>
      numbersOf(p, (q) => applySasrec(q, constant(whole([row])), config))
    const [a, b] = [await states([0, 3, 1, 2, 5]), await states([0, 3, 1, 6, 7])]
    expect(distance(a.slice(0, 12), b.slice(0, 12))).toBeLessThan(1e-12)
    expect(distance(a.slice(12), b.slice(12))).toBeGreaterThan(1e-3)
    expect(a.slice(0, 4)).toEqual([0, 0, 0, 0])
    const moved = {
      ...parameters,
      items: value(
        (parameters.items.data as Float64Array).map((n, i) => (i < 4 ? 100 : n)),
        [8, 4],
      ),
    }
    expect(await states([0, 3, 1, 2, 5], moved)).toEqual(a)
  })

  it('drops only with a key, and equally for equal keys', async () => {
    const parameters = initSasrec(seeded(3), config, 'float64')
    const states = (key?: number) =>
      numbersOf(parameters, (p) =>
        applySasrec(
          p,
          constant(whole([[1, 2, 3, 4, 5]])),
          { ...config, dropout: 0.5 },
          key === undefined ? {} : { key: constant(randomKey(key)) },
        ),
      )
    const [plain, first, again, other] = [await states(), await states(1), await states(1), await states(2)]
    expect(first).toEqual(again)
    expect(distance(first, other)).toBeGreaterThan(1e-3)
    expect(distance(first, plain)).toBeGreaterThan(1e-3)
  })

  it('learns to count on', async () => {
    // Histories i, i + 1, …; a uniform guess has a loss of log 10 = 2.30.
    const small: SasrecConfig = { items: 10, length: 4, width: 16, heads: 2, layers: 1 }
    const starts = Array.from({ length: 10 }, (_, start) => start)
    const rows = starts.map((start) => [0, 1, 2, 3].map((step) => ((start + step) % 10) + 1))
    const next = starts.map((start) => [1, 2, 3, 4].map((step) => ((start + step) % 10) + 1))
    const step = await trainStep(
      ({ ids, targets }, p) => {
        const scores = logSoftmax(sasrecScores(p, applySasrec(p, ids, small)))
        return neg(mean(takeAlong(scores, expandDims(targets, 2))))
      },
      {
        inputs: { ids: spec([10, 4], 'int64'), targets: spec([10, 4], 'int64') },
        parameters: initSasrec(seeded(4), small),
        optimizer: adam({ learningRate: 0.01 }),
        threads: 1,
      },
    )
    let loss = 0
    for (let round = 0; round < 80; round++) loss = (await step({ ids: whole(rows), targets: whole(next) })).loss
    await step.dispose()
    expect(loss).toBeLessThan(0.1)
  })
})

describe('crossEncoder', () => {
  const config: CrossEncoderConfig = { width: 4, layers: 2, heads: 2, hidden: 6, memoryWidth: 3, causal: true }

  it('agrees with PyTorch', async () => {
    const known = referenceCase<CrossEncoderParameters>('sequence', 'crossEncoder')
    const apart = await distanceFrom(known, (p, { x, memory, seen }) =>
      applyCrossEncoder(p, x as Tensor, config, { memory: memory as Tensor, memoryMask: equalOne(seen as Tensor) }),
    )
    expect(apart.result).toBeLessThan(1e-6)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('has the gradients that finite differences give, with and without its own attention and a memory', async () => {
    const random = seeded(5)
    for (const variant of [{}, { selfAttention: false }, { memoryWidth: 0 }]) {
      const small = { ...config, layers: 1, hidden: 3, ...variant }
      const { error } = await checkNet(
        initCrossEncoder(random, small, 'float64'),
        (p, { x, memory }) => applyCrossEncoder(p, x as Tensor, small, { memory: memory as Tensor }),
        { x: normalValue(random, [2, 2, 4], 1, 'float64'), memory: normalValue(random, [2, 3, 3], 1, 'float64') },
      )
      expect(error).toBeLessThan(1e-6)
    }
  })

  it('does not depend on the order of the memory, nor on what its mask hides', async () => {
    const random = seeded(6)
    const parameters = initCrossEncoder(random, config, 'float64')
    const [x, memory] = [normalValue(random, [1, 2, 4], 1, 'float64'), normalValue(random, [1, 3, 3], 1, 'float64')]
    const run = (order: number[], mask?: number[]) =>
      numbersOf(parameters, (p) =>
        applyCrossEncoder(p, constant(x), config, {
          memory: gather(constant(memory), constant(value(BigInt64Array.from(order, BigInt))), { axis: 1 }),
          ...(mask && { memoryMask: constant(value(Uint8Array.from(mask), [1, order.length], 'bool')) }),
        }),
      )
    const plain = await run([0, 1, 2])
    expect(distance(plain, await run([2, 0, 1]))).toBeLessThan(1e-12)
    expect(distance(await run([0, 1]), await run([0, 1, 2], [1, 1, 0]))).toBeLessThan(1e-12)
    expect(distance(plain, await run([0, 1, 2], [1, 1, 0]))).toBeGreaterThan(1e-4)
  })

  it('drops only with a key', async () => {
    const parameters = initCrossEncoder(seeded(7), { ...config, memoryWidth: 0 }, 'float64')
    const x = normalValue(seeded(8), [1, 2, 4], 1, 'float64')
    const run = (key?: Tensor) =>
      numbersOf(parameters, (p) =>
        applyCrossEncoder(p, constant(x), { ...config, memoryWidth: 0, dropout: 0.5 }, key ? { key } : {}),
      )
    expect(distance(await run(), await run(constant(randomKey(1))))).toBeGreaterThan(1e-3)
  })

  it('learns to answer with the part of the memory that its query points at', async () => {
    // One query holding a position (one-hot of 4); the memory holds 4 tokens: position one-hot and one of 4 values.
    const random = seeded(9)
    const small: CrossEncoderConfig = { width: 8, layers: 2, heads: 2, memoryWidth: 8, selfAttention: false }
    const step = await trainStep(
      ({ x, memory, targets }, p) => {
        const scores = logSoftmax(slice(at(applyCrossEncoder(p, x, small, { memory }), 1, 0), 1, 0, 4))
        return neg(mean(takeAlong(scores, expandDims(targets, 1))))
      },
      {
        inputs: { x: spec([64, 1, 8]), memory: spec([64, 4, 8]), targets: spec([64], 'int64') },
        parameters: initCrossEncoder(random, small),
        optimizer: adam({ learningRate: 0.01 }),
        threads: 1,
      },
    )
    const losses: number[] = []
    for (let round = 0; round < 250; round++) {
      const [x, memory, targets] = [new Float32Array(64 * 8), new Float32Array(64 * 32), new BigInt64Array(64)]
      for (let row = 0; row < 64; row++) {
        const asked = random.integer(4)
        x[row * 8 + asked] = 1
        for (let place = 0; place < 4; place++) {
          const held = random.integer(4)
          memory[(row * 4 + place) * 8 + place] = 1
          memory[(row * 4 + place) * 8 + 4 + held] = 1
          if (place === asked) targets[row] = BigInt(held)
        }
      }
      losses.push((await step({ x, memory, targets })).loss)
    }
    await step.dispose()
    expect(losses.slice(-20).reduce((sum, loss) => sum + loss, 0) / 20).toBeLessThan(0.3)
  })

  it('says what is missing or does not fit', async () => {
    expect(() => initCrossEncoder(seeded(1), { ...config, selfAttention: false, memoryWidth: 0 })).toThrow(
      'neither self-attention nor a memory',
    )
    const parameters = initCrossEncoder(seeded(1), config)
    const build = (width: number, heads = 2) =>
      compile(({ x }, p) => applyCrossEncoder(p, x, { ...config, width, heads }), {
        inputs: { x: spec([1, 2, 4]) },
        parameters,
      })
    await expect(build(4)).rejects.toThrow('it reads a memory, and none is given')
    await expect(build(5)).rejects.toThrow('cross encoder: x is [1, 2, 4], expected [·, ·, 5]')
    await expect(build(4, 3)).rejects.toThrow('width 4 does not divide by 3 heads')
  })
})

function equalOne(mask: Tensor): Tensor {
  return greater(mask, 0)
}
