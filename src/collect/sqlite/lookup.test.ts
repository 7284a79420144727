import { describe, expect, it } from 'vitest'
import { connect } from './connection.ts'
import { addEntries, findNumbers, keyOf, keyOfContent, keyOfSignalsBy, removeEntries } from './lookup.ts'
import { migrate } from './migrations.ts'
import { readState, saveState } from './state.ts'

describe('the lookup', () => {
  it('finds what was added, before and after it moved to the large index, and not what was removed', async () => {
    const connection = await connect(':memory:', 1_000)
    await connection.migrating(() => migrate(connection.kysely))
    const key = (number: number): number => keyOf('signal', `${number}`)
    const shared = keyOf('rater', 'ada')
    await connection.writing(() => {
      const state = readState(connection)
      for (let start = 0; start < 120_000; start += 30_000) {
        const entries: number[] = []
        for (let number = start; number < start + 30_000; number++) entries.push(key(number), number)
        entries.push(shared, start)
        addEntries(connection, state, entries)
      }
      saveState(connection, state)
    })
    const size = (table: string) => connection.rows(`select count(*) from ${table}`)[0]?.[0]
    expect([size('lookup'), size('lookup_recent')]).toEqual([120_004, 0])
    await connection.writing(() => {
      const state = readState(connection)
      addEntries(connection, state, [key(120_000), 120_000, shared, 120_000])
      removeEntries(connection, state, [key(7), 7, key(120_000), 120_000, shared, 30_000])
      expect([state.merged, state.recent]).toEqual([120_002, 1])
    })
    const wanted = [5, 7, 60_000, 119_999, 120_000, 120_001]
    const found = findNumbers(connection, [...wanted.map(key), shared])
    expect(wanted.map((number) => found.get(key(number)))).toEqual([
      [5],
      undefined,
      [60_000],
      [119_999],
      undefined,
      undefined,
    ])
    expect(found.get(shared)).toEqual([0, 60_000, 90_000, 120_000])
    await connection.close()
  })

  it('has keys of 40 bits that differ by what they name', () => {
    // printf 'signal x' | sha256sum, the first ten digits
    expect(keyOf('signal', 'x')).toBe(0x26abee7c25)
    const keys = [keyOf('signal', 'x'), keyOf('context', 'x'), keyOf('rater', 'x'), keyOfSignalsBy(keyOf('rater', 'x'))]
    expect(new Set(keys).size).toBe(4)
    for (const key of keys) expect(key).toBeLessThan(2 ** 40)
    expect(keyOfContent('00000000ff'.padEnd(64, '9'))).toBe(255)
  })
})
