import { describe, expect, it } from 'vitest'
import { agreement, asSliders, floatsIn, ranked, shareInterval, wishOf } from './wish.ts'

const scores = [
  [80, 20],
  [60, 60],
  [20, 90],
]

describe('a wish', () => {
  it('is a direction of length 1, or none', () => {
    expect(wishOf([3, 4])).toEqual([0.6, 0.8])
    expect(wishOf([0, 0])).toBeUndefined()
  })
  it('ranks by v · r, and leaves equal ones as they come', () => {
    expect(ranked(scores, wishOf([1, 0]))).toEqual([0, 1, 2])
    expect(ranked(scores, wishOf([1, 1]))).toEqual([1, 2, 0])
    expect(ranked(scores, wishOf([0, -1]))).toEqual([0, 1, 2])
    expect(ranked(scores, undefined)).toEqual([0, 1, 2])
    expect(ranked([...scores, [80, 0]], wishOf([1, 0]))).toEqual([0, 3, 1, 2])
  })
  it('agrees with choices where it ranks as they do', () => {
    const choices = [
      { chosen: 0, other: 2 },
      { chosen: 2, other: 1 },
      { chosen: 1, other: 1 },
    ]
    expect(agreement(scores, choices, [1, 0])).toBe(1.5)
    expect(agreement(scores, choices, [0, 1])).toBe(1.5)
  })
})

it('sliders point as a direction does, the farthest at its end', () => {
  expect(asSliders([0.63, -0.3, 0], 0.05)).toEqual([1, expect.closeTo(-0.5, 10), 0])
})

it('a share’s interval is Wilson’s', () => {
  // 108 of 140, by hand: centre (0.771429 + 0.013720)/1.027439, half 0.06941.
  const [low, high] = shareInterval(108, 140)
  expect(low).toBeCloseTo(0.6952, 3)
  expect(high).toBeCloseTo(0.8332, 3)
})

it('reads floats, little end first', () => {
  // 1 is 00 00 80 3f; −2 is 00 00 00 c0.
  expect([...floatsIn(btoa(String.fromCharCode(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0)))]).toEqual([1, -2])
})
