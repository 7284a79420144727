import type { DocumentStore } from '../collect/index.ts'

/** Documents in memory, for tests; what is put is copied, as a database would. */
export function memoryDocuments(): DocumentStore {
  const all = new Map<string, unknown>()
  const key = (collection: string, id: string): string => JSON.stringify([collection, id])
  return {
    get: async (collection, id) => structuredClone(all.get(key(collection, id))),
    put: async (collection, id, document) => {
      all.set(key(collection, id), structuredClone(document))
    },
    delete: async (collection, id) => all.delete(key(collection, id)),
    list: async (collection) =>
      [...all].flatMap(([name, document]) => {
        const [of, id = ''] = JSON.parse(name) as [string, string]
        return of === collection ? [{ id, document }] : []
      }),
  }
}
