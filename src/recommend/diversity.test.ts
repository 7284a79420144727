import { describe, expect, it } from 'vitest'
import { listDiversity } from '../measure/index.ts'
import { seeded } from '../run/index.ts'
import { diverseRerank } from './diversity.ts'

// Items 0 and 1 point the same way, 2 across them, 3 against them, 4 nowhere.
const likeness = { data: Float32Array.of(1, 0, 2, 0, 0, 3, -1, 0, 0, 0), width: 2 }
const candidates = {
  rows: 1,
  count: 5,
  items: Int32Array.of(0, 1, 2, 3, 4),
  // From 0 to 1 in the row: 1, 0.9, 0.5, 0.4, 0.
  scores: Float32Array.of(10, 9, 5, 4, 0),
}

describe('lists whose items differ', () => {
  it('are in the order of the candidates at weight 0', () => {
    const { items, scores } = diverseRerank(candidates, likeness, { count: 3, weight: 0 })
    expect([...items]).toEqual([0, 1, 2])
    expect([...scores]).toEqual([10, 9, 5])
  })

  it('weigh the likest item of the list against relevance, place by place', () => {
    // At ½, after item 0: item 1 has 0.45 − 0.5, item 2 0.25 − 0, item 3 0.2 + 0.5, item 4 0 − 0. After item 3 as well:
    // item 1 0.45 − 0.5, item 2 0.25 − 0, item 4 0 − 0. Then item 4 with 0 before item 1 with −0.05.
    const { items } = diverseRerank(candidates, likeness, { count: 5, weight: 0.5 })
    expect([...items]).toEqual([0, 3, 2, 4, 1])
    // At 0.3: item 1 0.63 − 0.3, item 2 0.35, item 3 0.28 + 0.3.
    expect([...diverseRerank(candidates, likeness, { count: 3, weight: 0.3 }).items]).toEqual([0, 3, 2])
    // At 0.1: item 1 0.81 − 0.1, item 2 0.45, item 3 0.36 + 0.1.
    expect([...diverseRerank(candidates, likeness, { count: 3, weight: 0.1 }).items]).toEqual([0, 1, 3])
  })

  it('are more diverse the more that weighs', () => {
    const random = seeded('diverse')
    const [items, width, rows, count] = [200, 8, 20, 50]
    const data = Float32Array.from({ length: items * width }, () => random.normal())
    const many = {
      rows,
      count,
      items: Int32Array.from({ length: rows }, () => 0),
      scores: Float32Array.from({ length: rows * count }, (_, at) => count - (at % count)),
    }
    many.items = Int32Array.from(
      Array.from({ length: rows }, () =>
        random.shuffle(Array.from({ length: items }, (_, at) => at)).slice(0, count),
      ).flat(),
    )
    const diversity = [0, 0.3, 0.6, 1].map((weight) => {
      const lists = diverseRerank(many, { data, width }, { count: 10, weight })
      let total = 0
      for (let row = 0; row < rows; row++) {
        const own = lists.items.subarray(row * 10, (row + 1) * 10)
        expect(new Set(own).size).toBe(10)
        total += listDiversity(own, data, width)
      }
      return total / rows
    })
    expect(diversity).toEqual(diversity.toSorted((a, b) => a - b))
    expect(new Set(diversity).size).toBe(4)
  })

  it('end with −1 where there are fewer candidates, and take equal scores in their order', () => {
    const few = {
      rows: 2,
      count: 3,
      items: Int32Array.of(3, 2, -1, -1, -1, -1),
      scores: Float32Array.of(1, 1, -1, 0, 0, 0),
    }
    const { items } = diverseRerank(few, likeness, { count: 3, weight: 0.2 })
    expect([...items]).toEqual([3, 2, -1, -1, -1, -1])
  })

  it('say which weight is no share, and which candidate has no vector', () => {
    expect(() => diverseRerank(candidates, likeness, { weight: 1.5 })).toThrow('weight is 1.5, expected a share')
    const beyond = { ...candidates, items: Int32Array.of(0, 1, 2, 3, 5) }
    expect(() => diverseRerank(beyond, likeness, { weight: 0.5 })).toThrow('a candidate is item 5, expected one of 5')
  })
})
