import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { value } from '../graph/value.ts'
import { kernelMemory, roomFor, spacePlan } from './kernel-memory.ts'

describe('kernelMemory', () => {
  it('grows as it is used, and keeps what it holds apart', () => {
    const memory = kernelMemory()
    const first = memory.hold(value(Float32Array.of(1, 2, 3, 4), [2, 2]))
    const address = memory.reserve(200_000)
    new Float32Array(memory.memory.buffer, address, 50_000).fill(9)
    const second = memory.hold(value(Float32Array.of(5), [1, 1]))
    expect([...first.data, ...second.data]).toEqual([1, 2, 3, 4, 5])
    expect(memory.addressOf(first.data)).toBeLessThan(address)
    expect(memory.addressOf(second.data)).toBeGreaterThan(address + 199_999)
    expect(memory.addressOf(Float32Array.of(5))).toBeUndefined()
    expect(() => memory.reserve(2 ** 32)).toThrow('4294967296 bytes do not fit')
    memory.release()
  })

  it('moves out what it holds before others use it', () => {
    const memory = kernelMemory()
    const held = memory.hold(value(Float32Array.of(1, 2), [1, 2]))
    const before = held.data
    memory.release()
    memory.release()
    const other = kernelMemory()
    expect(other.memory).toBe(memory.memory)
    expect(kernelMemory().memory).not.toBe(memory.memory)
    other.hold(value(Float32Array.of(7, 7), [1, 2]))
    expect([...held.data]).toEqual([1, 2])
    expect([...before]).toEqual([7, 7])
  })
})

describe('spacePlan', () => {
  it('never gives out a byte twice, and uses again what was given back', () => {
    const random = seeded('space')
    const plan = spacePlan()
    const taken: { readonly address: number; readonly bytes: number }[] = []
    let [most, bytes] = [0, 0]
    for (let move = 0; move < 2000; move++) {
      if (taken.length > 0 && random.uniform() < 0.48) {
        const [span] = taken.splice(random.integer(taken.length), 1)
        if (span) plan.giveBack(span)
        bytes -= span?.bytes ?? 0
        continue
      }
      const span = plan.take([100, 1000, 30_000][random.integer(3)] ?? 0)
      for (const other of taken)
        expect(span.address + span.bytes <= other.address || other.address + other.bytes <= span.address).toBe(true)
      taken.push(span)
      bytes += span.bytes
      most = Math.max(most, bytes)
    }
    expect(plan.size).toBeGreaterThanOrEqual(most)
    expect(plan.size).toBeLessThan(1.5 * most)
    for (const span of taken) plan.giveBack(span)
    expect(plan.take(plan.size - roomFor(0))).toEqual({ address: 0, bytes: plan.size })
  })
})
