/** A map that keeps what was used lately and forgets the rest, within a budget. */
export interface RecentMap<Value> {
  get(key: string | number): Value | undefined
  /** Adds an entry that `get` did not find. */
  add(key: string | number, value: Value): void
  clear(): void
}

/**
 * Keeps at least the entries of the last `budget` weight used, and at most twice as much: entries live in a young and
 * an old map, move to the young one when used, and when the young one is full it becomes the old one. Cheaper per use
 * than keeping entries in order of use.
 *
 * @param weightOf what a value costs of the budget
 */
export function recentMap<Value>(budget: number, weightOf: (value: Value) => number): RecentMap<Value> {
  let young = new Map<string | number, Value>()
  let old = new Map<string | number, Value>()
  let spent = 0
  const add = (key: string | number, value: Value): void => {
    const weight = weightOf(value)
    if (spent + weight > budget && young.size > 0) {
      old = young
      young = new Map()
      spent = 0
    }
    young.set(key, value)
    spent += weight
  }
  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const aged = old.get(key)
      if (aged === undefined) return undefined
      old.delete(key)
      add(key, aged)
      return aged
    },
    add,
    clear() {
      young = new Map()
      old = new Map()
      spent = 0
    },
  }
}
