import { expect, it } from 'vitest'
import { type Comparison, candidate, type Rating } from '../collect/index.ts'
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

/** Fifteen people's ratings at random, each of 12 things that nobody else rated. */
function ratings(): Rating[] {
  const random = seeded('ratings')
  return Array.from({ length: 15 * 12 }, (_, nth) => ({
    kind: 'rating',
    id: `${nth}`,
    rater: { id: `rater ${nth % 15}`, kind: 'simulated' },
    context: { id: 'everywhere' },
    time: 0,
    source: 'test',
    candidate: candidate({ modality: 'item', item: `${nth}` }),
    aspects: { overall: random.integer(100) },
  }))
}

it('splits by candidate where contexts are few, so that ratings at random are not told from each other', async () => {
  const names = Object.fromEntries(ratings().map(({ candidate: { id } }, at) => [id, at]))
  const { report } = await learnPreferences(
    ratings().map((rating) => ({
      ...rating,
      // A column for each thing, so that whatever was seen of it can be learned by heart.
      candidate: {
        ...rating.candidate,
        features: Object.fromEntries(
          Array.from({ length: 180 }, (_, k) => [`is ${k}`, Number(names[rating.candidate.id] === k)]),
        ),
      },
    })),
    {
      kind: rewardKind,
      encoder: givenFeatures({ of: 'candidate', names: Array.from({ length: 180 }, (_, k) => `is ${k}`) }),
      epochs: 20,
    },
    startRun({ seed: 1 }),
  )
  expect(report.split).toBe('component')
  expect(report.pairs.test).toBe(198)
  expect(report.test.accuracy).toBeLessThan(0.6)
})

it('splits by pair where candidates are few as well, unless told otherwise', async () => {
  const few = votes(1, 60).map((vote, nth) => ({
    ...vote,
    a: candidate({ modality: 'item', item: 'x' }, { features: { size: 1 } }),
    b: candidate({ modality: 'item', item: `y${nth % 5}` }, { features: { size: nth % 5 } }),
  }))
  const { report } = await learnPreferences(few, { kind: rewardKind, encoder, epochs: 3 }, startRun())
  expect(report.split).toBe('pair')
  const asked = { kind: rewardKind, encoder, epochs: 3, split: 'context' as const }
  await expect(learnPreferences(few, asked, startRun())).rejects.toThrow(
    'the 60 pairs to learn from are of 1 context; training, validation and test need at least 3',
  )
  await expect(learnPreferences(few, { ...asked, heldOut: 0.7 }, startRun())).rejects.toThrow('heldOut is 0.7')
})
