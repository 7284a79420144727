import { describe, expect, it } from 'vitest'
import { f32, f32x4, forBelow, get, i32, set, wasmModule } from './wasm.ts'
import { Instance, Memory, Module } from './webassembly.ts'

describe('wasmModule', () => {
  const memory = new Memory({ initial: 2, maximum: 65_536, shared: true })
  const numbers = new Float32Array(memory.buffer)

  it('writes whole numbers and offsets of every length, with and without sign', () => {
    // Beside the bounds of one, two and three bytes in LEB128, signed and unsigned.
    const addresses = [0, 60, 64, 124, 128, 252, 256, 8188, 8192, 16_380, 16_384, 65_532, 65_536, 131_068]
    const bodies = {
      constants: addresses.map((address, at) => [i32.constant(address), f32.constant(at + 1), f32.store()]),
      offsets: addresses.map((address, at) => [i32.constant(0), f32.constant(at + 1), f32.store(address)]),
      // −n and n come to 0.
      signed: addresses.map((address, at) => [
        [i32.constant(-address), i32.constant(address), i32.add, i32.constant(address), i32.add],
        [f32.constant(at + 1), f32.store()],
      ]),
    }
    const functions = Object.entries(bodies).map(([name, body]) => [name, { parameters: 0, locals: [], body }])
    const { exports } = new Instance(new Module(wasmModule(Object.fromEntries(functions))), { env: { memory } })
    for (const name of Object.keys(bodies)) {
      numbers.fill(0)
      exports[name]?.()
      expect(addresses.map((address) => numbers[address / 4])).toEqual(addresses.map((_, at) => at + 1))
      expect(numbers.filter((number) => number !== 0).length).toBe(addresses.length)
    }
  })

  it('loops over vectors', () => {
    numbers.fill(0)
    for (let at = 0; at < 16; at++) numbers[at] = at
    const [from, to, address, sum] = [0, 1, 2, 3]
    const body = [
      [f32x4.constant(0.5), set(sum)],
      forBelow(
        from,
        to,
        16,
        [get(sum), get(from), f32x4.load(), f32x4.add, set(sum)],
        [get(address), get(sum), f32x4.store(16)],
      ),
    ]
    const bytes = wasmModule({ sums: { parameters: 3, locals: ['v128'], body } })
    const { exports } = new Instance(new Module(bytes), { env: { memory } })
    exports['sums']?.(0, 64, 1024)
    expect([...numbers.subarray(260, 264)]).toEqual([24.5, 28.5, 32.5, 36.5])
    // No round where the bounds meet.
    exports['sums']?.(64, 64, 2048)
    expect(numbers[516]).toBe(0)
  })
})
