import { describe, expect, it } from 'vitest'
import { recordsOf } from './comparison-table.ts'
import { pairwiseWins } from './pairwise-wins.ts'
import { explodeRankings, neighbouringPairs, tallyRankings } from './rankings.ts'
import { separationOf } from './separation.ts'

const names = ['v', 'w', 'x', 'y']

describe('tallyRankings', () => {
  it('counts equal rankings once, however they were written down', () => {
    const table = tallyRankings(names, [
      { competitors: [0, 1, 2], ranks: [1, 2, 2] },
      { competitors: [2, 1, 0], ranks: [5, 5, 3] },
      { competitors: [0, 1, 2], ranks: [2, 1, 2] },
    ])
    expect([...table.counts]).toEqual([2, 1])
    expect(table.rankings[0]).toEqual({ groups: [[0], [1, 2]], below: [] })
    expect(table.total).toBe(3)
  })

  it('leaves the unranked out, or puts them below', () => {
    const ranking = [{ competitors: [0, 1, 2, 3], ranks: [null, 1, 2, null] }]
    expect(tallyRankings(names, ranking).rankings[0]).toEqual({ groups: [[1], [2]], below: [] })
    expect(tallyRankings(names, ranking, { unranked: 'below' }).rankings[0]).toEqual({
      groups: [[1], [2]],
      below: [0, 3],
    })
  })

  it('leaves out what says nothing, and keeps a lone winner over others', () => {
    const rankings = [
      { competitors: [0, 1], ranks: [1, null] },
      { competitors: [2], ranks: [1] },
      { competitors: [0, 1], ranks: [null, null] },
    ]
    expect(tallyRankings(names, rankings).total).toBe(0)
    expect(tallyRankings(names, rankings, { unranked: 'below' }).total).toBe(1)
  })

  it('names the ranking and what is wrong with it', () => {
    const bad = (competitors: number[], ranks: (number | null)[]) => () =>
      tallyRankings(names, [{ competitors, ranks }])
    expect(bad([0, 4], [1, 2])).toThrow('ranking 0: competitor is 4, expected an index below 4')
    expect(bad([0, 0], [1, 2])).toThrow('appears twice')
    expect(bad([0, 1], [1])).toThrow('2 competitors have 1 ranks')
    expect(bad([0, 1], [1, Number.NaN])).toThrow('rank is NaN')
  })
})

describe('explodeRankings', () => {
  const table = tallyRankings(
    names,
    [
      { competitors: [0, 1, 2, 3], ranks: [1, 2, 2, null] },
      { competitors: [0, 1, 2, 3], ranks: [1, 2, 2, null] },
      { competitors: [3, 0], ranks: [1, 2] },
    ],
    { unranked: 'below' },
  )

  it('pairs everyone with everyone known to be lower', () => {
    const pairs = explodeRankings(table)
    // Twice v > w, v > x, w = x, v > y, w > y, x > y, and once y > v.
    expect([...pairwiseWins(pairs).wins]).toEqual([0, 2, 2, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 0, 0, 0])
    expect(recordsOf(pairs).map(({ ties }) => ties)).toEqual([0, 2, 2, 0])
  })

  it('can let every ranking count as one vote', () => {
    const pairs = explodeRankings(table, 'ranking')
    const weight = pairs.counts.reduce((sum, count, cell) => sum + count * (pairs.weights[cell] as number), 0)
    expect(weight).toBeCloseTo(3, 12)
    expect(Math.max(...pairs.weights)).toBe(1)
  })
})

describe('neighbouringPairs', () => {
  it('connects what all pairs connect', () => {
    const cycle = tallyRankings(names, [
      { competitors: [0, 1, 2, 3], ranks: [1, 2, 3, 4] },
      { competitors: [3, 0], ranks: [1, 2] },
    ])
    const open = tallyRankings(names, [{ competitors: [0, 1, 2, 3], ranks: [1, 2, 2, 3] }])
    for (const table of [cycle, open]) {
      const [few, all] = [separationOf(neighbouringPairs(table)), separationOf(explodeRankings(table))]
      expect(few.groups).toEqual(all.groups)
    }
    expect(separationOf(neighbouringPairs(cycle)).connected).toBe(true)
    expect(separationOf(neighbouringPairs(open)).groups).toEqual([[0], [1, 2], [3]])
  })
})
