import { describe, expect, it } from 'vitest'
import { formatBytes, formatCounted, formatDuration, formatMoment, formatNumber } from './format.ts'

describe('numbers', () => {
  it('have a real minus sign, but no negative zero', () => {
    expect(formatNumber(-0.374)).toBe('−0.37')
    expect(formatNumber(-0.001)).toBe('0.00')
  })
  it('agree with their noun', () => {
    expect(formatCounted(1, 'vote')).toBe('1 vote')
    expect(formatCounted(48_417, 'vote')).toBe('48,417 votes')
  })
})

it('durations are told in the unit one would use', () => {
  expect(formatDuration(0.2)).toBe('less than a second')
  expect(formatDuration(1.2)).toBe('1 second')
  expect(formatDuration(150)).toBe('3 minutes')
  expect(formatDuration(9_000)).toBe('2.5 hours')
})

it('sizes are told in binary units', () => {
  expect(formatBytes(1_023)).toBe('1023 bytes')
  expect(formatBytes(1_536)).toBe('1.5 KiB')
  expect(formatBytes(3 * 1024 ** 3)).toBe('3.0 GiB')
})

it('moments are told in UTC', () => {
  expect(formatMoment(Date.UTC(2022, 4, 14, 19, 0))).toBe('14 May 2022, 19:00')
})
