/** Ids of any text and their numbers from 0, in the order in which they were first met. */
export interface IdMap {
  readonly size: number
  /** @throws {RangeError} when there is no such number */
  id(number: number): string
  /** The number of an id, or undefined. */
  find(id: string): number | undefined
}

/** An id map under construction; ids are kept as UTF-8, each once. */
export interface IdTable extends IdMap {
  /** The number of the id that lies in `bytes`, given one if it is new. @throws {RangeError} on an id of no byte, or of too many */
  add(bytes: Uint8Array, start: number, end: number): number
  /** The number of the id that lies in `bytes`, or −1. */
  seek(bytes: Uint8Array, start: number, end: number): number
  addText(id: string): number
  /** The ids one after the other in UTF-8, and where each ends: the form that is saved. */
  packed(): { readonly bytes: Uint8Array; readonly ends: Uint32Array }
}

/** Longest id in bytes. */
export const idBytes = 500

/** Slots filled beyond this share make look-ups slow. */
const fullest = 0.6

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

function doubled<A extends Uint8Array | Uint32Array>(array: A, make: (length: number) => A, atLeast: number): A {
  const larger = make(Math.max(array.length * 2, atLeast))
  larger.set(array)
  return larger
}

/** An empty table of ids. */
export function idTable(): IdTable {
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 12)
  let used = 0
  let ends: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 8)
  let hashes: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 8)
  let size = 0
  // A slot holds a number plus one; 0 is free.
  let slots = new Uint32Array(1 << 9)

  const slotFor = (from: Uint8Array, start: number, end: number, hash: number): number => {
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (slots[slot] ?? 0) - 1
      if (number < 0) return slot
      if (hashes[number] !== hash) continue
      const first = number === 0 ? 0 : (ends[number - 1] ?? 0)
      if ((ends[number] ?? 0) - first !== end - start) continue
      let at = start
      while (at < end && from[at] === bytes[first + at - start]) at++
      if (at === end) return slot
    }
  }
  const widen = (): void => {
    slots = new Uint32Array(slots.length * 2)
    const mask = slots.length - 1
    for (let number = 0; number < size; number++) {
      let slot = (hashes[number] ?? 0) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
  }
  const seek = (from: Uint8Array, start: number, end: number): number =>
    (slots[slotFor(from, start, end, hashOf(from, start, end))] ?? 0) - 1

  const table: IdTable = {
    get size() {
      return size
    },
    add(from, start, end) {
      const hash = hashOf(from, start, end)
      const slot = slotFor(from, start, end, hash)
      const known = (slots[slot] ?? 0) - 1
      if (known >= 0) return known
      const length = end - start
      if (length < 1 || length > idBytes)
        throw new RangeError(`an id has ${length} bytes, expected from 1 to ${idBytes}`)
      if (used + length >= 2 ** 32) throw new RangeError('the ids fill more than 4 GiB, which is the limit')
      if (used + length > bytes.length) bytes = doubled(bytes, (count) => new Uint8Array(count), used + length)
      if (size === ends.length) {
        ends = doubled(ends, (count) => new Uint32Array(count), 0)
        hashes = doubled(hashes, (count) => new Uint32Array(count), 0)
      }
      for (let at = 0; at < length; at++) bytes[used + at] = from[start + at] ?? 0
      used += length
      ends[size] = used
      hashes[size] = hash
      slots[slot] = ++size
      if (size > slots.length * fullest) widen()
      return size - 1
    },
    seek,
    addText(id) {
      if (!id.isWellFormed()) throw new RangeError(`the id ${JSON.stringify(id)} holds half of a surrogate pair`)
      const encoded = encoder.encode(id)
      return table.add(encoded, 0, encoded.length)
    },
    id(number) {
      if (!(Number.isInteger(number) && number >= 0 && number < size))
        throw new RangeError(`there is no id ${number}, expected a whole number from 0 to ${size - 1}`)
      return decoder.decode(bytes.subarray(number === 0 ? 0 : ends[number - 1], ends[number]))
    },
    find(id) {
      const encoded = encoder.encode(id)
      const number = seek(encoded, 0, encoded.length)
      return number < 0 ? undefined : number
    },
    packed: () => ({ bytes: bytes.slice(0, used), ends: ends.slice(0, size) }),
  }
  return table
}

/** A table from what `packed` gave. @throws {RangeError} when an id comes twice or the ends do not fit */
export function unpackIds(bytes: Uint8Array, ends: ArrayLike<number>): IdTable {
  const table = idTable()
  let start = 0
  for (let number = 0; number < ends.length; number++) {
    const end = ends[number] ?? 0
    if (end > bytes.length || table.add(bytes, start, end) !== number)
      throw new RangeError(`id ${number} comes twice or lies outside the ids, expected ids that are all different`)
    start = end
  }
  return table
}

/** A table of texts. @throws {RangeError} when one comes twice */
export function idsOf(texts: Iterable<string>): IdTable {
  const table = idTable()
  for (const text of texts) {
    const before = table.size
    if (table.addText(text) !== before) throw new RangeError(`the id ${JSON.stringify(text)} comes twice`)
  }
  return table
}

/** A copy of a map that more ids can be added to. */
export function extendIds(map: IdMap): IdTable {
  return idsOf(Array.from({ length: map.size }, (_, number) => map.id(number)))
}

/**
 * The map of ids that are positions: the texts of `first`, `first` + 1, … stand for 0, 1, …, without any memory.
 *
 * @param first the number that is written for position 0. Default 0
 */
export function positionIds(size: number, first = 0): IdMap {
  if (!(Number.isSafeInteger(size) && size >= 0 && size < 2 ** 32))
    throw new RangeError(`there are ${size} positions, expected a whole number from 0 to 2³² − 1`)
  return {
    size,
    id(number) {
      if (!(Number.isInteger(number) && number >= 0 && number < size))
        throw new RangeError(`there is no id ${number}, expected a whole number from 0 to ${size - 1}`)
      return String(first + number)
    },
    find(id) {
      const number = /^(?:0|[1-9]\d{0,15})$/.test(id) ? Number(id) - first : -1
      return number >= 0 && number < size ? number : undefined
    },
  }
}
