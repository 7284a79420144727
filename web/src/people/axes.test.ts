import { describe, expect, it } from 'vitest'
import { apart, axisName, leansOf } from './axes.ts'

const columns = [
  { name: 'price', more: 'likes it dear', less: 'likes it cheap', spread: 0.5 },
  { name: 'size', more: 'likes it large', less: 'likes it small', spread: 2 },
  { name: 'age', more: 'likes it old', less: 'likes it new', spread: 0 },
]

it('names an axis by the columns that it is made of', () => {
  expect(axisName([0.2, -0.9, 0.4], columns)).toBe('less size, age')
  expect(axisName([0.9, 0.1, -0.1], columns)).toBe('price')
  expect(axisName([0, 0, 0], columns)).toBe('')
})

it('tells leans in deviations of people’s numbers, and not those that are no leans', () => {
  expect(leansOf([-0.5, 0.6, 3], columns)).toEqual([
    { text: 'likes it cheap', size: 1 },
    { text: 'likes it large', size: 0.3 },
  ])
})

describe('labels', () => {
  it('stand apart, those farthest out first', () => {
    const labels = [
      { text: 'middle', x: 100, y: 100 },
      { text: 'beside', x: 110, y: 104 },
      { text: 'far', x: 10, y: 10 },
    ]
    // The middle of all is (73, 71): (10, 10) is farthest, then (110, 104), which covers (100, 100).
    expect(apart(labels, 7, 14).map(({ text }) => text)).toEqual(['far', 'beside'])
    expect(apart([], 7, 14)).toEqual([])
  })
})
