import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adam,
  add,
  compile,
  constant,
  evaluate,
  gradients,
  mean,
  mul,
  spec,
  square,
  stopGradient,
  sub,
  sum,
  type TensorValue,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { checkNet, distance, numbersOf } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { codePerplexity, initCodeUsage, reviveDeadCodes, trackUsage } from './code-usage.ts'
import {
  applyResidualQuantizer,
  decodeResidual,
  encodeResidual,
  fitResidualQuantizer,
  initResidualQuantizer,
} from './residual-quantizer.ts'
import { applyRqVae, initRqVae, rqVaeLoss } from './rq-vae.ts'

// Level 0 knows 0 and 10, level 1 knows −1, 0 and 2.
const parameters = { codebooks: [column([0, 10]), column([-1, 0, 2])] }

function column(numbers: readonly number[]): TensorValue {
  return value(Float64Array.from(numbers), [numbers.length, 1])
}

describe('applyResidualQuantizer', () => {
  it('takes the nearest code at each level: by hand', async () => {
    // 11.4: 10, left 1.4 → 2. 4: 0, left 4 → 2. −0.2: 0, left −0.2 → 0.
    const found = await evaluate(
      ({ x, a, b }) => {
        const made = applyResidualQuantizer({ codebooks: [a, b] }, x)
        return { ...made, back: decodeResidual({ codebooks: [a, b] }, made.codes) }
      },
      { x: [[11.4], [4], [-0.2]], a: [[0], [10]], b: [[-1], [0], [2]] },
    )
    expect(found.codes).toEqual([
      [1, 2],
      [0, 2],
      [0, 1],
    ])
    expect(found.quantized).toEqual([[12], [2], [0]])
    expect(found.back).toEqual([[12], [2], [0]])
    // Level 0 leaves 1.4, 4, −0.2; level 1 leaves −0.6, 2, −0.2: squares 1.96 + 16 + 0.04 = 18 and 0.36 + 4 + 0.04 = 4.4.
    expect(found.codebookLoss).toBeCloseTo((18 + 4.4) / 3 / 2, 10)
    expect(found.commitmentLoss).toBeCloseTo((18 + 4.4) / 3 / 2, 10)
    expect([...encodeResidual(parameters, Float64Array.of(11.4, 4, -0.2))]).toEqual([1, 2, 0, 2, 0, 1])
  })

  it('passes the gradient straight through to x, codes to their residual, x to its codes', async () => {
    const found = await evaluate(
      ({ x, a, b }) => {
        const made = applyResidualQuantizer({ codebooks: [a, b] }, x)
        return {
          through: gradients(sum(mul(made.quantized, 3)), { x, a }),
          codebook: gradients(made.codebookLoss, { x, a, b }),
          commitment: gradients(made.commitmentLoss, { x, a, b }),
        }
      },
      { x: [[11.4]], a: [[0], [10]], b: [[-1], [0], [2]] },
    )
    expect(found.through).toEqual({ x: [[3]], a: [[0], [0]] })
    const { codebook, commitment } = found as unknown as Record<
      'codebook' | 'commitment',
      Record<'x' | 'a' | 'b', number[][]>
    >
    // ½ Σ (e − r)²: slopes (10 − 11.4) and (2 − 1.4) on the chosen codes; on x their negative sum over both levels.
    expect(distance(codebook.a.flat(), [0, -1.4])).toBeLessThan(1e-9)
    expect(distance(codebook.b.flat(), [0, 0, 0.6])).toBeLessThan(1e-9)
    expect(codebook.x).toEqual([[0]])
    expect(commitment.x[0]?.[0]).toBeCloseTo(1.4 - 0.6, 9)
    expect([commitment.a, commitment.b]).toEqual([
      [[0], [0]],
      [[0], [0], [0]],
    ])
  })

  it('has the gradients that finite differences give, where nothing is stopped', async () => {
    // The codebook loss by the codes and the commitment loss by x are ordinary gradients of those numbers.
    const net = initResidualQuantizer(seeded(1), { width: 2, levels: 2, codes: 3 }, 'float64')
    const x = normalValue(seeded(2), [4, 2], 1, 'float64')
    const one = { codebooks: net.codebooks.slice(0, 1) }
    expect((await checkNet(one, (p) => applyResidualQuantizer(p, constant(x)).codebookLoss)).error).toBeLessThan(1e-6)
    expect(
      (
        await checkNet(
          { x },
          ({ x: z }) => applyResidualQuantizer({ codebooks: net.codebooks.map(constant) }, z).commitmentLoss,
        )
      ).error,
    ).toBeLessThan(1e-6)
  })

  it('says what does not fit', async () => {
    expect(() => applyResidualQuantizer({ codebooks: [] }, constant(column([1])))).toThrow('no codebooks')
    await expect(
      compile(({ x }, p) => applyResidualQuantizer(p, x).quantized, {
        inputs: { x: spec([2, 3]) },
        parameters: initResidualQuantizer(seeded(1), { width: 2, codes: 4 }),
      }),
    ).rejects.toThrow('residual quantiser: x is [2, 3], expected [·, 2]')
  })
})

describe('fitResidualQuantizer', () => {
  const random = seeded('points')
  const points = Float64Array.from({ length: 300 * 4 }, () => random.normal())

  it.each(['k-means', 'balanced'] as const)('leaves less after every level: %s', (clustering) => {
    const {
      residuals,
      codes,
      parameters: fitted,
    } = fitResidualQuantizer(points, seeded(3), { width: 4, levels: 4, codes: 8, clustering })
    residuals.forEach((left, level) => {
      expect(left).toBeLessThan(residuals[level - 1] ?? Number.POSITIVE_INFINITY)
    })
    expect(residuals[4]).toBeLessThan((residuals[0] ?? 0) / 3)
    for (let level = 0; level < 4; level++) {
      const counts = new Array<number>(8).fill(0)
      for (let at = level; at < codes.length; at += 4) counts[codes[at] ?? 0] = (counts[codes[at] ?? 0] ?? 0) + 1
      if (clustering === 'balanced') expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      else expect(Math.min(...counts)).toBeGreaterThan(0)
    }
    if (clustering === 'k-means') expect(encodeResidual(fitted, points)).toEqual(codes)
  })

  it('agrees with the graph on codes', async () => {
    const { parameters: fitted, codes } = fitResidualQuantizer(points, seeded(3), { width: 4, levels: 2, codes: 8 })
    const found = await numbersOf(fitted, (p) => applyResidualQuantizer(p, constant(value(points, [300, 4]))).codes)
    expect(found).toEqual(Array.from(codes))
  })
})

describe('code usage', () => {
  it('counts, and revives what is not used at residuals of the batch', () => {
    const net = { codebooks: [column([0, 100, 200]), column([1, 2])] }
    const usage = initCodeUsage(net)
    for (let batch = 0; batch < 10; batch++) trackUsage(usage, [0, 1, 0, 1, 2, 1], 0.5)
    // Counts 2, 0, 1 and 0, 3 a batch; the start is worth 2⁻¹⁰.
    expect(distance(usage[0] ?? [], [2 - 2 ** -10, 2 ** -10, 1])).toBeLessThan(1e-12)
    expect(distance(usage[1] ?? [], [2 ** -10, 3 - 2 * 2 ** -10])).toBeLessThan(1e-12)
    const revived = reviveDeadCodes(net, usage, [column([7, 7]), column([-3])], seeded(1), 0.5)
    expect(revived).toEqual([1, 1])
    expect(Array.from(net.codebooks[0]?.data ?? [], Number)).toEqual([0, 7, 200])
    expect(Array.from(net.codebooks[1]?.data ?? [], Number)).toEqual([-3, 2])
    expect(usage[0]?.[1]).toBe(0.5)
    expect(reviveDeadCodes(net, usage, [column([7]), column([7])], seeded(1), 0.5)).toEqual([0, 0])
    expect(() => reviveDeadCodes(net, usage, [column([7])], seeded(1))).toThrow('level 1 has no usage or no residuals')
  })

  it('measures how many codes are in use', () => {
    expect(codePerplexity([0, 0, 1, 0, 2, 0, 3, 0], [4, 4])).toEqual([expect.closeTo(4, 10), 1])
  })
})

describe('rqVae', () => {
  const config = { sizes: [6, 8, 3], levels: 2, codes: 8 }

  it('is the sum of its three losses', async () => {
    const net = initRqVae(seeded(1), config, 'float64')
    const x = normalValue(seeded(2), [5, 6], 1, 'float64')
    const apart = await numbersOf(net, (p) => {
      const made = applyRqVae(p, constant(x))
      return sub(rqVaeLoss(made, constant(x), 0.5), add(rqVaeLoss(made, constant(x), 0), mul(made.commitmentLoss, 0.5)))
    })
    expect(apart[0]).toBeCloseTo(0, 12)
    const stopped = await numbersOf(net, (p) => {
      const made = applyRqVae(p, constant(x))
      return sub(stopGradient(made.quantized), decodeResidual(p.quantizer, made.codes))
    })
    expect(Math.max(...stopped.map(Math.abs))).toBeLessThan(1e-12)
  })

  it('learns to reconstruct with most of its codes in use, after a start by k-means and revivals', async () => {
    const random = seeded('rq')
    // 16 kinds of items in 6 features.
    const kinds = Array.from({ length: 16 }, () => Array.from({ length: 6 }, () => random.normal()))
    const rows = Array.from({ length: 128 }, (_, at) =>
      (kinds[at % 16] ?? []).map((number) => number + 0.05 * random.normal()),
    )
    const x = value(Float32Array.from(rows.flat()), [128, 6])
    const fresh = initRqVae(random, config)
    const latent = await numbersOf(fresh, (p) => applyRqVae(p, constant(x)).latent)
    const options = { width: 3, levels: 2, codes: 8 }
    const net = { ...fresh, quantizer: fitResidualQuantizer(Float32Array.from(latent), random, options).parameters }
    const step = await trainStep(
      ({ x: batch }, p) => {
        const made = applyRqVae(p, batch)
        const error = mean(square(sub(made.reconstruction, batch)))
        return { loss: rqVaeLoss(made, batch), error, codes: made.codes, residuals: made.residuals }
      },
      { inputs: { x: spec([128, 6]) }, parameters: net, optimizer: adam({ learningRate: 0.01 }), threads: 1 },
    )
    const usage = initCodeUsage(net.quantizer)
    const errors: number[] = []
    let codes: ArrayLike<number | bigint> = []
    for (let round = 0; round < 300; round++) {
      const made = await step({ x })
      errors.push(Number(made.metrics.error.data[0]))
      codes = made.metrics.codes.data
      trackUsage(usage, codes, 0.9)
      if (round % 20 === 19 && round < 250) reviveDeadCodes(net.quantizer, usage, made.metrics.residuals, random, 0.5)
    }
    await step.dispose()
    expect(errors[0]).toBeGreaterThan(0.8)
    expect(errors.at(-1)).toBeLessThan(0.1)
    expect(Math.min(...codePerplexity(codes, [8, 8]))).toBeGreaterThan(6)
  })
})
