import { expect, it } from 'vitest'
import { type Comparison, candidate } from '../collect/index.ts'
import { seeded, startRun } from '../run/index.ts'
import { givenFeatures } from './encoder/given-features.ts'
import { learnPreferences } from './learn-preferences.ts'
import { rewardKind } from './model/reward-kind.ts'

/** Votes on numbers: the larger wins with probability σ(2 (a − b)). */
function votes(contexts: number, each: number): Comparison[] {
  const random = seeded('votes')
  return Array.from({ length: contexts * each }, (_, nth) => {
    const [x, y] = [random.normal(), random.normal()]
    const item = (name: string, size: number) =>
      candidate({ modality: 'item', item: `${nth}${name}` }, { features: { size } })
    return {
      kind: 'comparison',
      id: `${nth}`,
      rater: { id: 'somebody', kind: 'simulated' },
      context: { id: `context ${nth % contexts}` },
      time: 0,
      source: 'test',
      a: item('a', x),
      b: item('b', y),
      outcome: random.chance(1 / (1 + Math.exp(-2 * (x - y)))) ? 'a' : 'b',
    }
  })
}

const encoder = givenFeatures({ of: 'candidate', names: ['size'] })

it('learns what decides votes, and says how well on contexts it has not seen', async () => {
  const signals = votes(50, 24)
  const learn = () =>
    learnPreferences(
      signals,
      { kind: rewardKind, encoder, options: { bias: false }, epochs: 40 },
      startRun({ seed: 1 }),
    )
  const { model, report } = await learn()
  expect(report).toMatchObject({ signals: 1200, split: 'context', pairs: { train: 840, validation: 120, test: 240 } })
  // The slope is 2, whatever part of it is the temperature's.
  const slope = (await model.scoreFeatures({ features: [[1]] })).data[0] as number
  expect(slope / model.temperature).toBeGreaterThan(1.4)
  expect(slope / model.temperature).toBeLessThan(2.6)
  // The best there is: E max(p, 1 − p) over differences of variance 2 is 0.80, by numerical integration.
  expect(report.test.accuracy).toBeGreaterThan(0.72)
  expect(report.test.accuracy).toBeLessThan(0.88)
  const [lower, upper] = report.accuracyInterval
  expect(lower).toBeLessThan(report.test.accuracy)
  expect(upper).toBeGreaterThan(report.test.accuracy)
  expect(upper - lower).toBeLessThan(0.2)
  expect(model.metrics['testAccuracy']).toBe(report.test.accuracy)
  expect((await learn()).report).toEqual(report)
})

it('splits by pair where contexts are few, unless told otherwise', async () => {
  const { report } = await learnPreferences(votes(1, 60), { kind: rewardKind, encoder, epochs: 3 }, startRun())
  expect(report.split).toBe('pair')
  const asked = { kind: rewardKind, encoder, epochs: 3, split: 'context' as const }
  await expect(learnPreferences(votes(1, 60), asked, startRun())).rejects.toThrow('1 groups cannot be split')
  await expect(learnPreferences(votes(1, 60), { ...asked, heldOut: 0.7 }, startRun())).rejects.toThrow('heldOut is 0.7')
})
