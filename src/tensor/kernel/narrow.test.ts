import { describe, expect, it } from 'vitest'
import { ancestors } from '../graph/ancestors.ts'
import { input, type Tensor } from '../graph/tensor.ts'
import {
  add,
  concat,
  gather,
  linear,
  mul,
  normalize,
  relu,
  sparseMatmul,
  sparseMatrix,
  sum,
  transpose,
} from '../index.ts'
import { narrowRows } from './narrow.ts'

const matrix = sparseMatrix(100, 100, { rows: [1, 2], columns: [2, 1] })
const x = input('x', [100, 8])
const weight = input('weight', [6, 8])
const ids = input('ids', ['batch'], 'int64')
const few = input('few', [3, 4], 'int64')

/** Names of the sparse products, and how many rows each has. */
function products(...tensors: readonly Tensor[]): string[] {
  const now = narrowRows(tensors)
  const narrowed = tensors.map(now)
  tensors.forEach(({ dtype, shape }, at) => {
    expect(narrowed[at]).toMatchObject({ dtype, shape })
  })
  return ancestors(narrowed).flatMap(({ op, outputs: [result] }) =>
    op.name.startsWith('sparse') ? [`${op.name} ${result?.shape[0]}`] : [],
  )
}

describe('narrowRows', () => {
  it('computes no rows of the last product that are not looked up', () => {
    const total = mul(add(x, sparseMatmul(matrix, add(x, sparseMatmul(matrix, x)))), 0.25)
    expect(products(gather(total, ids))).toEqual(['sparseMatmul 100', 'sparseRows batch'])
    expect(products(sum(gather(total, few)))).toEqual(['sparseMatmul 100', 'sparseRows 12'])
    expect(products(gather(total, ids), gather(total, few))).toEqual([
      'sparseMatmul 100',
      'sparseRows batch',
      'sparseRows 12',
    ])
  })

  it('goes through whatever treats rows by themselves', () => {
    const product = sparseMatmul(matrix, x)
    const net = normalize(relu(linear(concat([product, x], 1), input('w', [6, 16]), undefined, { transposed: true })))
    expect(products(gather(net, ids))).toEqual(['sparseRows batch'])
    // The same rows by several ways are the same rows.
    const often = add(mul(product, product), relu(product))
    expect(products(gather(often, input('third', [33], 'int64')))).toEqual(['sparseRows 33'])
    expect(products(gather(sum(product, 1), ids))).toEqual(['sparseRows batch'])
    expect(products(gather(add(product, input('bias', [8])), ids))).toEqual(['sparseRows batch'])
  })

  it('leaves products whole that are read whole, by other rows or almost whole', () => {
    const product = sparseMatmul(matrix, x)
    const whole = ['sparseMatmul 100']
    expect(products(gather(product, ids), sum(product))).toEqual(whole)
    expect(products(gather(product, ids), product)).toEqual(whole)
    expect(products(gather(transpose(linear(product, weight, undefined, { transposed: true })), ids))).toEqual(whole)
    expect(products(gather(add(product, sum(product, 0)), ids))).toEqual(whole)
    expect(products(gather(product, ids, { axis: 1 }))).toEqual(whole)
    expect(products(gather(product, input('most', [51], 'int64')))).toEqual(whole)
    expect(products(gather(product, input('half', [50], 'int64')))).toEqual(['sparseRows 50'])
  })
})
