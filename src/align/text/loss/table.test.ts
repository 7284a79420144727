import { describe, expect, it } from 'vitest'
import { evaluate, gradients, type Tensor } from '../../../tensor/index.ts'
import { type PreferenceLossName, preferenceLoss, preferenceLosses } from './registry.ts'

type Rows = Readonly<Record<string, readonly number[]>>

/** Log-ratios 1 and −1 over 4 and 6 tokens. */
const pair: Rows = {
  chosen: [-12],
  rejected: [-15],
  referenceChosen: [-13],
  referenceRejected: [-14],
  chosenLength: [4],
  rejectedLength: [6],
}
const atReference: Rows = { ...pair, referenceChosen: [-12], referenceRejected: [-15] }

const lossOf = async (name: PreferenceLossName, rows: Rows, options: Record<string, unknown> = {}): Promise<number> =>
  Number(await evaluate((inputs: Record<string, Tensor>) => preferenceLoss(inputs, [{ name, options }]), rows))

const slopesOf = async (name: PreferenceLossName, rows: Rows, options: Record<string, unknown> = {}) => {
  const slopes = (await evaluate((inputs: Record<string, Tensor>) => {
    const { chosen, rejected } = inputs as { chosen: Tensor; rejected: Tensor }
    return gradients(preferenceLoss(inputs, [{ name, options }]), { chosen, rejected })
  }, rows)) as { chosen: number[]; rejected: number[] }
  return [Number(slopes.chosen[0]), Number(slopes.rejected[0])]
}

const ln2 = Math.LN2
const b1 = { beta: 0.1 }
const smooth = { labelSmoothing: 0.1 }

// Worked out in float64 by hand from the formulas of the papers: name, options, at a = 1 and c = −1, at the reference,
// and ∂/∂ln π(y_w), ∂/∂ln π(y_l) there.
const table: readonly (readonly [
  PreferenceLossName,
  Record<string, unknown>,
  number,
  number,
  readonly [number, number],
])[] = [
  ['sigmoid', {}, 0.598139, ln2, [-0.05, 0.05]],
  ['sigmoid', smooth, 0.618139, ln2, [-0.04, 0.04]],
  ['hinge', {}, 0.8, 1, [-0.1, 0.1]],
  ['ipo', {}, 21.006944, 25, [-2.5, 1.666667]],
  ['exo_pair', {}, 2.422015, 2.761231, [-0.172669, 0.172669]],
  ['nca_pair', {}, 1.338793, 2 * ln2, [-0.025, 0.025]],
  ['robust', smooth, 0.573139, ln2, [-0.0625, 0.0625]],
  ['bco_pair', {}, 1.288793, 2 * ln2, [-0.05, 0.05]],
  ['sppo_hard', {}, 32, 50, [-10, 10]],
  ['aot', {}, 0.598139, ln2, [-0.05, 0.05]],
  ['aot_unpaired', {}, 0.598139, ln2, [-0.05, 0.05]],
  ['apo_zero', {}, 0.950042, 1, [-0.025, 0.025]],
  ['apo_down', {}, 0.975145, 1, [0, 0.025]],
  ['discopop', {}, 0.814763, 0.846574, [0.078426, -0.078426]],
  ['sft', {}, 3, 3, [-0.25, 0]],
  ['sigmoid_norm', b1, 0.672531, ln2, [-0.0125, 0.008333]],
  ['cpo', { likelihoodWeight: 0 }, 0.554355, 0.554355, [-0.042556, 0.042556]],
  ['simpo', { beta: 2, gamma: 1 }, 2.126928, 2.126928, [-0.440399, 0.293599]],
]

describe('the table of preference losses', () => {
  for (const [name, options, apart, start, slopes] of table)
    it(`${name} ${JSON.stringify(options)} has its values and gradients`, async () => {
      expect(await lossOf(name, pair, options)).toBeCloseTo(apart, 6)
      expect(await lossOf(name, atReference, options)).toBeCloseTo(start, 6)
      const found = await slopesOf(name, atReference, options)
      expect(found[0]).toBeCloseTo(slopes[0], 6)
      expect(found[1]).toBeCloseTo(slopes[1], 6)
    })

  it('holds for divergences of the margin', async () => {
    expect(await lossOf('sigmoid', pair, { divergence: 'forward_kl' })).toBeCloseTo(0.582517, 6)
    expect(await lossOf('sigmoid', pair, { divergence: 'js_divergence' })).toBeCloseTo(0.644397, 6)
    expect(await lossOf('sigmoid', pair, { divergence: 'alpha_divergence' })).toBeCloseTo(0.594349, 6)
    expect(await lossOf('sigmoid', pair, { divergence: 'alpha_divergence', divergenceAlpha: 1 })).toBe(
      await lossOf('sigmoid', pair),
    )
  })

  it('holds for ORPO: likelihood 3, −0.1 ln σ of the odds', async () => {
    // p̄ = −3 and −2.5: ln odds ratio −0.5 − ln(1 − e⁻³) + ln(1 − e^−2.5)
    expect(await lossOf('orpo', pair)).toBeCloseTo(3.099574, 6)
  })

  it('adds up mixtures by their weights', async () => {
    const mpo = await evaluate(
      (inputs: Record<string, Tensor>) =>
        preferenceLoss(inputs, [{ name: 'sigmoid', weight: 0.8 }, { name: 'bco_pair', weight: 0.2 }, { name: 'sft' }]),
      pair,
    )
    expect(mpo).toBeCloseTo(0.8 * 0.598139 + 0.2 * 1.288793 + 3, 5)
  })
})

describe('what holds for losses on pairs', () => {
  const paired = (Object.keys(preferenceLosses) as PreferenceLossName[]).filter((name) => {
    const { form, reads } = preferenceLosses[name]
    return form === 'pair' && reads.every((read) => read in pair)
  })

  it('finds all 21 that read no more than a pair', () => {
    expect(paired.length).toBe(21)
  })

  it('is finite, with finite gradients, however far the completions are apart', async () => {
    for (const name of paired)
      for (const far of [1e4, -1e4]) {
        const rows = { ...pair, chosen: [-1e4 - 1 + far / 2], rejected: [-1e4 - 1 - far / 2] }
        expect(Number.isFinite(await lossOf(name, rows)), `${name} at ${far}`).toBe(true)
        for (const slope of await slopesOf(name, rows))
          expect(Number.isFinite(slope), `the gradient of ${name} at ${far}`).toBe(true)
      }
    for (const divergence of ['forward_kl', 'js_divergence', 'alpha_divergence'])
      for (const far of [1e4, -1e4])
        expect(
          Number.isFinite(await lossOf('sigmoid', { ...pair, chosen: [-13 + far] }, { divergence })),
          `${divergence} at ${far}`,
        ).toBe(true)
  })

  it('does not depend on what is added to both log-ratios where only their difference counts', async () => {
    const moved = { ...pair, referenceChosen: [-11], referenceRejected: [-12] }
    for (const name of ['sigmoid', 'hinge', 'exo_pair', 'robust', 'discopop', 'aot', 'aot_unpaired'] as const)
      expect(await lossOf(name, moved), name).toBeCloseTo(await lossOf(name, pair), 12)
    for (const name of ['nca_pair', 'bco_pair', 'sppo_hard', 'apo_zero', 'apo_down'] as const)
      expect(Math.abs((await lossOf(name, moved)) - (await lossOf(name, pair))), name).toBeGreaterThan(1e-4)
  })

  it('falls by β d between a pair and the pair turned round, for DPO', async () => {
    const turned = { ...pair, chosen: [-15], rejected: [-12], referenceChosen: [-14], referenceRejected: [-13] }
    expect((await lossOf('sigmoid', pair)) - (await lossOf('sigmoid', turned))).toBeCloseTo(-0.2, 12)
  })

  it('is reference-free at scale 0, without references', async () => {
    const { chosen = [], rejected = [] } = pair
    expect(await lossOf('sigmoid', { chosen, rejected }, { referenceScale: 0 })).toBeCloseTo(0.554355, 6)
    // γ = ½: ln σ(0.1 · (3 − ½))
    expect(await lossOf('sigmoid', pair, { referenceScale: 0.5 })).toBeCloseTo(Math.log1p(Math.exp(-0.25)), 12)
  })

  it('sorts over the batch for AOT', async () => {
    // Policy margins 3, −1, reference's 1, 2: paired in order, −1 − 1 and 3 − 2.
    const rows = { chosen: [-1, -3], rejected: [-4, -2], referenceChosen: [-2, -1], referenceRejected: [-3, -3] }
    const soft = (z: number) => Math.log1p(Math.exp(-z))
    expect(await lossOf('aot', rows)).toBeCloseTo((soft(-0.2) + soft(0.1)) / 2, 12)
    // a = 1, −2; c = −1, 1: sorted −2, 1 and −1, 1.
    expect(await lossOf('aot_unpaired', rows)).toBeCloseTo((soft(-0.1) + soft(0)) / 2, 12)
    await expect(
      evaluate(
        (inputs: Record<string, Tensor>) => preferenceLoss(inputs, 'aot', { rowWeight: inputs['chosen'] as Tensor }),
        rows,
      ),
    ).rejects.toThrow('aot sorts its rows')
  })

  it('is length-normalised DPO = DPO of β/n at equal lengths, = SimPO without lead under a uniform reference', async () => {
    const equal = { ...pair, rejectedLength: [4] }
    expect(await lossOf('sigmoid_norm', equal, { beta: 2 })).toBeCloseTo(
      await lossOf('sigmoid', equal, { beta: 0.5 }),
      12,
    )
    const uniform = { ...pair, referenceChosen: [-4 * Math.log(50)], referenceRejected: [-6 * Math.log(50)] }
    expect(await lossOf('sigmoid_norm', uniform)).toBeCloseTo(await lossOf('simpo', uniform, { gamma: 0 }), 12)
  })

  it('is AlphaPO → SimPO as α → 0', async () => {
    expect(await lossOf('simpo', pair, { alpha: 1e-7 })).toBeCloseTo(await lossOf('simpo', pair), 6)
    // (1 − e^{0.5·3})/0.5 and of 2.5, twice their difference less 0.5
    const reward = (p: number) => (1 - Math.exp(-0.5 * p)) / 0.5
    const z = 2 * (reward(-3) - reward(-2.5)) - 0.5
    expect(await lossOf('simpo', pair, { alpha: 0.5 })).toBeCloseTo(Math.log1p(Math.exp(-z)), 10)
  })

  it('says what is missing or out of range', async () => {
    const { chosen = [], rejected = [] } = pair
    await expect(lossOf('sigmoid', { chosen, rejected })).rejects.toThrow('referenceChosen is missing')
    await expect(lossOf('sigmoid', pair, { beta: 0 })).rejects.toThrow('beta')
    await expect(lossOf('exo_pair', pair, { labelSmoothing: 0 })).rejects.toThrow('labelSmoothing')
    await expect(lossOf('hinge', pair, { labelSmoothing: 0.1 })).rejects.toThrow('labelSmoothing')
    await expect(lossOf('dpo' as PreferenceLossName, pair)).rejects.toThrow('sigmoid')
  })
})
