import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryEmbeddings } from './memory-embeddings.ts'
import { candidate, contextAddress } from './signal.ts'
import { comparison } from './sqlite/example.fixture.ts'
import { openSqliteStore } from './sqlite/store.ts'
import type { SignalStore } from './store.ts'

let folder: string
let store: SignalStore
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penchant-embeddings-'))
  store = await openSqliteStore(folder)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const vectors = (...entries: readonly (readonly [string, readonly number[]])[]) =>
  new Map(entries.map(([address, numbers]) => [address, Float32Array.from(numbers)]))
const one = Float32Array.of(1.5, -2, 3e-40)

describe.each([
  ['in a store', () => store.embeddings],
  ['in memory', () => memoryEmbeddings()],
])('embeddings %s', (_, open) => {
  it('come back as they were put, in the order asked for, by encoder', async () => {
    const embeddings = open()
    await embeddings.put('m', vectors(['x', [...one]], ['y', [4]]))
    await embeddings.put('other', vectors(['x', [9]]))
    expect(await embeddings.get('m', ['y', 'none', 'x', 'y'])).toEqual([
      Float32Array.of(4),
      undefined,
      one,
      Float32Array.of(4),
    ])
    expect(await embeddings.get('other', ['x'])).toEqual([Float32Array.of(9)])
    expect(await embeddings.get('nobody', ['x'])).toEqual([undefined])
    expect(await embeddings.get('m', [])).toEqual([])
  })

  it('are replaced by later ones, and forgotten by encoder', async () => {
    const embeddings = open()
    await embeddings.put('m', vectors(['x', [1]]))
    await embeddings.put('m', vectors(['x', [2]]))
    await embeddings.put('other', vectors(['x', [3]]))
    expect(await embeddings.get('m', ['x'])).toEqual([Float32Array.of(2)])
    await embeddings.clear('m')
    await embeddings.clear('nobody')
    expect(await embeddings.get('m', ['x'])).toEqual([undefined])
    expect(await embeddings.get('other', ['x'])).toEqual([Float32Array.of(3)])
  })

  it('are read by the thousand', async () => {
    const embeddings = open()
    const addresses = Array.from({ length: 1_500 }, (_, number) => `address ${number}`)
    await embeddings.put('m', vectors(...addresses.map((address, number) => [address, [number]] as const)))
    const found = await embeddings.get('m', addresses)
    expect(found.map((vector) => vector?.[0])).toEqual(addresses.map((_, number) => number))
  })
})

describe('embeddings in a store', () => {
  it('stay when it is opened again, and leave its version alone', async () => {
    await store.insert([comparison()])
    const version = await store.version()
    await store.embeddings.put('m', vectors(['x', [...one]]))
    expect(await store.version()).toBe(version)
    await store.close()
    store = await openSqliteStore(folder)
    expect(await store.embeddings.get('m', ['x'])).toEqual([one])
  })

  it('go with the contents and contexts that only an erased rater had, down to their bytes', async () => {
    const [shared, own] = [
      candidate({ modality: 'text', text: 'shared' }),
      candidate({ modality: 'text', text: 'own' }),
    ]
    const asked = (id: string) => ({ id, messages: [{ role: 'user' as const, content: `said in ${id}` }] })
    await store.insert([
      comparison({ a: shared, b: own, context: asked('mine') }),
      comparison({ a: shared, b: shared, context: asked('ours'), rater: { id: 'bo', kind: 'human' } }),
    ])
    const [mine, ours] = [contextAddress(asked('mine')), contextAddress(asked('ours'))]
    const secret = Float32Array.from({ length: 40 }, (_, at) => at + 0.123)
    const kept = [...secret]
    await store.embeddings.put('m', vectors([shared.id, [1]], [own.id, kept], [mine, [3]], [ours, [4]]))
    await store.embeddings.put('other', vectors([own.id, [5]]))
    const bytes = Buffer.from(secret.buffer)
    const inFiles = () => readdirSync(folder).some((file) => readFileSync(join(folder, file)).includes(bytes))
    expect(inFiles()).toBe(true)
    expect(await store.eraseRater('ada')).toBe(1)
    const found = await store.embeddings.get('m', [shared.id, own.id, mine, ours])
    expect(found.map((vector) => vector?.[0])).toEqual([1, undefined, undefined, 4])
    expect(await store.embeddings.get('other', [own.id])).toEqual([undefined])
    expect(inFiles()).toBe(false)
  })
})

describe('embeddings in memory', () => {
  it('are those used lately, within the budget', async () => {
    const embeddings = memoryEmbeddings(40)
    for (let number = 0; number < 100; number++) await embeddings.put('m', vectors([`${number}`, [number]]))
    const found = await embeddings.get(
      'm',
      Array.from({ length: 100 }, (_, number) => `${number}`),
    )
    const left = found.filter((vector) => vector !== undefined)
    expect(left.length).toBeGreaterThanOrEqual(10)
    expect(left.length).toBeLessThanOrEqual(20)
    expect(found[99]).toEqual(Float32Array.of(99))
  })
})
