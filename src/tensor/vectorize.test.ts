import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import * as t from './index.ts'
import { type Tensor, type TensorValue, value } from './index.ts'

type Symbols = Readonly<Record<string, Tensor>>

const random = seeded('vectorize')
const normal = (...shape: number[]): TensorValue =>
  value(
    Float64Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal()),
    shape,
  )

describe('vectorize', () => {
  it('takes batches of one and of none', async () => {
    const run = await t.compile(
      ({ x, i }) =>
        t.vectorize(
          (one: { readonly x: Tensor; readonly i: Tensor }) => {
            const picked = t.gather(one.x, one.i)
            return { picked, slope: t.gradients(t.sum(t.square(t.softmax(picked))), one.x) }
          },
          { x, i },
        ),
      { inputs: { x: t.spec(['batch', 4]), i: t.spec(['batch', 2], 'int64') } },
    )
    const one = await run({ x: [[1, 2, 3, 4]], i: value(BigInt64Array.of(3n, 0n), [1, 2]) })
    expect([...one.picked.data]).toEqual([4, 1])
    const none = await run({ x: t.zeros([0, 4]), i: value(new BigInt64Array(0), [0, 2]) })
    expect([none.picked.shape, none.slope.shape]).toEqual([
      [0, 2],
      [0, 4],
    ])
  })

  it('works within itself: every row with every row', async () => {
    const result = await t.evaluate(
      ({ x, y }) => t.vectorize((a: Tensor) => t.vectorize((b: Tensor) => t.sum(t.mul(a, b)), y), x),
      {
        x: [
          [1, 2],
          [3, 4],
        ],
        y: [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
      },
    )
    expect(result).toEqual([
      [1, 2, 3],
      [3, 4, 7],
    ])
  })

  it('takes a step of an optimiser for every example, each at its own rate', async () => {
    const result = await t.evaluate(
      ({ g, rates }) =>
        t.vectorize(
          (one: { readonly g: Tensor; readonly rate: Tensor }) =>
            t.scaleByLearningRate(1).update({
              updates: [one.g],
              parameters: [one.g],
              infos: [{ path: 'g', shape: [2], dtype: 'float64' }],
              state: {},
              scalar: () => one.rate,
            }).updates,
          { g, rate: rates },
        ),
      {
        g: [
          [1, 2],
          [3, 4],
        ],
        rates: [-1, 10],
      },
    )
    expect(result).toEqual([
      [
        [-1, -2],
        [30, 40],
      ],
    ])
  })

  it('gives every example what does not depend on it, and keeps the form of the result', async () => {
    const result = await t.evaluate(
      ({ x, y }) => t.vectorize((one: Tensor) => ({ a: [t.mul(one, 2), y], b: t.sum(y) }), x),
      { x: [1, 2], y: [3, 4] },
    )
    expect(result).toEqual({
      a: [
        [2, 4],
        [
          [3, 4],
          [3, 4],
        ],
      ],
      b: [7, 7],
    })
  })

  it('keeps gradients written by hand, of batched and of shared tensors', async () => {
    // The value is x · w with gradients said to be 10 g w and 100 g x.
    const made = (x: Tensor, w: Tensor): Tensor =>
      t.withGradient(t.mul(x, w), [x, w], (g) => [t.mul(t.mul(g, w), 10), t.mul(t.mul(g, x), 100)])
    const result = await t.evaluate(
      ({ x, w }) => {
        const y = t.vectorize((one: Tensor) => made(one, w), x)
        return { y, slopes: t.gradients(t.sum(y), { x, w }) }
      },
      { x: [1, 2, 3], w: 5 },
    )
    expect(result).toEqual({ y: [5, 10, 15], slopes: { x: [50, 50, 50], w: 600 } })
  })

  it('draws by each example’s key what that key draws alone, where the size of the batch is a number', async () => {
    const keys = [t.randomKey(1), t.randomKey(2)]
    const draw = (one: Tensor): Tensor => t.randomNormal(t.splitKey(one, 3), [4])
    const all = value(Uint32Array.from(keys.flatMap(({ data }) => [...(data as Uint32Array)])), [2, 2])
    const together = await t.evaluate(({ k }) => t.vectorize(draw, k), { k: all })
    const alone = await Promise.all(keys.map((k) => t.evaluate(({ k }) => draw(k), { k })))
    expect(together).toEqual(alone)
    await expect(
      t.compile(({ k }) => t.vectorize(draw, k), { inputs: { k: t.spec(['batch', 2], 'uint32') } }),
    ).rejects.toThrow(
      'vectorize: splitKey has no way to be done for a batch at once, so the batch\'s size "batch" must be a number',
    )
  })

  it('refuses an index outside its example, though it lies inside another', async () => {
    const inputs = { x: value(Float64Array.of(1, 2, 3, 4), [2, 2]), i: value(BigInt64Array.of(2n, 0n), [2, 1]) }
    const pick = ({ x, i }: Symbols): unknown =>
      t.vectorize((one: Symbols) => t.gather(one['x'] as Tensor, one['i'] as Tensor), { x, i } as Symbols)
    await expect(t.evaluate(pick, inputs)).rejects.toThrow(/out of data bounds|out of bounds/)
    const sums = ({ x, i }: Symbols): unknown =>
      t.vectorize((one: Symbols) => t.segmentSum(one['x'] as Tensor, one['i'] as Tensor, 2), { x, i } as Symbols)
    await expect(t.evaluate(sums, { ...inputs, i: value(BigInt64Array.of(0n, 1n, 0n, -3n), [2, 2]) })).rejects.toThrow(
      /invalid indice/,
    )
  })

  it('says which first sizes differ', async () => {
    const wrong = ({ x, y }: Symbols): unknown => t.vectorize((one: Symbols) => one['x'], { x, y } as Symbols)
    await expect(t.evaluate(wrong, { x: [1, 2], y: [1, 2, 3] })).rejects.toThrow(
      'vectorize: first sizes differ or are missing (x: [2], y: [3]); each needs the batch as first axis',
    )
    await expect(t.evaluate(({ x }) => t.vectorize((one: Tensor) => one, x), { x: 1 })).rejects.toThrow(
      'vectorize: first sizes differ or are missing (the batch: [])',
    )
  })

  it('lets gradients flow through a step taken for each task, as meta-learning needs', async () => {
    // Each task moves the shared weights by its own gradient, and is judged by the moved ones.
    const loss = (x: Tensor, y: Tensor, w: Symbols): Tensor =>
      t.mean(t.square(t.sub(t.matmul(t.tanh(t.linear(x, w['a'] as Tensor, w['b'])), w['c'] as Tensor), y)))
    const { error } = await t.checkGradients(
      ({ x, y, ...w }) => {
        const judged = t.vectorize(
          (task: Symbols) => {
            const [inputs, targets] = [task['x'] as Tensor, task['y'] as Tensor]
            const slopes = t.gradients(loss(inputs, targets, w), w)
            const moved = Object.fromEntries(
              Object.entries(w).map(([name, from]) => [name, t.sub(from, t.mul(slopes[name] as Tensor, 0.3))]),
            )
            return loss(inputs, targets, moved)
          },
          { x, y } as Symbols,
        )
        return t.mean(judged)
      },
      {
        x: normal(3, 5, 2),
        y: normal(3, 5, 1),
        a: normal(2, 4),
        b: normal(4),
        c: normal(4, 1),
      },
    )
    expect(error).toBeLessThan(2e-8)
  })
})

describe('perExampleGradients', () => {
  it('of squared errors are 2 (w · x − y) x', async () => {
    // w = (1, 2): errors 1·1 + 2·1 − 1 = 2 and 1·3 − 2·1 − 2 = −1.
    const result = await t.evaluate(
      ({ x, y, w }) =>
        t.perExampleGradients(
          (one: { readonly x: Tensor; readonly y: Tensor }, shared: Tensor) =>
            t.square(t.sub(t.dot(one.x, shared), one.y)),
          w,
          { x, y },
        ),
      {
        x: [
          [1, 1],
          [3, -1],
        ],
        y: [1, 2],
        w: [1, 2],
      },
    )
    expect(result).toEqual({
      losses: [4, 1],
      gradients: [
        [4, 4],
        [-6, 2],
      ],
    })
  })

  it('clipped each to a norm and averaged move by no more than that, as private training asks', async () => {
    // The gradients above have norms √32 and √40; clipped to 1 they are (1, 1)/√2 and (−3, 1)/√10.
    const clipped = await t.evaluate(
      ({ x, y, w }) => {
        const { gradients } = t.perExampleGradients(
          (one: { readonly x: Tensor; readonly y: Tensor }, shared: Tensor) =>
            t.square(t.sub(t.dot(one.x, shared), one.y)),
          w,
          { x, y },
        )
        return t.vectorize((one: Tensor) => t.div(one, t.cast(t.maximum(t.globalNorm([one]), 1), one.dtype)), gradients)
      },
      {
        x: [
          [1, 1],
          [3, -1],
        ],
        y: [1, 2],
        w: [1, 2],
      },
    )
    const expected = [Math.SQRT1_2, Math.SQRT1_2, -3 / Math.sqrt(10), 1 / Math.sqrt(10)]
    ;(clipped as number[][]).flat().forEach((number, index) => {
      expect(number).toBeCloseTo(expected[index] ?? Number.NaN, 6)
    })
  })

  it('of a network add up to the gradient of the sum, whatever the size of the batch', async () => {
    const mlp = (x: Tensor, { a, b, c }: { readonly a: Tensor; readonly b: Tensor; readonly c: Tensor }): Tensor =>
      t.linear(t.gelu(t.layerNorm(t.linear(x, a, b))), c)
    const draw = (...shape: number[]): TensorValue => t.convert(normal(...shape), 'float32')
    const parameters = { a: draw(6, 8), b: draw(8), c: draw(8, 3) }
    const run = await t.compile(
      ({ x, y }, weights) => {
        const cross = (logits: Tensor, label: Tensor): Tensor =>
          t.neg(t.sum(t.mul(t.logSoftmax(logits), t.oneHot(label, 3))))
        return {
          each: t.perExampleGradients(
            (one: { readonly x: Tensor; readonly y: Tensor }, shared: typeof weights) =>
              cross(mlp(one.x, shared), one.y),
            weights,
            { x, y },
          ).gradients,
          whole: t.gradients(cross(mlp(x, weights), y), weights),
        }
      },
      { inputs: { x: t.spec(['batch', 6]), y: t.spec(['batch'], 'int64') }, parameters },
    )
    for (const size of [1, 7]) {
      const labels = BigInt64Array.from({ length: size }, () => BigInt(random.integer(3)))
      const { each, whole } = await run({ x: draw(size, 6), y: labels })
      for (const name of ['a', 'b', 'c'] as const) {
        expect(each[name].shape).toEqual([size, ...parameters[name].shape])
        const summed = Array.from(whole[name].data as Float32Array, (_, at) => {
          let total = 0
          for (let row = 0; row < size; row++) total += Number(each[name].data[row * whole[name].data.length + at])
          return total
        })
        summed.forEach((number, at) => {
          expect(number).toBeCloseTo(Number(whole[name].data[at]), 4)
        })
      }
    }
  })
})
