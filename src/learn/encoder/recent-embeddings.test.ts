import { describe, expect, it } from 'vitest'
import { memoryEmbeddings } from '../../collect/index.ts'
import { recentEmbeddings } from './recent-embeddings.ts'

/** A store that tells what it was asked for. */
function told() {
  const store = memoryEmbeddings()
  const asked: string[][] = []
  return {
    asked,
    store: {
      ...store,
      get(encoder: string, addresses: readonly string[]) {
        asked.push([...addresses])
        return store.get(encoder, addresses)
      },
    },
  }
}

describe('recentEmbeddings', () => {
  it('asks the store once for what fits, and in order for what does not', async () => {
    const { asked, store } = told()
    await store.put('e', new Map(['a', 'b', 'c'].map((address, at) => [address, Float32Array.of(at, 0)])))
    // Two vectors of eight bytes.
    const recent = recentEmbeddings(store, 16)
    const first = (vectors: readonly (Float32Array | undefined)[]): unknown[] => vectors.map((vector) => vector?.[0])
    expect(first(await recent.get('e', ['a', 'b', 'none']))).toEqual([0, 1, undefined])
    expect(first(await recent.get('e', ['b', 'a', 'b']))).toEqual([1, 0, 1])
    expect(first(await recent.get('e', ['c', 'a']))).toEqual([2, 0])
    // The oldest went when c came.
    expect(first(await recent.get('e', ['c', 'a', 'b']))).toEqual([2, 0, 1])
    expect(asked).toEqual([['a', 'b', 'none'], ['c'], ['a']])
  })

  it('gives all that is asked for at once, however little it keeps', async () => {
    const { store } = told()
    const recent = recentEmbeddings(store, 0)
    await recent.put(
      'e',
      new Map([
        ['a', Float32Array.of(1)],
        ['b', Float32Array.of(2)],
      ]),
    )
    expect(await recent.get('e', ['b', 'a'])).toEqual([Float32Array.of(2), Float32Array.of(1)])
  })

  it('keeps encoders apart, and forgets with the store', async () => {
    const recent = recentEmbeddings(memoryEmbeddings())
    await recent.put('one', new Map([['a', Float32Array.of(1)]]))
    expect(await recent.get('other', ['a'])).toEqual([undefined])
    await recent.clear('one')
    expect(await recent.get('one', ['a'])).toEqual([undefined])
  })
})
