import { describe, expect, it } from 'vitest'
import { type Comparison, candidate, contextId, type Signal } from '../../collect/index.ts'
import { seeded } from '../../run/index.ts'
import { firstPairs, shuffledParts, streamPairs } from './stream-pairs.ts'

const context = { id: contextId({ tags: ['drinks'] }), tags: ['drinks'] }
const comparison = (at: number, outcome: Comparison['outcome'] = 'a'): Comparison => ({
  kind: 'comparison',
  id: `signal ${at}`,
  rater: { id: `rater ${at % 3}`, kind: 'human' },
  context,
  time: at,
  source: 'test',
  a: candidate({ modality: 'text', text: `drink ${at}` }),
  b: candidate({ modality: 'text', text: `drink ${at + 1}` }),
  outcome,
})
const many = (count: number): Comparison[] => Array.from({ length: count }, (_, at) => comparison(at))

/** A source that tells how far it was read. */
function source(signals: readonly Signal[]) {
  const told = { read: 0, readings: 0 }
  return {
    told,
    async *read() {
      told.readings++
      told.read = 0
      for (const signal of signals) {
        told.read++
        yield signal
      }
    },
    count: async () => signals.length,
  }
}

describe('streamPairs', () => {
  it('gives every pair once in each reading, and never holds more than the buffer', async () => {
    for (const [count, buffer] of [
      [1000, 64],
      [1000, 100],
      [130, 64],
      [65, 64],
    ] as const) {
      const from = source(many(count))
      const seen: string[] = []
      const lengths: number[] = []
      for await (const part of shuffledParts(streamPairs(from, { buffer }), seeded(1), 16)) {
        // One more was read, to know that there are more.
        expect(from.told.read - seen.length).toBeLessThanOrEqual(buffer + 1)
        seen.push(...part.map(({ signal }) => signal.id))
        lengths.push(part.length)
      }
      expect(lengths.slice(0, -1).every((length) => length === Math.floor(buffer / 32) * 16)).toBe(true)
      expect(lengths.at(-1)).toBeLessThanOrEqual(buffer)
      expect([...seen].sort()).toEqual(
        many(count)
          .map(({ id }) => id)
          .sort(),
      )
      expect(from.told.readings).toBe(1)
    }
  })

  it('mixes what is near, the same way for the same random numbers', async () => {
    const order = async (seed: number): Promise<number[]> => {
      const found: number[] = []
      for await (const part of shuffledParts(streamPairs(many(640), { buffer: 128 }), seeded(seed), 32))
        found.push(...part.map(({ signal }) => signal.time))
      return found
    }
    const [one, again, other] = [await order(1), await order(1), await order(2)]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    // Half of the buffer stays behind each time, so some of the first come after some of the fourth hundred.
    expect(one.indexOf(Math.min(...one.slice(256)))).toBeGreaterThan(256)
    expect(Math.min(...one.slice(256))).toBeLessThan(128)
  })

  it('is one shuffle of all where all fit', async () => {
    const parts: string[][] = []
    for await (const part of shuffledParts(streamPairs(many(50), { buffer: 50 }), seeded(7), 8))
      parts.push(part.map(({ signal }) => signal.id))
    const expected = seeded(7).shuffle(new Uint32Array(50).map((_, at) => at))
    expect(parts).toEqual([Array.from(expected, (at) => `signal ${at}`)])
    expect((await firstPairs(streamPairs(many(50), { buffer: 50 }))).all).toBe(true)
    expect((await firstPairs(streamPairs(many(50), { buffer: 49 }))).all).toBe(false)
  })

  it('knows the raters it is told of, and says what was left out', async () => {
    const stream = streamPairs([comparison(0), comparison(1), comparison(2, 'skipped'), comparison(3)], {
      raters: ['rater 1', 'rater 0'],
    })
    const { data } = await firstPairs(stream)
    expect([...data.rater]).toEqual([1, 0, 1])
    expect(data.raters).toEqual(['rater 1', 'rater 0'])
    expect(stream.leftOut).toEqual({ skipped: 1 })
    expect(await stream.count()).toBe(4)
  })

  it('says what cannot be', async () => {
    expect(() => streamPairs([], { buffer: 1 })).toThrow('buffer is 1, expected a whole number of at least 2')
    expect(() => streamPairs([], { kinds: ['rating' as never] })).toThrow('use pairsOf')
    await expect(shuffledParts(streamPairs(many(50), { buffer: 31 }), seeded(1), 16).next()).rejects.toThrow(
      "the stream's buffer of 31 pairs holds less than two batches of 16",
    )
    await expect(firstPairs(streamPairs([comparison(0, 'skipped')]))).rejects.toThrow(
      'no pairs: 1 signals were read (comparison, ranking, choice), left out: 1 skipped; there is nothing to learn from',
    )
  })
})
