import { describe, expect, it } from 'vitest'
import { comparisonSchema } from '../collect/index.ts'
import { seeded } from '../run/index.ts'
import { type ArenaModel, arenaSignals, arenaWorld } from './arena.ts'

describe('arenaWorld', () => {
  it('gives the same votes for the same seed and others for another', () => {
    expect(arenaWorld({ votes: 50 }, seeded(1))).toEqual(arenaWorld({ votes: 50 }, seeded(1)))
    expect(arenaWorld({ votes: 50 }, seeded(1)).votes).not.toEqual(arenaWorld({ votes: 50 }, seeded(2)).votes)
  })

  it('spreads skills evenly around 0 and makes the weaker wordier', () => {
    const { models } = arenaWorld({ models: 3, votes: 1 }, seeded(1))
    expect(models.map(({ skill }) => skill)).toEqual([-0.7, 0, 0.7])
    expect(models.map(({ medianLength }) => Math.round(medianLength))).toEqual([579, 250, 108])
  })

  it('ties the stated share of votes and never lets a model meet itself', () => {
    const { votes } = arenaWorld({ votes: 40_000 }, seeded(2))
    const ties = votes.filter(({ outcome }) => outcome === 'tie').length / votes.length
    expect(Math.abs(ties - 0.2)).toBeLessThan(4 * Math.sqrt((0.2 * 0.8) / votes.length))
    expect(votes.every(({ a, b }) => a !== b)).toBe(true)
  })

  it('decides votes by skill alone when length has no effect', () => {
    const { votes, models } = arenaWorld({ models: 2, votes: 40_000, lengthEffect: 0, tieRate: 0 }, seeded(3))
    const strong = (models as readonly [ArenaModel, ArenaModel])[1].name
    const won = votes.filter(({ a, outcome }) => (models[a]?.name === strong) === (outcome === 'a')).length
    // σ(1.4) = 0.80218
    expect(Math.abs(won / votes.length - 0.80218)).toBeLessThan(0.008)
  })

  it('refuses a world that cannot be', () => {
    expect(() => arenaWorld({ models: 1 }, seeded(1))).toThrow('models is 1')
    expect(() => arenaWorld({ votes: 0 }, seeded(1))).toThrow('votes is 0')
    expect(() => arenaWorld({ tieRate: 1.5 }, seeded(1))).toThrow('tieRate is 1.5')
  })
})

describe('arenaSignals', () => {
  it('yields valid, named-as-simulated comparisons that carry the lengths', () => {
    const world = arenaWorld({ votes: 20 }, seeded(4))
    const signals = [...arenaSignals(world)]
    expect(signals).toHaveLength(20)
    for (const [position, signal] of signals.entries()) {
      expect(comparisonSchema.parse(signal)).toEqual(signal)
      expect(signal.rater.kind).toBe('simulated')
      const vote = world.votes[position]
      expect([signal.a.features?.['length'], signal.b.features?.['length'], signal.outcome]).toEqual([
        vote?.lengthA,
        vote?.lengthB,
        vote?.outcome,
      ])
    }
  })
})
