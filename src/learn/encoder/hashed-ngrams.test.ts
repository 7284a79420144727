import { describe, expect, it } from 'vitest'
import { candidate } from '../../collect/index.ts'
import { seeded } from '../../run/index.ts'
import { asked, encoded, furthest, judged } from './encoder.fixture.ts'
import { hashNgrams } from './hash-ngrams.ts'
import { hashedNgrams, hashedNgramsKind, ngramRarity } from './hashed-ngrams.ts'

const batch = [
  judged('green tea'),
  judged('', { context: asked() }),
  judged('black coffee, please', { context: asked('Milk?') }),
]

describe('hashedNgrams', () => {
  it('sums the rows of the table that n-grams touch, by weight, below and above the size written out whole', async () => {
    for (const buckets of [500, 70_000]) {
      const encoder = hashedNgrams({ buckets, projection: 3, interactions: true })
      const parameters = encoder.init(seeded(1))
      const table = parameters.table?.data as Float32Array
      const project = (text: string, namespace: string): number[] => {
        const row = hashNgrams(text, { buckets, namespace })
        return [0, 1, 2].map((column) =>
          row.weights.reduce((sum, weight, at) => sum + weight * (table[(row.buckets[at] ?? 0) * 3 + column] ?? 0), 0),
        )
      }
      const wanted = [
        ['green tea', 'What to drink?'],
        ['', ''],
        ['black coffee, please', 'Milk?'],
      ].map(([said = '', context = '']) => {
        const [x, y] = [project(said, 'candidate'), project(context, 'context')]
        return [...x, ...y, ...x.map((number, column) => number * (y[column] ?? 0))]
      })
      expect(encoder.width).toBe(9)
      expect(furthest(await encoded(encoder, batch, parameters), wanted)).toBeLessThan(1e-6)
    }
  })

  it('without projection gives the buckets themselves, frozen', async () => {
    const encoder = hashedNgrams({ projection: 'none', buckets: 64, of: 'candidate' })
    expect(encoder.frozen).toBe(true)
    const [row = [], empty = []] = await encoded(encoder, batch)
    const found = hashNgrams('green tea', { buckets: 64, namespace: 'candidate' })
    const wanted = new Array<number>(64).fill(0)
    found.buckets.forEach((bucket, at) => {
      wanted[bucket] = found.weights[at] ?? 0
    })
    expect(row).toEqual(wanted)
    expect(empty.every((number) => number === 0)).toBe(true)
  })

  it('reads contexts alone when told to, whatever the candidate', async () => {
    const encoder = hashedNgrams({ of: 'context', projection: 4 })
    const image = candidate({ modality: 'image', sha256: 'a'.repeat(64) })
    const [a, b, c] = await encoded(encoder, [
      judged('x'),
      { context: asked('What to drink?'), candidate: image },
      judged('x', { context: asked('Else?') }),
    ])
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
  })

  it('weighs n-grams by how rare they are among the texts given', async () => {
    const options = {
      projection: 'none',
      of: 'candidate',
      buckets: 4_096,
      words: [1, 1],
      characters: false,
      norm: 'none',
      signed: false,
      counts: 'raw',
    } as const
    const rarity = ngramRarity([judged('tea tea now'), judged('tea later'), judged('tea later')], options)
    const [row = []] = await encoded(hashedNgrams({ ...options, rarity }), [judged('tea later never')])
    // Two distinct texts: tea is in 2 of 2, later in 1, never in none.
    const wanted = [Math.log(3 / 3) + 1, Math.log(3 / 2) + 1, Math.log(3 / 1) + 1]
    const found = row.filter((weight) => weight > 0).toSorted((a, b) => a - b)
    expect(found.length).toBe(3)
    found.forEach((weight, at) => {
      expect(weight).toBeCloseTo(wanted[at] ?? 0, 6)
    })
  })

  it('is named by its options, and opened again from what it says of itself', async () => {
    const rarity = ngramRarity(batch)
    const encoder = hashedNgrams({ rarity, projection: 5 })
    expect(hashedNgrams({ rarity, projection: 5 }).id).toBe(encoder.id)
    expect(hashedNgrams({ projection: 5 }).id).not.toBe(encoder.id)
    expect(hashedNgrams({ projection: 6, rarity }).id).not.toBe(encoder.id)
    const again = await hashedNgramsKind.open(JSON.parse(JSON.stringify(encoder.description.options)))
    expect(again.id).toBe(encoder.id)
    expect(await encoded(again, batch)).toEqual(await encoded(encoder, batch))
  })

  it('starts from the same numbers for the same stream', () => {
    const encoder = hashedNgrams({ buckets: 64 })
    expect(encoder.init(seeded(3))).toEqual(encoder.init(seeded(3)))
    expect(encoder.init(seeded(3))).not.toEqual(encoder.init(seeded(4)))
  })

  it('says what it cannot encode, and which options do not fit', async () => {
    const image = { context: asked('?'), candidate: candidate({ modality: 'image', sha256: 'b'.repeat(64) }) }
    await expect(hashedNgrams().prepare([image])).rejects.toThrow('its modality is image')
    expect(() => hashedNgrams({ interactions: true, of: 'candidate' })).toThrow('interactions need')
    expect(() => hashedNgrams({ projection: 0 })).toThrow('projection')
    expect(() => hashedNgrams({ buckets: 1 })).toThrow('buckets is 1')
  })
})
