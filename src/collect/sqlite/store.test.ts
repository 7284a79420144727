import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { anySignal, anySignals } from '../signal.arbitrary.ts'
import { type Candidate, candidate, candidatesOf, type Signal, signalKinds } from '../signal.ts'
import type { SignalFilter, SignalStore } from '../store.ts'
import { all, comparison, ids } from './example.fixture.ts'
import { openSqliteStore } from './store.ts'

/** The filter's meaning on one signal, said plainly. */
function matches(signal: Signal, filter: SignalFilter): boolean {
  const oneOf = (list: readonly unknown[] | undefined, value: unknown): boolean => list?.includes(value) ?? true
  const someOf = (list: readonly unknown[] | undefined, values: readonly unknown[]): boolean =>
    list === undefined || values.some((value) => list.includes(value))
  return (
    oneOf(filter.kinds, signal.kind) &&
    oneOf(filter.raters, signal.rater.id) &&
    oneOf(filter.raterKinds, signal.rater.kind) &&
    Object.entries(filter.raterTraits ?? {}).every(([trait, value]) => signal.rater.traits?.[trait] === value) &&
    oneOf(filter.sources, signal.source) &&
    someOf(filter.tags, signal.context.tags ?? []) &&
    oneOf(filter.languages, signal.context.language) &&
    someOf(
      filter.producers,
      candidatesOf(signal).map(({ producer }) => producer),
    ) &&
    (filter.from === undefined || signal.time >= filter.from) &&
    (filter.to === undefined || signal.time < filter.to)
  )
}

const subset = (values: readonly string[]) =>
  fc.option(fc.subarray([...values, 'elsewhere']), { nil: undefined, freq: 1 })
const anyFilter: fc.Arbitrary<SignalFilter> = fc
  .record({
    kinds: fc.option(fc.subarray([...signalKinds]), { nil: undefined, freq: 2 }),
    raters: subset(['ada', 'bo', 'cy']),
    raterKinds: fc.option(fc.subarray(['human', 'model', 'simulated'] as const), { nil: undefined, freq: 2 }),
    raterTraits: fc.option(fc.record({ group: fc.constantFrom('x', 'y', '1', 1, true, 'true') }), {
      nil: undefined,
      freq: 1,
    }),
    sources: subset(['arena', 'shop']),
    tags: subset(['code', 'chat', 'maths']),
    languages: subset(['en', 'de', 'pt-BR']),
    producers: subset(['alpha', 'beta', 'gamma']),
    from: fc.option(fc.integer({ min: -1, max: 20 }), { nil: undefined, freq: 1 }),
    to: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined, freq: 1 }),
  })
  // Mostly one or two conditions, or hardly anything would ever match.
  .chain((filter) =>
    fc
      .subarray(Object.entries(filter), { maxLength: 3 })
      .map((entries) => Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as SignalFilter),
  )

let folder: string
let store: SignalStore
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penchant-store-'))
  store = await openSqliteStore(folder)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

async function reopen(): Promise<void> {
  await store.close()
  store = await openSqliteStore(folder)
}

describe('what goes in', () => {
  it('comes out equal, in order, whatever it is and however it is batched', async () => {
    await fc.assert(
      fc.asyncProperty(anySignals({ maxLength: 30 }), fc.integer({ min: 1, max: 30 }), async (signals, batch) => {
        const fresh = await openSqliteStore(':memory:')
        for (let start = 0; start < signals.length; start += batch) {
          const given = signals.slice(start, start + batch)
          const result = await fresh.insert(given)
          expect(result).toEqual({ statuses: given.map(() => 'inserted'), inserted: given.length, duplicates: 0 })
        }
        expect(await all(fresh)).toEqual(signals)
        for (const signal of signals) {
          expect(await fresh.get(signal.id)).toEqual(signal)
          expect(await fresh.context(signal.context.id)).toEqual(signal.context)
          for (const { id, content } of candidatesOf(signal)) {
            const found = await fresh.candidate(id)
            expect(found?.id).toBe(id)
            expect({ ...found?.content, uri: undefined }).toEqual({ ...content, uri: undefined })
          }
        }
        await fresh.close()
      }),
      { seed: 2, numRuns: 100 },
    )
  })

  it('is there after closing and opening again, under the same version', async () => {
    const signals = fc.sample(anySignals({ minLength: 50, maxLength: 60 }), { seed: 3, numRuns: 1 })[0] ?? []
    await store.insert(signals)
    const version = await store.version()
    await reopen()
    expect(await all(store)).toEqual(signals)
    expect(await store.version()).toBe(version)
    expect(await store.insert(signals)).toMatchObject({ inserted: 0, duplicates: signals.length })
  })

  it('cannot be changed through what comes out', async () => {
    await store.insert([comparison({ id: 'x', context: { id: 'c', tags: ['t'] } })])
    const [signal] = await all(store)
    expect(() => signal?.context.tags?.push('u')).toThrow(TypeError)
    expect((await store.get('x'))?.context.tags).toEqual(['t'])
  })
})

describe('read, count and page', () => {
  it('find what a plain filter finds', async () => {
    let found = 0
    await fc.assert(
      fc.asyncProperty(
        anySignals({ minLength: 10, maxLength: 40 }),
        fc.array(anyFilter, { minLength: 5, maxLength: 10 }),
        fc.integer({ min: 1, max: 5 }),
        async (signals, filters, limit) => {
          const fresh = await openSqliteStore(':memory:')
          await fresh.insert(signals)
          for (const filter of filters) {
            const expected = signals.filter((signal) => matches(signal, filter))
            found += expected.length
            expect(ids(await all(fresh, filter))).toEqual(ids(expected))
            expect(await fresh.count(filter)).toBe(expected.length)
            for (const newestFirst of [false, true]) {
              const paged: string[] = []
              let after: string | undefined
              do {
                const page = await fresh.page(filter, { limit, newestFirst, ...(after !== undefined && { after }) })
                expect(page.signals.length).toBeLessThanOrEqual(limit)
                paged.push(...ids(page.signals))
                after = page.next
              } while (after !== undefined)
              expect(paged).toEqual(newestFirst ? ids(expected).reverse() : ids(expected))
            }
          }
          await fresh.close()
        },
      ),
      { seed: 4, numRuns: 40 },
    )
    expect(found).toBeGreaterThan(1_000)
  })

  it('take an empty list to match nothing', async () => {
    await store.insert([comparison()])
    for (const filter of [{ kinds: [] }, { raters: [] }, { tags: [] }, { producers: [] }, { sources: [] }])
      expect(await store.count(filter)).toBe(0)
  })

  it('read through many signals of which few match, and through large ones', async () => {
    const many = Array.from({ length: 30_000 }, (_, i) =>
      comparison({
        id: `m${i}`,
        rater: { id: i % 10_000 === 77 ? 'rare' : 'ada', kind: 'human' },
        source: i > 29_990 ? 'late' : 'test',
      }),
    )
    await store.insert(many)
    expect(ids(await all(store, { raters: ['rare'] }))).toEqual(['m77', 'm10077', 'm20077'])
    expect(ids(await all(store, { sources: ['late'] }))).toHaveLength(9)
    expect(ids((await store.page({ sources: ['test'] }, { limit: 2, newestFirst: true })).signals)).toEqual([
      'm29990',
      'm29989',
    ])
    const large = Array.from({ length: 40 }, (_, i) =>
      comparison({ id: `l${i}`, source: 'large', rationale: `${i}`.repeat(150_000) }),
    )
    await store.insert(large)
    expect(await all(store, { sources: ['large'] })).toEqual(large)
    expect(ids(await all(store))).toEqual(ids([...many, ...large]))
  })

  it('give each reading of a store the signals that were there when it began', async () => {
    await store.insert(Array.from({ length: 500 }, (_, i) => comparison({ id: `b${i}` })))
    let read = 0
    for await (const _ of store.read()) if (read++ % 50 === 0) await store.insert([comparison()])
    expect(read).toBe(500)
  })

  it('reject a cursor of another page and a limit that is none', async () => {
    await store.insert([comparison(), comparison()])
    const { next = '' } = await store.page({}, { limit: 1 })
    await expect(store.page({}, { limit: 1, after: next, newestFirst: true })).rejects.toThrow(/^after is "oldest-/)
    await expect(store.page({}, { limit: 1, after: 'x' })).rejects.toThrow('after is "x", expected')
    await expect(store.page({}, { limit: 0 })).rejects.toThrow('limit is 0')
  })
})

describe('counts', () => {
  it('are those of a plain count, and none is lost by erasing', async () => {
    const signals = fc.sample(anySignals({ minLength: 150, maxLength: 150 }), { seed: 5, numRuns: 1 })[0] ?? []
    await store.insert(signals)
    await store.insert(signals)
    const expectCounts = async (left: readonly Signal[]) => {
      const tally = (values: readonly string[]) =>
        Object.fromEntries(
          [...new Set(values)].map((value) => [value, values.filter((other) => other === value).length]),
        )
      expect(await store.counts()).toEqual({
        total: left.length,
        kinds: tally(left.map(({ kind }) => kind)),
        sources: tally(left.map(({ source }) => source)),
        raters: new Set(left.map(({ rater }) => rater.id)).size,
        candidates: new Set(left.flatMap((signal) => candidatesOf(signal).map((member) => member.id))).size,
      })
    }
    await expectCounts(signals)
    await store.eraseRater('ada')
    await expectCounts(signals.filter(({ rater }) => rater.id !== 'ada'))
  })
})

describe('facets', () => {
  it('count signals by value within a filter, most frequent first', async () => {
    const [x, y] = ['x', 'y'].map((producer) => candidate({ modality: 'item', item: producer }, { producer })) as [
      Candidate,
      Candidate,
    ]
    const traits = { expert: true, age: 41 }
    await store.insert([
      comparison({ a: x, b: y, context: { id: '1', tags: ['code', 'hard'], language: 'en' } }),
      comparison({
        a: x,
        b: x,
        context: { id: '2', tags: ['code'], language: 'de' },
        rater: { id: 'bo', kind: 'human', traits },
      }),
      comparison({
        a: x,
        b: y,
        context: { id: '3', language: 'en' },
        rater: { id: 'bo', kind: 'human', traits: { expert: false } },
      }),
      comparison({ id: 'other', source: 'elsewhere', context: { id: '4', tags: ['chat'], language: 'fr' } }),
    ])
    expect(await store.facets({ sources: ['test'] })).toEqual({
      tags: [
        { value: 'code', count: 2 },
        { value: 'hard', count: 1 },
      ],
      languages: [
        { value: 'en', count: 2 },
        { value: 'de', count: 1 },
      ],
      producers: [
        { value: 'x', count: 3 },
        { value: 'y', count: 2 },
      ],
      traits: {
        age: [{ value: 41, count: 1 }],
        expert: [
          { value: false, count: 1 },
          { value: true, count: 1 },
        ],
      },
    })
    expect((await store.facets()).languages).toContainEqual({ value: 'fr', count: 1 })
  })
})

describe('version', () => {
  it('changes exactly when the signals do', async () => {
    const seen = [await store.version()]
    const signal = comparison()
    await store.insert([signal])
    seen.push(await store.version())
    await store.insert([signal])
    await store.insert([])
    await store.documents.put('a', 'b', 1)
    await store.eraseRater('nobody')
    expect(await store.version()).toBe(seen[1])
    await store.eraseRater('ada')
    seen.push(await store.version())
    expect(new Set(seen).size).toBe(3)
  })
})

describe.each(['a folder', ':memory:'])('a snapshot of %s', (place) => {
  it('keeps seeing the signals of its moment while others are written and erased', async () => {
    const live = place === ':memory:' ? await openSqliteStore(':memory:') : store
    const first = Array.from({ length: 100 }, (_, i) =>
      comparison({
        rater: { id: i % 2 === 0 ? 'ada' : 'bo', kind: 'human' },
        a: candidate({ modality: 'text', text: `t${i}` }),
      }),
    )
    await live.insert(first)
    const snapshot = await live.snapshot()
    expect(snapshot.version).toBe(await live.version())
    await live.insert([comparison({ id: 'later' })])
    expect(await live.eraseRater('ada')).toBe(51)
    await live.insert([comparison({ id: 'latest' })])
    expect(await all(snapshot)).toEqual(first)
    expect(await all(snapshot, { raters: ['ada'] })).toHaveLength(50)
    expect(await snapshot.count({ raters: ['bo'] })).toBe(50)
    expect(await live.count()).toBe(51)
    const second = await live.snapshot()
    expect(await second.count()).toBe(51)
    expect(second.version).not.toBe(snapshot.version)
    await snapshot.close()
    await second.close()
    await expect(all(snapshot)).rejects.toThrow('closed')
    if (live !== store) await live.close()
  })
})

describe('documents', () => {
  it('are kept by collection and id', async () => {
    const { documents } = store
    expect(await documents.get('boards', 'x')).toBeUndefined()
    await documents.put('boards', 'x', { title: 'A "board"', list: [1, null] })
    await documents.put('boards', 'x', { title: 'Again' })
    await documents.put('boards', 'a', null)
    await documents.put('other', 'x', 7)
    await reopen()
    expect(await store.documents.get('boards', 'x')).toEqual({ title: 'Again' })
    expect(await store.documents.list('boards')).toEqual([
      { id: 'a', document: null },
      { id: 'x', document: { title: 'Again' } },
    ])
    expect(await store.documents.delete('boards', 'x')).toBe(true)
    expect(await store.documents.delete('boards', 'x')).toBe(false)
    expect(await store.documents.get('other', 'x')).toBe(7)
    await expect(store.documents.put('boards', 'x', undefined)).rejects.toThrow('document x of boards is undefined')
  })
})

describe('get, candidate and context', () => {
  it('know nothing of what is not there', async () => {
    await store.insert(fc.sample(anySignal, { seed: 6, numRuns: 1 }))
    expect(await store.get('nothing')).toBeUndefined()
    expect(await store.context('nothing')).toBeUndefined()
    expect(await store.candidate('0'.repeat(64))).toBeUndefined()
    expect(await store.candidate('no address')).toBeUndefined()
  })
})

describe('opening', () => {
  it('says that a file is no folder', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    await expect(openSqliteStore(file)).rejects.toThrow(`${file} is a file, expected a folder`)
  })

  it('makes the folders it needs', async () => {
    const deep = await openSqliteStore(join(folder, 'a', 'b'))
    expect(await deep.count()).toBe(0)
    await deep.close()
  })

  it('needs no lock, and writing waits for the lock of another process as long as it may', async () => {
    await store.insert([comparison({ id: 'x' })])
    const database = new DatabaseSync(join(folder, 'signals.sqlite'))
    database.exec('begin immediate')
    const patient = await openSqliteStore(folder)
    const hasty = await openSqliteStore(folder, { lockTimeoutMs: 30 })
    expect(ids(await all(patient))).toEqual(['x'])
    await expect(hasty.insert([comparison({ id: 'y' })])).rejects.toThrow(
      'has been locked by another process for 30 ms',
    )
    const waiting = patient.insert([comparison({ id: 'z' })])
    // Reading goes on while writing waits.
    expect(await patient.count({ raters: ['ada'] })).toBe(1)
    database.exec('commit')
    database.close()
    expect(await waiting).toMatchObject({ inserted: 1 })
    expect(ids(await all(hasty))).toEqual(['x', 'z'])
    await patient.close()
    await hasty.close()
  })

  it('leaves a closed store closed', async () => {
    const closed = await openSqliteStore(':memory:')
    await closed.close()
    await closed.close()
    await expect(closed.count()).rejects.toThrow('closed')
    await expect(closed.insert([comparison()])).rejects.toThrow('closed')
    await expect(all(closed)).rejects.toThrow('closed')
  })
})
