import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { itemIndex } from './top-items.ts'

describe('a search for one row', () => {
  // Several blocks, the last one short and no multiple of four.
  const [items, width] = [9_011, 12]
  const random = seeded('one row')
  // Few different numbers, so that products are exact and many scores are equal.
  const few = (length: number) => Float32Array.from({ length }, () => random.integer(5) - 2)
  const vectors = few(items * width)

  const expected = (query: Float32Array, count: number, open: (item: number) => boolean) =>
    Array.from({ length: items }, (_, item) => {
      let score = 0
      for (let k = 0; k < width; k++) score += (query[k] ?? 0) * (vectors[item * width + k] ?? 0)
      return { item, score }
    })
      .filter(({ item }) => open(item))
      .toSorted((a, b) => b.score - a.score || a.item - b.item)
      .slice(0, count)

  it('gives what sorting gives, equal scores by place, whatever is left out', async () => {
    const index = itemIndex({ vectors, items, width })
    const allowed = Uint8Array.from({ length: items }, () => random.integer(2))
    for (const count of [1, 20, 300])
      for (const exclusion of [undefined, 'lists', 'allowed', 'both'] as const) {
        const query = few(width)
        const list = expected(query, 50, () => true).map(({ item }) => item)
        const byList = exclusion === 'lists' || exclusion === 'both'
        const byFilter = exclusion === 'allowed' || exclusion === 'both'
        const best = expected(
          query,
          count,
          (item) => !(byList && list.includes(item)) && !(byFilter && allowed[item] === 0),
        )
        const found = await index.top(query, count, {
          ...(byList && { lists: () => list }),
          ...(byFilter && { allowed }),
        })
        expect([...found.items]).toEqual(best.map(({ item }) => item))
        expect([...found.scores]).toEqual(best.map(({ score }) => score))
      }
    await index.dispose()
  })

  it('ends with −1 where fewer are open, and passes over what is no number', async () => {
    const odd = Float32Array.from(vectors.subarray(0, 7 * width))
    odd[2 * width] = Number.NaN
    odd[3 * width] = Number.NEGATIVE_INFINITY
    const index = itemIndex({ vectors: odd, items: 7, width })
    const query = new Float32Array(width).fill(0)
    query[0] = 1
    const found = await index.top(query, 7, { lists: () => [0, 1] })
    const others = [4, 5, 6].toSorted((a, b) => (odd[b * width] ?? 0) - (odd[a * width] ?? 0) || a - b)
    expect([...found.items]).toEqual([...others, -1, -1, -1, -1])
    expect(found.scores.at(-1)).toBe(Number.NEGATIVE_INFINITY)
    await index.dispose()
  })
})
