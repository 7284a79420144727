import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Random, seeded } from '../../run/index.ts'
import {
  adamW,
  add,
  compile,
  concat,
  gather,
  gradients,
  leakyRelu,
  mean,
  mul,
  neg,
  type SparseMatrix,
  scaledMatrix,
  softplus,
  sparseMatmul,
  sparseMatrix,
  spec,
  square,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  trainStep,
  value,
} from '../index.ts'

function normal(random: Random, shape: readonly number[]): TensorValue {
  const count = shape.reduce((product, size) => product * size, 1)
  return value(
    Float32Array.from({ length: count }, () => random.normal()),
    shape,
  )
}

/** A matrix with rows of all lengths and none, entries that occur twice, and factors; and the same as a dense one. */
function drawn(random: Random, rows: number, columns: number, weighted: boolean): [SparseMatrix, Float64Array] {
  const entries: [number, number, number][] = []
  for (let row = 0; row < rows; row++) {
    const length = row % 5 === 0 ? 0 : row % 17 === 1 ? 40 : random.integer(6)
    for (let i = 0; i < length; i++) entries.push([row, random.integer(columns), weighted ? random.normal() : 1])
  }
  const shuffled = random.shuffle(entries)
  const plain = sparseMatrix(rows, columns, {
    rows: shuffled.map(([row]) => row),
    columns: shuffled.map(([, column]) => column),
    ...(weighted && { values: shuffled.map(([, , weight]) => weight) }),
  })
  const [left, right] = [rows, columns].map((count) =>
    Float64Array.from({ length: count }, () => (weighted ? random.uniform() : 1)),
  ) as [Float64Array, Float64Array]
  const dense = new Float64Array(rows * columns)
  for (const [row, column, weight] of entries) {
    const cell = row * columns + column
    dense[cell] = (dense[cell] ?? 0) + (left[row] ?? 0) * weight * (right[column] ?? 0)
  }
  return [weighted ? scaledMatrix(plain, { rows: value(left), columns: value(right) }) : plain, dense]
}

/** a [n, m] · b [m, k] in doubles; with `transposed`, a is [m, n]. */
function product(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [n, m, k]: readonly [number, number, number],
  transposed = false,
): Float64Array {
  const result = new Float64Array(n * k)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      const factor = (transposed ? a[j * n + i] : a[i * m + j]) ?? 0
      if (factor !== 0)
        for (let column = 0; column < k; column++)
          result[i * k + column] = (result[i * k + column] ?? 0) + factor * (b[j * k + column] ?? 0)
    }
  return result
}

function furthest(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  expect(a.length).toBe(b.length)
  return Array.from(a, (number, at) => Math.abs(Number(number) - Number(b[at]))).reduce((x, y) => Math.max(x, y), 0)
}

describe('kernels', () => {
  it.each([
    [1, true],
    [3, false],
    [4, true],
    [30, true],
    [33, false],
    [64, true],
    [70, false],
  ])('multiply, look up rows and go back through both at width %i, as dense matrices do', async (width, weighted) => {
    const random = seeded(`kernels ${width}`)
    const [rows, columns, count] = [61, 43, 9]
    const [matrix, dense] = drawn(random, rows, columns, weighted)
    const x = normal(random, [columns, width])
    const factors = normal(random, [count, width])
    // Some rows twice, one counted from the end.
    const ids = [...Array.from({ length: count - 3 }, () => random.integer(rows)), 7, 7, -1]
    const run = await compile(
      ({ x, ids, factors }) => {
        const all = sparseMatmul(matrix, x)
        const looked = gather(add(sparseMatmul(matrix, x), 1), ids)
        return { all, looked, slopes: gradients(sum(mul(looked, factors)), x) }
      },
      {
        inputs: { x: spec([columns, width]), ids: spec(['n'], 'int64'), factors: spec(['n', width]) },
        sparse: 'kernels',
        threads: 2,
      },
    )
    const found = await run({ x, ids: BigInt64Array.from(ids, BigInt), factors })
    const all = product(dense, x.data as Float32Array, [rows, columns, width])
    expect(furthest(found.all.data, all)).toBeLessThan(1e-4)
    const at = ids.map((id) => (id < 0 ? id + rows : id))
    expect(found.looked.shape).toEqual([count, width])
    expect(
      furthest(
        found.looked.data,
        at.flatMap((row) => Array.from(all.subarray(row * width, (row + 1) * width), (number) => number + 1)),
      ),
    ).toBeLessThan(1e-4)
    const scattered = new Float64Array(rows * width)
    at.forEach((row, place) => {
      for (let column = 0; column < width; column++)
        scattered[row * width + column] =
          (scattered[row * width + column] ?? 0) + Number(factors.data[place * width + column])
    })
    expect(furthest(found.slopes.data, product(dense, scattered, [columns, rows, width], true))).toBeLessThan(1e-4)
    await run.dispose()
  })

  it('give the gradient of propagation over three rounds that the powers of the matrix give', async () => {
    const random = seeded('rounds')
    const [nodes, width, count] = [50, 8, 6]
    const [matrix, dense] = drawn(random, nodes, nodes, true)
    const parameters = { embedding: normal(random, [nodes, width]) }
    const before = Float64Array.from(parameters.embedding.data as Float32Array)
    const factors = normal(random, [count, width])
    const ids = Array.from({ length: count }, () => random.integer(nodes))
    const step = await trainStep(
      ({ ids, factors }, { embedding }) => {
        let total = embedding
        for (let round = 0; round < 3; round++) total = add(embedding, sparseMatmul(matrix, total))
        return sum(mul(gather(total, ids), factors))
      },
      {
        inputs: { ids: spec([count], 'int64'), factors: spec([count, width]) },
        parameters,
        // Plain descent with rate 1: the parameters lose their gradient.
        optimizer: { init: () => ({}), update: ({ updates }) => ({ updates: updates.map(neg), state: {} }) },
        sparse: 'kernels',
        threads: 2,
      },
    )
    await step({ ids: BigInt64Array.from(ids, BigInt), factors })
    let power = new Float64Array(nodes * width)
    ids.forEach((row, place) => {
      for (let column = 0; column < width; column++)
        power[row * width + column] = (power[row * width + column] ?? 0) + Number(factors.data[place * width + column])
    })
    const expected = before.slice()
    for (let round = 0; round <= 3; round++) {
      power.forEach((slope, at) => {
        expected[at] = (expected[at] ?? 0) - slope
      })
      power = product(dense, power, [nodes, nodes, width], true) as Float64Array<ArrayBuffer>
    }
    expect(furthest(parameters.embedding.data, expected)).toBeLessThan(1e-4)
    await step.dispose()
  })

  const [nodes, width, count] = [600, 32, 20]
  const [graph] = drawn(seeded('graph'), nodes, nodes, true)
  const trained = async (sparse: 'kernels' | 'onnx', threads: number): Promise<ArrayLike<number>[]> => {
    const random = seeded('training')
    const parameters = { embedding: normal(random, [nodes, width]), weight: normal(random, [width]) }
    const step = await trainStep(
      ({ left, right }, { embedding, weight }) => {
        const total = add(embedding, sparseMatmul(graph, add(embedding, sparseMatmul(graph, embedding))))
        const [a, b] = [gather(total, left), gather(total, right)]
        return {
          loss: add(
            mean(softplus(neg(sum(mul(mul(a, b), weight), -1)))),
            mul(sum(square(gather(embedding, left))), 0.01),
          ),
          scores: sum(a, -1),
        }
      },
      {
        inputs: { left: spec(['batch'], 'int64'), right: spec(['batch'], 'int64') },
        parameters,
        optimizer: adamW({ learningRate: 0.01 }),
        averageDecay: 0.9,
        sparse,
        threads,
      },
    )
    const losses: number[] = []
    const scores: ArrayLike<number>[] = []
    for (let update = 0; update < 6; update++) {
      // The last batch is smaller, as that of an epoch is.
      const [left, right] = [0, 1].map(() =>
        BigInt64Array.from({ length: update === 5 ? 3 : count }, () => BigInt(random.integer(nodes))),
      ) as [BigInt64Array, BigInt64Array]
      const { loss, metrics } = await step({ left, right })
      losses.push(loss)
      scores.push(metrics.scores.data as Float32Array)
    }
    const { averaged, state } = step
    await step.dispose()
    return [
      losses,
      ...scores,
      parameters.embedding.data as Float32Array,
      parameters.weight.data as Float32Array,
      averaged.embedding.data as Float32Array,
      ...Object.values(state).map(({ data }) => data as Float32Array),
    ]
  }

  it('train as ONNX Runtime does, with all that the optimiser carries', async () => {
    const [kernels, onnx] = [await trained('kernels', 2), await trained('onnx', 2)]
    expect(kernels.length).toBe(onnx.length)
    kernels.forEach((numbers, at) => {
      expect(furthest(numbers, onnx[at] ?? [])).toBeLessThan(2e-3)
    })
  })

  it('give the same bits on any number of threads', async () => {
    const [one, two, three] = [await trained('kernels', 1), await trained('kernels', 2), await trained('kernels', 3)]
    expect(two).toEqual(one)
    expect(three).toEqual(one)
  })

  it('go on from a state that was put back', async () => {
    const ids = BigInt64Array.from({ length: count }, (_, at) => BigInt(at))
    const make = async () => {
      const parameters = { embedding: normal(seeded('resume'), [nodes, width]) }
      const step = await trainStep(
        ({ ids }, { embedding }) => sum(square(gather(sparseMatmul(graph, embedding), ids))),
        {
          inputs: { ids: spec([count], 'int64') },
          parameters,
          optimizer: adamW({ learningRate: 0.1 }),
          sparse: 'kernels',
          threads: 2,
        },
      )
      return { step, parameters }
    }
    const [first, second] = [await make(), await make()]
    for (let update = 0; update < 3; update++) await first.step({ ids })
    const copies = [first.parameters.embedding, ...Object.values(first.step.state)].map(({ data }) => data.slice())
    for (let update = 0; update < 2; update++) await first.step({ ids })
    ;[second.parameters.embedding, ...Object.values(second.step.state)].forEach(({ data }, at) => {
      data.set(copies[at] as never)
    })
    second.step.updates = 3
    for (let update = 0; update < 2; update++) await second.step({ ids })
    expect(second.parameters.embedding.data).toEqual(first.parameters.embedding.data)
    await first.step.dispose()
    await second.step.dispose()
  })

  it('compute random graphs of products, passes and looked-up rows as ONNX Runtime does', async () => {
    const [n, w, m] = [300, 64, 10]
    const random = seeded('random graphs')
    const [matrix] = drawn(random, n, n, true)
    const inputs = { x: spec([n, w]), y: spec([n, w]), scale: spec([]), ids: spec(['m'], 'int64') }
    const fed = {
      x: normal(random, [n, w]),
      y: normal(random, [n, w]),
      scale: value(Float32Array.of(0.5), []),
      ids: BigInt64Array.from({ length: m }, () => BigInt(random.integer(n))),
    }
    const half = (tensor: Tensor): Tensor => mul(tensor, 0.5)
    for (let round = 0; round < 12; round++) {
      const seed = `graph ${round}`
      const build = ({ x, y, scale, ids }: { readonly [K in keyof typeof inputs]: Tensor }) => {
        const draws = seeded(seed)
        const tables = [x, y]
        const pick = (): Tensor => tables[draws.integer(tables.length)] ?? x
        const moves: (() => Tensor)[] = [
          () => half(sparseMatmul(matrix, pick())),
          () => half(sparseMatmul(matrix.transposed(), pick())),
          () => half(add(pick(), sparseMatmul(matrix, pick()))),
          () => half(add(pick(), pick())),
          () => mul(sub(pick(), pick()), scale),
          () => half(leakyRelu(pick(), 0.2)),
        ]
        for (let move = 0; move < 8; move++) tables.push((moves[draws.integer(moves.length)] ?? pick)())
        const rows = gather(concat([pick(), pick()], 1), ids)
        const loss = add(mean(square(rows)), mean(square(pick())))
        return { loss, rows, table: pick(), slopes: gradients(loss, [x, y]) }
      }
      const results = []
      for (const sparse of ['kernels', 'onnx'] as const) {
        const run = await compile(build, { inputs, sparse, threads: 2 })
        // Twice, so that what one run leaves behind would be seen in the next.
        await run({ ...fed, x: fed.y })
        const { loss, rows, table, slopes } = await run(fed)
        results.push([loss, rows, table, ...slopes])
        await run.dispose()
      }
      const [kernels = [], onnx = []] = results
      kernels.forEach(({ data }, at) => {
        expect(furthest(data, onnx[at]?.data ?? [])).toBeLessThan(1e-4)
      })
    }
  })

  it('leave earlier results as they were, and do one run after another', async () => {
    const swap = sparseMatrix(2, 2, { rows: [0, 1], columns: [1, 0] })
    // ONNX Runtime squares between the products, which is when another run could come in between.
    const run = await compile(({ x }) => sparseMatmul(swap, square(sparseMatmul(swap, square(x)))), {
      inputs: { x: spec([2, 1]) },
      sparse: 'kernels',
    })
    const results = await Promise.all([run({ x: [[1], [2]] }), run({ x: [[3], [4]] })])
    expect(results.map(({ data }) => [...data])).toEqual([
      [1, 16],
      [81, 256],
    ])
  })

  it('take no entries, no rows to look up and single numbers', async () => {
    const empty = sparseMatrix(3, 2, { rows: [], columns: [] })
    const inputs = { x: spec([2, 5]), ids: spec(['n'], 'int64') }
    const run = await compile(
      ({ x, ids }) => {
        const rows = gather(sparseMatmul(empty, x), ids)
        return { rows, slopes: gradients(sum(rows), x) }
      },
      { inputs, sparse: 'kernels' },
    )
    const x = value(new Float32Array(10).fill(1), [2, 5])
    const none = await run({ x, ids: new BigInt64Array(0) })
    expect(none.rows.shape).toEqual([0, 5])
    expect([...none.slopes.data]).toEqual(Array(10).fill(0))
    const one = await run({ x, ids: BigInt64Array.of(2n) })
    expect([...one.rows.data]).toEqual(Array(5).fill(0))
    const single = sparseMatrix(1, 1, { rows: [0], columns: [0], values: [3] })
    const times = await compile(({ x }) => sparseMatmul(single, x), { inputs: { x: spec([1, 1]) }, sparse: 'kernels' })
    expect([...(await times({ x: [[2]] })).data]).toEqual([6])
  })

  it('say which index lies outside', async () => {
    const matrix = sparseMatrix(8, 8, { rows: [0, 1], columns: [1, 0] })
    const run = await compile(({ x, ids }) => gather(sparseMatmul(matrix, x), ids), {
      inputs: { x: spec([8, 2]), ids: spec([2], 'int64') },
      sparse: 'kernels',
    })
    const x = value(new Float32Array(16), [8, 2])
    await expect(run({ x, ids: BigInt64Array.of(1n, 8n) })).rejects.toThrow(
      'gather: index 1 is 8, expected from -8 to 7',
    )
    // A run that failed leaves nothing behind.
    expect((await run({ x, ids: BigInt64Array.of(1n, -8n) })).shape).toEqual([2, 2])
  })

  it('see parameters as they are, or as they were where they are frozen', async () => {
    const matrix = sparseMatrix(2, 2, { rows: [0, 1], columns: [1, 0] })
    for (const frozen of [false, true]) {
      const parameters = { w: value(Float32Array.of(1, 2), [2, 1]) }
      const run = await compile((_, { w }) => sparseMatmul(matrix, w), {
        inputs: {},
        parameters,
        frozen,
        sparse: 'kernels',
      })
      parameters.w.data[0] = 5
      expect([...(await run({})).data]).toEqual(frozen ? [2, 1] : [2, 5])
    }
  })

  it.each(['end', 'exit'])('let a process end: %s', async (how) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'kernels.fixture.ts'), how],
      { timeout: 30_000 },
    )
    expect(stdout).toBe('1')
  })
})
