import { describe, expect, it } from 'vitest'
import peer from './fixtures/ngrams.json' with { type: 'json' }
import { hashNgrams, inverseDocumentFrequencies, type NgramOptions, ngramCounts } from './hash-ngrams.ts'

const wide = { buckets: 2 ** 22, signed: false, counts: 'raw' } as const
const onlyWords = { words: [1, 2], characters: false } as const
const onlyCharacters = { words: false, characters: [3, 4] } as const
const sorted = (weights: Iterable<number>): number[] => [...weights].toSorted((a, b) => a - b)
const close = (found: Iterable<number>, wanted: readonly number[]): void => {
  const ours = sorted(found)
  expect(ours.length).toBe(wanted.length)
  ours.forEach((weight, at) => {
    expect(weight).toBeCloseTo(wanted[at] ?? Number.NaN, 6)
  })
}
const length = (weights: Iterable<number>): number => Math.hypot(...weights)

describe('ngramCounts', () => {
  it('takes the n-grams that scikit-learn takes, as often', () => {
    peer.texts.forEach((text, at) => {
      const found = ngramCounts(text)
      expect(Object.fromEntries(found.words)).toEqual(peer.words[at])
      expect(Object.fromEntries(found.characters)).toEqual(peer.characters[at])
    })
  })
})

describe('hashNgrams', () => {
  it('gives the weights that scikit-learn gives, where nothing meets in a bucket', () => {
    peer.texts.forEach((text, at) => {
      close(hashNgrams(text, { ...wide, ...onlyWords }).weights, peer.wordRows[at] ?? [])
      close(hashNgrams(text, { ...wide, ...onlyCharacters }).weights, peer.characterRows[at] ?? [])
    })
  })

  it('weighs by rarity as scikit-learn does', () => {
    const options = { ...wide, ...onlyWords }
    const idf = inverseDocumentFrequencies(peer.texts, options)
    peer.texts.forEach((text, at) => {
      close(hashNgrams(text, { ...options, idf }).weights, peer.tfidfRows[at] ?? [])
    })
  })

  it('weighs an n-gram that occurs c times ln(1 + c), c or 1', () => {
    const options = { words: [1, 1], characters: false, norm: 'none', signed: false, buckets: 2 ** 20 } as const
    const weights = (counts: NgramOptions['counts'] & string) => [
      ...hashNgrams('so so so it', { ...options, counts }).weights,
    ]
    close(weights('log1p'), [Math.LN2, 2 * Math.LN2])
    expect(weights('raw')).toEqual([3, 1])
    expect(weights('binary')).toEqual([1, 1])
  })

  it('adds up what meets in a bucket, and gives the row length 1', () => {
    const row = hashNgrams('one two three four five six seven eight', {
      ...onlyWords,
      buckets: 2,
      signed: false,
      counts: 'raw',
      norm: 'none',
    })
    expect([...row.buckets].toSorted()).toEqual([0, 1])
    expect(row.weights.reduce((sum, weight) => sum + weight, 0)).toBe(15)
    for (const text of peer.texts) if (text !== '') expect(length(hashNgrams(text).weights)).toBeCloseTo(1, 6)
  })

  it('spreads n-grams evenly over buckets and signs', () => {
    const text = Array.from({ length: 40_000 }, (_, number) => `w${number}`).join(' ')
    const [buckets, counts] = [16, new Float64Array(16)]
    const unsigned = hashNgrams(text, {
      words: [1, 1],
      characters: false,
      buckets,
      signed: false,
      counts: 'raw',
      norm: 'none',
    })
    unsigned.buckets.forEach((bucket, at) => {
      counts[bucket] = unsigned.weights[at] ?? 0
    })
    // 40,000 even draws: 2,500 a bucket, standard deviation √(40,000 · 1/16 · 15/16) = 48.4; five of them allowed.
    for (const found of counts) expect(Math.abs(found - 2_500)).toBeLessThan(5 * 48.4)
    const signed = hashNgrams(text, { words: [1, 1], characters: false, buckets, counts: 'raw', norm: 'none' })
    // The sum of 40,000 fair signs has standard deviation 200.
    const total = signed.weights.reduce((sum, weight) => sum + weight, 0)
    expect(Math.abs(total)).toBeLessThan(1_000)
    expect(total).not.toBe(0)
  })

  it('keeps inner products in the mean over signed spaces', () => {
    // Two texts that share 1 of 2 words each: cosine ½. Eight buckets make collisions common; signs keep the mean.
    const options = { words: [1, 1], characters: false, buckets: 8, norm: 'none', counts: 'raw' } as const
    let sum = 0
    const spaces = 4_000
    for (let space = 0; space < spaces; space++) {
      const dense = (text: string): Float64Array => {
        const row = hashNgrams(text, { ...options, namespace: `${space}` })
        const filled = new Float64Array(8)
        row.buckets.forEach((bucket, at) => {
          filled[bucket] = row.weights[at] ?? 0
        })
        return filled
      }
      const [a, b] = [dense('green tea'), dense('black tea')]
      sum += a.reduce((total, weight, at) => total + weight * (b[at] ?? 0), 0)
    }
    // ⟨a, b⟩ = 1 with variance 3/8 from the three pairs that may collide: standard error √(3/8 / 4,000) = 0.0097.
    expect(Math.abs(sum / spaces - 1)).toBeLessThan(5 * 0.0097)
  })

  it('gives the same row whatever it read before, and other rows in another namespace', () => {
    const before = hashNgrams('tea or coffee?')
    hashNgrams('x '.repeat(300_000) + Array.from({ length: 20_000 }, (_, n) => `q${n}`).join(' '))
    expect(hashNgrams('tea or coffee?')).toEqual(before)
    expect(hashNgrams('tea or coffee?', { namespace: 'context' }).buckets).not.toEqual(before.buckets)
  })

  it('touches nothing for the empty text', () => {
    expect(hashNgrams('').buckets.length).toBe(0)
    expect(hashNgrams(' ', onlyWords).weights.length).toBe(0)
  })

  it('tells halves of a surrogate pair and whole characters apart', () => {
    const { characters } = ngramCounts('😀😀😀', { words: false, characters: [1, 1] })
    expect([...characters]).toEqual([['😀', 3]])
    expect(
      hashNgrams('😀😀😀', { words: false, characters: [1, 1], norm: 'none', counts: 'raw', signed: false }).weights,
    ).toEqual(Float32Array.of(3))
    expect(hashNgrams('\ud83d').buckets.length).toBe(0)
  })

  it('says which option is wrong', () => {
    const wrong = (options: NgramOptions) => () => hashNgrams('x', options)
    expect(wrong({ words: [2, 1] })).toThrow('words is [2, 1]')
    expect(wrong({ words: false, characters: false })).toThrow('no n-grams are left')
    expect(wrong({ buckets: 1 })).toThrow('buckets is 1, expected a whole number from 2')
    expect(wrong({ idf: new Float32Array(3) })).toThrow('idf has 3 entries, expected 32768')
    expect(wrong({ buckets: 2, idf: Float32Array.of(1, Number.NaN) })).toThrow('no finite number')
  })
})
