import { expect, it } from 'vitest'
import { secondsLeft } from './meter.tsx'

it('goes on as it went: a quarter in 3 seconds leaves 9', () => {
  expect(secondsLeft(25, 100, 3_000)).toBe(9)
})

it('says nothing before it can', () => {
  expect(secondsLeft(25, undefined, 3_000)).toBeUndefined()
  expect(secondsLeft(0, 100, 3_000)).toBeUndefined()
  expect(secondsLeft(25, 100, 200)).toBeUndefined()
  expect(secondsLeft(100, 100, 3_000)).toBeUndefined()
})
