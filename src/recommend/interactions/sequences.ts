import type { InteractionLog } from './interaction-log.ts'
import { historyOf, type InteractionSet } from './interaction-set.ts'

/** Every user's items in order of time, repeats and all: user u has `items[offsets[u]]` to `items[offsets[u + 1] − 1]`. */
export interface Sequences {
  readonly offsets: Uint32Array
  readonly items: Uint32Array
  /** Milliseconds since 1970, where known. */
  readonly times?: Float64Array
}

/**
 * The histories in a log with every repeat, oldest first; equal times, and all without times, in the order of the log.
 *
 * @example
 * sequencesOf(interactionLog({ users: [0, 0, 0], items: [4, 7, 4], times: [3, 1, 2] })).items // [7, 4, 4]
 */
export function sequencesOf(log: InteractionLog): Sequences {
  const users = log.userIds.size
  const times = log.times
  const order = Uint32Array.from(log.users, (_, at) => at)
  // Typed arrays sort stably by comparator, so equal times keep the order of the log.
  if (times) order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b)
  const offsets = new Uint32Array(users + 1)
  for (const user of log.users) offsets[user + 1] = (offsets[user + 1] ?? 0) + 1
  for (let user = 0; user < users; user++) offsets[user + 1] = (offsets[user + 1] ?? 0) + (offsets[user] ?? 0)
  const next = offsets.slice()
  const items = new Uint32Array(order.length)
  const placed = times && new Float64Array(order.length)
  for (const at of order) {
    const user = log.users[at] ?? 0
    const place = next[user] ?? 0
    next[user] = place + 1
    items[place] = log.items[at] ?? 0
    if (placed) placed[place] = times[at] ?? 0
  }
  return { offsets, items, ...(placed && { times: placed }) }
}

/** The histories of a set, each item once. */
export function historiesOf(set: InteractionSet): Sequences {
  const items = new Uint32Array(set.columns.length)
  const times = set.times && new Float64Array(set.columns.length)
  for (let user = 0; user < set.users; user++) {
    const from = set.offsets[user] ?? 0
    items.set(historyOf(set, user), from)
    if (times)
      for (let at = from; at < (set.offsets[user + 1] ?? 0); at++)
        times[from + (set.places[at] ?? 0)] = set.times?.[at] ?? 0
  }
  return { offsets: set.offsets, items, ...(times && { times }) }
}

/** One user's items, oldest first; a view. */
export function sequenceOf({ offsets, items }: Sequences, user: number): Uint32Array {
  return items.subarray(offsets[user], offsets[user + 1])
}

/**
 * The last `length` items of each history, in rows of one length with padding before them: [rows, length].
 *
 * @param padding what stands before a short history
 */
export function lastItems(
  histories: readonly ArrayLike<number>[],
  length: number,
  padding: number,
): Int32Array<ArrayBuffer> {
  const padded = new Int32Array(histories.length * length).fill(padding)
  for (const [row, history] of histories.entries()) {
    const kept = Math.min(length, history.length)
    for (let at = 0; at < kept; at++)
      padded[(row + 1) * length - kept + at] = history[history.length - kept + at] ?? padding
  }
  return padded
}
