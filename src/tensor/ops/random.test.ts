import { describe, expect, it } from 'vitest'
import {
  cast,
  compile,
  dropout,
  dropRows,
  evaluate,
  gradients,
  mul,
  randomBernoulli,
  randomGumbel,
  randomKey,
  randomNormal,
  randomUniform,
  sgd,
  spec,
  splitKey,
  sum,
  type Tensor,
  trainStep,
  value,
  zeros,
} from '../index.ts'

async function draw(fn: (key: Tensor) => Tensor, key = randomKey(1), threads = 1): Promise<number[]> {
  const run = await compile(({ key: symbolic }) => fn(symbolic), { inputs: { key: spec([2], 'uint32') }, threads })
  const { data } = await run({ key })
  await run.dispose()
  return Array.from(data, Number)
}

const moments = (numbers: readonly number[]): { mean: number; variance: number } => {
  const mean = numbers.reduce((total, x) => total + x, 0) / numbers.length
  return { mean, variance: numbers.reduce((total, x) => total + (x - mean) ** 2, 0) / numbers.length }
}

/** Fraction of variance that two series share. */
const correlation = (a: readonly number[], b: readonly number[]): number => {
  const [ma, mb] = [moments(a), moments(b)]
  const together = a.reduce((total, x, i) => total + (x - ma.mean) * ((b[i] ?? 0) - mb.mean), 0) / a.length
  return together / Math.sqrt(ma.variance * mb.variance)
}

describe('random draws', () => {
  it('repeat themselves for one key on any number of threads, and differ for another', async () => {
    const uniform = (key: Tensor): Tensor => randomUniform(key, [300, 400])
    const [one, two, four] = await Promise.all([
      draw(uniform),
      draw(uniform, randomKey(1), 2),
      draw(uniform, randomKey(1), 4),
    ])
    expect(two).toEqual(one)
    expect(four).toEqual(one)
    const other = await draw(uniform, randomKey(2))
    expect(Math.abs(correlation(one, other))).toBeLessThan(4 / Math.sqrt(one.length))
  })

  it('give the same normal and Gumbel numbers, bit by bit, wherever threads divide them', async () => {
    for (const kind of [randomNormal, randomGumbel])
      for (const count of [30_000, 30_011]) {
        const [one, ...others] = await Promise.all(
          [1, 2, 3, 4].map((threads) => draw((key) => kind(key, [count]), randomKey(7, 3), threads)),
        )
        for (const other of others) expect(other.findIndex((number, index) => number !== one?.[index])).toBe(-1)
      }
  })

  it('are uniform: 256 cells equally filled, neighbours unrelated', async () => {
    const numbers = await draw((key) => randomUniform(key, [100_000]))
    expect(Math.max(...numbers.slice(0, 50_000))).toBeLessThan(1)
    const cells = new Array<number>(256).fill(0)
    for (const x of numbers) cells[Math.floor(x * 256)] = (cells[Math.floor(x * 256)] ?? 0) + 1
    const expected = numbers.length / 256
    const chiSquare = cells.reduce((total, count) => total + (count - expected) ** 2 / expected, 0)
    // 255 degrees of freedom: within four standard deviations of the mean.
    expect(Math.abs(chiSquare - 255)).toBeLessThan(4 * Math.sqrt(2 * 255))
    for (const lag of [1, 2, 16, 400])
      expect(Math.abs(correlation(numbers.slice(lag), numbers.slice(0, -lag)))).toBeLessThan(
        4 / Math.sqrt(numbers.length),
      )
  })

  it('of consecutive steps are not shifted copies of each other', async () => {
    const uniform = (key: Tensor): Tensor => randomUniform(key, [20_000])
    const first = await draw(uniform, randomKey(0, 1))
    const values = new Set(first)
    for (const step of [2, 3, 4]) {
      const next = await draw(uniform, randomKey(0, step))
      // By chance about 20,000²/2²⁴ ≈ 24 values occur in both.
      expect(next.filter((x) => values.has(x)).length).toBeLessThan(60)
    }
  })

  it('are normal and Gumbel: the first moments within four standard errors', async () => {
    const count = 100_000
    const normal = await draw((key) => randomNormal(key, [count]))
    expect(Math.abs(moments(normal).mean)).toBeLessThan(4 / Math.sqrt(count))
    expect(Math.abs(moments(normal).variance - 1)).toBeLessThan(4 * Math.sqrt(2 / count))
    expect(normal.filter((x) => Math.abs(x) > 1.959964).length / count).toBeCloseTo(0.05, 2)
    const gumbel = await draw((key) => randomGumbel(key, [count]))
    expect(Math.abs(moments(gumbel).mean - 0.5772157)).toBeLessThan((4 * 1.2825498) / Math.sqrt(count))
    expect(Math.abs(moments(gumbel).variance - Math.PI ** 2 / 6)).toBeLessThan(0.06)
  })

  it('are finite at the largest uniform number as well', async () => {
    const key = randomKey(1138)
    const largest = 7725
    expect((await draw((symbolic) => randomUniform(symbolic, [8000]), key))[largest]).toBe(1 - 2 ** -24)
    // −log(−log(1 − 2⁻²⁴)) = 24 log 2 up to 2⁻²⁵.
    expect((await draw((symbolic) => randomGumbel(symbolic, [8000]), key))[largest]).toBeCloseTo(24 * Math.LN2, 5)
  })

  it('come true as often as they should', async () => {
    const share = async (probability: number): Promise<number> =>
      moments(await draw((key) => randomBernoulli(key, [50_000], probability))).mean
    expect(await share(0)).toBe(0)
    expect(await share(1)).toBe(1)
    expect(Math.abs((await share(0.3)) - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / 50_000))
  })

  it('split into keys that have nothing to do with each other', async () => {
    const one = await draw((key) => randomUniform(splitKey(key, 0), [20_000]))
    const two = await draw((key) => randomUniform(splitKey(key, 1), [20_000]))
    expect(Math.abs(correlation(one, two))).toBeLessThan(4 / Math.sqrt(one.length))
  })
})

describe('dropout', () => {
  it('drops the share it is told, scales the rest, and passes the gradient by the same mask', async () => {
    const ones = value(new Float64Array(10_000).fill(1), [100, 100])
    const { y, g } = await evaluate(
      ({ x, key }) => {
        const dropped = dropout(x, 0.2, key)
        return { y: dropped, g: gradients(sum(dropped), x) }
      },
      { x: ones, key: randomKey(5) },
    )
    const flat = (y as number[][]).flat()
    expect(new Set(flat)).toEqual(new Set([0, 1.25]))
    expect(Math.abs(flat.filter((x) => x === 0).length / 10_000 - 0.2)).toBeLessThan(4 * Math.sqrt(0.16 / 10_000))
    expect(g).toEqual(y)
  })

  it('drops elements that have nothing to do with each other: neighbours, rows, columns, corners of rectangles', async () => {
    const [rows, columns] = [400, 128]
    const kept = (await draw((key) => cast(randomBernoulli(key, [rows, columns], 0.5), 'float32'))).map(
      (x) => 2 * x - 1,
    )
    const at = (row: number, column: number): number => kept[row * columns + column] ?? Number.NaN
    const product = (cells: (row: number, column: number) => readonly (readonly [number, number])[]): number => {
      let [total, count] = [0, 0]
      for (let row = 0; row < rows - 7; row++)
        for (let column = 0; column < columns - 7; column++) {
          total += cells(row, column).reduce((so, [r, c]) => so * at(r, c), 1)
          count++
        }
      return (total / count) * Math.sqrt(count)
    }
    // Each is the sum of ±1 over all places, in standard errors.
    for (const step of [1, 2, 7]) {
      expect(
        Math.abs(
          product((r, c) => [
            [r, c],
            [r, c + step],
          ]),
        ),
      ).toBeLessThan(4)
      expect(
        Math.abs(
          product((r, c) => [
            [r, c],
            [r + step, c],
          ]),
        ),
      ).toBeLessThan(4)
      expect(
        Math.abs(
          product((r, c) => [
            [r, c],
            [r, c + step],
            [r + step, c],
            [r + step, c + step],
          ]),
        ),
      ).toBeLessThan(4)
    }
    const rowSums = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: columns }, (_, column) => at(row, column)).reduce((a, b) => a + b, 0),
    )
    const columnSums = Array.from({ length: columns }, (_, column) =>
      Array.from({ length: rows }, (_, row) => at(row, column)).reduce((a, b) => a + b, 0),
    )
    // Sums of independent signs have the variance of their number.
    for (const [sums, length] of [
      [rowSums, columns],
      [columnSums, rows],
    ] as const) {
      const { variance } = moments(sums)
      expect(Math.abs(variance / length - 1)).toBeLessThan(4 * Math.sqrt(2 / sums.length))
    }
  })

  it('drops whole rows', async () => {
    const rows = (await evaluate(({ x, key }) => dropRows(x, 0.5, key), {
      x: value(new Float64Array(200).fill(1), [100, 2]),
      key: randomKey(6),
    })) as number[][]
    expect(rows.every(([a, b]) => a === b)).toBe(true)
    expect(new Set(rows.map(([a]) => a))).toEqual(new Set([0, 2]))
  })

  it('draws anew at each step and each place of a training step, and the same again from the start', async () => {
    const train = async (): Promise<number[]> => {
      const step = await trainStep(
        ({ x }, { w }, { key }) => sum(mul(w, mul(dropout(x, 0.5, key()), dropout(x, 0.5, key())))),
        {
          inputs: { x: spec([64]) },
          parameters: { w: zeros([64]) },
          optimizer: sgd({ learningRate: 1 }),
          seed: 3,
        },
      )
      const kept: number[] = []
      for (let i = 0; i < 3; i++) {
        await step({ x: new Float32Array(64).fill(1) })
        kept.push(Array.from(step.parameters.w.data, Number).reduce((total, x) => total + x, 0))
      }
      return kept
    }
    const [first, again] = [await train(), await train()]
    expect(again).toEqual(first)
    // About a quarter is kept by both masks, each time another quarter: −4 · 16 a step.
    expect(new Set(first).size).toBe(3)
  })

  it('says what a key and a rate must be', async () => {
    await expect(evaluate(({ x }) => dropout(x, 0.5, x), { x: [1, 2] })).rejects.toThrow('expected uint32 [2]')
    await expect(evaluate(({ x, key }) => dropout(x, 1, key), { x: [1], key: randomKey(0) })).rejects.toThrow(
      'rate is 1',
    )
  })
})
