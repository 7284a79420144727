import { initLinear } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  broadcastTo,
  cast,
  div,
  expandDims,
  floor,
  full,
  less,
  log,
  matmul,
  maximum,
  mul,
  norm,
  range,
  reshape,
  type Symbolic,
  softmax,
  square,
  stopGradient,
  sum,
  type Tensor,
  type TensorValue,
  transpose,
  value,
} from '../../tensor/index.ts'
import type { InterestSet } from './interest-set.ts'

/**
 * `mind`: one map for all interests, routing that starts from fixed random numbers, and min(K, log₂ n) interests for n
 * behaviours. `comirec`: a map for each interest, routing that starts even, always K interests.
 */
export type RoutingVariant = 'mind' | 'comirec'

export interface RoutingParameters {
  /** S, [width, width], or one for each interest: [interests · width, width]. */
  readonly map: TensorValue
  /** [interests, behaviours], with `mind`: where the routing starts. Not trained. */
  readonly start?: TensorValue
}

export function initRouting(
  random: Random,
  width: number,
  interests: number,
  length: number,
  variant: RoutingVariant,
): RoutingParameters {
  if (variant === 'comirec') return { map: initLinear(random, width, interests * width, { bias: false }).weight }
  const start = Float32Array.from({ length: interests * length }, () => random.normal())
  return { map: initLinear(random, width, width, { bias: false }).weight, start: value(start, [interests, length]) }
}

/** A vector shortened to a length below 1 in its direction: (‖s‖²/(1 + ‖s‖²)) s/‖s‖, over the last axis. */
export function squash(x: Tensor): Tensor {
  const length = norm(x, -1, { keepDims: true })
  return mul(x, div(length, add(square(length), 1)))
}

/**
 * Interests by dynamic routing of behaviours to capsules:
 *
 *     w_kj = softmax_k(b_kj),  u_k = squash(Σ_j w_kj S_k e_j),  b_kj ← b_kj + u_k · S_k e_j
 *
 * `rounds` times; gradients flow through the last.
 *
 * @param behaviours e, [batch, behaviours, width]
 * @param mask [batch, behaviours], 1 or 0
 * @param rounds Default 3
 * @see Li et al., Multi-Interest Network with Dynamic Routing, CIKM 2019, arXiv 1904.08030; Cen et al., Controllable
 *   Multi-Interest Framework (ComiRec), KDD 2020, arXiv 2005.09347
 */
export function routeInterests(
  { map, start }: Symbolic<RoutingParameters>,
  behaviours: Tensor,
  mask: Tensor,
  interests: number,
  rounds = 3,
): InterestSet {
  const [batch = 1, length = 1, width = 1] = behaviours.shape
  const mapped = matmul(behaviours, map, { transposeB: true })
  // [batch, interests, behaviours, width]
  const votes = start
    ? broadcastTo(expandDims(mapped, 1), [batch, interests, length, width])
    : transpose(reshape(mapped, [batch, length, interests, width]), [0, 2, 1, 3])
  const held = sum(mask, 1)
  const allowed = start ? interestCounts(held, interests) : broadcastTo(expandDims(held, 1), [batch, interests])
  const valid = start ? allowed : cast(less(0, allowed), mask.dtype)
  const closed = expandDims(mul(add(valid, -1), 1e30), 2)
  const fixed = stopGradient(votes)
  let logits = broadcastTo(start ? stopGradient(start) : full([interests, 1], 0, behaviours.dtype), [
    batch,
    interests,
    length,
  ])
  const capsules = (from: Tensor): Tensor => {
    const shares = mul(softmax(add(logits, closed), { axis: 1 }), expandDims(mask, 1))
    return squash(reshape(matmul(expandDims(shares, 2), from), [batch, interests, width]))
  }
  for (let round = 1; round < rounds; round++)
    logits = add(logits, reshape(matmul(fixed, expandDims(capsules(fixed), 3)), [batch, interests, length]))
  return { vectors: capsules(votes), valid }
}

/** 1 for the first max(1, min(K, ⌊log₂ n⌋)) interests, n being how many behaviours there are; all 0 where n is 0. */
function interestCounts(held: Tensor, interests: number): Tensor {
  // The logarithm of a power of two may come out below a whole number.
  const count = maximum(floor(add(div(log(maximum(held, 1)), Math.LN2), 1e-4)), 1)
  const first = cast(less(expandDims(cast(range(interests), held.dtype), 0), expandDims(count, 1)), held.dtype)
  return mul(first, expandDims(cast(less(0, held), held.dtype), 1))
}
