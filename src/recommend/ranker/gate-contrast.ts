import {
  and,
  cosineSimilarity,
  div,
  equal,
  expandDims,
  gather,
  greaterOrEqual,
  logSumExp,
  max,
  mul,
  or,
  pad,
  sub,
  sum,
  type Tensor,
  where,
} from '../../tensor/index.ts'

/**
 * Leaves out each behaviour with probability p, as if the user had done less. At least one stays: the one of the largest
 * draw, so that where all would go, one of them is kept evenly.
 *
 * @param present bool [rows, behaviours]: false for padding
 * @param draws [rows, behaviours], uniform on [0, 1)
 * @param probability p
 * @returns bool [rows, behaviours]: what is left
 */
export function maskBehaviours(present: Tensor, draws: Tensor, probability: number): Tensor {
  if (!(probability >= 0 && probability < 1))
    throw new RangeError(`maskBehaviours: the probability is ${probability}, expected from 0 to below 1`)
  const own = where(present, draws, -1)
  const largest = max(own, -1, { keepDims: true })
  return and(present, or(greaterOrEqual(draws, probability), equal(own, largest)))
}

export interface GateContrastOptions {
  /** τ. Default 0.2. */
  readonly temperature?: number
  /** Default `cosine`; a vector of zeros is then 0 alike to everything. */
  readonly similarity?: 'cosine' | 'dot'
}

/** What the contrast is between. */
export interface GateContrastInputs {
  /** g, [rows, experts] */
  readonly gates: Tensor
  /** g′, of the same rows with behaviours left out: [rows, experts] */
  readonly masked: Tensor
  /** Which other rows each is to be unlike, [rows, negatives] of row numbers. */
  readonly negatives: Tensor
  /** Who each row belongs to, [rows]: whole numbers. Rows of the same user are no negatives. */
  readonly users: Tensor
}

/**
 * The contrastive loss of gate vectors: a user with some behaviours left out keeps their mixture of experts, unlike that
 * of others,
 *
 *     ℓ_i = −ln( e^{s(g_i, g′_i)/τ} / (e^{s(g_i, g′_i)/τ} + Σ_l e^{s(g_i, g_l)/τ}) )
 *
 * over the negatives l of row i that belong to another user. Without any it is 0; where g′ = g it is
 * ln(1 + Σ_l e^{(s_l − 1)/τ}), not 0.
 *
 * @returns [rows]
 * @throws {RangeError} when the temperature is not above 0
 * @see Gong et al. (2023), arXiv 2306.05011
 */
export function gateContrast(
  { gates, masked, negatives, users }: GateContrastInputs,
  options: GateContrastOptions = {},
): Tensor {
  const { temperature = 0.2, similarity = 'cosine' } = options
  if (!(temperature > 0)) throw new RangeError(`gateContrast: temperature is ${temperature}, expected a number above 0`)
  const alike = (a: Tensor, b: Tensor): Tensor =>
    div(similarity === 'cosine' ? cosineSimilarity(a, b) : sum(mul(a, b), -1), temperature)
  const own = expandDims(alike(gates, masked), -1)
  const others = alike(expandDims(gates, 1), gather(gates, negatives))
  const same = equal(gather(users, negatives), expandDims(users, -1))
  // Relative to the own similarity: the loss is ln(1 + Σ exp(s_l − s)), and what is no negative adds exp(−1e9) = 0.
  const lead = where(same, -1e9, sub(others, own))
  return logSumExp(pad(lead, [[1, 0]]), -1)
}
