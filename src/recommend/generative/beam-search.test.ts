import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { type CodeTeller, searchSessions } from './beam-search.ts'
import { codeTrie } from './code-trie.ts'
import { codesOf, semanticIds } from './semantic-ids.ts'

// Items: 0 = (0, 0), 1 = (0, 1), 2 = (1, 0).
const ids = semanticIds([0, 0, 0, 1, 1, 0], [2, 2])
const trie = codeTrie(ids)

/** Chances of the first code, and of the second after each first: whatever came before. */
const chances = {
  first: [0.6, 0.4],
  second: [
    [0.5, 0.5],
    [0.9, 0.1],
  ],
} as const

/** Tells by those chances; the last code of a beam is the last word but what begins an item (0). */
const fixed: CodeTeller = async ({ words, fresh, beams, level }) => {
  const rows = words.length / fresh / beams
  const told: number[] = []
  for (let at = 0; at < rows * beams; at++) {
    const last = (words[(at + 1) * fresh - 1] as number) - 1
    told.push(...(level === 0 ? chances.first : (chances.second[last] as readonly number[])).map(Math.log))
  }
  return Float32Array.from(told)
}
const search = { rows: 1, beams: 3, sessionLength: 1 } as const

describe('searchSessions', () => {
  it('orders items by the products of the chances of their codes', async () => {
    const [found = []] = await searchSessions(fixed, trie, ids.sizes, search)
    // 0.4 · 0.9 = 0.36 of item 2, then 0.6 · 0.5 = 0.3 of items 0 and 1, in order of codes.
    expect(found.map(({ items }) => [...items])).toEqual([[2], [0], [1]])
    expect(found.map(({ logProbability }) => Math.exp(logProbability))).toEqual([
      expect.closeTo(0.36, 6),
      expect.closeTo(0.3, 6),
      expect.closeTo(0.3, 6),
    ])
  })

  it('goes astray with one beam, which is what a beam search does', async () => {
    const [found = []] = await searchSessions(fixed, trie, ids.sizes, { ...search, beams: 1 })
    expect(found.map(({ items }) => [...items])).toEqual([[0]])
  })

  it('never repeats an item, nor names an excluded one, nor ends where nothing is left', async () => {
    const [found = []] = await searchSessions(fixed, trie, ids.sizes, { ...search, beams: 10, sessionLength: 2 })
    expect(found.map(({ items }) => items.join()).sort()).toEqual(['0,1', '0,2', '1,0', '1,2', '2,0', '2,1'])
    const [without = []] = await searchSessions(fixed, trie, ids.sizes, { ...search, beams: 1, exclude: () => [0, 1] })
    // Code 0 is the likelier first one, and leads to nothing that is left.
    expect(without.map(({ items }) => [...items])).toEqual([[2]])
    await expect(
      searchSessions(fixed, trie, ids.sizes, { ...search, sessionLength: 2, exclude: () => [0, 1] }),
    ).rejects.toThrow('row 0 may get 1 items, expected at least 2')
    await expect(searchSessions(fixed, trie, ids.sizes, { ...search, exclude: () => [7] })).rejects.toThrow(
      'row 0 is not to get item 7',
    )
  })

  it('finds all sessions in order when the beams are enough, whatever the chances', async () => {
    const random = seeded('search')
    const many = semanticIds(
      Array.from({ length: 24 }, () => random.integer(3)),
      [3, 3],
    )
    const tree = codeTrie(many)
    const table = new Map<string, readonly number[]>()
    // Chances that depend on all words before.
    const past: string[][] = [['']]
    const teller: CodeTeller = async ({ words, fresh, parents, level }) => {
      const before = past.at(-1) ?? []
      const now = Array.from(parents, (parent, at) =>
        [before[parent] ?? '', ...words.subarray(at * fresh, (at + 1) * fresh)].join(' '),
      )
      past.push(now)
      return Float32Array.from(
        now.flatMap((key) => {
          const logs =
            table.get(key) ?? Array.from({ length: many.sizes[level] ?? 0 }, () => -Math.fround(3 * random.uniform()))
          table.set(key, logs)
          return logs
        }),
      )
    }
    const [found = []] = await searchSessions(teller, tree, many.sizes, { rows: 1, beams: 200, sessionLength: 2 })
    expect(found).toHaveLength(12 * 11)
    const scored = found.map(({ items }) => {
      let key = ''
      let total = 0
      for (const [place, item] of items.entries()) {
        for (const [level, code] of codesOf(many, item).entries()) {
          const offset = 1 + many.sizes.slice(0, level - 1).reduce((sum, size) => sum + size, 0)
          const word = level === 0 ? 0 : (codesOf(many, item)[level - 1] as number) + offset
          const earlier = items[place - 1]
          const last = many.sizes.length - 1
          const end =
            level === 0 && earlier !== undefined
              ? `${(codesOf(many, earlier)[last] as number) + 1 + many.sizes.slice(0, last).reduce((s, n) => s + n, 0)} `
              : ''
          key = `${key} ${end}${word}`
          total += table.get(key)?.[code] ?? Number.NaN
        }
      }
      return total
    })
    expect(found.map(({ logProbability }) => logProbability)).toEqual(scored.map((s) => expect.closeTo(s, 9)))
    expect(scored).toEqual([...scored].sort((a, b) => b - a))
  })
})
