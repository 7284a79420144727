import { describe, expect, it } from 'vitest'
import { placeIn, rangeOf, ticks } from './scale.ts'

describe('ticks', () => {
  it('are round numbers within the range', () => {
    expect(ticks(873, 1184, 4)).toEqual([900, 1000, 1100])
    expect(ticks(-0.31, 0.62, 3)).toEqual([-0.2, 0, 0.2, 0.4, 0.6000000000000001])
  })
  it('are none in an empty range', () => {
    expect(ticks(5, 5, 4)).toEqual([])
  })
})

describe('the range of estimates', () => {
  const at = (value: number, half: number) => ({ value, lower: value - half, upper: value + half })

  it('holds every value and its interval, with a margin of 2 %', () => {
    expect(rangeOf([at(900, 20), at(1100, 30)])).toEqual([880 - 5, 1130 + 5])
  })
  it('lets an endless interval reach no further than 35 % beyond the values', () => {
    expect(rangeOf([at(900, 10), at(1100, 1e9)])).toEqual([830 - 6.8, 1170 + 6.8])
  })
  it('leaves an outlier among many outside, but not among few', () => {
    const crowd = Array.from({ length: 20 }, (_, index) => at(1000 + index, 0))
    expect(rangeOf([...crowd, at(-9000, 0)])[0]).toBeGreaterThan(990)
    expect(rangeOf([at(1000, 0), at(1001, 0), at(-9000, 0)])[0]).toBeLessThan(-9000)
  })
  it('holds what must be included', () => {
    const [low, high] = rangeOf([at(2, 0.5)], [0])
    expect(low).toBeLessThan(0)
    expect(high).toBeGreaterThan(2.5)
  })
})

it('places a value in per cent', () => {
  expect(placeIn(1050, [1000, 1200])).toBe(25)
})
