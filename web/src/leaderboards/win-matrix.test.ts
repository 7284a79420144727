import { expect, it } from 'vitest'
import { shade } from './win-matrix.tsx'

it('nine shades share the scale from lost to won evenly, half in the middle', () => {
  expect(shade(0)).toBe(0)
  expect(shade(0.5)).toBe(4)
  expect(shade(0.99)).toBe(8)
  expect(shade(1)).toBe(8)
  expect(shade(1 / 3 + 1e-9)).toBe(3)
})
