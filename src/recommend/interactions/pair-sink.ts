/** A line that cannot be read; the reader adds where. */
export class LineError extends Error {
  override readonly name = 'LineError'
}

/** Where parsed pairs go. Ids lie in `bytes`. */
export interface PairSink {
  /** The number of a user, who is known from now on, with items or without; −1 for one to be passed over. */
  user(bytes: Uint8Array, start: number, end: number): number
  /** The number of an item; −1 for one to be passed over. */
  item(bytes: Uint8Array, start: number, end: number): number
  /** NaN stands for a value or a time that is not there. */
  add(user: number, item: number, value: number, time: number): void
  /** Takes a line that cannot be read, or throws. */
  reject(line: number, reason: string): void
}
