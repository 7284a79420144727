import { describe, expect, it } from 'vitest'
import {
  add,
  constant,
  evaluate,
  exp,
  gradients,
  input,
  matmul,
  mul,
  pow,
  round,
  square,
  stopGradient,
  straightThrough,
  sum,
  type Tensor,
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

  it('are refused where there are none', () => {
    const whole = input('i', [], 'int64')
    expect(() => gradients(whole, [input('x', [])])).toThrow('the differentiated tensor is int64')
    expect(() => gradients(sum(constant(value(Float32Array.from([1])))), [whole])).toThrow(
      'with respect to a int64 tensor',
    )
  })
})
