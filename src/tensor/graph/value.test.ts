import { describe, expect, it } from 'vitest'
import { cast, compile, mul, spec } from '../index.ts'
import { convert, fromFloat16, toFloat16, toNested, toValue, value } from './value.ts'

describe('float16', () => {
  // Bits by IEEE 754: sign, five of exponent, ten of mantissa.
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -24, 0x0002],
    [2 ** -14, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [Number.POSITIVE_INFINITY, 0x7c00],
  ])('%f is %i', (number, bits) => {
    expect(toFloat16(number)).toBe(bits)
  })

  it('gives every number back that it can hold', () => {
    for (let bits = 0; bits < 0x7c00; bits++) expect(toFloat16(fromFloat16(bits))).toBe(bits)
    expect(fromFloat16(toFloat16(Number.NaN))).toBeNaN()
  })

  it('stores parameters that are computed with in float32', async () => {
    const w = convert(value(Float32Array.from([0.5, 1 / 3])), 'float16')
    const run = await compile(({ x }, p) => mul(x, cast(p.w, 'float32')), {
      inputs: { x: spec([2]) },
      parameters: { w },
    })
    expect([...(await run({ x: [2, 3] })).data]).toEqual([1, 3 * fromFloat16(toFloat16(1 / 3))])
    const back = await compile(({ x }) => cast(x, 'float16'), { inputs: { x: spec([2]) } })
    expect(await back({ x: [1, -2] })).toEqual({
      dtype: 'float16',
      shape: [2],
      data: Uint16Array.from([0x3c00, 0xc000]),
    })
  })
})

describe('values', () => {
  it('are read from nested arrays and written as such', () => {
    const nested = [
      [1, 2, 3],
      [4, 5, 6],
    ]
    expect(toValue(nested).shape).toEqual([2, 3])
    expect(toNested(toValue(nested))).toEqual(nested)
    expect(toNested(toValue([true, false]))).toEqual([true, false])
    expect(toValue([1n]).dtype).toBe('int64')
    expect(toNested(toValue(5))).toBe(5)
    expect(toValue([]).shape).toEqual([0])
  })

  it('say what does not fit', () => {
    expect(() => toValue([[1, 2], [3]])).toThrow('ragged')
    expect(() => value(Float32Array.from([1, 2, 3]), [2, 2])).toThrow('[2, 2] has 4 elements, the array has 3')
    expect(() => toValue([1.5], 'int64')).toThrow('element 0 is 1.5, expected a whole number')
    expect(() => value(Float32Array.from([1]), [1], 'float64')).toThrow('cannot hold float64')
  })
})
