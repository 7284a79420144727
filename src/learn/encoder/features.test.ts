import { describe, expect, it } from 'vitest'
import type { Rater } from '../../collect/index.ts'
import { seeded } from '../../run/index.ts'
import { categoricalFeatures, categoricalFeaturesKind, fitCategoricalFeatures } from './categorical-features.ts'
import { encoded, furthest, judged } from './encoder.fixture.ts'
import { hashedNgrams, hashedNgramsKind } from './hashed-ngrams.ts'
import { joinEncoders, joinedEncodersKind } from './join-encoders.ts'
import { fitNumericFeatures, numericFeatures, numericFeaturesKind } from './numeric-features.ts'

const person = (traits?: Rater['traits']): Rater => ({ id: 'ada', kind: 'human', ...(traits && { traits }) })
const again = (described: unknown) => JSON.parse(JSON.stringify(described))

describe('numericFeatures', () => {
  const some = [
    judged('x', { features: { length: 2, home: true, colour: 'red' } }),
    judged('y', { features: { length: 4, home: false } }),
    judged('z', { features: { length: 9, home: false } }),
  ]

  it('standardises by mean and deviation of what it was fitted to', async () => {
    // Lengths 2, 4, 9: mean 5, variance (9 + 1 + 16)/3. Home 1, 0, 0: mean 1/3, variance 2/9.
    const [length, home] = [Math.sqrt(26 / 3), Math.sqrt(2) / 3]
    const encoder = fitNumericFeatures(some, { of: 'candidate' })
    const wanted = [
      [-3 / length, 2 / 3 / home],
      [-1 / length, -1 / 3 / home],
      [4 / length, -1 / 3 / home],
    ]
    expect(furthest(await encoded(encoder, some), wanted)).toBeLessThan(1e-6)
    const opened = await numericFeaturesKind.open(again(encoder.description.options))
    expect(opened.id).toBe(encoder.id)
    expect(await encoded(opened, some)).toEqual(await encoded(encoder, some))
  })

  it('leaves a feature that never varies at 0', async () => {
    const same = [judged('x', { features: { n: 7 } }), judged('y', { features: { n: 7 } })]
    expect(await encoded(fitNumericFeatures(same, { of: 'candidate' }), same)).toEqual([[0], [0]])
  })

  it('puts the mean in place of what is missing only when told to, and says so in a column', async () => {
    const columns = [{ name: 'age', mean: 40, deviation: 10 }]
    const batch = [judged('x', { rater: person({ age: 50 }) }), judged('x', { rater: person() }), judged('x')]
    const encoder = numericFeatures({ of: 'rater', columns, missing: 'mean' })
    expect(await encoded(encoder, batch)).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
    ])
    const strict = numericFeatures({ of: 'rater', columns })
    await expect(strict.prepare(batch)).rejects.toThrow('"age" of the rater ada is missing')
  })

  it('refuses what is no finite number, wherever it is read', async () => {
    const columns = [{ name: 'n', mean: 0, deviation: 1 }]
    for (const n of [Number.NaN, Number.POSITIVE_INFINITY, '3']) {
      const batch = [judged('x', { context: { id: 'c', features: { n } } })]
      const encoder = numericFeatures({ of: 'context', columns, missing: 'mean' })
      await expect(encoder.prepare(batch)).rejects.toThrow('expected a finite number')
      expect(() => fitNumericFeatures(batch, { of: 'context', names: ['n'] })).toThrow('expected a finite number')
    }
    expect(() => numericFeatures({ of: 'context', columns: [{ name: 'n', mean: 0, deviation: 0 }] })).toThrow()
    expect(() => fitNumericFeatures([judged('x')], { of: 'candidate' })).toThrow('no candidate has a numeric feature')
    expect(() => fitNumericFeatures(some, { of: 'candidate', names: ['width'] })).toThrow('a feature "width"')
  })
})

describe('categoricalFeatures', () => {
  const raters = ['at', 'de', 'at', 'fr', 1, '1'].map((country) => judged('x', { rater: person({ country }) }))

  it('marks the category, or that it is not known', async () => {
    const encoder = categoricalFeatures({
      of: 'rater',
      columns: [
        { name: 'country', categories: ['at', 1] },
        { name: 'left', categories: [true] },
      ],
    })
    const batch = [
      judged('x', { rater: person({ country: 'at', left: true }) }),
      judged('x', { rater: person({ country: 1, left: false }) }),
      judged('x', { rater: person({ country: '1' }) }),
      judged('x'),
    ]
    expect(await encoded(encoder, batch)).toEqual([
      [0, 1, 0, 0, 1],
      [0, 0, 1, 1, 0],
      [1, 0, 0, 1, 0],
      [1, 0, 0, 1, 0],
    ])
  })

  it('finds the categories, leaving rare ones to the unknown', async () => {
    const all = fitCategoricalFeatures(raters, { of: 'rater', names: ['country'] })
    expect(all.width).toBe(6)
    const often = fitCategoricalFeatures(raters, { of: 'rater', minimumCount: 2 })
    expect(await encoded(often, raters.slice(0, 2))).toEqual([
      [0, 1],
      [1, 0],
    ])
    expect(fitCategoricalFeatures(raters, { of: 'rater', most: 3 }).width).toBe(4)
    expect(() => fitCategoricalFeatures(raters, { of: 'context' })).toThrow('no context has a categorical feature')
  })

  it('learns a vector per category, the unknown’s from zeros', async () => {
    const encoder = fitCategoricalFeatures(raters, { of: 'rater', embedding: 3 })
    const parameters = encoder.init(seeded(2))
    const table = parameters.table?.data as Float32Array
    const batch = [...raters.slice(0, 2), judged('x')]
    // Rows: unknown, then at (met twice), de, fr, …
    const wanted = [table.slice(3, 6), table.slice(6, 9), new Float32Array(3)].map((row) => [...row])
    expect(await encoded(encoder, batch, parameters)).toEqual(wanted)
    expect(table[3]).not.toBe(0)
    expect((await categoricalFeaturesKind.open(again(encoder.description.options))).id).toBe(encoder.id)
  })

  it('refuses a category listed twice', () => {
    const columns = [{ name: 'country', categories: ['at', 'at'] }]
    expect(() => categoricalFeatures({ of: 'rater', columns })).toThrow('"country" are listed twice')
  })
})

describe('joinEncoders', () => {
  const batch = [
    judged('green tea', { features: { length: 9, kind: 'tea' } }),
    judged('coffee', { features: { length: 6, kind: 'other' } }),
  ]
  const texts = () => hashedNgrams({ buckets: 64, projection: 2, of: 'candidate' })
  const lengths = () => numericFeatures({ of: 'candidate', columns: [{ name: 'length', mean: 0, deviation: 1 }] })
  const kinds = () => categoricalFeatures({ of: 'candidate', columns: [{ name: 'kind', categories: ['tea'] }] })

  it('puts columns side by side, also of two encoders of one kind', async () => {
    const encoder = joinEncoders([texts(), lengths(), texts()])
    expect(encoder).toMatchObject({ width: 5, frozen: false })
    const parameters = encoder.init(seeded(1)) as readonly never[]
    const rows = await encoded(encoder, batch, parameters)
    const [first, second] = [await encoded(texts(), batch, parameters[0]), await encoded(texts(), batch, parameters[2])]
    const wanted = [9, 6].map((length, row) => [...(first[row] ?? []), length, ...(second[row] ?? [])])
    expect(furthest(rows, wanted)).toBeLessThan(1e-7)
    expect(furthest(first, second)).toBeGreaterThan(1e-3)
  })

  it('is frozen, without parameters, when all are', async () => {
    const encoder = joinEncoders([lengths(), kinds()])
    expect(encoder.frozen).toBe(true)
    expect(encoder.init(seeded(1))).toEqual({})
    expect(await encoded(encoder, batch)).toEqual([
      [9, 0, 1],
      [6, 1, 0],
    ])
  })

  it('is opened again part by part', async () => {
    const encoder = joinEncoders([texts(), joinEncoders([lengths(), kinds()])])
    const known = [hashedNgramsKind, numericFeaturesKind, categoricalFeaturesKind]
    const kind = joinedEncodersKind(() => [...known, kind])
    const opened = await kind.open(again(encoder.description.options))
    expect(opened.id).toBe(encoder.id)
    expect(await encoded(opened, batch)).toEqual(await encoded(encoder as typeof opened, batch))
    const fewer = joinedEncodersKind(() => [hashedNgramsKind])
    await expect(fewer.open(again(encoder.description.options))).rejects.toThrow('"joined" is not known')
    expect(() => joinEncoders([])).toThrow('no encoders to join')
  })

  it('is named by its parts and their order', () => {
    const id = joinEncoders([lengths(), kinds()]).id
    expect(joinEncoders([lengths(), kinds()]).id).toBe(id)
    expect(joinEncoders([kinds(), lengths()]).id).not.toBe(id)
  })
})
