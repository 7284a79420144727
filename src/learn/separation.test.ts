import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tallyVotes } from './comparison-table.ts'
import { describeSeparation, separationOf, tiesSeparate } from './separation.ts'

type Vote = readonly [a: number, b: number, outcome: number]
const tableOf = (names: readonly string[], votes: readonly Vote[]) =>
  tallyVotes({
    names,
    a: votes.map(([a]) => a),
    b: votes.map(([, b]) => b),
    outcomes: votes.map(([, , outcome]) => outcome),
  })

describe('separationOf', () => {
  it('finds nothing in a circle of wins', () => {
    const separation = separationOf(
      tableOf(
        ['x', 'y', 'z'],
        [
          [0, 1, 1],
          [1, 2, 1],
          [2, 0, 1],
        ],
      ),
    )
    expect(separation).toMatchObject({ connected: true, unbeaten: [], winless: [], unseen: [] })
    expect(describeSeparation(separation, ['x', 'y', 'z'])).toEqual([])
  })

  it('takes a tie for a way both ways, and a grade between 0 and 1 too', () => {
    expect(separationOf(tableOf(['x', 'y'], [[0, 1, 0.5]])).connected).toBe(true)
    expect(separationOf(tableOf(['x', 'y'], [[0, 1, 0.01]])).connected).toBe(true)
    expect(separationOf(tableOf(['x', 'y'], [[0, 1, 0]])).connected).toBe(false)
  })

  it('names parts that never met, and who never lost, won or took part', () => {
    const names = ['u', 'v', 'w', 'x', 'y', 'z', 'absent']
    const separation = separationOf(
      tableOf(names, [
        [0, 1, 1],
        [1, 0, 1],
        [2, 0, 1],
        [1, 3, 1],
        [4, 5, 0.5],
      ]),
    )
    expect(separation.parts).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ])
    expect(separation.unbeaten).toEqual([2])
    expect(separation.winless).toEqual([3])
    expect(describeSeparation(separation, names)).toEqual([
      '"absent" has no votes and no rating of meaning.',
      'The votes fall into 2 parts that were never compared with each other: ["u", "v", "w" and "x"], ["y" and "z"]. ' +
        'Ratings of different parts cannot be compared.',
      '"w" never lost or tied, so no finite rating fits the votes best.',
      '"x" never won or tied, so no finite rating fits the votes best.',
    ])
  })

  it('names a group that only ever beat another', () => {
    const names = ['u', 'v', 'x', 'y']
    const separation = separationOf(
      tableOf(names, [
        [0, 1, 0.5],
        [2, 3, 0.5],
        [1, 2, 1],
      ]),
    )
    expect(separation.groups).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(describeSeparation(separation, names)).toEqual([
      '"u" and "v" never lost to or tied with "x" and "y", so the gap between them has no finite best fit.',
    ])
  })

  it('is connected exactly when everyone can be reached from everyone', () => {
    const vote = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.constantFrom(0, 0.5, 1))
    fc.assert(
      fc.property(fc.array(vote, { minLength: 1, maxLength: 25 }), (drawn) => {
        const votes = drawn.map(([a, step, y]) => [a, (a + step) % 7, y] as const)
        const reach = Array.from({ length: 7 }, (_, i) => Array.from({ length: 7 }, (__, j) => i === j))
        for (const [a, b, y] of votes) {
          if (y > 0) (reach[a] as boolean[])[b] = true
          if (y < 1) (reach[b] as boolean[])[a] = true
        }
        for (let k = 0; k < 7; k++)
          for (let i = 0; i < 7; i++)
            for (let j = 0; j < 7; j++) if (reach[i]?.[k] && reach[k]?.[j]) (reach[i] as boolean[])[j] = true
        const seen = [...new Set([...votes.map(([a]) => a), ...votes.map(([, b]) => b)])]
        const { connected, groups, unseen } = separationOf(tableOf(['a', 'b', 'c', 'd', 'e', 'f', 'g'], votes))
        expect(connected).toBe(seen.every((i) => seen.every((j) => reach[i]?.[j])))
        expect(unseen.length).toBe(7 - seen.length)
        for (const group of groups) for (const i of group) for (const j of group) expect(reach[i]?.[j]).toBe(true)
        groups.forEach((group, g) => {
          for (const later of groups.slice(g + 1)) expect(reach[later[0] as number]?.[group[0] as number]).toBe(false)
        })
      }),
    )
  })
})

describe('tiesSeparate', () => {
  const names = ['x', 'y', 'z']
  // The differences are found by hand: x 1, z 0, y −1 holds x > y, x = z and z = y.
  it.each<[boolean, string, readonly Vote[]]>([
    [
      true,
      'x > y, x = z, z = y',
      [
        [0, 1, 1],
        [0, 2, 0.5],
        [2, 1, 0.5],
      ],
    ],
    [
      true,
      'x > y and x = y',
      [
        [0, 1, 0.5],
        [0, 1, 1],
      ],
    ],
    [
      false,
      'x > y > z, x = z: two steps down are no tie',
      [
        [0, 1, 1],
        [2, 1, 0],
        [0, 2, 0.5],
      ],
    ],
    [
      false,
      'x and y beat each other',
      [
        [0, 1, 1],
        [0, 1, 0.5],
        [0, 1, 0],
        [1, 2, 0.5],
      ],
    ],
    [
      false,
      'a circle of wins',
      [
        [0, 1, 1],
        [1, 2, 1],
        [2, 0, 1],
      ],
    ],
    [
      false,
      'ties alone',
      [
        [0, 1, 0.5],
        [1, 2, 0.5],
      ],
    ],
  ])('is %j for %s', (expected, _, votes) => expect(tiesSeparate(tableOf(names, votes))).toBe(expected))

  it('looks at the votes that a replicate drew', () => {
    const table = tableOf(names, [
      [0, 1, 1],
      [0, 1, 0.5],
      [0, 1, 0],
    ])
    const without = table.counts.map((count, cell) => (table.outcomes[cell] === 0 ? 0 : count))
    expect([tiesSeparate(table), tiesSeparate(table, without)]).toEqual([false, true])
  })
})
