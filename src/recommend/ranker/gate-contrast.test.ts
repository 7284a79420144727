import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { checkGradients, evaluate, mean, type TensorValue, value } from '../../tensor/index.ts'
import { gateContrast, maskBehaviours } from './gate-contrast.ts'

interface Coins {
  readonly present: readonly (readonly boolean[])[]
  readonly draws: readonly (readonly number[])[]
}

interface Gates {
  readonly gates: readonly (readonly number[])[]
  readonly masked: readonly (readonly number[])[]
  readonly negatives: TensorValue
  readonly users: Int32Array
}

describe('leaving behaviours out', () => {
  const masked = async (probability: number, inputs: Coins): Promise<readonly (readonly boolean[])[]> =>
    (await evaluate(({ present, draws }) => maskBehaviours(present, draws, probability), { ...inputs })) as never
  const present = [
    [true, true, true, false],
    [true, true, true, false],
    [false, false, false, false],
  ]
  const draws = [
    [0.1, 0.3, 0.25, 0.9],
    [0.1, 0.05, 0.02, 0.9],
    [0.5, 0.5, 0.5, 0.5],
  ]

  it('keeps draws of at least p, at least the largest of what is there, and never padding', async () => {
    expect(await masked(0.2, { present, draws })).toEqual([
      [false, true, true, false],
      [true, false, false, false],
      [false, false, false, false],
    ])
  })

  it('keeps all at p = 0, and a share of 1 − p otherwise', async () => {
    expect(await masked(0, { present, draws })).toEqual(present)
    const stream = seeded(4)
    const many = Array.from({ length: 200 }, () => Array.from({ length: 50 }, () => stream.uniform()))
    const kept = await masked(0.3, { present: many.map((row) => row.map(() => true)), draws: many })
    // 10,000 coins of 0.7: a standard deviation of 46.
    expect(Math.abs(kept.flat().filter(Boolean).length - 7000)).toBeLessThan(185)
    await expect(masked(1, { present, draws })).rejects.toThrow('the probability is 1')
  })
})

describe('the contrast of gates', () => {
  const loss = async (inputs: Gates): Promise<readonly number[]> =>
    (await evaluate((given) => gateContrast(given, { temperature: 0.5 }), { ...inputs })) as never
  const gates = [
    [1, 0],
    [0, 2],
    [3, 0],
    [0, 0],
  ]
  const users = Int32Array.of(0, 1, 2, 3)
  const negatives = value(Int32Array.of(1, 2, 0, 2, 1, 0, 0, 1), [4, 2])

  it('is ln(1 + Σ e^{(s_l − 1)/τ}) where nothing was left out, and not 0', async () => {
    const [first = 0, second = 0, third = 0, zero = 0] = await loss({ gates, masked: gates, negatives, users })
    // Row 0 against a vector at right angles and one of its own direction.
    expect(first).toBeCloseTo(Math.log(1 + Math.exp(-2) + 1), 9)
    expect(second).toBeCloseTo(Math.log(1 + 2 * Math.exp(-2)), 9)
    expect(third).toBeCloseTo(Math.log(1 + Math.exp(-2) + 1), 9)
    // A vector of zeros is 0 alike to everything, itself too.
    expect(zero).toBeCloseTo(Math.log(3), 9)
  })

  it('is by the masked copy of the own row only', async () => {
    const masked = [
      [0, 1],
      [1, 1],
      [-1, 0],
      [1, 0],
    ]
    const [first = 0, second = 0] = await loss({ gates, masked, negatives, users })
    expect(first).toBeCloseTo(Math.log(1 + 1 + Math.exp(2)), 9)
    expect(second).toBeCloseTo(Math.log(1 + 2 * Math.exp(-Math.SQRT1_2 / 0.5)), 9)
  })

  it('leaves rows of the same user out, and is 0 without any other', async () => {
    const same = Int32Array.of(0, 0, 2, 0)
    const [first = 0] = await loss({ gates, masked: gates, negatives, users: same })
    expect(first).toBeCloseTo(Math.log(2), 9)
    expect(await loss({ gates, masked: gates, negatives, users: Int32Array.of(5, 5, 5, 5) })).toEqual([0, 0, 0, 0])
  })

  it('has the gradient of finite differences in both views', async () => {
    const check = await checkGradients((inputs) => mean(gateContrast(inputs as never)), {
      gates: value(Float64Array.of(1, 2, -1, 0.5, -2, 1), [3, 2]),
      masked: value(Float64Array.of(1, 1, -1, 1, -1, 1), [3, 2]),
      negatives: value(Int32Array.of(1, 2, 0, 2, 1, 0), [3, 2]),
      users: value(Int32Array.of(0, 1, 1)),
    })
    expect(check.error).toBeLessThan(1e-6)
  })
})
