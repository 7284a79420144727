import { exp, mul, neg, sub, type Tensor } from '../../tensor/index.ts'

/**
 * Estimates of the divergence KL(π ‖ π_ref) from tokens (or sequences) that the policy wrote, with q = ln π − ln π_ref:
 *
 *     k1 = q    k2 = q²/2    k3 = e^{−q} − 1 + q
 *
 * k1 and k3 are right on average, k2 nearly; k2 and k3 are never below 0.
 *
 * @param policy log-probabilities, any shape
 * @param reference the same
 * @returns the same shape; take the mean over what the policy wrote
 * @see Schulman (2020), "Approximating KL divergence", http://joschu.net/blog/kl-approx.html
 */
export function klEstimate(policy: Tensor, reference: Tensor, estimator: 'k1' | 'k2' | 'k3' = 'k3'): Tensor {
  const q = sub(policy, reference)
  if (estimator === 'k1') return q
  if (estimator === 'k2') return mul(mul(q, q), 0.5)
  return sub(exp(neg(q)), sub(1, q))
}
