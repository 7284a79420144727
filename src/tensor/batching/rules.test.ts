import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import * as t from '../index.ts'
import { type Tensor, type TensorValue, value } from '../index.ts'

const [batch, key] = [3, t.randomKey(5)]
const float =
  (draw: (random: ReturnType<typeof seeded>) => number) =>
  (...shape: number[]): TensorValue => {
    const random = seeded(`numbers/${shape}`)
    const count = shape.reduce((product, size) => product * size, batch)
    return value(
      Float64Array.from({ length: count }, () => draw(random)),
      [batch, ...shape],
    )
  }
const normal = float((random) => random.normal())
const positive = float((random) => 0.3 + random.uniform())
/** Indices below a bound, and some counted from the end. */
const below = (bound: number, ...shape: number[]): TensorValue => {
  const random = seeded(`indices/${shape}`)
  const count = shape.reduce((product, size) => product * size, batch)
  return value(
    BigInt64Array.from({ length: count }, () => BigInt(random.integer(2 * bound) - bound)),
    [batch, ...shape],
  )
}

type Example = (a: Tensor, b: Tensor, c: Tensor) => Tensor | readonly Tensor[]
type Case = readonly [name: string, fn: Example, ...inputs: TensorValue[]]

const tables = ({ dtype }: Tensor): t.RotaryTables => {
  const { cos, sin } = t.rotaryTables(9, 4, 10)
  return { cos: t.cast(t.constant(cos), dtype), sin: t.cast(t.constant(sin), dtype) }
}
const matrix = t.sparseMatrix(3, 4, { rows: [0, 2, 2, 2], columns: [1, 3, 0, 3], values: [0.5, 2, -1, 1] })
const half = (x: Tensor): Tensor => t.greater(t.stopGradient(x), 0)

/** What a function of one example does; the inputs are those of a batch. */
const cases: readonly Case[] = [
  ['add, broadcasting', (a, b) => t.add(a, b), normal(3, 1), normal(2, 1, 4)],
  ['mul with a scalar', (a, b) => t.mul(a, b), normal(), normal(2, 3)],
  ['div', (a, b) => t.div(a, b), normal(2, 3), positive(3)],
  ['pow', (a, b) => t.pow(a, b), positive(2, 3), normal(3)],
  ['maximum and minimum', (a, b) => [t.maximum(a, b), t.minimum(b, a)], normal(4), normal(2, 4)],
  ['where', (a, b) => t.where(half(a), b, t.square(a)), normal(4), normal(2, 4)],
  ['clip', (a) => t.clip(a, -0.5, 0.7), normal(4)],
  ['abs and sign', (a) => t.add(t.abs(a), t.sign(a)), normal(4)],
  ['logarithms', (a) => [t.log(a), t.log1p(a), t.sqrt(a), t.reciprocal(a)], positive(4)],
  ['exponentials', (a) => [t.exp(a), t.expm1(a), t.softplus(a), t.logSigmoid(a)], normal(4)],
  ['activations', (a) => [t.relu(a), t.leakyRelu(a), t.silu(a), t.gelu(a), t.tanh(a), t.erf(a)], normal(2, 3)],
  ['sin, cos and sigmoid', (a) => t.mul(t.sin(a), t.add(t.cos(a), t.sigmoid(a))), normal(3)],
  ['sums', (a) => [t.sum(a), t.sum(a, 1, { keepDims: true }), t.mean(a, [0, -1])], normal(2, 3, 2)],
  ['max, min and logSumExp', (a) => [t.max(a, 1), t.min(a), t.logSumExp(a, 0)], normal(3, 4)],
  ['variance, norm and normalize', (a) => [t.variance(a, 1), t.norm(a, 0), t.normalize(a)], normal(3, 4)],
  ['argMax as weights', (a) => t.mul(a, t.cast(t.argMax(a, 0, { keepDims: true }), a.dtype)), normal(3, 4)],
  ['reshape and transpose', (a) => t.transpose(t.reshape(a, [4, 3]), [1, 0]), normal(2, 6)],
  ['broadcastTo', (a) => t.broadcastTo(a, [2, 3, 4]), normal(3, 1)],
  ['matmul', (a, b) => t.matmul(a, b), normal(3, 4), normal(4, 2)],
  [
    'matmul, transposed and scaled',
    (a, b) => t.matmul(a, b, { transposeA: true, transposeB: true, scale: 0.3 }),
    normal(4, 3),
    normal(2, 4),
  ],
  ['matmul, ranks differing', (a, b) => t.matmul(a, b), normal(2, 3, 4), normal(4, 2)],
  ['matmul, left transposed', (a, b) => t.matmul(a, b, { transposeA: true }), normal(2, 4, 3), normal(4, 2)],
  ['matmul of vectors', (a, b) => t.matmul(a, b), normal(4), normal(4, 2)],
  ['outer and dot', (a, b) => [t.outer(a, b), t.dot(a, b)], normal(4), normal(4)],
  ['a product of column and row', (a, b) => t.matmul(a, b, { transposeA: true, scale: 2 }), normal(1, 3), normal(1, 2)],
  ['linear', (a, b, c) => t.linear(a, b, c), normal(3, 4), normal(4, 2), normal(2)],
  [
    'linear of one vector, transposed weight',
    (a, b, c) => t.linear(a, b, c, { transposed: true }),
    normal(4),
    normal(2, 4),
    normal(2),
  ],
  ['einsum', (a, b) => t.einsum('ij,kj->ik', a, b), normal(3, 4), normal(2, 4)],
  ['softmax, masked', (a, b) => t.softmax(a, { mask: half(b) }), normal(3, 4), normal(4)],
  ['logSoftmax over the first axis', (a) => t.logSoftmax(a, { axis: 0 }), normal(3, 4)],
  ['layerNorm', (a, b, c) => t.layerNorm(a, { scale: b, bias: c }), normal(3, 5), normal(5), normal(5)],
  ['rmsNorm', (a, b) => t.rmsNorm(a, { scale: b }), normal(3, 5), normal(5)],
  ['groupNorm', (a, b) => t.groupNorm(a, 2, { scale: b }), normal(2, 4, 3), normal(4)],
  [
    'attention',
    (a, b, c) => t.attention(a, b, c, { causal: true }),
    normal(1, 2, 3, 4),
    normal(1, 2, 3, 4),
    normal(1, 2, 3, 2),
  ],
  [
    'attention, grouped with a bias',
    (a, b, c) => t.attention(a, b, b, { bias: c }),
    normal(2, 2, 2, 4),
    normal(2, 1, 3, 4),
    normal(2, 3),
  ],
  ['rotary', (a, b) => t.rotary(a, tables(a), t.abs(b)), normal(2, 2, 3, 4), below(6, 1)],
  ['rotary at given positions', (a, b) => t.rotary(a, tables(a), t.abs(b)), normal(2, 1, 3, 4), below(8, 2, 3)],
  ['slice, pad and flip', (a) => t.flip(t.pad(t.slice(a, 1, 1, -1), [[1, 2]], 0.5), 0), normal(2, 5)],
  ['every second', (a) => t.slice(a, 0, 1, undefined, 2), normal(6, 2)],
  ['concat and stack', (a, b) => [t.concat([a, b, a], 1), t.stack([a, a], -1)], normal(2, 3), normal(2, 1)],
  ['split', (a) => t.split(a, [1, 3], 1), normal(2, 4)],
  ['tile, repeat and roll', (a) => t.roll(t.repeat(t.tile(a, [2, 1]), 2, 1), -1, 1), normal(2, 2)],
  ['gather', (a, b) => t.gather(a, b), normal(4, 3), below(4, 2, 2)],
  ['gather along a middle axis', (a, b) => t.gather(a, b, { axis: 1 }), normal(2, 4, 3), below(4, 3)],
  ['gather along the last axis by one index', (a, b) => t.gather(a, b, { axis: 2 }), normal(2, 2, 3), below(3)],
  ['takeAlong', (a, b) => t.takeAlong(a, b), normal(2, 4), below(4, 2, 3)],
  ['scatterAdd', (a, b, c) => t.scatterAdd(a, c, b), normal(4, 2), normal(3, 2), below(4, 3)],
  [
    'scatterAdd along another axis',
    (a, b, c) => t.scatterAdd(a, c, b, { axis: 1 }),
    normal(2, 4),
    normal(2, 3),
    below(4, 3),
  ],
  ['segmentMean', (a, b) => t.segmentMean(a, t.abs(b), 5), normal(4, 2), below(4, 4)],
  ['oneHot', (a, b) => t.mul(a, t.oneHot(t.abs(b), 5, a.dtype)), normal(3, 5), below(4, 3)],
  ['sparseMatmul', (a) => t.sparseMatmul(matrix, a), normal(4, 2)],
  ['cumulativeSum', (a) => t.cumulativeSum(a, 0, { exclusive: true, reverse: true }), normal(3, 2)],
  ['sort and topK', (a) => [t.sort(a, { axis: 0 }), t.topK(a, 2).values], normal(4, 3)],
  ['median', (a) => t.median(a, 1), normal(3, 4)],
  [
    'conv1d',
    (a, b, c) => t.conv1d(a, b, { bias: c, stride: 2, padding: 1 }),
    normal(2, 2, 7),
    normal(3, 2, 3),
    normal(3),
  ],
  [
    'conv2d, groups and dilation',
    (a, b) => t.conv2d(a, b, { groups: 2, dilation: 2, padding: [2, 1] }),
    normal(1, 4, 4, 3),
    normal(4, 2, 3, 2),
  ],
  [
    'convTranspose2d',
    (a, b) => t.convTranspose2d(a, b, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
    normal(2, 4, 2, 3),
    normal(4, 1, 3, 3),
  ],
  ['maxPool', (a) => t.maxPool(a, 3, { stride: 2, padding: 1 }), normal(2, 2, 5, 4)],
  ['averagePool and resizing', (a) => t.resizeBilinear(t.averagePool(a, [2, 1]), 3, 2), normal(1, 2, 4, 3)],
  ['straightThrough', (a) => t.straightThrough(t.round(a), t.mul(a, 2)), normal(4)],
  ['reverseGradient', (a) => t.reverseGradient(t.square(a)), normal(4)],
  ['dropout by a key all share', (a) => t.dropout(a, 0.4, t.constant(key)), normal(8)],
]

/** Every way to have some inputs by example and the others shared, at least one by example. */
const subsets = (count: number): readonly (readonly boolean[])[] =>
  Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (_, index) => ((bits + 1) >> index) % 2 === 1),
  )

type Numbers = Readonly<Record<string, TensorValue>>
type Symbols = Readonly<Record<string, Tensor>>
type Results = Readonly<Record<string, readonly Tensor[]>>

const numbersOf = ({ data }: TensorValue): number[] => Array.from(data as ArrayLike<number | bigint>, Number)

/** One row of a value with a batch axis. */
function rowOf({ dtype, shape, data }: TensorValue, row: number): TensorValue {
  const size = data.length / Number(shape[0])
  return value(data.slice(row * size, (row + 1) * size) as Float64Array, shape.slice(1).map(Number), dtype)
}

/**
 * Results, gradients by example, and gradients of all that once more: by `vectorize` for a named batch size, and example
 * by example.
 */
async function bothWays(
  fn: Example,
  given: readonly TensorValue[],
  byExample: readonly boolean[],
  dtype: 'float32' | 'float64',
): Promise<readonly [number[], number[]]> {
  const names = ['a', 'b', 'c'].slice(0, given.length)
  const varied = names.filter((_, index) => byExample[index])
  const inputs: Numbers = Object.fromEntries(
    given.map((all, index) => {
      const one = byExample[index] ? all : rowOf(all, 0)
      return [names[index], one.dtype === 'float64' ? t.convert(one, dtype) : one]
    }),
  )
  const moving = names.filter((name) => inputs[name]?.dtype === dtype)
  const movingOf = (symbols: Symbols): Tensor[] => moving.map((name) => symbols[name] as Tensor)
  const total = (results: readonly Tensor[]): Tensor => t.addAll(results.map((result) => t.sum(t.sin(result))))
  const example = (symbols: Symbols): Results => {
    const results = [fn(symbols['a'] as Tensor, symbols['b'] as Tensor, symbols['c'] as Tensor)].flat() as Tensor[]
    return { results, slopes: t.gradients(total(results), movingOf(symbols)) }
  }
  const twice = ({ results = [], slopes = [] }: Results, symbols: Symbols): Results => ({
    results,
    slopes,
    through: t.gradients(t.add(total(results), total(slopes)), movingOf(symbols)),
  })

  const specs = (shapeOf: (name: string, value: TensorValue) => t.Shape): Record<string, t.TensorType> =>
    Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, t.spec(shapeOf(name, one), one.dtype)]))
  const vectorized = await t.compile(
    (symbols: Symbols) => {
      const batched = Object.fromEntries(varied.map((name) => [name, symbols[name] as Tensor]))
      return twice(
        t.vectorize((one: Symbols) => example({ ...symbols, ...one }), batched),
        symbols,
      )
    },
    {
      inputs: specs((name, { shape }) => (varied.includes(name) ? ['batch', ...shape.slice(1)] : shape)),
      threads: 1,
    },
  )
  const single = await t.compile((symbols: Symbols) => twice(example(symbols), symbols), {
    inputs: specs((name, { shape }) => (varied.includes(name) ? shape.slice(1) : shape)),
    threads: 1,
  })
  const all = (await vectorized(inputs)) as Readonly<Record<string, readonly TensorValue[]>>
  const each: Readonly<Record<string, readonly TensorValue[]>>[] = []
  for (let row = 0; row < batch; row++)
    each.push(
      (await single(
        Object.fromEntries(
          Object.entries(inputs).map(([name, one]) => [name, varied.includes(name) ? rowOf(one, row) : one]),
        ),
      )) as Readonly<Record<string, readonly TensorValue[]>>,
    )
  await vectorized.dispose()
  await single.dispose()

  const found: number[] = []
  const expected: number[] = []
  for (const kind of ['results', 'slopes', 'through'])
    (all[kind] ?? []).forEach((output, index) => {
      found.push(...numbersOf(output))
      const rows = each.map((made) => numbersOf(made[kind]?.[index] as TensorValue))
      // What all examples share moves by the sum of what each asks for.
      const shared = kind === 'through' && !varied.includes(moving[index] ?? '')
      expected.push(
        ...(shared ? (rows[0] ?? []).map((_, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0)) : rows.flat()),
      )
    })
  return [found, expected]
}

describe.each(['float64', 'float32'] as const)('in %s does for a batch of any size what is done for each', (dtype) => {
  it.each(cases.map(([name, fn, ...given]) => ({ name, fn, given })))('$name', async ({ fn, given }) => {
    const tolerance = dtype === 'float64' ? 1e-11 : 3e-5
    // The rules look at types nowhere: in float32 it is the kernels of ONNX Runtime that differ.
    const chosen = subsets(given.length).filter((_, index, all) => dtype === 'float64' || index === all.length - 1)
    for (const byExample of chosen) {
      const [found, expected] = await bothWays(fn, given, byExample, dtype)
      expect(found.length).toBe(expected.length)
      const errors = found.map(
        (number, index) => Math.abs(number - (expected[index] ?? Number.NaN)) / Math.max(1, Math.abs(number)),
      )
      expect(Math.max(...errors), `by example: ${byExample}`).toBeLessThan(tolerance)
    }
  })
})
