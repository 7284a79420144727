import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytePairs, learnBytePairs } from './byte-pairs.ts'

const times = (text: string, count: number): string[] => new Array<string>(count).fill(text)
const byte = (letter: string): number => letter.charCodeAt(0)

describe('learnBytePairs', () => {
  it('merges what occurs most often, then what comes first', () => {
    const texts = [...times('low', 5), ...times('lower', 2), ...times('newest', 6), ...times('widest', 3)]
    const { merges, decode } = learnBytePairs(texts, { size: 256 + 8 })
    // e-s and s-t 9 times; es-t 9; l-o and o-w 7; lo-w 7; n-e, e-w and w-est 6; n-ew and ew-est 6; new-est 6; then 3:
    // d-est, i-d and w-i.
    expect(merges).toEqual([
      [byte('e'), byte('s')],
      [256, byte('t')],
      [byte('l'), byte('o')],
      [258, byte('w')],
      [byte('e'), byte('w')],
      [byte('n'), 260],
      [261, 257],
      [byte('d'), 257],
    ])
    expect(merges.map((_, at) => decode([256 + at]))).toEqual(['es', 'est', 'lo', 'low', 'ew', 'new', 'newest', 'dest'])
  })

  it('does not count a pair that overlaps itself twice', () => {
    const { merges, encode } = learnBytePairs(times('aaaa', 3), { size: 258 })
    expect(merges).toEqual([
      [97, 97],
      [256, 256],
    ])
    expect([...encode('aaaaa')]).toEqual([257, 97])
  })

  it('finds a pair again that became rarer, in words that no merge has touched', () => {
    // a-b 15, b-c 12; once a-b is merged, b-c is left twice.
    const { merges } = learnBytePairs([...times('abc', 10), ...times('bc', 2), ...times('ab', 5)], { size: 300 })
    expect(merges).toEqual([
      [97, 98],
      [256, 99],
      [98, 99],
    ])
  })

  it('stops when nothing is left to merge, or rare', () => {
    expect(learnBytePairs(['ab'], { size: 300 }).size).toBe(256)
    expect(learnBytePairs(['ab'], { size: 300, minimumCount: 1 }).merges).toEqual([[97, 98]])
    expect(learnBytePairs([], { size: 300 }).merges).toEqual([])
  })

  it('makes each merge of the pair that a full count finds', () => {
    const texts = fc.sample(fc.string({ unit: fc.constantFrom(...'abc d'), minLength: 4, maxLength: 12 }), {
      numRuns: 300,
      seed: 5,
    })
    const { merges } = learnBytePairs(texts, { size: 290 })
    expect(merges.length).toBe(34)
    // The same, counting everything anew each time; pieces are a word with one space before it, or spaces.
    let words = texts.flatMap((text) => text.match(/ ?[a-d]+| +/g) ?? []).map((word) => [...Buffer.from(word)])
    merges.forEach((merge, at) => {
      const counts = new Map<string, number>()
      for (const word of words)
        for (let place = 1; place < word.length; place++) {
          const pair = `${word[place - 1]} ${word[place]}`
          counts.set(pair, (counts.get(pair) ?? 0) + 1)
        }
      const [best] = [...counts].toSorted(([a, x], [b, y]) => {
        const [[a0 = 0, a1 = 0], [b0 = 0, b1 = 0]] = [a.split(' ').map(Number), b.split(' ').map(Number)]
        return y - x || a0 - b0 || a1 - b1
      })
      expect(best?.[0]).toBe(merge.join(' '))
      words = words.map((word) => {
        const made: number[] = []
        for (let place = 0; place < word.length; place++)
          if (word[place] === merge[0] && word[place + 1] === merge[1]) {
            made.push(256 + at)
            place++
          } else made.push(word[place] ?? -1)
        return made
      })
    })
  })
})

describe('bytePairs', () => {
  it('gives every text back', () => {
    const vocabulary = learnBytePairs(times('the cat sat on the mat, naïve 😀', 3), { size: 300 })
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        expect(vocabulary.decode(vocabulary.encode(text))).toBe(text)
      }),
      { seed: 3 },
    )
    const long = 'x'.repeat(200_000)
    expect(vocabulary.decode(vocabulary.encode(long))).toBe(long)
    expect(vocabulary.encode('').length).toBe(0)
  })

  it('is the same opened from its merges', () => {
    const learned = learnBytePairs(times('tea or coffee', 4))
    expect(bytePairs(learned.merges).encode('coffee or tea')).toEqual(learned.encode('coffee or tea'))
  })

  it('refuses merges of what is not there', () => {
    expect(() => bytePairs([[97, 256]])).toThrow('merge 0 joins 97 and 256, expected symbols below 256')
    expect(() => learnBytePairs([], { size: 255 })).toThrow('size is 255')
    expect(() => bytePairs([]).decode([256])).toThrow('symbol 256 is not among the 256')
  })
})
