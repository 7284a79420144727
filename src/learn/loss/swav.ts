import {
  add,
  div,
  exp,
  logSoftmax,
  logSumExp,
  matmul,
  mul,
  neg,
  normalize,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../../tensor/index.ts'
import { type Reduced, reduceLosses } from './reduction.ts'

export interface SinkhornOptions {
  /** Divides scores; smaller makes codes sharper. Default 0.05 (the authors'). */
  readonly epsilon?: number
  /** Default 3 (the authors'). */
  readonly iterations?: number
}

/**
 * Soft assignments of rows to prototypes that use all prototypes alike: e^{s/ε} scaled in turns so that columns, and then
 * rows, have equal sums (Sinkhorn–Knopp). Rows sum to 1, columns to about n/K.
 *
 * @param scores [n, K]
 * @returns [n, K]; no gradient flows through it
 */
export function sinkhornCodes(scores: Tensor, { epsilon = 0.05, iterations = 3 }: SinkhornOptions = {}): Tensor {
  if (!(epsilon > 0)) throw new RangeError(`sinkhornCodes: epsilon is ${epsilon}, expected a number above 0`)
  if (!(Number.isInteger(iterations) && iterations >= 1))
    throw new RangeError(`sinkhornCodes: iterations is ${iterations}, expected a whole number of at least 1`)
  // In logarithms, where no row or column is too small to be scaled.
  let codes = div(stopGradient(scores), epsilon)
  for (let turn = 0; turn < iterations; turn++) {
    codes = sub(codes, logSumExp(codes, 0, { keepDims: true }))
    codes = sub(codes, logSumExp(codes, -1, { keepDims: true }))
  }
  return exp(codes)
}

export interface SwavOptions extends SinkhornOptions, Pick<Reduced, 'reduction'> {
  /** Divides scores before the softmax. Default 0.1 (the authors'). */
  readonly temperature?: number
}

/**
 * SwAV: two views of the same rows should be assigned to the same prototypes, each view predicting the other's code,
 *
 *     ℓ_i = −½ Σ_k ( q²_ik ln p¹_ik + q¹_ik ln p²_ik ),  p = softmax(cos(z, c)/T),  q = sinkhornCodes(cos(z, c))
 *
 * It is ln K when all cosines are equal.
 *
 * @param first [n, width]
 * @param second [n, width]; row i is another view of the first's row i
 * @param prototypes [K, width]
 * @returns a scalar, or [n] with `reduction: 'none'`
 * @see Caron et al. (2020), arXiv 2006.09882
 */
export function swavLoss(first: Tensor, second: Tensor, prototypes: Tensor, options: SwavOptions = {}): Tensor {
  const { temperature = 0.1 } = options
  if (!(temperature > 0)) throw new RangeError(`swavLoss: temperature is ${temperature}, expected a number above 0`)
  const scores = (z: Tensor): Tensor => matmul(normalize(z), normalize(prototypes), { transposeB: true })
  const [s1, s2] = [scores(first), scores(second)]
  const told = (s: Tensor, code: Tensor): Tensor => neg(sum(mul(code, logSoftmax(div(s, temperature))), -1))
  return reduceLosses(
    mul(add(told(s1, sinkhornCodes(s2, options)), told(s2, sinkhornCodes(s1, options))), 0.5),
    options,
  )
}
