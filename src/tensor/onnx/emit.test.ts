import { describe, expect, it } from 'vitest'
import { ancestors } from '../graph/ancestors.ts'
import {
  add,
  constant,
  div,
  evaluate,
  exp,
  full,
  gradients,
  input,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  scalar,
  sub,
  sum,
  type Tensor,
  transpose,
  value,
} from '../index.ts'
import { emit } from './emit.ts'

const x = input('x', ['n', 4])
const operators = (outputs: Readonly<Record<string, Tensor>>): readonly string[] => {
  const named = Object.entries(outputs).map(([name, tensor]) => ({ name, tensor }))
  const { graph } = emit(ancestors(Object.values(outputs)), named, [{ name: 'x', type: x }])
  return graph.nodes.map(({ opType }) => opType)
}

describe('emitted graphs', () => {
  it('compute equal expressions once, however they were written', () => {
    expect(operators({ y: add(exp(x), exp(x)) })).toEqual(['Exp', 'Add'])
    expect(operators({ y: mul(sub(x, mean(x)), sub(x, mean(x))) })).toEqual(['ReduceMean', 'Sub', 'Mul'])
    expect(operators({ y: add(sum(x, 1), sum(x, 1, { keepDims: true })) })).toHaveLength(3)
  })

  it('leave out what no result needs', () => {
    exp(x)
    expect(operators({ y: neg(x) })).toEqual(['Neg'])
  })

  it('fold constants, units, double negation, and shapes laid over shapes', () => {
    expect(operators({ y: mul(add(x, 0), mul(scalar(2), scalar(0.5))) })).toEqual(['Identity'])
    expect(operators({ y: neg(neg(x)) })).toEqual(['Identity'])
    expect(operators({ y: reshape(reshape(x, [-1]), ['n', 2, 2]) })).toEqual(['Reshape'])
    expect(operators({ y: transpose(transpose(x)) })).toEqual(['Identity'])
    expect(operators({ y: matmul(transpose(x), x) })).toEqual(['Gemm'])
  })

  it('take transposes into products, backwards as well, but compute no product twice for that', () => {
    const w = constant(value(new Float32Array(12).fill(0.5), [3, 4]))
    const slope = gradients(sum(exp(matmul(x, transpose(w)))), w)
    const products = operators({ slope }).filter((name) => ['Gemm', 'MatMul', 'Transpose'].includes(name))
    expect(products).toEqual(['Gemm', 'Gemm'])
    const product = matmul(x, w, { transposeB: true })
    expect(operators({ product, turned: transpose(product) })).toEqual(['Gemm', 'Transpose'])
  })

  it('give two results of one value two names', async () => {
    const both = await evaluate(({ a }) => ({ one: exp(a), two: exp(a), three: a }), { a: [0] })
    expect(both).toEqual({ one: [1], two: [1], three: [0] })
  })

  it('keep −0 apart from 0', async () => {
    const both = await evaluate(({ a }) => [div(a, 0), div(a, -0)], { a: [1] })
    expect(both).toEqual([[Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY]])
  })

  it('do not compute what is known to be empty', () => {
    expect(operators({ y: exp(full([0, 4], 1)) })).toEqual(['Identity'])
  })

  it('say when a size cannot be known', () => {
    expect(() => operators({ y: full(['m', 4], 1) })).toThrow('no input has the size "m" as one of its axes')
  })
})
