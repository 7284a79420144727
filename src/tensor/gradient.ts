import { ancestors } from './graph/ancestors.ts'
import { formatShape } from './graph/dimension.ts'
import { isFloat } from './graph/dtype.ts'
import { isTensor, type Node, type Tensor } from './graph/tensor.ts'
import { add } from './ops/arithmetic.ts'
import { full } from './ops/reduce.ts'
import { leaves, mapTree, type Tree } from './parameter-tree.ts'

function reverse(y: Tensor, xs: readonly Tensor[], seed: Tensor): readonly Tensor[] {
  const order = ancestors([y])
  const influenced = new Set<Node>()
  const targets = new Set(xs.map(({ node }) => node))
  for (const node of order)
    if (targets.has(node) || node.inputs.some((from) => influenced.has(from.node))) influenced.add(node)

  const gradients = new Map<Tensor, Tensor>([[y, seed]])
  for (const node of order.toReversed()) {
    if (!influenced.has(node) || node.op.vjp === undefined) continue
    const above = node.outputs.map((output) => gradients.get(output))
    if (above.every((gradient) => gradient === undefined)) continue
    const below = node.op.vjp(node, above)
    node.inputs.forEach((from, index) => {
      const gradient = below[index]
      if (gradient === undefined || !isFloat(from.dtype) || !influenced.has(from.node)) return
      const before = gradients.get(from)
      gradients.set(from, before === undefined ? gradient : add(before, gradient))
    })
  }
  return xs.map((x) => gradients.get(x) ?? full(x.shape, 0, x.dtype))
}

/**
 * Gradients of a scalar with respect to tensors, built as graph (so they can be differentiated again). A tensor without
 * influence gets zeros.
 *
 * @param y a scalar of floating type, or any shape together with `cotangent`
 * @param xs a tree of tensors of floating type
 * @param cotangent the gradient of some scalar with respect to y. Default 1
 * @throws {RangeError} when y is not a scalar and no cotangent is given
 */
export function gradients<T extends Tree<Tensor>>(y: Tensor, xs: T, cotangent?: Tensor): T {
  if (!isFloat(y.dtype))
    throw new TypeError(`gradients: the differentiated tensor is ${y.dtype}, expected a floating type`)
  if (cotangent === undefined && y.shape.length > 0)
    throw new RangeError(
      `gradients: the differentiated tensor has shape ${formatShape(y.shape)}, expected a scalar; reduce it or give a cotangent`,
    )
  const flat = leaves(xs, isTensor).map(({ leaf }) => leaf)
  for (const x of flat)
    if (!isFloat(x.dtype)) throw new TypeError(`gradients: cannot differentiate with respect to a ${x.dtype} tensor`)
  const found = reverse(y, flat, cotangent ?? full([], 1, y.dtype))
  const byTensor = new Map(flat.map((x, index) => [x, found[index] ?? x]))
  return mapTree(xs, isTensor, (x: Tensor) => byTensor.get(x) ?? x) as T
}

/** A scalar together with its gradients. */
export function valueAndGradient<T extends Tree<Tensor>>(
  f: (xs: T) => Tensor,
  xs: T,
): { readonly value: Tensor; readonly gradient: T } {
  const value = f(xs)
  return { value, gradient: gradients(value, xs) }
}
