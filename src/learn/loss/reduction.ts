import { add, cast, div, equal, formatShape, mean, mul, type Operand, sum, type Tensor } from '../../tensor/index.ts'

export interface Reduced {
  /** How much each value counts: a tensor of the losses' shape, or one number. Default 1. */
  readonly weight?: Operand
  /** `mean`: Σ w l / Σ w, and 0 when all weights are 0; `sum`: Σ w l; `none`: w l. Default mean. */
  readonly reduction?: 'mean' | 'sum' | 'none'
}

/**
 * Losses as one number, or as they are.
 *
 * @param losses any shape
 * @throws {RangeError} on a mean by weights of another shape
 */
export function reduceLosses(losses: Tensor, { weight, reduction = 'mean' }: Reduced): Tensor {
  if (weight === undefined || typeof weight === 'number') {
    const scaled = weight === undefined || reduction === 'mean' ? losses : mul(losses, weight)
    return reduction === 'mean' ? mean(scaled) : reduction === 'sum' ? sum(scaled) : scaled
  }
  const weighted = mul(losses, weight)
  if (reduction === 'none') return weighted
  if (reduction === 'sum') return sum(weighted)
  // The mean over weights that are spread over several losses would count each of them once.
  const spread = weight.shape.length !== losses.shape.length
  if (spread || weight.shape.some((dim, axis) => dim === 1 && losses.shape[axis] !== 1))
    throw new RangeError(
      `the weights are ${formatShape(weight.shape)} and the losses ${formatShape(losses.shape)}, expected one for each loss`,
    )
  return safeDivide(sum(weighted), sum(weight))
}

/** total / count, 0 where the count is 0. */
export function safeDivide(total: Tensor, count: Tensor): Tensor {
  return div(total, add(count, cast(equal(count, 0), count.dtype)))
}
