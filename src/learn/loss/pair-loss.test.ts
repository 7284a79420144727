import { describe, expect, it } from 'vitest'
import { checkGradients, evaluate, gradients, type Tensor } from '../../tensor/index.ts'
import { hinge, type PairLossOptions, pairLoss } from './pair-loss.ts'

const lossOf = async (margin: readonly number[], options: PairLossOptions = {}): Promise<number> =>
  Number(await evaluate(({ m }) => pairLoss(m, options), { m: margin }))

describe('pairLoss', () => {
  it('is ln 2 at no margin, whatever the label, smoothing and temperature', async () => {
    for (const options of [{}, { target: 0 }, { target: 0.3, labelSmoothing: 0.2, temperature: 7 }])
      expect(await lossOf([0, 0], options)).toBeCloseTo(Math.LN2, 14)
  })

  it('has the values of the table of DPO losses at β d = 0.2: plain 0.598139, smoothed by .1 0.618139', async () => {
    expect(await lossOf([0.2])).toBeCloseTo(0.598139, 6)
    expect(await lossOf([2], { temperature: 10, labelSmoothing: 0.1 })).toBeCloseTo(0.618139, 6)
    expect(await lossOf([0.2], { target: 0.9 })).toBeCloseTo(0.618139, 6)
  })

  it('differs by the margin when the sides are swapped', async () => {
    expect((await lossOf([1.7])) - (await lossOf([-1.7]))).toBeCloseTo(-1.7, 14)
    expect(await lossOf([1.7], { target: 0.2, lead: 0.4 })).toBeCloseTo(
      await lossOf([-1.7], { target: 0.8, lead: 0.4 }),
      14,
    )
  })

  it('refuses a mean by weights that several losses share', async () => {
    const shared = (weight: readonly number[] | number) =>
      evaluate(({ m, w }) => pairLoss(m, { weight: w }), { m: [1, 2], w: weight })
    await expect(shared(2)).rejects.toThrow('the weights are [] and the losses [2], expected one for each loss')
    await expect(shared([2])).rejects.toThrow('the weights are [1] and the losses [2]')
    expect(await shared([2, 2])).toBeCloseTo(await lossOf([1, 2]), 14)
  })

  it('asks for the lead of the preferred side, and for none in a tie', async () => {
    expect(await lossOf([1], { lead: 1 })).toBeCloseTo(Math.LN2, 14)
    expect(await lossOf([-1], { lead: 1, target: 0 })).toBeCloseTo(Math.LN2, 14)
    expect(await lossOf([1], { lead: 5, target: 0.5 })).toBeCloseTo(await lossOf([1], { target: 0.5 }), 14)
  })

  it('is finite at ±10000 with exact gradients', async () => {
    const { loss, slope } = await evaluate(
      ({ m }) => {
        const loss = pairLoss(m, { reduction: 'none', target: 1 })
        return { loss, slope: gradients(pairLoss(m, { reduction: 'sum' }), m) }
      },
      { m: [1e4, -1e4] },
    )
    expect(loss).toEqual([0, 1e4])
    expect((slope as number[]).map((s) => s + 0)).toEqual([0, -1])
    const soft = await evaluate(({ m, y }) => gradients(pairLoss(m, { target: y, reduction: 'sum' }), m), {
      m: [1e4, -1e4, 1e4],
      y: [0.5, 0.25, 0],
    })
    expect(soft).toEqual([0.5, -0.25, 1])
  })

  it('keeps what is small beside 1: a margin of 40 costs e⁻⁴⁰', async () => {
    expect((await lossOf([40])) / Math.exp(-40)).toBeCloseTo(1, 12)
  })

  it('weighs, sums and averages', async () => {
    const at = (options: PairLossOptions): Promise<unknown> =>
      evaluate(({ m, w }) => pairLoss(m, { ...options, weight: w }), { m: [0, 5], w: [3, 1] })
    const five = Math.log1p(Math.exp(-5))
    expect(await at({})).toBeCloseTo((3 * Math.LN2 + five) / 4, 14)
    expect(await at({ reduction: 'sum' })).toBeCloseTo(3 * Math.LN2 + five, 14)
    expect(await at({ reduction: 'none' })).toEqual([expect.closeTo(3 * Math.LN2, 14), expect.closeTo(five, 14)])
    expect(await evaluate(({ m, w }) => pairLoss(m, { weight: w }), { m: [1], w: [0] })).toBe(0)
  })

  it('agrees with finite differences', async () => {
    const check = await checkGradients(
      ({ m, y, u, t }) =>
        pairLoss(m as Tensor, {
          target: y as Tensor,
          lead: u as Tensor,
          temperature: t as Tensor,
          labelSmoothing: 0.1,
        }),
      { m: [0.3, -2, 4], y: [1, 0.5, 0.2], u: [0.1, 1, -0.4], t: 1.3 },
    )
    expect(check.error).toBeLessThan(1e-8)
  })

  it('refuses a smoothing of ½ and a temperature of 0', async () => {
    await expect(lossOf([1], { labelSmoothing: 0.5 })).rejects.toThrow('labelSmoothing is 0.5')
    await expect(lossOf([1], { temperature: 0 })).rejects.toThrow('temperature is 0')
  })
})

describe('hinge', () => {
  it('is 1 at no margin and 0 from the lead on', async () => {
    const at = (m: readonly number[], target = 1): Promise<unknown> =>
      evaluate(({ m }) => hinge(m, { target, reduction: 'none' }), { m })
    expect(await at([0, 1, 2, -3])).toEqual([1, 0, 0, 4])
    expect(await at([0, 3], 0)).toEqual([1, 4])
    expect(await at([0.5], 0.5)).toEqual([1])
  })
})
