import { describe, expect, it } from 'vitest'
import { recentMap } from './recent.ts'

describe('recentMap', () => {
  it('keeps what was used within the last budget and forgets what was not used for two', () => {
    const map = recentMap<string>(3, () => 1)
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      map.add(key, key.toUpperCase())
      expect(map.get('a')).toBe('A')
    }
    expect(['c', 'd', 'e'].map((key) => map.get(key))).toEqual(['C', 'D', 'E'])
    for (const key of ['f', 'g', 'h', 'i', 'j', 'k']) map.add(key, key)
    expect(map.get('a')).toBeUndefined()
    expect(map.get('k')).toBe('k')
  })

  it('never holds more than twice its budget, whatever the weights', () => {
    const map = recentMap<number>(100, (weight) => weight)
    for (let key = 0; key < 500; key++) map.add(key, 1 + ((key * 37) % 60))
    let held = 0
    // From the oldest on, so that looking at an entry, which keeps it, forgets only older ones.
    for (let key = 0; key < 500; key++) held += map.get(key) ?? 0
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThanOrEqual(200)
  })

  it('takes an entry beyond its budget, alone', () => {
    const map = recentMap<number>(10, (weight) => weight)
    map.add('large', 50)
    expect(map.get('large')).toBe(50)
    map.add('small', 1)
    map.add('next', 10)
    expect(map.get('large')).toBeUndefined()
  })
})
