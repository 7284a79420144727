import type { EmbeddingStore } from '../../collect/index.ts'

/** Memory for vectors that were asked for lately. */
const keptBytes = 64 * 2 ** 20

/**
 * A store of vectors that holds those asked for last in memory as well: what is read from a disk again and again, epoch
 * after epoch, is read once where there are few contents, and memory stays bounded where there are many.
 *
 * @param bytes most that vectors may take. Default 64 MiB
 */
export function recentEmbeddings(store: EmbeddingStore, bytes = keptBytes): EmbeddingStore {
  const recent = new Map<string, Map<string, Float32Array>>()
  let held = 0
  const keep = (encoder: string, address: string, vector: Float32Array): void => {
    const own = recent.get(encoder) ?? new Map<string, Float32Array>()
    recent.set(encoder, own)
    held += vector.byteLength - (own.get(address)?.byteLength ?? 0)
    own.set(address, vector)
    while (held > bytes) dropOldest()
  }
  const dropOldest = (): void => {
    const [encoder, own] = [...recent].find(([, vectors]) => vectors.size > 0) ?? []
    const [address, vector] = own?.entries().next().value ?? []
    if (encoder === undefined || own === undefined || address === undefined) return
    own.delete(address)
    held -= vector?.byteLength ?? 0
  }
  return {
    async get(encoder, addresses) {
      const own = recent.get(encoder)
      const found = addresses.map((address) => own?.get(address))
      const missing = addresses.filter((_, at) => found[at] === undefined)
      if (missing.length === 0) return found
      const read = new Map<string, Float32Array>()
      for (const [at, vector] of (await store.get(encoder, missing)).entries()) {
        const address = missing[at]
        if (vector === undefined || address === undefined) continue
        read.set(address, vector)
        keep(encoder, address, vector)
      }
      return addresses.map((address, at) => found[at] ?? read.get(address))
    },
    async put(encoder, vectors) {
      await store.put(encoder, vectors)
      for (const [address, vector] of vectors) keep(encoder, address, vector)
    },
    async clear(encoder) {
      for (const vector of recent.get(encoder)?.values() ?? []) held -= vector.byteLength
      recent.delete(encoder)
      await store.clear(encoder)
    },
  }
}
