import type { Random } from '../run/index.ts'
import {
  add,
  cast,
  dimAt,
  div,
  expandDims,
  flatten,
  full,
  gather,
  greater,
  matmul,
  mean,
  mul,
  oneHot,
  reciprocal,
  reshape,
  type Symbolic,
  scatterAdd,
  softmax,
  sum,
  type Tensor,
  type TensorValue,
  topK,
  transpose,
} from '../tensor/index.ts'
import { initLinear, type LinearParameters } from './linear.ts'
import { type Activation, activate } from './mlp.ts'
import { type FloatType, uniformValue } from './parameters.ts'
import { assertShape, rowsOf, sizeAt } from './shape.ts'

export interface MixtureParameters {
  /** [experts, width] */
  readonly router: LinearParameters
  /** The experts' maps one after another: [experts, hidden, width] and [experts, 1, hidden]. */
  readonly up: { readonly weight: TensorValue; readonly bias: TensorValue }
  /** [experts, out, hidden] and [experts, 1, out]. */
  readonly down: { readonly weight: TensorValue; readonly bias: TensorValue }
}

export interface MixtureConfig {
  readonly width: number
  readonly experts: number
  /** Inner width of each expert. Default 4 · width. */
  readonly hidden?: number
  /** Features of the result. Default: width. */
  readonly outputs?: number
}

/** Uniform within ±1/√in, biases too; the router has no bias. */
export function initMixture(random: Random, config: MixtureConfig, dtype: FloatType = 'float32'): MixtureParameters {
  const { width, experts, hidden = 4 * width, outputs = width } = config
  const stacked = (inputs: number, out: number): MixtureParameters['up'] => ({
    weight: uniformValue(random, [experts, out, inputs], 1 / Math.sqrt(inputs), dtype),
    bias: uniformValue(random, [experts, 1, out], 1 / Math.sqrt(inputs), dtype),
  })
  return {
    router: initLinear(random, width, experts, { bias: false, dtype }),
    up: stacked(width, hidden),
    down: stacked(hidden, outputs),
  }
}

export interface MixtureOptions {
  /** How many experts a row goes to. Default: all, a dense mixture. */
  readonly top?: number
  /** Divide the weights of the chosen experts by their sum. Default false: they are those of the softmax over all. */
  readonly renormalize?: boolean
  /**
   * At most this many rows for each expert, those it has the highest weights for; others lose its part. Needs `top`; the
   * work then no longer grows with the number of experts. Default: no bound, and every expert computes every row.
   */
  readonly capacity?: number
  /** Between the experts' maps. Default `relu`. */
  readonly activation?: Activation
  /** [..., experts]: router scores to use in place of the router's own. */
  readonly scores?: Tensor
}

export interface MixtureResult {
  /** [..., out]: Σ_i g_i expert_i(x) */
  readonly output: Tensor
  /** [rows, experts]: g, 0 for experts that were not chosen. */
  readonly gates: Tensor
  /** [rows, experts]: softmax over all experts. */
  readonly probabilities: Tensor
}

function bounded(name: string, given: number, most: number | string): void {
  if (!(Number.isInteger(given) && given >= 1) || (typeof most === 'number' && given > most))
    throw new RangeError(`mixture of experts: ${name} is ${given}, expected a whole number from 1 to ${most}`)
}

/** Experts applied each to its own rows: [experts or 1, rows, width] → [experts, rows, out]. */
function expertsOf({ up, down }: Symbolic<MixtureParameters>, x: Tensor, activation: Activation): Tensor {
  const hidden = activate(add(matmul(x, up.weight, { transposeB: true }), up.bias), activation)
  return add(matmul(hidden, down.weight, { transposeB: true }), down.bias)
}

/**
 * A mixture of experts: every row is a weighted sum of what experts make of it, the weights a softmax of its products
 * with the router's rows, of which the `top` largest may be kept (Shazeer et al. 2017, arXiv 1701.06538).
 *
 * @param x [..., width]
 */
export function applyMixture(
  parameters: Symbolic<MixtureParameters>,
  x: Tensor,
  options: MixtureOptions = {},
): MixtureResult {
  const { top, renormalize = false, capacity, activation = 'relu' } = options
  const experts = Number(sizeAt(parameters.router.weight, 0))
  assertShape('mixture of experts: x', rowsOf(x), [undefined, sizeAt(parameters.router.weight, 1)])
  const rows = rowsOf(x)
  const scores = options.scores ? rowsOf(options.scores) : matmul(rows, parameters.router.weight, { transposeB: true })
  const probabilities = softmax(scores)
  let gates = probabilities
  if (top !== undefined) {
    bounded('top', top, experts)
    gates = mul(probabilities, sum(oneHot(topK(probabilities, top).indices, experts, rows.dtype), -2))
    if (renormalize) gates = mul(gates, reciprocalSum(gates))
  }
  const shape = [...x.shape.slice(0, -1), sizeAt(parameters.down.weight, 1)]
  if (capacity === undefined) {
    const made = expertsOf(parameters, expandDims(rows, 0), activation)
    const output = sum(mul(made, expandDims(transpose(gates), -1)), 0)
    return { output: reshape(output, shape), gates, probabilities }
  }
  if (top === undefined) throw new TypeError('mixture of experts: `capacity` bounds chosen experts; it needs `top`')
  bounded('capacity', capacity, dimAt(rows.shape, 0))
  const { values, indices } = topK(transpose(gates), capacity)
  const places = flatten(indices)
  const taken = reshape(gather(rows, places), [experts, capacity, sizeAt(rows, 1)])
  const made = mul(expertsOf(parameters, taken, activation), expandDims(values, -1))
  const outputs = sizeAt(made, -1)
  const nothing = full([sizeAt(rows, 0), outputs], 0, rows.dtype)
  const output = scatterAdd(nothing, places, reshape(made, [experts * capacity, outputs]))
  return { output: reshape(output, shape), gates, probabilities }
}

function reciprocalSum(gates: Tensor): Tensor {
  return reciprocal(sum(gates, -1, { keepDims: true }))
}

/**
 * How unevenly rows are spread over experts (Fedus, Zoph & Shazeer 2021, arXiv 2101.03961, equation 4, for any number of
 * chosen experts): experts · Σ_e f_e P_e, f_e the share of choices that fell on expert e and P_e its mean probability.
 * 1 when both are even; its gradient evens the probabilities.
 *
 * @returns a scalar
 */
export function loadBalancingLoss({ gates, probabilities }: Pick<MixtureResult, 'gates' | 'probabilities'>): Tensor {
  const experts = Number(sizeAt(gates, 1))
  const chosen = cast(greater(gates, 0), gates.dtype)
  const shares = mean(div(chosen, sum(chosen, -1, { keepDims: true })), 0)
  return mul(sum(mul(shares, mean(probabilities, 0))), experts)
}
