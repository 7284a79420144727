import { gradients } from './gradient.ts'
import { formatShape, sameShape } from './graph/dimension.ts'
import { isTensor, type Tensor } from './graph/tensor.ts'
import { addAll, mul } from './ops/arithmetic.ts'
import { stopGradient } from './ops/control.ts'
import { sum } from './ops/layout.ts'
import { leaves, type Tree } from './parameter-tree.ts'

/**
 * H v for the Hessian H of a scalar, without H: the gradient of ∇y · v, in about twice the time of a gradient
 * (Pearlmutter 1994, "Fast exact multiplication by the Hessian", Neural Computation 6).
 *
 * @param y a scalar of floating type
 * @param xs a tree of tensors that y depends on
 * @param vectors v, a tree of the same form and shapes; taken as constant
 * @returns H v in the form of xs
 * @throws {RangeError} when the vectors are not of the same form and shapes
 * @example
 * const product = hessianVectorProduct(loss, { w, b }, { w: directionOfW, b: directionOfB })
 */
export function hessianVectorProduct<T extends Tree<Tensor>>(y: Tensor, xs: T, vectors: T): T {
  const slopes = new Map(leaves(gradients(y, xs), isTensor).map(({ path, leaf }) => [path, leaf]))
  const directions = leaves(vectors, isTensor)
  const along = directions.map(({ path, leaf }) => {
    const slope = slopes.get(path)
    if (slope === undefined || !sameShape(slope.shape, leaf.shape))
      throw new RangeError(
        `hessianVectorProduct: the vector${path && ` for ${path}`} is ${formatShape(leaf.shape)}, expected ${slope ? formatShape(slope.shape) : 'none'}`,
      )
    return sum(mul(slope, stopGradient(leaf)))
  })
  if (along.length !== slopes.size)
    throw new RangeError(
      `hessianVectorProduct: ${along.length} vectors for ${slopes.size} tensors, expected one for each`,
    )
  return gradients(addAll(along), xs)
}
