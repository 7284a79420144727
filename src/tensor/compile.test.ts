import { describe, expect, it } from 'vitest'
import {
  compile,
  evaluate,
  filled,
  gather,
  gradients,
  matmul,
  mean,
  mul,
  relu,
  reshape,
  spec,
  sub,
  sum,
  transpose,
  value,
  zeros,
} from './index.ts'

describe('compile', () => {
  it('runs a graph on typed arrays, plain arrays and values alike', async () => {
    const area = await compile(({ x, y }) => mul(x, y), { inputs: { x: spec(['n']), y: spec(['n']) } })
    const result = await area({ x: [1, 2], y: Float32Array.from([3, 4]) })
    expect(result).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.from([3, 8]) })
    expect((await area({ x: [5], y: [6] })).data).toEqual(Float32Array.from([30]))
    await area.dispose()
  })

  it('gives results in the form the function returns', async () => {
    const both = await compile(({ x }) => ({ total: sum(x), parts: [x, relu(x)] as const }), {
      inputs: { x: spec([2]) },
    })
    const { total, parts } = await both({ x: [-1, 3] })
    expect(total.data[0]).toBe(2)
    expect([...parts[0].data]).toEqual([-1, 3])
    expect([...parts[1].data]).toEqual([0, 3])
    expect(both.outputs['parts.0']).toEqual({ dtype: 'float32', shape: [2] })
  })

  it('sees parameters change where they lie, unless they are frozen', async () => {
    const parameters = { w: value(Float32Array.from([2])) }
    const options = { inputs: { x: spec([1]) }, parameters }
    const live = await compile(({ x }, { w }) => mul(x, w), options)
    const frozen = await compile(({ x }, { w }) => mul(x, w), { ...options, frozen: true })
    parameters.w.data[0] = 5
    expect((await live({ x: [3] })).data[0]).toBe(15)
    expect((await frozen({ x: [3] })).data[0]).toBe(6)
  })

  it('carries named sizes through reshapes, products and sums', async () => {
    const flat = await compile(({ x, y }) => reshape(matmul(x, transpose(y)), [-1]), {
      inputs: { x: spec(['a', 3]), y: spec(['b', 3]) },
    })
    expect(flat.outputs['']).toEqual({ dtype: 'float32', shape: ['a*b'] })
    const x = [
      [1, 0, 0],
      [0, 1, 0],
    ]
    const { data } = await flat({ x, y: [[7, 8, 9]] })
    expect([...data]).toEqual([7, 8])
  })

  it('writes results where it is told to, without copying them, and still reports errors', async () => {
    const look = await compile(({ table, rows }) => gather(table, rows), {
      inputs: { table: spec([3]), rows: spec(['n'], 'int64') },
    })
    const place = zeros([2])
    const found = await look({ table: [5, 6, 7], rows: [2, 0] }, { '': place })
    expect(found.data).toBe(place.data)
    expect([...place.data]).toEqual([7, 5])
    await expect(look({ table: [5, 6, 7], rows: [3, 0] }, { '': place })).rejects.toThrow('out of data bounds')
    await look.dispose()

    const large = await compile(({ x }) => mul(x, 2), { inputs: { x: spec(['n']) } })
    const [x, twice] = [filled([2 ** 22], 1.5), zeros([2 ** 22])]
    const before = process.memoryUsage().arrayBuffers
    await large({ x }, { '': twice })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
    expect(twice.data.at(-1)).toBe(3)
    await large.dispose()
  })

  it('compiles anew for each value of a size it is to specialise for', async () => {
    const average = await compile(({ x }) => mean(x), { inputs: { x: spec(['n']) }, specialize: ['n'] })
    expect((await average({ x: [1, 2, 3] })).data[0]).toBe(2)
    expect((await average({ x: [4, 8] })).data[0]).toBe(6)
  })

  it('says in words what was fed wrongly', async () => {
    const run = await compile(({ x, y }) => sub(x, y), { inputs: { x: spec(['n', 2]), y: spec(['n', 2]) } })
    await expect(run({ x: [[1, 2]], y: [[1, 2, 3]] })).rejects.toThrow(
      'input "y" has shape [1, 3], declared as [n, 2]: axis 1 has size 3, expected 2',
    )
    await expect(
      run({
        x: [[1, 2]],
        y: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).rejects.toThrow('"n" is 2 here and 1 in another input')
    await expect(run({ x: [[1, 2]] } as never)).rejects.toThrow('input "y" (float32 [n, 2]) is missing')
    await expect(run({ x: [[1, 2]], y: [[1, 2]], z: 1 } as never)).rejects.toThrow('input "z" is not declared')
    await expect(run({ x: [[1], [2, 3]], y: [[1, 2]] })).rejects.toThrow('ragged')
  })

  it('reads a flat array by the sizes the other inputs settle', async () => {
    const run = await compile(({ x, y }) => sub(x, y), { inputs: { x: spec(['n', 2]), y: spec(['n', 'm']) } }).catch(
      (error: Error) => error,
    )
    expect(String(run)).toContain('sub: [n, 2] and [n, m]: sizes 2 and m differ')
    const fits = await compile(({ x }) => sum(x, 0), { inputs: { x: spec(['n', 2]) } })
    expect([...(await fits({ x: Float32Array.from([1, 2, 3, 4]) })).data]).toEqual([4, 6])
    await expect(fits({ x: Float32Array.from([1, 2, 3]) })).rejects.toThrow('3 elements do not fill [n, 2]')
  })

  it('says that a provider is missing', async () => {
    await expect(compile(({ x }) => x, { inputs: { x: spec([1]) }, provider: 'cuda' })).rejects.toThrow('"cuda"')
  })
})

describe('evaluate', () => {
  it('computes plain numbers in double precision', async () => {
    expect(await evaluate(({ x }) => sum(mul(x, x)), { x: [1, 2, 3] })).toBe(14)
    expect(await evaluate(({ x }) => ({ g: gradients(sum(mul(x, x)), x) }), { x: [0.1] })).toEqual({ g: [0.2] })
  })

  it('rejects shapes while the graph is built', async () => {
    await expect(evaluate(({ a, b }) => matmul(a, b), { a: [[1, 2]], b: [[1, 2, 3]] })).rejects.toThrow(
      'matmul: [1, 2] · [1, 3]: inner sizes 2 and 1 differ',
    )
  })
})
