import { describe, expect, it } from 'vitest'
import { evaluate, gradients, type Tensor } from '../../../tensor/index.ts'
import { type ListLogProbabilities, lipoLoss, listDpoLoss, proLoss, rrhfLoss } from './lists.ts'
import { a2poLoss, gpoLoss, inpoLoss, mixedLogits, nashMdLoss, optimalValue, rebelLoss, xpoLoss } from './online.ts'
import { dpoLoss, ipoLoss, jpoLoss, sppoLoss } from './paired.ts'
import {
  generalisedAdvantages,
  groupAdvantages,
  leaveOneOutAdvantages,
  type PolicyGradientOptions,
  policyGradientLoss,
  reinforceLoss,
  rlooLoss,
} from './policy-gradient.ts'
import { logOneMinusExp, rationaleLoss, slicLoss, tpoLoss } from './reference-free.ts'
import { activationMask, sparsePoLoss, tdpoLoss } from './token-level.ts'
import { bcoLoss, ktoLoss, mismatched, promptImportance, rewardModelLoss, updateRunningMean } from './unpaired.ts'

const soft = (x: number): number => Math.log1p(Math.exp(x))
const close = (values: readonly number[], digits = 10) => values.map((x) => expect.closeTo(x, digits))
const pair = { chosen: [-12], rejected: [-15], referenceChosen: [-13], referenceRejected: [-14] }

describe('losses on lists', () => {
  const of = async (loss: (lists: ListLogProbabilities) => Tensor, lists: Record<string, unknown>): Promise<number> =>
    Number(await evaluate((l) => loss(l as unknown as ListLogProbabilities), lists as Record<string, number[][]>))

  it('PRO of two is logistic in the gap, and of equal rewards constant', async () => {
    expect(await of((l) => proLoss(l), { completions: [[-1, -3]], rewards: [[2, 0.5]] })).toBeCloseTo(
      soft(-1.5 * 2),
      12,
    )
    const equal = { completions: [[-1, -3, -2]], rewards: [[1, 1, 1]] }
    expect(await of((l) => proLoss(l), equal)).toBeCloseTo(Math.log(3) + Math.log(2), 12)
    const slope = await evaluate(
      ({ completions, rewards }) => gradients(proLoss({ completions, rewards }), completions),
      equal,
    )
    expect((slope as number[][])[0]?.map(Math.abs)).toEqual([0, 0, 0])
  })

  it('PRO of three by hand, in any order, with places left empty', async () => {
    // Best to worst s = −1, −2, −4, r = 3, 1, 0: G = 3, 1; g = 2, 3 and 1.
    const expected =
      Math.log(Math.exp(-3) + Math.exp(-4) + Math.exp(-12)) + 3 + (Math.log(Math.exp(-2) + Math.exp(-4)) + 2)
    expect(await of((l) => proLoss(l), { completions: [[-1, -2, -4]], rewards: [[3, 1, 0]] })).toBeCloseTo(expected, 12)
    const padded = {
      completions: [[-4, -9, -1, -2]],
      rewards: [[0, 9, 3, 1]],
      mask: [[true, false, true, true]],
    }
    expect(await of((l) => proLoss(l), padded)).toBeCloseTo(expected, 12)
    const tuned = { completions: [[-1, -2, -4]], rewards: [[3, 1, 0]], best: [-10] }
    expect(await of((l) => proLoss(l), tuned)).toBeCloseTo(expected + 0.05 * 4 * 10, 12)
  })

  it('RRHF counts what is in the wrong order', async () => {
    const lists = { completions: [[-1, -0.5, -3]], rewards: [[2, 1, 3]], best: [-6] }
    // The third is the best: −0.5 + 3 and −1 + 3; the first beats the second: −0.5 + 1.
    expect(await of((l) => rrhfLoss(l), lists)).toBeCloseTo(2.5 + 2 + 0.5 + 6, 12)
  })

  it('DPO on lists of two is DPO, and Plackett–Luce on three', async () => {
    const two = { completions: [[-12, -15]], referenceCompletions: [[-13, -14]], rewards: [[1, 0]] }
    expect(await of((l) => listDpoLoss(l), two)).toBeCloseTo(0.598139, 6)
    const three = { completions: [[1, 2, 3]], rewards: [[1, 2, 3]] }
    const expected = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)) - 3 + Math.log(Math.exp(1) + Math.exp(2)) - 2
    expect(await of((l) => listDpoLoss(l, { beta: 1 }), three)).toBeCloseTo(expected, 12)
  })

  it('LiPO weighs a comparison by gains and ranks', async () => {
    // Gains 2² − 2⁰ = 3, discounts 1/ln 2 and 1/ln 3, the better one second at present.
    const two = { completions: [[-3, -1]], rewards: [[2, 0]] }
    const weight = 3 * (1 / Math.log(2) - 1 / Math.log(3))
    expect(await of((l) => lipoLoss(l, { beta: 1 }), two)).toBeCloseTo(weight * soft(2), 12)
  })
})

describe('losses without pairs', () => {
  const rows = {
    completion: [1, -0.5, 2, 0.3],
    referenceCompletion: [0, 0, 0, 0],
    desirable: [true, true, false, false],
  }
  it('KTO by hand', async () => {
    const losses = await evaluate(({ baseline, ...rows }) => ktoLoss({ ...rows, baseline }, { reduction: 'none' }), {
      ...rows,
      baseline: 0.4,
    })
    expect(losses).toEqual(close([0.485004, 0.522485, 0.539915, 0.4975], 5))
  })
  it('BCO by hand', async () => {
    const losses = await evaluate((rows) => bcoLoss(rows, { reduction: 'none' }), {
      ...rows,
      shift: 0.1,
      importance: [1, 1, 2, 0.5],
    })
    expect(losses).toEqual(close([soft(0), soft(0.15), 2 * soft(0.1), 0.5 * soft(-0.07)]))
    expect(updateRunningMean({ count: 2, mean: 1 }, [4, 4])).toEqual({ count: 4, mean: 2.5 })
    expect([0, 0.5, 0.75, 1].map((p) => promptImportance(p))).toEqual([0.5, 1, 3, 10])
    expect(mismatched(['a', 'b', 'c'])).toEqual(['c', 'a', 'b'])
    expect(() => mismatched(['a'])).toThrow('1 rows')
  })
  it('reward models with margin and centring', async () => {
    const loss = await evaluate((rewards) => rewardModelLoss(rewards, { centring: 0.01 }), {
      chosen: [2],
      rejected: [1],
      margin: [0.5],
    })
    expect(loss).toBeCloseTo(soft(-0.5) + 0.09, 12)
  })
})

describe('losses of tokens', () => {
  it('TDPO is DPO at no divergence, and takes its difference off', async () => {
    const at = (version: 1 | 2, chosenKl: number, rejectedKl: number) =>
      evaluate((pairs) => tdpoLoss(pairs, { version }), { ...pair, chosenKl: [chosenKl], rejectedKl: [rejectedKl] })
    expect(await at(2, 0, 0)).toBeCloseTo(0.598139, 6)
    expect(await at(1, 1, 4)).toBeCloseTo(soft(-0.1 * (2 - 3)), 12)
    expect(await at(2, 1, 4)).toBeCloseTo(soft(-0.1 * (2 - 1.5)), 12)
  })
  it('SparsePO counts by its masks and lets them cost', async () => {
    const inputs = { ratio: [[1, 2]], ratio2: [[-1, 3]], kl: [[0.5, 1]], kl2: [[2, 0]], mask: [[2, 0]], none: [[0, 1]] }
    const loss = await evaluate(
      ({ ratio, ratio2, kl, kl2, mask, none }) =>
        sparsePoLoss(
          {
            chosen: { ratio, kl, rewardMask: mask, klMask: none },
            rejected: { ratio: ratio2, kl: kl2, rewardMask: none, klMask: mask },
          },
          { beta: 0.5, rewardSparsity: 0.1, klSparsity: 0.01 },
        ),
      inputs,
    )
    // u = 2 − 3, δ = 4 − 1
    expect(loss).toBeCloseTo(soft(0.5 * 4) + 0.3 + 0.03, 12)
    const mask = await evaluate(({ x, there }) => activationMask(x, there), {
      x: [
        [5, 1, 3, 99],
        [2, 2, 7, 7],
      ],
      there: [
        [true, true, true, false],
        [true, true, false, false],
      ],
    })
    expect(mask).toEqual([
      [1, 0, 0.5, 0],
      [1, 1, 0, 0],
    ])
  })
})

describe('losses of rounds', () => {
  it('GPO draws log-ratios to scores, and is SPPO with chances', async () => {
    const gpo = await evaluate((p) => gpoLoss(p, { beta: 0.5 }), {
      ...pair,
      chosenScore: [0.5],
      rejectedScore: [-0.25],
    })
    expect(gpo).toBeCloseTo(0 + 0.25, 12)
    const both = await evaluate((p) => [gpoLoss(p), sppoLoss(p, { chosenWinRate: 0.7, rejectedWinRate: 0.4 })], {
      ...pair,
      chosenScore: [0.2],
      rejectedScore: [-0.1],
    })
    expect(both[0]).toBeCloseTo(Number(both[1]), 12)
  })
  it('INPO without τ is IPO of sums', async () => {
    const both = await evaluate(
      (p) => [inpoLoss(p, { eta: 0.1, tau: 0 }), ipoLoss(p, { beta: 0.1, lengthNormalise: false })],
      { ...pair, roundChosen: [-13], roundRejected: [-14] },
    )
    expect(both[0]).toBeCloseTo(Number(both[1]), 12)
    // h = 3 − ½·1 − ½·2
    const mixed = await evaluate((p) => inpoLoss(p, { eta: 0.2, tau: 0.1 }), {
      ...pair,
      roundChosen: [-12],
      roundRejected: [-14],
    })
    expect(mixed).toBeCloseTo((3 - 0.5 - 1 - 2.5) ** 2, 12)
  })
  it('REBEL, XPO, A*-PO and Nash-MD by hand', async () => {
    expect(await evaluate((p) => rebelLoss(p, { eta: 2 }), { ...pair, chosenReward: [3], rejectedReward: [1] })).toBe(1)
    expect(await evaluate((p) => xpoLoss(p, { alpha: 0.1 }), { ...pair, referenceSample: [-20] })).toBeCloseTo(
      0.598139 - 2,
      6,
    )
    expect(
      await evaluate(({ r }) => optimalValue(r), {
        r: [
          [1, 1],
          [0, Math.log(3) / 2],
        ],
      }),
    ).toEqual(close([1, 0.5 * Math.LN2]))
    const a2po = await evaluate((rows) => a2poLoss(rows, { beta: 0.5 }), {
      completion: [-2],
      referenceCompletion: [-4],
      reward: [3],
      value: [1],
    })
    expect(a2po).toBe(1)
    const slope = await evaluate(
      ({ policy, reference, winRate }) => gradients(nashMdLoss({ policy, reference, winRate }), policy),
      { policy: [[-1, -2]], reference: [[-2, -2]], winRate: [0.75] },
    )
    expect(slope).toEqual([close([0.1 - 0.25, -0.25])])
    expect(await evaluate(({ x, y }) => mixedLogits(x, y, 0.25), { x: [4, 0], y: [0, 8] })).toEqual([3, 2])
  })
  it('JPO is DPO with equal prompts, and lets prompts count', async () => {
    const prompts = {
      chosenPrompt: [-5],
      referenceChosenPrompt: [-7],
      rejectedPrompt: [-5],
      referenceRejectedPrompt: [-7],
    }
    const both = await evaluate((p) => [jpoLoss(p), dpoLoss(p)], { ...pair, ...prompts })
    expect(both[0]).toBe(both[1])
    const half = await evaluate((p) => jpoLoss(p, { promptWeight: 0.5 }), { ...pair, ...prompts, rejectedPrompt: [-9] })
    expect(half).toBeCloseTo(soft(-0.1 * (2 + 0.5 * 4)), 12)
  })
  it('rationales cost their likelihood, SLiC a lead, TPO a third response', async () => {
    const at = (form: 'nll' | 'logsigmoid') => evaluate(({ r }) => rationaleLoss(r, { form }), { r: [-20] })
    expect(await at('nll')).toBeCloseTo(2, 12)
    expect(await at('logsigmoid')).toBeCloseTo(soft(2), 12)
    const lengths = { chosenLength: [4], rejectedLength: [6] }
    expect(await evaluate((p) => slicLoss(p, { lead: 5 }), { ...pair, ...lengths })).toBeCloseTo(2 + 0.3, 12)
    const tpo = await evaluate((p) => tpoLoss(p), { ...pair, ...lengths, likelihood: 1.5 })
    expect(tpo).toBeCloseTo(soft(-0.03) + 1.5, 12)
    expect(await evaluate(({ x }) => logOneMinusExp(x), { x: [-1e-3, -0.5, -1, -50, 0] })).toEqual(
      close(
        [-1e-3, -0.5, -1, -50, -1e-6].map((x) => Math.log(-Math.expm1(x))),
        9,
      ),
    )
  })
})

describe('policy gradients', () => {
  it('have the advantages of groups by hand', async () => {
    const rewards = [[1, 0, 0, 2]]
    expect(await evaluate(({ rewards }) => groupAdvantages(rewards), { rewards })).toEqual([
      close([0.261089, -0.783268, -0.783268, 1.305446], 5),
    ])
    expect(await evaluate(({ rewards }) => leaveOneOutAdvantages(rewards), { rewards })).toEqual([
      close([1 / 3, -1, -1, 5 / 3]),
    ])
    expect(await evaluate(({ rewards }) => groupAdvantages(rewards, { scale: 'none' }), { rewards })).toEqual([
      [0.25, -0.75, -0.75, 1.25],
    ])
    expect(await evaluate(({ rewards }) => groupAdvantages(rewards), { rewards: [[3, 3]] })).toEqual([[0, 0]])
    await expect(evaluate(({ rewards }) => groupAdvantages(rewards), { rewards: [[3]] })).rejects.toThrow('at least 2')
  })

  it('push every token by its advantage where the policy wrote the completions itself', async () => {
    const kinds: readonly PolicyGradientOptions[] = [
      ...(['clip', 'cispo', 'sapo', 'vespo', 'gmpo', 'reinforce'] as const).map((objective) => ({ objective })),
      { ratio: 'sequence' },
      { ratio: 'sequence_token' },
    ]
    for (const options of kinds) {
      const slope = await evaluate(
        ({ policy, advantage, mask }) =>
          gradients(policyGradientLoss({ policy, advantage, mask }, { ...options, tokenReduction: 'luspo' }), policy),
        {
          policy: [
            [-1, -2, -3],
            [-1, -1, -9],
          ],
          advantage: [2, -1],
          mask: [
            [true, true, true],
            [true, true, false],
          ],
        },
      )
      expect(slope, JSON.stringify(options)).toEqual([close([-1, -1, -1]), close([0.5, 0.5, 0])])
    }
  })

  it('REINFORCE, RLOO and generalised advantages by hand', async () => {
    const rows = { completion: [-2, -3], reward: [1, 0], baseline: 0.5 }
    expect(await evaluate((rows) => reinforceLoss(rows), rows)).toBeCloseTo((1 - 1.5) / 2, 12)
    const rloo = await evaluate((rows) => rlooLoss(rows), {
      completion: [-1, -1],
      old: [-2, -2],
      advantage: [1, -1],
    })
    expect(rloo).toBeCloseTo((-1.2 + Math.E) / 2, 12)
    // δ = 0 + 0.2 − 0.5, 1 − 0.2
    expect(generalisedAdvantages([0, 1], [0.5, 0.2], { lambda: 0.5 })).toEqual(close([-0.3 + 0.4, 0.8]))
  })
})
