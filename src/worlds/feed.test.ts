import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { feedWorld } from './feed.ts'

// Items of genre g are 4g to 4g + 3: kinds 0 0 1 1, qualities 0 1 0 1.
const world = feedWorld({ genres: 3, kinds: 2, qualities: 2, kindShare: 0, users: 400, sessionLength: 2 }, seeded(1))

describe('feedWorld', () => {
  it('is satisfied by fitting, good and different items', () => {
    expect([...world.kinds.subarray(0, 4), ...world.qualities.subarray(0, 4)]).toEqual([0, 0, 1, 1, 0, 1, 0, 1])
    const history = [4, 5, 6, 0]
    expect(world.genreOf(history)).toBe(1)
    expect(world.satisfaction(history, [5, 7])).toBe(1)
    expect(world.satisfaction(history, [5, 6])).toBe(0.5)
    expect(world.satisfaction(history, [5, 4])).toBe(0.25)
    expect(world.satisfaction(history, [1, 3])).toBe(0)
    expect(world.chances(history, [5, 4])).toEqual({ swt: 0.25, vtr: 0.5, ltr: 0.0625, wtr: 0.015625 })
  })

  it('has kinds that are better than others in a genre', () => {
    const { qualities } = feedWorld({ genres: 2, kinds: 2, qualities: 2, kindShare: 0.6 }, seeded(2))
    for (const genre of [0, 1])
      expect([...qualities.subarray(4 * genre, 4 * genre + 4)].sort()).toEqual([0, 0.4, 0.6, 1])
  })

  it('logs what its chances say', () => {
    let [seen, expected] = [0, 0]
    for (const { history, items, outcomes } of world.sessions) {
      seen += outcomes.vtr
      expected += world.chances(history, items).vtr
    }
    // Four standard deviations of 400 coins.
    expect(Math.abs(seen - expected)).toBeLessThan(4 * Math.sqrt(100))
    expect(expected).toBeGreaterThan(50)
  })

  it('says what is wrong', () => {
    expect(() => feedWorld({ kinds: 0 }, seeded(1))).toThrow('kinds is 0')
    expect(() => feedWorld({ fitting: 2 }, seeded(1))).toThrow('fitting is 2, expected a share')
  })
})
