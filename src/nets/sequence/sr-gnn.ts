import type { Random } from '../../run/index.ts'
import {
  add,
  and,
  at,
  cast,
  concat,
  div,
  equal,
  expandDims,
  gather,
  greater,
  matmul,
  maximum,
  mul,
  not,
  notEqual,
  range,
  type Symbolic,
  sigmoid,
  split,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  tanh,
  transpose,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, type LinearParameters } from '../linear.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { sizeAt } from '../shape.ts'
import { earlier } from './segments.ts'
import { recentLength } from './sequence-length.ts'

export interface SrGnnConfig {
  /** Items have the ids 1 to `items`; 0 is padding. */
  readonly items: number
  /** Most positions of a sequence. */
  readonly length: number
  /** Default 64. */
  readonly width?: number
  /** Rounds of messages. Default 1. */
  readonly steps?: number
}

export interface SrGnnParameters {
  /** [items + 1, width]; row 0 stands for padding and is not used. */
  readonly items: TensorValue
  /** [width, width]: messages along steps to an item, and along steps from it. */
  readonly incoming: LinearParameters
  readonly outgoing: LinearParameters
  /** [3 · width, 2 · width] and [3 · width, width]: a GRU's gates in the order reset, update, new. */
  readonly messages: LinearParameters
  readonly states: LinearParameters
  /** [width, width] each: what the last item and every item say to the attention. */
  readonly lastQuery: LinearParameters
  readonly query: LinearParameters
  /** [1, width], without bias */
  readonly attention: LinearParameters
  /** [width, 2 · width] */
  readonly output: LinearParameters
}

/** Embeddings normal with standard deviation 1/√width, maps uniform within ±1/√in. */
export function initSrGnn(random: Random, config: SrGnnConfig, dtype: FloatType = 'float32'): SrGnnParameters {
  const { items, width = 64 } = config
  const map = (from: number, to: number, bias = true): LinearParameters => initLinear(random, from, to, { dtype, bias })
  return {
    items: normalValue(random, [items + 1, width], 1 / Math.sqrt(width), dtype),
    incoming: map(width, width),
    outgoing: map(width, width),
    messages: map(2 * width, 3 * width),
    states: map(width, 3 * width),
    lastQuery: map(width, width),
    query: map(width, width),
    attention: map(width, 1, false),
    output: map(2 * width, width),
  }
}

/**
 * Who follows whom in each history, in the form that the net needs. A node is an item; here each position carries its
 * item's node, so that nodes with several positions are counted by their first.
 *
 * @param ids whole numbers [batch, length], padded with 0
 * @returns [batch, length, length] each: row i holds the weights of what comes in to (goes out from) the item at i; of
 *   `nodes`, 1 at the first position of the item at i
 */
export function sessionGraph(
  ids: Tensor,
  dtype: FloatType,
): { readonly incoming: Tensor; readonly outgoing: Tensor; readonly nodes: Tensor } {
  const length = sizeAt(ids, 1)
  const real = notEqual(ids, 0)
  const alike = cast(and(equal(expandDims(ids, 2), expandDims(ids, 1)), expandDims(real, 1)), dtype)
  const past = cast(greater(expandDims(range(length), 1), expandDims(range(length), 0)), dtype)
  const again = greater(sum(mul(alike, past), 2), 0)
  const first = expandDims(cast(and(real, not(again)), dtype), 1)
  // [i, j]: whether the item at j ever comes right after the item at i.
  const follows = cast(greater(matmul(earlier(alike, 1), alike, { transposeA: true }), 0), dtype)
  const shares = (x: Tensor): Tensor => {
    const nodes = mul(x, first)
    return div(nodes, maximum(sum(nodes, -1, { keepDims: true }), 1))
  }
  return { incoming: shares(transpose(follows, [0, 2, 1])), outgoing: shares(follows), nodes: mul(alike, first) }
}

export interface SrGnnInputs {
  /** [batch, length, width] to take in place of the gathered item embeddings; an item has that of its first position. */
  readonly embedded?: Tensor
}

/**
 * SR-GNN: a history as a graph of items, joined where one came right after the other (Wu et al. 2019, arXiv 1811.00855).
 * Items send messages along the steps and against them, each divided by how many items it comes from (goes to), and
 * update their states by a gated unit; then the last item asks all positions,
 *
 *     α_t = qᵀ σ(W₁ v_last + W₂ v_t),   output = W₃ [Σ_t α_t v_t ; v_last]
 *
 * @param ids whole numbers [batch, length], padded with 0 on the left
 * @returns [batch, width]; an item's score is its product with its embedding
 */
export function applySrGnn(
  parameters: Symbolic<SrGnnParameters>,
  ids: Tensor,
  config: SrGnnConfig,
  { embedded }: SrGnnInputs = {},
): Tensor {
  recentLength('srGnn', ids, config.length)
  const dtype = parameters.items.dtype as FloatType
  const { incoming, outgoing, nodes } = sessionGraph(ids, dtype)
  const kept = expandDims(cast(notEqual(ids, 0), dtype), -1)
  let state = embedded ? matmul(nodes, embedded) : mul(gather(parameters.items, ids), kept)
  for (let step = 0; step < (config.steps ?? 1); step++) {
    const told = concat(
      [
        matmul(incoming, applyLinear(parameters.incoming, state)),
        matmul(outgoing, applyLinear(parameters.outgoing, state)),
      ],
      -1,
    )
    const parts = (map: Symbolic<LinearParameters>, x: Tensor): readonly Tensor[] => split(applyLinear(map, x), 3, -1)
    const [resetX = state, updateX = state, newX = state] = parts(parameters.messages, told)
    const [resetH = state, updateH = state, newH = state] = parts(parameters.states, state)
    const fresh = tanh(add(newX, mul(sigmoid(add(resetX, resetH)), newH)))
    state = add(fresh, mul(sigmoid(add(updateX, updateH)), sub(state, fresh)))
  }
  const last = at(state, 1, -1)
  const asked = sigmoid(
    add(expandDims(applyLinear(parameters.lastQuery, last), 1), applyLinear(parameters.query, state)),
  )
  const weights = mul(applyLinear(parameters.attention, asked), kept)
  return applyLinear(parameters.output, concat([sum(mul(weights, state), 1), last], -1))
}
