import { describe, expect, it } from 'vitest'
import * as t from '../index.ts'

const x = (...shape: (number | string)[]): t.Tensor => t.input('x', shape)

describe('shapes', () => {
  it('of named sizes combine', () => {
    expect(t.matmul(x('batch', 4, 'n'), x('n', 3)).shape).toEqual(['batch', 4, 3])
    expect(t.reshape(x('batch', 'seq', 8), ['batch', 'seq', 2, -1]).shape).toEqual(['batch', 'seq', 2, 4])
    expect(t.flatten(x('b', 3, 's'), 0, 2).shape).toEqual(['3*b*s'])
    expect(t.concat([x('past', 2), x('new', 2), x(1, 2)]).shape).toEqual(['new+past+1', 2])
    expect(t.slice(x('n', 2), 0, 1).shape).toEqual(['n-1', 2])
    expect(t.add(x('n', 1), x(5)).shape).toEqual(['n', 5])
    expect(t.sum(x('a', 'b'), 0).shape).toEqual(['b'])
    expect(t.einsum('bij,jk->kb', x('b', 2, 3), x(3, 'k')).shape).toEqual(['k', 'b'])
    expect(t.conv1d(x(1, 2, 'n'), x(3, 2, 3), { padding: 1 }).shape).toEqual([1, 3, 'n'])
    expect(t.split(x('2*n', 3), 2).map(({ shape }) => shape)).toEqual([
      ['n', 3],
      ['n', 3],
    ])
  })

  it.each<readonly [string, () => unknown, string]>([
    [
      'matmul',
      () => t.matmul(x('batch', 64), x(32, 10)),
      'matmul: [batch, 64] · [32, 10]: inner sizes 64 and 32 differ',
    ],
    ['add', () => t.add(x('a'), x('b')), 'add: [a] and [b]: sizes a and b differ at axis -1 and neither is 1'],
    ['mixed types', () => t.add(x(1), t.input('y', [1], 'float64')), 'element types float32 and float64 differ'],
    ['reshape', () => t.reshape(x(2, 3), [4, -1]), '[2, 3] has 6 elements, which do not fill [4, -1]'],
    ['axis', () => t.sum(x(2, 3), 2), 'sum: axis is 2, expected from -2 to 1'],
    ['concat', () => t.concat([x(2, 3), x(3, 4)]), 'concat: [2, 3] and [3, 4] differ outside axis 0'],
    ['split', () => t.split(x(5), 2), 'does not split into 2 equal parts'],
    ['slice', () => t.slice(x(5), 0, 2, 7), 'slice: 2 to 7 leaves axis 0 of [5]'],
    ['linear', () => t.linear(x(2, 3), x(3, 4), x(5)), 'linear: the bias is [5], expected [4]'],
    ['einsum', () => t.einsum('ij,jk', x(2, 3), x(4, 5)), '"j" is 3 in one tensor and 4 in another'],
    ['conv2d', () => t.conv2d(x(1, 3, 8, 8), x(4, 2, 3, 3)), '3 channels in 1 groups with a kernel of [4, 2, 3, 3]'],
    ['window', () => t.maxPool(x(1, 1, 2, 2), 3), 'a kernel of 3 (dilation 1) does not fit into 2'],
    ['topK', () => t.topK(x(3), 4), 'topK: k is 4, expected from 0 to 3'],
    ['attention', () => t.attention(x(1, 3, 2, 4), x(1, 2, 2, 4), x(1, 2, 2, 4)), '3 query heads are no multiple of 2'],
    ['gradients', () => t.gradients(x(2), [x(2)]), 'has shape [2], expected a scalar'],
    ['where', () => t.where(x(2), 1, x(2)), 'the condition is float32, expected bool'],
    ['size', () => x(1.5), 'a size is 1.5, expected a whole number'],
    ['name', () => x('a b'), '"a b" is neither a whole number nor a name'],
  ])('that do not fit are reported in words: %s', (_, build, message) => {
    expect(build).toThrow(message)
  })

  it('are computed when the graph runs, where they are named', async () => {
    const run = await t.compile(
      ({ a, b }) => {
        const joined = t.concat([a, b], 0)
        const rows = t.dimAt(joined.shape, 0)
        return {
          spread: t.broadcastTo(t.mean(joined, 0, { keepDims: true }), joined.shape),
          triangle: t.causalBias(rows, rows),
          pairs: t.reshape(t.add(t.expandDims(joined, 1), t.expandDims(joined, 0)), [t.multiplyDims(rows, rows), 2]),
          zeros: t.full([rows, 'm'], 7),
          slope: t.gradients(t.mean(t.square(joined)), [a, b]),
        }
      },
      { inputs: { a: t.spec(['n', 2]), b: t.spec(['m', 2]) } },
    )
    const result = await run({
      a: [[1, 2]],
      b: [
        [3, 4],
        [5, 6],
      ],
    })
    expect(t.toNested(result.spread)).toEqual([
      [3, 4],
      [3, 4],
      [3, 4],
    ])
    expect(result.triangle.shape).toEqual([3, 3])
    expect([...result.triangle.data].map((entry) => entry === 0)).toEqual([
      true,
      false,
      false,
      true,
      true,
      false,
      true,
      true,
      true,
    ])
    expect(result.pairs.shape).toEqual([9, 2])
    expect(t.toNested(result.pairs)).toContainEqual([4, 6])
    expect(result.zeros.shape).toEqual([3, 2])
    // d mean(x²)/dx = 2x/6
    expect(Number(result.slope[1]?.data[3])).toBeCloseTo(2, 6)
    expect(result.slope[0]?.shape).toEqual([1, 2])
  })

  it('sums over leading axes of any number and size, an empty batch as well', async () => {
    const run = await t.compile(
      ({ x }) => ({
        one: t.sum(x, 0),
        two: t.sum(x, [0, 1]),
        kept: t.sum(x, [0, 1], { keepDims: true }),
        last: t.sum(x, 2),
        all: t.sum(x),
      }),
      { inputs: { x: t.spec(['n', 'm', 3]) }, threads: 2 },
    )
    // x[i, j, k] = 100 i + 10 j + k
    const x = [0, 1].map((i) => [0, 1, 2, 3].map((j) => [0, 1, 2].map((k) => 100 * i + 10 * j + k)))
    const made = await run({ x })
    expect(t.toNested(made.one)).toEqual([0, 1, 2, 3].map((j) => [0, 1, 2].map((k) => 100 + 20 * j + 2 * k)))
    expect(t.toNested(made.two)).toEqual([520, 528, 536])
    expect(t.toNested(made.kept)).toEqual([[[520, 528, 536]]])
    expect(t.toNested(made.last)).toEqual([0, 1].map((i) => [0, 1, 2, 3].map((j) => 300 * i + 30 * j + 3)))
    expect(t.toNested(made.all)).toBe(1584)
    const empty = await run({ x: t.zeros([0, 2, 3]) })
    expect(t.toNested(empty.one)).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ])
    expect(t.toNested(empty.two)).toEqual([0, 0, 0])
    expect(t.toNested((await run({ x: t.zeros([2, 0, 3]) })).one)).toEqual([])
  })

  it('keeps what is small in softplus, in float32', async () => {
    const run = await t.compile(({ x }) => t.softplus(x), { inputs: { x: t.spec(['n']) } })
    const x = [-80, -50, -17.3, -5, -1, -1e-3, 0, 1e-3, 0.7, 3, 17, 88, 1e5]
    const made = await run({ x })
    const expected = x.map(
      (number) => Math.max(Math.fround(number), 0) + Math.log1p(Math.exp(-Math.abs(Math.fround(number)))),
    )
    for (const [index, exact] of expected.entries())
      expect(Math.abs(Number(made.data[index]) / exact - 1)).toBeLessThan(4e-7)
    const odd = await run({ x: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN] })
    expect([...odd.data]).toEqual([Number.POSITIVE_INFINITY, 0, Number.NaN])
  })
})
