import { describe, expect, it } from 'vitest'
import { compile, sort, spec, toNested, topK, toValue, zeros } from '../index.ts'

describe('sorting along an axis beside axes of open size', () => {
  it('gives nothing for no rows', async () => {
    const run = await compile(({ x }) => ({ ...topK(x, 2), sorted: sort(x) }), {
      inputs: { x: spec(['batch', 'length', 3]) },
    })
    for (const [batch, length] of [
      [0, 0],
      [0, 2],
      [2, 0],
    ] as const) {
      const { values, indices, sorted } = await run({ x: zeros([batch, length, 3]) })
      expect(values.shape).toEqual([batch, length, 2])
      expect(indices.shape).toEqual([batch, length, 2])
      expect(sorted.shape).toEqual([batch, length, 3])
    }
    await run.dispose()
  })

  it('gives each row its own order', async () => {
    const run = await compile(({ x }) => ({ ...topK(x, 2), sorted: sort(x, { axis: 0 }) }), {
      inputs: { x: spec(['batch', 3]) },
    })
    const made = await run({
      x: toValue(
        [
          [3, -1, 5],
          [-2, -4, -3],
        ],
        'float32',
      ),
    })
    expect(toNested(made.values)).toEqual([
      [5, 3],
      [-2, -3],
    ])
    expect(toNested(made.indices)).toEqual([
      [2, 0],
      [0, 2],
    ])
    expect(toNested(made.sorted)).toEqual([
      [-2, -4, -3],
      [3, -1, 5],
    ])
    await run.dispose()
  })
})
