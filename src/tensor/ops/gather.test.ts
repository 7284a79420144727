import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  compile,
  evaluate,
  filled,
  gather,
  gradients,
  mul,
  oneHot,
  range,
  scatterAdd,
  segmentMean,
  segmentSum,
  spec,
  sum,
  takeAlong,
  value,
  zeros,
} from '../index.ts'

const int = (...numbers: number[]): BigInt64Array => BigInt64Array.from(numbers, BigInt)

describe('scatterAdd', () => {
  // ONNX Runtime's own operator loses updates here once it works with several threads.
  it.each([
    ['counts known beforehand', 'fixed'],
    ['counts known when it runs', 'named'],
    ['sizes of rows known when it runs', 'wide'],
  ])('loses no update on two threads, %s', async (_, kind) => {
    const [rows, count, width] = [50, 40_000, 32]
    const random = seeded('rows')
    const indices = BigInt64Array.from({ length: count }, () => BigInt(random.integer(rows)))
    const expected = new Float64Array(rows)
    for (const row of indices) expected[Number(row)] = (expected[Number(row)] ?? 0) + 1
    const n = kind === 'named' ? 'n' : count
    const wide = kind === 'wide' ? 'wide' : width
    const run = await compile(({ base, at, updates }) => scatterAdd(base, at, updates), {
      inputs: { base: spec([rows, wide]), at: spec([n], 'int64'), updates: spec([n, wide]) },
      threads: 2,
    })
    for (let attempt = 0; attempt < 5; attempt++) {
      const { data } = await run({ base: zeros([rows, width]), at: indices, updates: filled([count, width], 1) })
      for (let row = 0; row < rows; row++)
        for (const column of [0, width - 1]) expect(data[row * width + column]).toBe(expected[row])
    }
    await run.dispose()
  })

  it('takes indices of 32 bits, as gradients of gather hand them on', async () => {
    for (const n of [3, 'n']) {
      const run = await compile(({ x, at }) => gradients(sum(gather(x, at)), [x]), {
        inputs: { x: spec([4, 2]), at: spec([n], 'int32') },
      })
      const [found] = await run({ x: zeros([4, 2]), at: Int32Array.of(2, 0, 2) })
      expect([...(found?.data ?? [])]).toEqual([1, 1, 0, 0, 2, 2, 0, 0])
      await run.dispose()
    }
  })

  it('adds nothing when there is nothing to add', async () => {
    const run = await compile(({ base, at, updates }) => scatterAdd(base, at, updates), {
      inputs: { base: spec([2, 1]), at: spec(['n'], 'int64'), updates: spec(['n', 1]) },
    })
    const { data } = await run({ base: [[1], [2]], at: int(), updates: zeros([0, 1]) })
    expect([...data]).toEqual([1, 2])
  })

  it('says which shapes it expected', async () => {
    await expect(
      evaluate(({ x, i, u }) => scatterAdd(x, i, u), { x: [[1, 2]], i: int(0), u: [[1, 2, 3]] }),
    ).rejects.toThrow('scatterAdd: the updates are [1, 3], expected [1, 2]')
    await expect(evaluate(({ x, i }) => gather(x, i), { x: [1, 2], i: [0] })).rejects.toThrow(
      'gather: the indices are float64, expected int64',
    )
  })
})

describe('gather and its kin', () => {
  it('look up rows, and give each row the sum of its gradients', async () => {
    const table = [
      [1, 2],
      [3, 4],
      [5, 6],
    ]
    const result = await evaluate(
      ({ x, i }) => {
        const rows = gather(x, i)
        return { rows, gradient: gradients(sum(mul(rows, rows)), x) }
      },
      { x: table, i: int(2, 0, 2) },
    )
    expect(result.rows).toEqual([
      [5, 6],
      [1, 2],
      [5, 6],
    ])
    expect(result.gradient).toEqual([
      [2, 4],
      [0, 0],
      [20, 24],
    ])
  })

  it('take one entry per index', async () => {
    const x = [
      [1, 2, 3],
      [4, 5, 6],
    ]
    expect(await evaluate(({ a, i }) => takeAlong(a, i), { a: x, i: value(int(2, 0), [2, 1]) })).toEqual([[3], [4]])
  })

  it('sum and average segments, empty ones being zero', async () => {
    const inputs = { x: [[1], [2], [6]], s: int(2, 0, 2) }
    expect(await evaluate(({ x, s }) => segmentSum(x, s, 3), inputs)).toEqual([[2], [0], [7]])
    expect(await evaluate(({ x, s }) => segmentMean(x, s, 3), inputs)).toEqual([[2], [0], [3.5]])
  })

  it('mark indices', async () => {
    expect(await evaluate(({ i }) => oneHot(i, 3), { i: int(2, 0) })).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ])
    expect(await evaluate(({ i }) => mul(i, range(3)), { i: int(1, 1, 1) })).toEqual([0, 1, 2])
  })
})
