import { describe, expect, it } from 'vitest'
import { elementCount } from './graph/dimension.ts'
import {
  add,
  addAll,
  cachedAttention,
  cast,
  constant,
  div,
  einsum,
  evaluate,
  exp,
  expandDims,
  gradients,
  input,
  linear,
  matmul,
  mean,
  mul,
  neg,
  pow,
  range,
  reshape,
  round,
  scalar,
  scaleByLearningRate,
  square,
  squeeze,
  stopGradient,
  straightThrough,
  sub,
  sum,
  type Tensor,
  transpose,
  value,
  valueAndGradient,
} from './index.ts'

describe('gradients', () => {
  it('of gradients: the Hessian of x³y is [[6xy, 3x²], [3x², 0]]', async () => {
    const hessian = await evaluate(
      ({ x, y }) => {
        const [dx, dy] = gradients(mul(pow(x, 3), y), [x, y]) as [Tensor, Tensor]
        return [gradients(dx, [x, y]), gradients(dy, [x, y])]
      },
      { x: 2, y: 5 },
    )
    expect(hessian).toEqual([
      [60, 12],
      [12, 0],
    ])
  })

  it('keep the form of a tree, and are zero where nothing depends', async () => {
    const result = await evaluate(({ a, b, c }) => gradients(sum(mul(a, a)), { first: a, rest: [b, { c }] }), {
      a: [1, 2],
      b: [3],
      c: [[4]],
    })
    expect(result).toEqual({ first: [2, 4], rest: [[0], { c: [[0]] }] })
  })

  it('add up over every use of a tensor', async () => {
    // d(x·eˣ + x²)/dx = eˣ + x eˣ + 2x
    const slope = await evaluate(({ x }) => gradients(add(mul(x, exp(x)), square(x)), x), { x: 1 })
    expect(slope).toBeCloseTo(2 * Math.E + 2, 12)
  })

  it('start from a cotangent where the result is no scalar', async () => {
    const result = await evaluate(({ x, w, v }) => gradients(matmul(x, w), w, v), {
      x: [[1, 2]],
      w: [[1], [1]],
      v: [[10]],
    })
    expect(result).toEqual([[10], [20]])
  })

  it('stop where they are told, and pass straight through', async () => {
    expect(await evaluate(({ x }) => gradients(mul(x, stopGradient(x)), x), { x: 3 })).toBe(3)
    const through = await evaluate(
      ({ x }) => valueAndGradient((y: Tensor) => square(straightThrough(round(y), y)), x),
      {
        x: 2.2,
      },
    )
    expect(through).toEqual({ value: 4, gradient: 4 })
  })

  describe('with respect to what is between input and result are those of an input in its place', () => {
    const flat = (x: Tensor): Tensor => reshape(x, [-1])
    const cases: readonly (readonly [string, (x: Tensor) => Tensor, (e: Tensor) => Tensor])[] = [
      ['a shape under a shape', (x) => reshape(x, [3, 2]), flat],
      ['a shape under added axes', (x) => reshape(x, [6]), (e) => squeeze(expandDims(e, 0))],
      ['a transpose undone', transpose, transpose],
      [
        'a transpose in another order',
        (x) => transpose(reshape(x, [1, 2, 3]), [2, 0, 1]),
        (e) => transpose(e, [1, 2, 0]),
      ],
      ['a transpose in a product, left', transpose, (e) => matmul(e, reshape(range6, [2, 3]))],
      ['a transpose in a product, right', transpose, (e) => matmul(reshape(range6, [2, 3]), e, { scale: 2 })],
      [
        'a transpose in a batched product',
        (x) => transpose(reshape(x, [1, 2, 3])),
        (e) => matmul(e, reshape(range6, [2, 3])),
      ],
      ['a transpose as weight', transpose, (e) => linear(reshape(range6, [2, 3]), e, ones2)],
      ['a product transposed', (x) => matmul(x, reshape(range6, [3, 2])), transpose],
      ['a negation undone', neg, neg],
      ['a negation of a difference', neg, (e) => sub(0, e)],
      ['a cast and back', (x) => cast(x, 'float32'), (e) => cast(e, 'float64')],
      ['a sum over an axis of size 1', (x) => reshape(x, [1, 6]), (e) => sum(e, 0)],
      ['a mean over an axis of size 1', (x) => reshape(x, [1, 6]), (e) => mean(e, 0)],
      ['an einsum over transposes', transpose, (e) => einsum('ij,jk->ki', e, reshape(range6, [2, 3]))],
      ['quotients', (x) => div(x, 4), (e) => div(e, 2)],
      ['units', (x) => mul(add(x, 0), 1), (e) => div(sub(e, 0), 1)],
    ]
    const range6 = constant(value(Float64Array.from([1, 2, 3, 4, 5, 6])))
    const ones2 = constant(value(Float64Array.from([1, 1])))
    const x = [
      [1, -2, 3],
      [0.5, 5, -6],
    ]
    // Numbers that differ by place, so that a wrong order shows.
    const loss = (y: Tensor): Tensor => {
      const weights = reshape(cast(range(elementCount(y.shape)), 'float64'), y.shape)
      return sum(mul(square(cast(y, 'float64')), weights))
    }
    it.each(cases)('%s', async (_, make, use) => {
      const between = await evaluate(
        (inputs) => {
          const e = make(inputs.x)
          const [forE, forX] = gradients(loss(use(e)), [e, inputs.x]) as [Tensor, Tensor]
          return { e, forE, forX, twice: gradients(sum(square(forE)), e) }
        },
        { x },
      )
      const direct = await evaluate(
        ({ e, given }) => {
          const forE = gradients(loss(use(e)), e)
          const made = make(given)
          const forX = gradients(made, given, cast(forE, made.dtype))
          return { forE, forX, twice: gradients(sum(square(forE)), e) }
        },
        { e: between.e, given: x },
      )
      expect(JSON.stringify(direct.forE)).toMatch(/[1-9]/)
      expect(between).toEqual({ e: between.e, ...direct })
    })

    it('constants that are computed with constants', async () => {
      const slopes = await evaluate(
        ({ x }) => {
          const [one, two] = [scalar(1, 'float64'), scalar(2, 'float64')]
          const product = mul(one, two)
          const y = addAll([
            mul(x, one),
            mul(product, x),
            exp(neg(neg(product))),
            div(x, two),
            sub(scalar(0, 'float64'), one),
          ])
          return gradients(y, [one, two, product])
        },
        { x: 3 },
      )
      // y = x a + p x + eᵖ + x/b − a with p = a b, at x = 3, a = 1, b = 2
      const p = 3 + Math.E ** 2
      expect(slopes).toEqual([2 + 2 * p, p - 3 / 4, p].map((slope) => expect.closeTo(slope, 12)))
    })

    it('an update that is scaled once more', async () => {
      const slopes = await evaluate(
        ({ g }) => {
          const update = mul(g, scalar(3, 'float64'))
          const scaled = scaleByLearningRate(0.5).update({
            updates: [update],
            parameters: [g],
            infos: [{ path: 'g', shape: [2], dtype: 'float64' }],
            state: {},
            scalar: (valueAt) => scalar(valueAt(1)),
          })
          return gradients(sum(square(scaled.updates[0] ?? g)), [update, g])
        },
        { g: [1, 2] },
      )
      // (−u/2)² has slope u/2 in u = 3 g
      expect(slopes).toEqual([
        [1.5, 3],
        [4.5, 9],
      ])
    })
  })

  it('are refused where there are none', () => {
    const whole = input('i', [], 'int64')
    expect(() => gradients(whole, [input('x', [])])).toThrow('the differentiated tensor is int64')
    expect(() => gradients(sum(constant(value(Float32Array.from([1])))), [whole])).toThrow(
      'with respect to a int64 tensor',
    )
    const cache = input('cache', ['n', 1, 8, 16])
    const [packed, table] = [input('packed', ['n', 1, 48]), input('table', [8, 8])]
    const { output } = cachedAttention(
      {
        packed,
        keys: cache,
        values: cache,
        lengths: input('lengths', ['n'], 'int32'),
        longest: input('longest', [1], 'int32'),
        tables: { cos: table, sin: table },
      },
      { heads: 1, keyHeads: 1 },
    )
    expect(() => gradients(sum(output), packed)).toThrow('cachedAttention has no gradient')
  })
})
