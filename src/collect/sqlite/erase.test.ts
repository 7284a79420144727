import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { anySignals } from '../signal.arbitrary.ts'
import { candidate, candidatesOf, type Signal } from '../signal.ts'
import type { SignalStore } from '../store.ts'
import { all, comparison, ids } from './example.fixture.ts'
import { openSqliteStore } from './store.ts'

let folder: string
let store: SignalStore
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penchant-erase-'))
  store = await openSqliteStore(folder)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

/** Texts matching a pattern in the bytes of all files of the store. */
function inFiles(pattern: RegExp): string[] {
  return readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'latin1').match(pattern) ?? [])
}

/** A signal in which everything that can hold words holds the rater's. */
function wordy(rater: string, number: number, length: number): Signal {
  const words = (what: string) => `<${rater}|${what}|${number}>${'.'.repeat(length)}`
  return comparison({
    id: words('id').slice(0, 190),
    rater: { id: rater, kind: 'human', traits: { note: words('trait'), number } },
    context: {
      id: words('context').slice(0, 190),
      messages: [{ role: 'user', content: words('message') }],
      tags: [words('tag').slice(0, 400)],
    },
    source: words('source').slice(0, 400),
    a: candidate({ modality: 'text', text: words('a') }, { producer: words('producer').slice(0, 400) }),
    b: candidate({ modality: 'text', text: words('b') }),
    rationale: words('rationale'),
    metadata: { note: words('metadata') },
  })
}

describe('eraseRater', () => {
  it('leaves the store as if the rater had never been', async () => {
    await fc.assert(
      fc.asyncProperty(anySignals({ minLength: 5, maxLength: 40 }), async (signals) => {
        const [with_, without] = [await openSqliteStore(':memory:'), await openSqliteStore(':memory:')]
        await with_.insert(signals)
        const left = signals.filter(({ rater }) => rater.id !== 'ada')
        expect(await with_.eraseRater('ada')).toBe(signals.length - left.length)
        await without.insert(left)
        expect(await all(with_)).toEqual(left)
        expect(await with_.counts()).toEqual(await without.counts())
        expect(await with_.facets()).toEqual(await without.facets())
        for (const signal of signals) {
          expect(await with_.get(signal.id)).toEqual(await without.get(signal.id))
          expect(await with_.context(signal.context.id)).toEqual(await without.context(signal.context.id))
          for (const { id } of candidatesOf(signal)) {
            const kept = left.flatMap(candidatesOf).filter((other) => other.id === id)
            const found = await with_.candidate(id)
            if (kept.length === 0) expect(found).toBeUndefined()
            else expect(kept.map(({ content }) => content)).toContainEqual(found?.content)
          }
        }
        // What is gone is free to come again, with other content.
        await with_.insert(signals.filter(({ rater }) => rater.id === 'ada').map((signal) => ({ ...signal, time: 7 })))
        expect(await with_.count()).toBe(signals.length)
        await with_.close()
        await without.close()
      }),
      { seed: 7, numRuns: 60 },
    )
  })

  it('takes every byte out of the files, however rows have moved between pages', async () => {
    const random = seeded('erase')
    const raters = Array.from({ length: 12 }, (_, number) => `rater-${number}`)
    const counts = new Map<string, number>()
    for (let batch = 0; batch < 12; batch++) {
      const signals = Array.from({ length: 100 }, (_, number) => {
        const rater = random.pick(raters)
        counts.set(rater, (counts.get(rater) ?? 0) + 1)
        return wordy(rater, batch * 100 + number, random.integer(500))
      })
      await store.insert(signals)
    }
    for (const rater of random.shuffle(raters).slice(0, 8)) {
      expect(inFiles(new RegExp(`<${rater}\\|`, 'g')).length).toBeGreaterThan(0)
      expect(await store.eraseRater(rater)).toBe(counts.get(rater))
      expect(inFiles(new RegExp(`<${rater}\\||"${rater}"`, 'g'))).toEqual([])
    }
  })

  it('takes the bytes out once a snapshot that still shows them is closed', async () => {
    await store.insert([wordy('ada', 1, 10), wordy('bo', 2, 10)])
    const snapshot = await store.snapshot()
    expect(await store.eraseRater('ada')).toBe(1)
    expect(await snapshot.count({ raters: ['ada'] })).toBe(1)
    await snapshot.close()
    expect(inFiles(/<ada\|/g)).toEqual([])
    expect(inFiles(/<bo\|/g)).not.toEqual([])
  })

  it('takes the bytes out when the store is next opened, or written, if another store kept them in use', async () => {
    const other = await openSqliteStore(folder)
    for (const next of ['opened', 'written']) {
      await store.insert([wordy('ada', 1, 10), wordy(`${next}`, 2, 10)])
      const snapshot = await other.snapshot()
      expect(await store.eraseRater('ada')).toBe(1)
      expect(inFiles(/<ada\|/g)).not.toEqual([])
      // Not closed through the store, as when the other process dies.
      await snapshot.close()
      if (next === 'opened') {
        await store.close()
        store = await openSqliteStore(folder)
      } else await store.insert([comparison()])
      expect(inFiles(/<ada\|/g)).toEqual([])
    }
    await other.close()
  })

  it('keeps what others share, and what another process remembers of it right', async () => {
    const other = await openSqliteStore(folder)
    const [shared, own] = ['shared', 'own'].map((text) => candidate({ modality: 'text', text })) as [
      ReturnType<typeof candidate>,
      ReturnType<typeof candidate>,
    ]
    const ada = { id: 'ada', kind: 'human' } as const
    await other.insert([
      comparison({ id: 'x', rater: ada, context: { id: 'mine' }, a: shared, b: own }),
      comparison({ id: 'y', rater: { id: 'bo', kind: 'human' }, context: { id: 'ours' }, a: shared, b: shared }),
    ])
    await store.eraseRater('ada')
    // The other still remembers numbers of contents and contexts that are gone.
    const again = comparison({ id: 'z', rater: ada, context: { id: 'mine', language: 'en' }, a: own, b: shared })
    await other.insert([again])
    expect(ids(await all(store))).toEqual(['y', 'z'])
    expect(await store.get('z')).toEqual(again)
    await other.close()
  })

  it('still counts a candidate that is left at another place', async () => {
    const at = (uri: string) => candidate({ modality: 'image', sha256: 'c'.repeat(64), uri })
    const [one, other] = [at('https://example.org/1'), at('https://example.org/2')]
    await store.insert([
      comparison({ a: one, b: one }),
      comparison({ a: other, b: other, rater: { id: 'bo', kind: 'human' } }),
    ])
    expect((await store.counts()).candidates).toBe(1)
    await store.eraseRater('ada')
    expect((await store.counts()).candidates).toBe(1)
    expect(await store.candidate(one.id)).toEqual(other)
    await store.eraseRater('bo')
    expect((await store.counts()).candidates).toBe(0)
  })

  it('knows nobody by another name', async () => {
    await store.insert([comparison()])
    expect(await store.eraseRater('nobody')).toBe(0)
    expect(await store.count()).toBe(1)
  })
})
