import { linearCrossEntropy } from '../../nets/index.ts'
import {
  add,
  and,
  cast,
  cumulativeSum,
  exp,
  expandDims,
  lessOrEqual,
  logSoftmax,
  logSumExp,
  maskedMean,
  minimum,
  mul,
  neg,
  not,
  reshape,
  slice,
  squeeze,
  stopGradient,
  sub,
  sum,
  type Tensor,
  takeAlong,
  where,
} from '../../tensor/index.ts'

/**
 * ln π(y_t | x, y_<t) of each token but the first, from a decoder's logits: those at a place score the token after it.
 *
 * @param logits [batch, sequence, vocabulary]
 * @param ids int64 [batch, sequence]
 * @returns [batch, sequence − 1]; entry t is of token t + 1
 */
export function tokenLogProbabilities(logits: Tensor, ids: Tensor): Tensor {
  const scores = slice(logits, 1, 0, -1)
  const aimed = squeeze(takeAlong(scores, expandDims(slice(ids, 1, 1), -1)), -1)
  return sub(aimed, logSumExp(scores, -1))
}

/**
 * {@link tokenLogProbabilities} from states and the head's weight, without keeping [batch, sequence, vocabulary] for the
 * gradient.
 *
 * @param states [batch, sequence, width], as `decoderStates` gives them
 * @param head [vocabulary, width]
 * @param ids int64 [batch, sequence]
 * @returns [batch, sequence − 1]
 */
export function stateLogProbabilities(states: Tensor, head: Tensor, ids: Tensor): Tensor {
  const read = slice(states, 1, 0, -1)
  const width = read.shape.at(-1) ?? -1
  const aimed = slice(ids, 1, 1)
  return reshape(neg(linearCrossEntropy(reshape(read, [-1, width]), head, reshape(aimed, [-1]))), aimed.shape)
}

/**
 * Which of the scored tokens belong to completions, from a mask of the ids.
 *
 * @param mask bool [batch, sequence]
 * @returns bool [batch, sequence − 1], in the places of {@link tokenLogProbabilities}
 */
export function scoredMask(mask: Tensor): Tensor {
  return slice(mask, 1, 1)
}

/**
 * The log-probability of each completion: the sum over its tokens, or their mean. What the mask leaves out counts
 * exactly 0, whatever stands there.
 *
 * @param tokens [batch, places]
 * @param mask bool [batch, places], see {@link scoredMask}
 * @returns [batch]; 0 for an empty completion
 */
export function sequenceLogProbability(tokens: Tensor, mask: Tensor, reduction: 'sum' | 'mean' = 'sum'): Tensor {
  const kept = where(mask, tokens, 0)
  return reduction === 'sum' ? sum(kept, -1) : maskedMean(kept, mask, -1)
}

/** Tokens of each completion, [batch], of a floating type. */
export function completionLength(mask: Tensor, dtype: Tensor['dtype'] = 'float32'): Tensor {
  return sum(cast(mask, dtype), -1)
}

/**
 * Log-probabilities of both sides of pairs in which tokens beyond the shorter completion's length count α-fold: 1 leaves
 * them as they are, 0 looks at the shared length alone. The same for policy and reference.
 *
 * @param tokens of both sides, [batch, places] each
 * @param masks bool [batch, places] each
 * @param alpha in [0, 1]
 * @returns [batch] each
 * @throws {RangeError} when α is out of range
 * @see Liu et al. (2024), LD-DPO, arXiv 2409.06411
 */
export function lengthDesensitised(
  tokens: { readonly chosen: Tensor; readonly rejected: Tensor },
  masks: { readonly chosen: Tensor; readonly rejected: Tensor },
  alpha: number,
): { readonly chosen: Tensor; readonly rejected: Tensor } {
  if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`lengthDesensitised: alpha is ${alpha}, expected 0 to 1`)
  const { dtype } = tokens.chosen
  const shared = expandDims(minimum(completionLength(masks.chosen, dtype), completionLength(masks.rejected, dtype)), -1)
  const side = (of: Tensor, mask: Tensor): Tensor => {
    if (alpha === 1) return sequenceLogProbability(of, mask)
    const early = lessOrEqual(cumulativeSum(cast(mask, dtype)), shared)
    const first = sequenceLogProbability(of, and(mask, early))
    return alpha === 0 ? first : add(first, mul(sequenceLogProbability(of, and(mask, not(early))), alpha))
  }
  return { chosen: side(tokens.chosen, masks.chosen), rejected: side(tokens.rejected, masks.rejected) }
}

/**
 * How much a completion counts when weighted by how likely the policy would write it,
 *
 *     w(y) = exp( mean_t [ ln π(y_t) − ln Σ_v π(v)² ] ),
 *
 * without gradient. A pair's losses are multiplied by w(y_w)·w(y_l).
 *
 * @param logits [batch, sequence, vocabulary]
 * @param ids int64 [batch, sequence]
 * @param mask bool [batch, sequence − 1], see {@link scoredMask}
 * @returns [batch]
 * @see Zhou et al. (2024), WPO, arXiv 2406.11827
 */
export function policyWeight(logits: Tensor, ids: Tensor, mask: Tensor): Tensor {
  return placesWeight(tokenLogProbabilities(logits, ids), slice(logits, 1, 0, -1), mask)
}

/** {@link policyWeight} from the log-probabilities [..., places] of tokens, and the logits [..., places, vocabulary] there. */
export function placesWeight(tokens: Tensor, logits: Tensor, mask: Tensor): Tensor {
  const collision = logSumExp(mul(logSoftmax(logits), 2), -1)
  return stopGradient(exp(sequenceLogProbability(sub(tokens, collision), mask, 'mean')))
}

/**
 * Entropy of the distribution of each next token, −Σ_v π(v) ln π(v), in nats.
 *
 * @param logits [..., vocabulary]
 * @returns [...]
 */
export function tokenEntropy(logits: Tensor): Tensor {
  const logs = logSoftmax(logits)
  return neg(sum(mul(exp(logs), logs), -1))
}

/**
 * KL divergence of two distributions of each next token over the whole vocabulary, in nats.
 *
 * @param logits of the policy, [..., vocabulary]
 * @param referenceLogits the same
 * @param direction `reference` for KL(π_ref ‖ π), as TDPO and SparsePO have it, `policy` for KL(π ‖ π_ref)
 * @returns [...]
 */
export function tokenDivergence(
  logits: Tensor,
  referenceLogits: Tensor,
  direction: 'reference' | 'policy' = 'reference',
): Tensor {
  const [policy, reference] = [logSoftmax(logits), logSoftmax(referenceLogits)]
  const [from, to] = direction === 'reference' ? [reference, policy] : [policy, reference]
  return sum(mul(exp(from), sub(from, to)), -1)
}
