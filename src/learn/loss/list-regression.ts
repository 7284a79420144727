import { add, cast, expandDims, mul, square, sub, sum, type Tensor } from '../../tensor/index.ts'
import type { ListLossOptions } from './list-losses.ts'
import { safeDivide } from './reduction.ts'

export type ListRegressionOptions = Pick<ListLossOptions, 'mask' | 'weight'>

/** Means over the places of all lists that hold an item, by the weight of their list. */
function placeMean(labels: Tensor, { mask, weight }: ListRegressionOptions): (x: Tensor) => Tensor {
  const ones = add(mul(labels, 0), 1)
  const there = mask === undefined ? ones : cast(mask, labels.dtype)
  const counts = weight === undefined ? there : mul(there, expandDims(weight, -1))
  const total = sum(counts)
  return (x) => safeDivide(sum(mul(x, counts)), total)
}

/**
 * Labels as values: the mean of (s − y)² over the items of all lists. What learning from orders is set against.
 *
 * @param scores [lists, n]
 * @param labels [lists, n]
 */
export function squaredErrorLoss(scores: Tensor, labels: Tensor, options: ListRegressionOptions = {}): Tensor {
  return placeMean(labels, options)(square(sub(scores, labels)))
}

/**
 * One less the concordance correlation of scores and labels over the items of all lists,
 *
 *     1 − 2 cov(s, y) / (var s + var y + (s̄ − ȳ)²)
 *
 * which is 0 for equal numbers, 1 for unrelated ones and 2 for opposite ones of mean 0; 1 where both never change and
 * agree.
 *
 * @param scores [lists, n]
 * @param labels [lists, n]
 * @see Lin (1989), "A concordance correlation coefficient to evaluate reproducibility"
 */
export function concordanceLoss(scores: Tensor, labels: Tensor, options: ListRegressionOptions = {}): Tensor {
  const mean = placeMean(labels, options)
  const [s, y] = [mean(scores), mean(labels)]
  const covariance = mean(mul(sub(scores, s), sub(labels, y)))
  const spread = add(add(mean(square(sub(scores, s))), mean(square(sub(labels, y)))), square(sub(s, y)))
  return sub(1, safeDivide(mul(covariance, 2), spread))
}
