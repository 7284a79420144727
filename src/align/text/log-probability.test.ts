import { describe, expect, it } from 'vitest'
import { evaluate, type Tensor } from '../../tensor/index.ts'
import { klEstimate } from './kl-estimate.ts'
import {
  lengthDesensitised,
  policyWeight,
  scoredMask,
  sequenceLogProbability,
  stateLogProbabilities,
  tokenDivergence,
  tokenEntropy,
  tokenLogProbabilities,
} from './log-probability.ts'
import { pairMetrics } from './metrics.ts'
import { mixParameters } from './mix-parameters.ts'

/** A bigram model over three tokens: the chance of each token after each. */
const bigram = [
  [0.5, 0.25, 0.25],
  [0.1, 0.6, 0.3],
  [0.2, 0.2, 0.6],
]
const ids = [
  [0n, 1n, 2n, 2n, 0n],
  [2n, 0n, 0n, 1n, 1n],
]
// Logits are right up to what is added to all of a place.
const logits = ids.map((row) => row.map((id, place) => (bigram[Number(id)] ?? []).map((p) => Math.log(p) + place)))
const mask = [
  [false, false, true, true, false],
  [false, true, true, true, true],
]
const L = Math.log

describe('log-probabilities of completions', () => {
  it('are those of the token after each place', async () => {
    const tokens = await evaluate(({ logits, ids }) => tokenLogProbabilities(logits, ids), { logits, ids })
    const expected = [
      [0.25, 0.3, 0.6, 0.2],
      [0.2, 0.5, 0.25, 0.6],
    ]
    expect(tokens).toEqual(expected.map((row) => row.map((p) => expect.closeTo(L(p), 12))))
  })

  it('count completions only: sums and means, whatever padding holds', async () => {
    const of = (padding: bigint, scale: number) =>
      evaluate(
        ({ logits, ids, mask }) => {
          const tokens = tokenLogProbabilities(logits, ids)
          const scored = scoredMask(mask)
          return [sequenceLogProbability(tokens, scored), sequenceLogProbability(tokens, scored, 'mean')] as const
        },
        {
          logits: logits.map((row, at) =>
            row.map((place, t) => (at === 0 && t >= 3 ? place.map((l) => l * scale) : place)),
          ),
          ids: ids.map((row, at) => row.map((id, t) => (at === 0 && t === 4 ? padding : id))),
          mask,
        },
      )
    const [sums, means] = await of(0n, 1)
    const [first, second] = [L(0.3) + L(0.6), L(0.2) + L(0.5) + L(0.25) + L(0.6)]
    expect(sums).toEqual([expect.closeTo(first, 12), expect.closeTo(second, 12)])
    expect(means).toEqual([expect.closeTo(first / 2, 12), expect.closeTo(second / 4, 12)])
    expect(await of(2n, 40)).toEqual([sums, means])
    expect(await of(1n, Number.NaN)).toEqual([sums, means])
  })

  it('are the same from states and the weight of the head', async () => {
    const states = [
      [
        [1, 0.5],
        [-1, 2],
        [0.3, 0.3],
      ],
    ]
    const head = [
      [1, 2],
      [0.5, -1],
      [0, 1],
      [2, 2],
    ]
    const both = await evaluate(
      ({ states, head, ids, logits }) => [stateLogProbabilities(states, head, ids), tokenLogProbabilities(logits, ids)],
      {
        states,
        head,
        ids: [[1n, 3n, 0n]],
        logits: states.map((row) => row.map(([x = 0, y = 0]) => head.map(([a = 0, b = 0]) => a * x + b * y))),
      },
    )
    const [ours = [], theirs = []] = both as number[][][]
    expect(ours).toEqual(theirs.map((row) => row.map((l) => expect.closeTo(l, 10))))
  })

  it('count tokens beyond the shorter completion less when desensitised', async () => {
    const tokens = { chosen: [[-1, -2, -4, -8]], rejected: [[-16, -32, -64, -128]] }
    const masks = { chosenMask: [[true, true, false, false]], rejectedMask: [[false, true, true, true]] }
    const at = (alpha: number) =>
      evaluate(
        ({ chosen, rejected, chosenMask, rejectedMask }) =>
          lengthDesensitised({ chosen, rejected }, { chosen: chosenMask, rejected: rejectedMask }, alpha),
        { ...tokens, ...masks },
      )
    expect(await at(1)).toEqual({ chosen: [-3], rejected: [-224] })
    expect(await at(0)).toEqual({ chosen: [-3], rejected: [-96] })
    expect(await at(0.25)).toEqual({ chosen: [-3], rejected: [-128] })
  })

  it('weigh completions by how likely the policy writes them', async () => {
    const weights = await evaluate(({ logits, ids, mask }) => policyWeight(logits, ids, scoredMask(mask)), {
      logits,
      ids,
      mask,
    })
    // After 1: .3 against .01 + .36 + .09; after 2: .6 against .04 + .04 + .36.
    expect((weights as number[])[0]).toBeCloseTo(Math.sqrt((0.3 / 0.46) * (0.6 / 0.44)), 12)
  })
})

describe('distances between policies', () => {
  it('have the entropy and the divergence of their distributions', async () => {
    const rows = [
      [0.5, 0.25, 0.25],
      [0.1, 0.6, 0.3],
    ].map((row) => row.map(L))
    const other = [
      [0.25, 0.25, 0.5],
      [0.1, 0.6, 0.3],
    ].map((row) => row.map(L))
    const { entropy, from, to } = await evaluate(
      ({ rows, other }) => ({
        entropy: tokenEntropy(rows),
        from: tokenDivergence(rows, other),
        to: tokenDivergence(rows, other, 'policy'),
      }),
      { rows, other },
    )
    expect((entropy as number[])[0]).toBeCloseTo(1.5 * Math.LN2, 12)
    // KL(π_ref ‖ π): ¼ ln ½ + ½ ln 2
    expect(from).toEqual([expect.closeTo(0.25 * Math.LN2, 12), expect.closeTo(0, 12)])
    expect(to).toEqual([expect.closeTo(0.25 * Math.LN2, 12), expect.closeTo(0, 12)])
  })

  it('are estimated without bias by k1 and k3, and never below 0 by k2 and k3', async () => {
    const policy = [0.5, 0.25, 0.25]
    const reference = [0.2, 0.3, 0.5]
    const { k1, k2, k3 } = (await evaluate(
      ({ policy, reference }: Record<'policy' | 'reference', Tensor>) => ({
        k1: klEstimate(policy, reference, 'k1'),
        k2: klEstimate(policy, reference, 'k2'),
        k3: klEstimate(policy, reference),
      }),
      { policy: policy.map(L), reference: reference.map(L) },
    )) as Record<'k1' | 'k2' | 'k3', number[]>
    const expectation = (x: readonly number[]) => x.reduce((total, value, at) => total + value * (policy[at] ?? 0), 0)
    const exact = expectation(policy.map((p, at) => L(p / (reference[at] ?? 1))))
    expect(expectation(k1)).toBeCloseTo(exact, 12)
    expect(expectation(k3)).toBeCloseTo(exact, 12)
    expect(Math.min(...k2, ...k3)).toBeGreaterThan(0)
    expect(Math.min(...k1)).toBeLessThan(0)
    expect(k2[0]).toBeCloseTo(L(2.5) ** 2 / 2, 12)
  })
})

describe('pairMetrics', () => {
  it('tells rewards from likelihoods, ties apart', async () => {
    const metrics = await evaluate(
      (
        pairs: Record<
          'chosen' | 'rejected' | 'referenceChosen' | 'referenceRejected' | 'chosenLength' | 'rejectedLength',
          Tensor
        >,
      ) => pairMetrics(pairs),
      {
        chosen: [-10, -5, -3, -8],
        rejected: [-8, -5, -4, -4],
        referenceChosen: [-12, -5, -3, -9],
        referenceRejected: [-8, -5, -5, -4],
        chosenLength: [10, 5, 3, 8],
        rejectedLength: [4, 5, 4, 2],
      },
    )
    expect(metrics).toEqual({
      chosenRewards: [0.2, 0, 0, 0.1].map((x) => expect.closeTo(x, 12)),
      rejectedRewards: [0, 0, 0.1, 0].map((x) => expect.closeTo(x, 12)),
      rewardAccuracy: 0.5,
      rewardMargin: expect.closeTo(0.05, 12),
      rankingAccuracy: 0.5,
      normalisedRankingAccuracy: 1,
    })
  })
})

describe('mixParameters', () => {
  const tree = (first: number, second: number) => ({
    a: { dtype: 'float32' as const, shape: [2], data: Float32Array.of(first, second) },
  })
  it('moves the reference by a share and leaves both as they were', () => {
    const [policy, reference] = [tree(1, 2), tree(0, 4)]
    expect([...mixParameters(policy, reference, 0.5).a.data]).toEqual([0.5, 3])
    expect([...mixParameters(policy, reference, 0).a.data]).toEqual([0, 4])
    expect([...reference.a.data]).toEqual([0, 4])
    expect(() => mixParameters(policy, reference, 2)).toThrow('share is 2')
  })
})
