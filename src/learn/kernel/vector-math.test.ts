import { describe, expect, it } from 'vitest'
import { kernels } from '../../tensor/index.ts'
import { expCode, log1pCode, logCode } from './vector-math.ts'

const { f32x4, forBelow, get, set } = kernels

/** Numbers through a function of vectors. */
function mapped(code: kernels.Code, numbers: readonly number[]): readonly number[] {
  const memory = new kernels.WasmMemory({ initial: 1, maximum: 1, shared: true })
  const body = forBelow(0, 1, 16, [get(0), f32x4.load(), set(2), get(0), code, f32x4.store()])
  const locals = Array.from({ length: 6 }, () => 'v128' as const)
  const module = new kernels.WasmModule(kernels.wasmModule({ map: { parameters: 2, locals, body } }, 1))
  const view = new Float32Array(memory.buffer)
  view.set(numbers)
  const group = kernels.kernelGroup(module, memory, ['map'], 1)
  group.run('map', Math.ceil(numbers.length / 4) * 16, 65_536, [])
  group.dispose()
  return [...view.subarray(0, numbers.length)]
}

describe('functions of vectors', () => {
  const spread = (from: number, to: number): number[] =>
    Array.from({ length: 4001 }, (_, at) => Math.fround(from + ((to - from) * at) / 4000))
  const worst = (found: readonly number[], at: readonly number[], of: (x: number) => number): number =>
    Math.max(...found.map((y, index) => Math.abs(y / of(at[index] as number) - 1)))

  it('exp is that of float32', () => {
    const x = spread(-86.9, 87.9)
    expect(worst(mapped(expCode(2, 3), x), x, Math.exp)).toBeLessThan(2e-7)
    expect(mapped(expCode(2, 3), [0, -1000, 1e30, Number.NaN])).toEqual([
      1,
      expect.closeTo(0, 30),
      expect.closeTo(1.6516363e38, -32),
      Number.NaN,
    ])
  })

  it('log is that of float32', () => {
    const x = spread(0.001, 20).filter((number) => Math.abs(number - 1) > 0.01)
    expect(worst(mapped(logCode(2, 3, 4), x), x, Math.log)).toBeLessThan(3e-7)
    expect(mapped(logCode(2, 3, 4), [1, 2, 1024, 3e-38])).toEqual([
      0,
      expect.closeTo(Math.LN2, 6),
      expect.closeTo(10 * Math.LN2, 6),
      expect.closeTo(-86.39963, 4),
    ])
  })

  it('log of one and a little is exact to the little', () => {
    const t = [...spread(0.001, 1), 1e-4, 1e-6, 1e-8, 3e-20]
    expect(worst(mapped(log1pCode(2, [3, 4, 5, 6]), t), t, Math.log1p)).toBeLessThan(3e-7)
    expect(mapped(log1pCode(2, [3, 4, 5, 6]), [0])).toEqual([0])
  })
})
