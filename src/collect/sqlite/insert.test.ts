import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Candidate, type Context, candidate, type Signal } from '../signal.ts'
import { SignalConflictError, type SignalStore } from '../store.ts'
import { all, comparison, ids } from './example.fixture.ts'
import { keyOf } from './lookup.ts'
import { openSqliteStore } from './store.ts'

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

describe('insert', () => {
  it('takes the same signal again for a duplicate, whatever the order of its members', async () => {
    const signal = comparison({
      id: 'x',
      rater: { id: 'ada', kind: 'human', traits: { age: 41, city: 'Uppsala' } },
      metadata: { one: 1, two: [{ a: 1, b: 2 }] },
    })
    const reordered = comparison({
      ...(Object.fromEntries(Object.entries(signal).reverse()) as Signal & { kind: 'comparison' }),
      rater: { traits: { city: 'Uppsala', age: 41 }, kind: 'human', id: 'ada' },
      metadata: { two: [{ b: 2, a: 1 }], one: 1 },
    })
    expect((await store.insert([signal, reordered])).statuses).toEqual(['inserted', 'duplicate'])
    const version = await store.version()
    expect(await store.insert([reordered, comparison({ id: 'y' })])).toEqual({
      statuses: ['duplicate', 'inserted'],
      inserted: 1,
      duplicates: 1,
    })
    expect(await store.version()).not.toBe(version)
    expect(await store.count()).toBe(2)
  })

  it('writes nothing of a batch in which an id is taken by other content, and names all such ids', async () => {
    await store.insert([comparison({ id: 'x' }), comparison({ id: 'y' })])
    const version = await store.version()
    const attempt = store.insert([
      comparison({ id: 'new' }),
      comparison({ id: 'x', outcome: 'b' }),
      comparison({ id: 'y', weight: 2 }),
    ])
    await expect(attempt).rejects.toThrow(SignalConflictError)
    await expect(attempt).rejects.toThrow('2 signal ids are taken by other content: x, y')
    await expect(attempt).rejects.toMatchObject({ ids: ['x', 'y'], contexts: [] })
    expect(ids(await all(store))).toEqual(['x', 'y'])
    expect(await store.version()).toBe(version)
  })

  it('finds conflicts within a batch too', async () => {
    await expect(store.insert([comparison({ id: 'x' }), comparison({ id: 'x', outcome: 'b' })])).rejects.toMatchObject({
      ids: ['x'],
    })
    expect(await store.count()).toBe(0)
    await store.insert([comparison({ id: 'x' })])
    expect(await store.count()).toBe(1)
  })

  it('holds a context id to one content, remembered or not, and says which signals bring another', async () => {
    const context: Context = { id: 'c', tags: ['t'], features: { one: 1, two: 2 } }
    await store.insert([comparison({ id: 'x', context })])
    const others = [
      comparison({ id: 'same', context: { features: { two: 2, one: 1 }, tags: ['t'], id: 'c' } }),
      comparison({ id: 'other', context: { id: 'c', tags: ['u'] } }),
    ]
    for (const again of [false, true]) {
      if (again) await reopen()
      const attempt = store.insert(others)
      await expect(attempt).rejects.toThrow(SignalConflictError)
      await expect(attempt).rejects.toThrow(
        '1 context id is taken by other content: c (in signal other); a context that differs needs an id of its own',
      )
      await expect(attempt).rejects.toMatchObject({ ids: ['other'], contexts: ['c'] })
      expect(await store.count()).toBe(1)
    }
    await expect(
      store.insert([
        comparison({ id: 'p', context: { id: 'n' } }),
        comparison({ id: 'q', context: { id: 'n', language: 'en' } }),
      ]),
    ).rejects.toMatchObject({ ids: ['q'], contexts: ['n'] })
    await reopen()
    await expect(store.insert([...others].reverse())).rejects.toMatchObject({ ids: ['other'], contexts: ['c'] })
    await store.insert(others.slice(0, 1))
    expect(ids(await all(store))).toEqual(['x', 'same'])
  })

  it('answers in the order of asking', async () => {
    const batches = Array.from({ length: 20 }, (_, batch) => [comparison({ id: `${batch}` })])
    await Promise.all(batches.map((batch) => store.insert(batch)))
    expect(ids(await all(store))).toEqual(batches.flatMap(ids))
  })

  it('keeps one candidate met in two places with the place of each meeting', async () => {
    const sha256 = 'c'.repeat(64)
    const at = (uri?: string) => candidate({ modality: 'image', sha256, ...(uri !== undefined && { uri }) })
    const signals = [
      comparison({ a: at('https://example.org/1'), b: at('https://example.org/2') }),
      comparison({ a: at(), b: at('https://example.org/1') }),
    ]
    await store.insert(signals)
    expect(await all(store)).toEqual(signals)
    expect((await store.counts()).candidates).toBe(1)
    expect(await store.candidate(at().id)).toEqual(at('https://example.org/1'))
  })

  it('tells apart what the lookup has under one key', async () => {
    // Found by search: of each two, the hashes agree in their first 40 bits.
    const twins = {
      signal: ['662550', '1296098'],
      rater: ['523802', '1094887'],
      context: ['565066', '776358'],
      source: ['533284', '921677'],
    } as const
    for (const [named, [one, other]] of Object.entries(twins))
      expect(keyOf(named as keyof typeof twins, one)).toBe(keyOf(named as keyof typeof twins, other))
    const [first, second] = [0, 1].map((which) =>
      comparison({
        id: twins.signal[which] as string,
        rater: { id: twins.rater[which] as string, kind: 'human' },
        context: { id: twins.context[which] as string, tags: [`${which}`] },
        source: twins.source[which] as string,
      }),
    ) as [Signal, Signal]
    for (const signal of [first, second]) {
      await reopen()
      expect((await store.insert([signal])).inserted).toBe(1)
    }
    for (const signal of [first, second]) {
      expect(await store.get(signal.id)).toEqual(signal)
      expect(await store.context(signal.context.id)).toEqual(signal.context)
      expect(await all(store, { raters: [signal.rater.id] })).toEqual([signal])
      expect(await all(store, { sources: [signal.source] })).toEqual([signal])
    }
    expect((await store.counts()).raters).toBe(2)
    expect(await store.eraseRater(first.rater.id)).toBe(1)
    expect(await all(store)).toEqual([second])
    expect((await store.counts()).raters).toBe(1)
  })

  it('gives numbers anew after a batch that failed', async () => {
    await store.insert([comparison({ id: 'x' })])
    const [tea, milk] = ['fresh tea', 'fresh milk'].map((text) => candidate({ modality: 'text', text })) as [
      Candidate,
      Candidate,
    ]
    const failing = [
      comparison({ id: 'y', a: tea, b: milk }),
      comparison({ id: 'z', context: { id: 'c', language: 'en' } }),
    ]
    await reopen()
    await expect(store.insert(failing)).rejects.toMatchObject({ ids: ['z'] })
    await store.insert([comparison({ id: 'x2', a: milk })])
    const right = comparison({ id: 'y', a: tea, b: milk })
    await store.insert([right])
    expect(await store.get('y')).toEqual(right)
  })
})
