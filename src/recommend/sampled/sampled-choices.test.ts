import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { holdsPair, interactionSet } from '../interactions/interaction-set.ts'
import { type CountedStream, choicesByPair, choicesByUser, type SampledChoices } from './sampled-choices.ts'

// User 3 has taken nothing, user 4 everything.
const train = interactionSet(
  interactionLog({
    users: [0, 0, 1, 1, 2, 2, 4, 4, 4, 4, 4],
    items: [0, 1, 1, 2, 2, 3, 0, 1, 2, 3, 4],
    userCount: 5,
    itemCount: 5,
  }),
)

async function drawn(stream: CountedStream<SampledChoices>, seed: number): Promise<number[][]> {
  const rows: number[][] = []
  for await (const piece of stream.pieces(seeded(seed), 2)) {
    const { choices } = await (await piece.open()).batch(new Uint32Array(piece.count).map((_, at) => at))
    const [count = 0, columns = 0] = choices.shape
    for (let row = 0; row < count; row++)
      rows.push(Array.from(choices.data.slice(row * columns, (row + 1) * columns), Number))
  }
  return rows
}

describe('sampled choices', () => {
  it('pair what was taken with what was not, and leave out who took nothing or everything', async () => {
    for (const stream of [choicesByUser(train, 2), choicesByPair(train, 3)])
      for (const [user = -1, positive = -1, ...negatives] of await drawn(stream, 1)) {
        expect([0, 1, 2]).toContain(user)
        expect(holdsPair(train, user, positive)).toBe(true)
        for (const negative of negatives) expect(holdsPair(train, user, negative)).toBe(false)
      }
  })

  it('take different users in a batch where there are enough, and repeat them where not', async () => {
    const pairs = await drawn(choicesByUser(train, 2), 1)
    // ⌊11/2⌋ + 1 batches.
    expect(pairs).toHaveLength(12)
    for (let at = 0; at < pairs.length; at += 2) expect(pairs[at]?.[0]).not.toBe(pairs[at + 1]?.[0])
    expect(await drawn(choicesByUser(train, 8), 1)).toHaveLength(16)
  })

  it('draw users, their items and other items evenly', async () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 500; seed++)
      for (const row of await drawn(choicesByUser(train, 2), seed))
        counts.set(row.join(), (counts.get(row.join()) ?? 0) + 1)
    // 3 users, 2 items each, 3 others each: 6,000 draws over 18 choices; five standard deviations are 89.
    expect(counts.size).toBe(18)
    for (const [choice, count] of counts) expect(Math.abs(count - 6000 / 18), choice).toBeLessThan(89)
  })

  it('take every pair once, in order', async () => {
    const rows = await drawn(choicesByPair(train, 1), 1)
    expect(rows.map(([user, item]) => [user, item])).toEqual([
      [0, 0],
      [0, 1],
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
    ])
  })

  it('are the same for equal random numbers', async () => {
    expect(await drawn(choicesByUser(train, 2), 7)).toEqual(await drawn(choicesByUser(train, 2), 7))
    expect(await drawn(choicesByUser(train, 2), 7)).not.toEqual(await drawn(choicesByUser(train, 2), 8))
  })

  it('need somebody to learn from', () => {
    const all = interactionSet(interactionLog({ users: [0], items: [0], userCount: 2, itemCount: 1 }))
    expect(() => choicesByUser(all, 2)).toThrow('no user has taken some items and left others')
    expect(() => choicesByPair(all, 2)).toThrow('no user has taken some items and left others')
  })
})
