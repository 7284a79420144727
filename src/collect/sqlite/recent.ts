/** A map that keeps what was used lately and forgets the rest, within a budget. */
export interface RecentMap<Value> {
  get(key: string | number): Value | undefined
  /** Adds an entry that `get` did not find; `weight` is what it costs of the budget. */
  add(key: string | number, value: Value, weight: number): void
  clear(): void
}

/**
 * Keeps at least the entries of the last `budget` weight used, and at most twice as much: entries live in a young and
 * an old map, move to the young one when used, and when the young one is full it becomes the old one. Cheaper per use
 * than keeping entries in order of use.
 */
export function recentMap<Value>(budget: number): RecentMap<Value> {
  let young = new Map<string | number, { readonly value: Value; readonly weight: number }>()
  let old = new Map<string | number, { readonly value: Value; readonly weight: number }>()
  let spent = 0
  const keep = (key: string | number, entry: { readonly value: Value; readonly weight: number }): void => {
    if (spent + entry.weight > budget && young.size > 0) {
      old = young
      young = new Map()
      spent = 0
    }
    young.set(key, entry)
    spent += entry.weight
  }
  return {
    get(key) {
      const entry = young.get(key)
      if (entry !== undefined) return entry.value
      const aged = old.get(key)
      if (aged === undefined) return undefined
      old.delete(key)
      keep(key, aged)
      return aged.value
    },
    add: (key, value, weight) => keep(key, { value, weight }),
    clear() {
      young = new Map()
      old = new Map()
      spent = 0
    },
  }
}
