import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { pairLoss } from '../../../learn/index.ts'
import { evaluate, exp, mul, stopGradient, sub, type Tensor } from '../../../tensor/index.ts'
import { completionLength, lengthDesensitised, scoredMask, sequenceLogProbability } from '../log-probability.ts'
import type { Divergence } from './log-ratios.ts'
import { type PolicyGradientOptions, policyGradientLoss } from './policy-gradient.ts'
import { logOddsRatio } from './reference-free.ts'
import { type LossPart, preferenceLoss } from './registry.ts'
import { ktoBaseline } from './unpaired.ts'

const rows = z.array(z.array(z.number()))
const named = z.record(z.string(), z.number())
const fixture = z
  .object({
    mask: rows,
    policy: rows,
    reference: rows,
    collision: rows,
    labels: z.array(z.boolean()),
    klPolicy: z.array(z.number()),
    klReference: z.array(z.number()),
    advantages: z.array(z.number()),
    old: rows,
    losses: z.object({
      pairs: named,
      diverged: named,
      desensitised: named,
      weighted: named,
      free: named,
      unpaired: named,
      gradient: named,
    }),
  })
  .parse(JSON.parse(readFileSync(new URL('../fixtures/trl.json', import.meta.url), 'utf8')))

const { losses } = fixture
const half = fixture.policy.length / 2
const masks = fixture.mask.map((row) => row.map((place) => place === 1))
const sides = <T>(all: readonly T[]): readonly [readonly T[], readonly T[]] => [all.slice(0, half), all.slice(half)]
const [chosenMask, rejectedMask] = sides(masks)
const [chosen, rejected] = sides(fixture.policy)
const [referenceChosen, referenceRejected] = sides(fixture.reference)
const [chosenCollision, rejectedCollision] = sides(fixture.collision)
const plain = {
  chosen,
  rejected,
  referenceChosen,
  referenceRejected,
  chosenMask,
  rejectedMask,
  chosenCollision,
  rejectedCollision,
}
type Sides = Record<keyof typeof plain, Tensor>

/** Pairs from tokens, as a trainer makes them. */
function pairsOf(inputs: Sides, desensitised = 1) {
  const scored = { chosen: scoredMask(inputs.chosenMask), rejected: scoredMask(inputs.rejectedMask) }
  const policy = lengthDesensitised(inputs, scored, desensitised)
  const reference = lengthDesensitised(
    { chosen: inputs.referenceChosen, rejected: inputs.referenceRejected },
    scored,
    desensitised,
  )
  return {
    ...policy,
    referenceChosen: reference.chosen,
    referenceRejected: reference.rejected,
    chosenLength: completionLength(scored.chosen, 'float64'),
    rejectedLength: completionLength(scored.rejected, 'float64'),
  }
}

const lossOf = async (part: LossPart, desensitised = 1): Promise<number> =>
  Number(await evaluate((inputs: Sides) => preferenceLoss(pairsOf(inputs, desensitised), [part]), plain))

describe('beside TRL on the same log-probabilities', () => {
  const smoothed = new Set(['exo_pair', 'robust', 'aot', 'aot_unpaired'])
  for (const [name, theirs] of Object.entries(losses.pairs))
    it(`${name} is the same`, async () => {
      const options = { ...(smoothed.has(name) && { labelSmoothing: 0.1 }), ...(name !== 'sft' && { beta: 0.1 }) }
      expect(await lossOf({ name: name as LossPart['name'], options })).toBeCloseTo(theirs, 6)
    })

  for (const [both, theirs] of Object.entries(losses.diverged))
    it(`${both} is the same`, async () => {
      const [name, divergence] = both.split(' ') as [LossPart['name'], Divergence]
      // Theirs is in float32.
      expect((await lossOf({ name, options: { divergence, beta: 0.1 } })) / theirs).toBeCloseTo(1, 5)
    })

  it('length-desensitised DPO is the same', async () => {
    for (const [alpha, theirs] of Object.entries(losses.desensitised))
      expect(await lossOf({ name: 'sigmoid' }, Number(alpha)), alpha).toBeCloseTo(theirs, 6)
  })

  it('losses weighted by the policy are the same', async () => {
    for (const [name, theirs] of Object.entries(losses.weighted)) {
      const ours = await evaluate((inputs: Sides) => {
        const weight = (tokens: Tensor, collision: Tensor, mask: Tensor): Tensor =>
          exp(sequenceLogProbability(sub(tokens, collision), scoredMask(mask), 'mean'))
        const rowWeight = stopGradient(
          mul(
            weight(inputs.chosen, inputs.chosenCollision, inputs.chosenMask),
            weight(inputs.rejected, inputs.rejectedCollision, inputs.rejectedMask),
          ),
        )
        return preferenceLoss(pairsOf(inputs), [{ name: name as LossPart['name'] }], { rowWeight })
      }, plain)
      expect(ours, name).toBeCloseTo(theirs, 6)
    }
  })

  it('losses without reference are the same', async () => {
    const options = { beta: 0.1, labelSmoothing: 0.1, likelihoodWeight: 0 }
    const { sigmoid = 0, hinge = 0, ipo = 0, simpo = 0, alpha = 0, odds = 0 } = losses.free
    expect(await lossOf({ name: 'cpo', options })).toBeCloseTo(sigmoid, 6)
    expect(await lossOf({ name: 'cpo', options: { ...options, form: 'hinge' } })).toBeCloseTo(hinge, 6)
    expect(await lossOf({ name: 'cpo', options: { ...options, form: 'ipo' } })).toBeCloseTo(ipo, 6)
    expect(await lossOf({ name: 'simpo', options: { labelSmoothing: 0.1 } })).toBeCloseTo(simpo, 6)
    expect(await lossOf({ name: 'simpo', options: { labelSmoothing: 0.1, alpha: 0.3 } })).toBeCloseTo(alpha, 6)
    const ours = await evaluate((inputs: Sides) => {
      const [good, bad] = [scoredMask(inputs.chosenMask), scoredMask(inputs.rejectedMask)]
      const means = {
        chosen: sequenceLogProbability(inputs.chosen, good, 'mean'),
        rejected: sequenceLogProbability(inputs.rejected, bad, 'mean'),
      }
      return mul(pairLoss(logOddsRatio(means)), 0.1)
    }, plain)
    // Theirs turns means into float32.
    expect(ours).toBeCloseTo(odds, 6)
  })

  it('losses without pairs are the same', async () => {
    for (const [name, theirs] of Object.entries(losses.unpaired)) {
      const ours = await evaluate(
        (inputs: Record<string, Tensor>) => {
          const { policy, reference, mask, desirable, klPolicy, klReference } = inputs as Record<
            'policy' | 'reference' | 'mask' | 'desirable' | 'klPolicy' | 'klReference',
            Tensor
          >
          return preferenceLoss(
            {
              completion: sequenceLogProbability(policy, scoredMask(mask)),
              referenceCompletion: sequenceLogProbability(reference, scoredMask(mask)),
              desirable,
              baseline: ktoBaseline(klPolicy, klReference),
            },
            [{ name: name as LossPart['name'], options: { desirableWeight: 1.2, undesirableWeight: 0.9 } }],
          )
        },
        {
          policy: chosen,
          reference: referenceChosen,
          mask: chosenMask,
          desirable: fixture.labels,
          klPolicy: fixture.klPolicy,
          klReference: fixture.klReference,
        },
      )
      expect(ours, name).toBeCloseTo(theirs, 6)
    }
  })

  const settings: Readonly<Record<string, PolicyGradientOptions>> = {
    grpo: { tokenReduction: 'grpo' },
    bnpo: { tokenReduction: 'bnpo' },
    dr_grpo: { tokenReduction: 'dr_grpo', maxLength: 9 },
    dapo: {},
    luspo: { tokenReduction: 'luspo' },
    sapo: { objective: 'sapo', tokenReduction: 'grpo' },
    vespo: { objective: 'vespo' },
    cispo: { objective: 'cispo', clipHigh: 1.1 },
    beta: { tokenReduction: 'grpo', beta: 0.3 },
    sequence: { tokenReduction: 'grpo', ratio: 'sequence', clipLow: 0.05, clipHigh: 0.1 },
    delta: { delta: 1.05 },
  }
  for (const [name, theirs] of Object.entries(losses.gradient))
    it(`the policy-gradient loss ${name} is the same`, async () => {
      const ours = await evaluate(
        ({
          policy,
          old,
          reference,
          advantage,
          mask,
        }: Record<'policy' | 'old' | 'reference' | 'advantage' | 'mask', Tensor>) =>
          policyGradientLoss({ policy, old, reference, advantage, mask: scoredMask(mask) }, settings[name] ?? {}),
        {
          policy: chosen,
          old: fixture.old,
          reference: referenceChosen,
          advantage: fixture.advantages,
          mask: chosenMask,
        },
      )
      expect(settings[name]).toBeDefined()
      expect(ours).toBeCloseTo(theirs, 6)
    })
})
