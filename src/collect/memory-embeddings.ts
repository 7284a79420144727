import { type RecentMap, recentMap } from '../run/index.ts'
import type { EmbeddingStore } from './store.ts'

/**
 * Keeps vectors in memory: of each encoder those used lately, within a budget.
 *
 * @param bytes of an encoder's vectors that are kept at least; at most twice as many are. Default 256 MiB
 * @throws {RangeError} unless bytes is above 0
 */
export function memoryEmbeddings(bytes = 2 ** 28): EmbeddingStore {
  if (!(bytes > 0)) throw new RangeError(`bytes is ${bytes}, expected a number above 0`)
  const encoders = new Map<string, RecentMap<Float32Array>>()
  return {
    async get(encoder, addresses) {
      const kept = encoders.get(encoder)
      return addresses.map((address) => kept?.get(address))
    },
    async put(encoder, vectors) {
      const kept = encoders.get(encoder) ?? recentMap<Float32Array>(bytes, (vector) => vector.byteLength)
      encoders.set(encoder, kept)
      for (const [address, vector] of vectors) kept.add(address, vector.slice())
    },
    async clear(encoder) {
      encoders.delete(encoder)
    },
  }
}
