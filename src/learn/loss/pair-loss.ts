import {
  abs,
  add,
  div,
  formatShape,
  mul,
  neg,
  type Operand,
  relu,
  sigmoid,
  softplus,
  sub,
  type Tensor,
  withGradient,
} from '../../tensor/index.ts'
import { type Reduced, reduceLosses } from './reduction.ts'

export interface PairLossOptions extends Reduced {
  /** P(a preferred) as people said, in [0, 1]: 1, 0, ½ for a tie, or what a panel or an ensemble says. Default 1. */
  readonly target?: Operand
  /** Share ε of labels taken for wrong: y becomes (1 − ε) y + ε (1 − y). At least 0, below ½. Default 0. */
  readonly labelSmoothing?: number
  /**
   * By how much the preferred side should lead, in units of the margin; a constant that no gradient flows to. For a
   * soft label it counts (2y − 1)-fold, so a tie asks for no lead. Default 0.
   */
  readonly lead?: Operand
  /** Divides the margin. Default 1. */
  readonly temperature?: Operand
}

/**
 * The pairwise logistic loss of Bradley–Terry and of every reward model,
 *
 *     z = (m − (2y − 1) μ) / T
 *     ℓ = −y′ ln σ(z) − (1 − y′) ln σ(−z),   y′ = (1 − ε) y + ε (1 − y)
 *
 * with m the margin (a's score less b's), y the target, μ the lead, T the temperature and ε the smoothing. It is ln 2
 * at z = 0 and ∂ℓ/∂m = (σ(z) − y′)/T; written with softplus, it is finite for every margin.
 *
 * @param margin any shape
 * @returns a scalar, or the margin's shape with `reduction: 'none'`
 * @throws {RangeError} when the smoothing is not in [0, ½) or a temperature given as a number is not above 0
 * @see Bradley & Terry (1952); margins and smoothing: Wang et al. (2024), arXiv 2401.06080
 * @example
 * await evaluate(({ margin }) => pairLoss(margin), { margin: [0] }) // 0.6931
 */
export function pairLoss(margin: Tensor, options: PairLossOptions = {}): Tensor {
  const { target = 1, labelSmoothing = 0, lead, temperature = 1 } = options
  if (!(labelSmoothing >= 0 && labelSmoothing < 0.5))
    throw new RangeError(`pairLoss: labelSmoothing is ${labelSmoothing}, expected at least 0 and below ½`)
  if (typeof temperature === 'number' && !(temperature > 0))
    throw new RangeError(`pairLoss: temperature is ${temperature}, expected a number above 0`)
  const led = lead === undefined ? margin : sub(margin, leadOf(target, lead))
  const z = temperature === 1 ? led : div(led, temperature)
  return reduceLosses(logisticLosses(z, smoothed(target, labelSmoothing)), options)
}

export interface HingeOptions extends Reduced {
  /** As for {@link pairLoss}. Default 1. */
  readonly target?: Operand
  /** The lead from which on nothing is asked any more. Default 1. */
  readonly lead?: Operand
}

/**
 * The hinge loss of a margin: y max(0, μ − m) + (1 − y) max(0, μ + m).
 *
 * @param margin any shape
 * @returns a scalar, or the margin's shape with `reduction: 'none'`
 */
export function hinge(margin: Tensor, options: HingeOptions = {}): Tensor {
  const { target = 1, lead = 1 } = options
  return reduceLosses(
    softLabelled(margin, target, (x) => relu(add(x, lead))),
    options,
  )
}

/**
 * −y ln σ(z) − (1 − y) ln σ(−z). With a label for each margin it is written as max(z, 0) − y z + ln(1 + e^−|z|), a
 * third fewer operations than two softpluses and as exact for labels of 0 and 1; its slope σ(z) − y is given, because
 * that of the parts is none at z = 0.
 */
function logisticLosses(z: Tensor, y: Operand): Tensor {
  if (typeof y === 'number' || y.dtype !== z.dtype || formatShape(y.shape) !== formatShape(z.shape))
    return softLabelled(z, y, softplus)
  return withGradient(add(sub(relu(z), mul(y, z)), softplus(neg(abs(z)))), [z, y], (gradient) => [
    mul(gradient, sub(sigmoid(z), y)),
    neg(mul(gradient, z)),
  ])
}

/** y f(−z) + (1 − y) f(z): f is the cost of a margin towards the wrong side. */
function softLabelled(z: Tensor, y: Operand, cost: (wrong: Tensor) => Tensor): Tensor {
  if (y === 1) return cost(neg(z))
  if (y === 0) return cost(z)
  return add(mul(cost(neg(z)), y), mul(cost(z), typeof y === 'number' ? 1 - y : sub(1, y)))
}

/** (1 − 2ε) y + ε, which is (1 − ε) y + ε (1 − y). */
function smoothed(y: Operand, share: number): Operand {
  if (share === 0) return y
  return typeof y === 'number' ? (1 - 2 * share) * y + share : add(mul(y, 1 - 2 * share), share)
}

/** (2y − 1) μ */
function leadOf(y: Operand, lead: Operand): Operand {
  if (typeof y !== 'number') return mul(sub(mul(y, 2), 1), lead)
  return typeof lead === 'number' ? (2 * y - 1) * lead : mul(lead, 2 * y - 1)
}
