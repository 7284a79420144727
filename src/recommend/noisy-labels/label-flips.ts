import { sigmoid as plainSigmoid } from '../../measure/index.ts'
import {
  add,
  expandDims,
  logSigmoid,
  mul,
  neg,
  sigmoid,
  softplus,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../../tensor/index.ts'

/**
 * What is made large:
 *
 * - `bpr`: ln σ(r_i − r_j), of the taken item i against another j (no flips);
 * - `bpo`: ln σ(r_i) + ln σ(−r_j), each label by itself (no flips);
 * - `likelihood` (NBPOo): the logarithm of the labels' chances under flips;
 * - `surrogate` (NBPOs): those chances themselves;
 * - `nbpo`: the surrogate's gradient with each factor's own value divided out, the published method.
 */
export type ChoiceObjective = 'bpr' | 'bpo' | 'likelihood' | 'surrogate' | 'nbpo'

/** Logits of a pair of a user and an item. */
export interface PairLogits {
  /** r: σ(r) is how likely the user likes the item. */
  readonly preference: number
  /** f: γ = σ(f) is how likely a liked item is not taken all the same. */
  readonly flip: number
}

/**
 * Chances that a pair was taken, (1 − γ) σ(r), and that it was not, σ(−r) + γ σ(r): what is not liked is never taken.
 *
 * @example
 * labelChances({ preference: 0, flip: 0 }) // { taken: 0.25, untaken: 0.75 }
 */
export function labelChances({ preference, flip }: PairLogits): { readonly taken: number; readonly untaken: number } {
  const liked = plainSigmoid(preference)
  return { taken: plainSigmoid(-flip) * liked, untaken: plainSigmoid(-preference) + plainSigmoid(flip) * liked }
}

/**
 * How likely an item that was not taken is liked: γ σ(r) / (σ(−r) + γ σ(r)).
 *
 * @example
 * hiddenPositiveProbability({ preference: 0, flip: 0 }) // 1/3
 */
export function hiddenPositiveProbability({ preference, flip }: PairLogits): number {
  // Odds γ e^r.
  return plainSigmoid(preference - softplusOf(-flip))
}

function softplusOf(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

/** Logits of taken items, [batch], and of others, [batch, negatives]; flips are absent for `bpr` and `bpo`. */
export interface ChoiceLogits {
  readonly taken: Tensor
  readonly others: Tensor
  readonly takenFlips?: Tensor
  readonly otherFlips?: Tensor
}

/**
 * Minus an objective, summed over all others; the term of a taken item counts once for each of its others, as the
 * authors' code has it.
 *
 * `nbpo` is no function's gradient: the loss has the right slopes,
 *
 *     taken:  ∂r = (1 − γ) σ(−r)       ∂f = −γ σ(r)
 *     other:  ∂r = γ σ(−r) − σ(r)      ∂f = (1 − γ) σ(r)
 *
 * of what is made large, while its value is only a number that falls as fitting goes on.
 *
 * @returns a scalar
 * @throws {RangeError} when flips are needed and absent
 * @see Yu, Qin, Sampler Design for Implicit Feedback Data by Noisy-label Robust Learning, SIGIR 2020, arXiv 2007.07204
 */
export function choiceLoss(objective: ChoiceObjective, logits: ChoiceLogits): Tensor {
  const { taken, others } = logits
  const each = Number(others.shape[1])
  const total = (ofTaken: Tensor, ofOthers: Tensor): Tensor => neg(add(mul(sum(ofTaken), each), sum(ofOthers)))
  if (objective === 'bpr') return sum(softplus(sub(others, expandDims(taken, 1))))
  if (objective === 'bpo') return total(logSigmoid(taken), logSigmoid(neg(others)))
  const { takenFlips, otherFlips } = logits
  if (!takenFlips || !otherFlips) throw new RangeError(`choiceLoss: "${objective}" needs the logits of flips`)
  const [liked, hidden] = [sigmoid(taken), sigmoid(others)]
  if (objective === 'surrogate')
    return total(mul(sigmoid(neg(takenFlips)), liked), add(sigmoid(neg(others)), mul(sigmoid(otherFlips), hidden)))
  if (objective === 'likelihood') {
    const [disliked, flipped] = [logSigmoid(neg(others)), add(logSigmoid(otherFlips), logSigmoid(others))]
    return total(
      add(logSigmoid(neg(takenFlips)), logSigmoid(taken)),
      // ln(e^a + e^b) = a + ln(1 + e^(b − a))
      add(disliked, softplus(sub(flipped, disliked))),
    )
  }
  const weighted = (weight: Tensor, term: Tensor): Tensor => mul(stopGradient(weight), logSigmoid(term))
  return total(
    add(weighted(sigmoid(neg(takenFlips)), taken), weighted(liked, neg(takenFlips))),
    add(logSigmoid(neg(others)), add(weighted(sigmoid(otherFlips), others), weighted(hidden, otherFlips))),
  )
}
