import { describe, expect, it } from 'vitest'
import { value } from './graph/value.ts'
import { isShort, shortRows } from './short-rows.ts'

describe('shortRows', () => {
  it('takes rows of each column in the order asked for, whatever their type and size', () => {
    const floats = value(Float32Array.from([0.5, -1, Number.NaN]))
    const pairs = value(Int32Array.from([1, 2, 3, 4, -5, 6]), [3, 2])
    const longs = value(BigInt64Array.from([-1n, 2n ** 40n, 7n]))
    const doubles = value(Float64Array.from([Math.PI, 1e300, -0]))
    const take = shortRows([floats, pairs, longs, doubles])
    expect(take(Uint32Array.from([2, 0, 2, 1]))).toEqual([
      Float32Array.from([Number.NaN, 0.5, Number.NaN, -1]),
      Int32Array.from([-5, 6, 1, 2, -5, 6, 3, 4]),
      BigInt64Array.from([7n, -1n, 7n, 2n ** 40n]),
      Float64Array.from([-0, Math.PI, -0, 1e300]),
    ])
    expect(take(new Uint32Array(0))).toEqual([
      new Float32Array(0),
      new Int32Array(0),
      new BigInt64Array(0),
      new Float64Array(0),
    ])
  })

  it('reads views into larger memory', () => {
    const whole = Float32Array.from([9, 1, 2, 3, 9])
    expect(shortRows([value(whole.subarray(1, 4))])(Uint32Array.of(2, 1))).toEqual([Float32Array.of(3, 2)])
  })

  it('is for few whole words', () => {
    expect(isShort(value(new Float32Array(8), [2, 4]))).toBe(true)
    expect(isShort(value(new Float32Array(10), [2, 5]))).toBe(false)
    expect(isShort(value(new Uint8Array(2)))).toBe(false)
    expect(isShort(value(new Float32Array(0), [2, 0]))).toBe(false)
  })
})
