import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { type Hash64, HashTable, hashText } from './hash-table.ts'

describe('HashTable', () => {
  it.each([Uint32Array, Float64Array])(
    'counts and keeps as a Map does, through growing and keys that share a word: %s',
    (kind) => {
      const random = seeded('hash table')
      const table = new HashTable(kind)
      const map = new Map<string, number>()
      for (let i = 0; i < 20_000; i++) {
        const key: Hash64 = [random.integer(300), random.chance(0.5) ? 1 : 2 + random.integer(300)]
        const text = key.join()
        if (random.chance(0.5)) {
          expect(table.add(key)).toBe(map.get(text) ?? 0)
          map.set(text, (map.get(text) ?? 0) + 1)
        } else {
          table.set(key, i)
          map.set(text, i)
        }
      }
      expect(table.size).toBe(map.size)
      for (const [text, value] of map) expect(table.get(text.split(',').map(Number) as unknown as Hash64)).toBe(value)
      expect(table.get([301, 1])).toBeUndefined()
      expect(table.get([0, 0])).toBe(map.get('0,1'))
    },
  )

  it('hashes a text to the first half-words of its SHA-256', () => {
    // The digest of the empty text begins with e3b0c442 98fc1c14.
    expect(hashText('')).toEqual([0xe3b0c442, 0x98fc1c14])
  })
})
