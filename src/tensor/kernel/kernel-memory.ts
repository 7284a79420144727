import type { TensorValue } from '../graph/value.ts'
import { mostPages } from './wasm.ts'
import { Memory, type WasmMemory } from './webassembly.ts'

const pageBytes = 1 << 16

/** Arrays begin at cache lines, and vectors may be read a little past the end. */
const lineBytes = 64

/** Bytes that an array takes up. */
export function roomFor(bytes: number): number {
  return Math.ceil((bytes + 16) / lineBytes) * lineBytes
}

/** The memory that kernels work in: one space of at most 4 GiB that grows as it is used. */
export interface KernelMemory {
  readonly memory: WasmMemory
  /** Bytes that are left. */
  readonly left: number
  /**
   * Bytes, zeroed, that are never given back before the whole memory is.
   *
   * @returns where they begin
   * @throws {RangeError} when there are not so many
   */
  reserve(bytes: number): number
  /** Moves a tensor's numbers in; its array then lies in the memory. */
  hold(value: TensorValue): TensorValue
  /** Where an array that `hold` made begins; undefined for any other. */
  addressOf(data: unknown): number | undefined
}

export function kernelMemory(): KernelMemory {
  const memory = new Memory({ initial: 1, maximum: mostPages, shared: true })
  const most = mostPages * pageBytes
  // Address 0 is left out, so that every address is a true one.
  let next = lineBytes
  let pages = 1
  const held = new WeakMap<object, number>()
  return {
    memory,
    get left() {
      return most - next
    },
    reserve(bytes) {
      const address = next
      const end = address + roomFor(bytes)
      if (end > most)
        throw new RangeError(`${bytes} bytes do not fit into the ${most - next} that are left of ${most} for kernels`)
      const wanted = Math.ceil(end / pageBytes)
      if (wanted > pages) {
        memory.grow(wanted - pages)
        pages = wanted
      }
      next = end
      return address
    },
    hold(value) {
      const address = this.reserve(value.data.byteLength)
      const data = new Float32Array(memory.buffer, address, value.data.length)
      data.set(value.data as Float32Array)
      held.set(data, address)
      return { ...value, data }
    },
    addressOf: (data) => held.get(data as object),
  }
}

interface Span {
  readonly address: number
  readonly bytes: number
}

/** Gives out addresses of a space that is to be reserved, and takes them back. */
export interface SpacePlan {
  take(bytes: number): Span
  giveBack(span: Span): void
  /** The most bytes that were given out at a time, with what lies between them. */
  readonly size: number
}

export function spacePlan(): SpacePlan {
  let free: Span[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    take(bytes) {
      const room = roomFor(bytes)
      const index = free.findIndex((span) => span.bytes >= room)
      const found = free[index]
      if (found === undefined) {
        const last = free.at(-1)
        // What is free at the end is part of the new span.
        const address = last && last.address + last.bytes === size ? last.address : size
        if (address !== size) free.pop()
        size = address + room
        return { address, bytes: room }
      }
      const rest = { address: found.address + room, bytes: found.bytes - room }
      free.splice(index, 1, ...(rest.bytes > 0 ? [rest] : []))
      return { address: found.address, bytes: room }
    },
    giveBack(span) {
      const sorted = [...free, span].sort((a, b) => a.address - b.address)
      free = []
      for (const each of sorted) {
        const last = free.at(-1)
        if (last && last.address + last.bytes === each.address)
          free[free.length - 1] = { address: last.address, bytes: last.bytes + each.bytes }
        else free.push(each)
      }
    },
  }
}
