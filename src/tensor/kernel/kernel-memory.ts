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
   * Bytes that stay reserved until the whole memory is given back. They may hold any numbers.
   *
   * @returns where they begin
   * @throws {RangeError} when there are not so many
   */
  reserve(bytes: number): number
  /** Moves a float32 tensor's numbers in: its array lies in the memory until that is given back, then outside it. */
  hold(value: TensorValue): TensorValue
  /** Where an array that `hold` made begins; undefined for any other. */
  addressOf(data: unknown): number | undefined
  /** Gives the memory back for others to use. Nothing may run in it any more. */
  release(): void
}

/**
 * Memory that was given back. Such memory cannot be freed by hand, and as the collector of garbage takes it to be small
 * it would come too late.
 */
const spare: WasmMemory[] = []
const mostSpare = 4

export function kernelMemory(): KernelMemory {
  const memory = spare.pop() ?? new Memory({ initial: 1, maximum: mostPages, shared: true })
  const most = mostPages * pageBytes
  // Address 0 is left out, so that every address is a true one.
  let next = lineBytes
  let pages = memory.buffer.byteLength / pageBytes
  const addresses = new WeakMap<object, number>()
  const moveOut: (() => void)[] = []
  let released = false
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
    hold({ dtype, shape, data: given }) {
      const address = this.reserve(given.byteLength)
      let data = new Float32Array<ArrayBufferLike>(memory.buffer, address, given.length)
      data.set(given as Float32Array)
      addresses.set(data, address)
      moveOut.push(() => {
        data = Float32Array.from(data)
      })
      return {
        dtype,
        shape,
        get data() {
          return data
        },
      }
    },
    addressOf: (data) => addresses.get(data as object),
    release() {
      if (released) return
      released = true
      for (const move of moveOut) move()
      if (spare.length < mostSpare) spare.push(memory)
    },
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
