import type { Random } from '../../run/index.ts'
import {
  add,
  cast,
  full,
  linear,
  mul,
  not,
  reshape,
  type Symbolic,
  sigmoid,
  split,
  squeeze,
  stack,
  sub,
  type Tensor,
  tanh,
  transpose,
} from '../../tensor/index.ts'
import { applyLinear, type LinearParameters } from '../linear.ts'
import { type FloatType, uniformValue } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'

/** One layer, its gates stacked in the order reset, update, new: as PyTorch's `weight_ih`, `weight_hh` and biases. */
export interface GruLayerParameters {
  /** [3 · hidden, in] */
  readonly input: LinearParameters
  /** [3 · hidden, hidden] */
  readonly hidden: LinearParameters
}

export interface GruParameters {
  readonly layers: readonly GruLayerParameters[]
}

export interface GruConfig {
  readonly inputs: number
  readonly hidden: number
  /** Default 1. */
  readonly layers?: number
}

/** Uniform within ±1/√hidden, biases too. */
export function initGru(random: Random, config: GruConfig, dtype: FloatType = 'float32'): GruParameters {
  const { inputs, hidden, layers = 1 } = config
  const bound = 1 / Math.sqrt(hidden)
  const map = (from: number): LinearParameters => ({
    weight: uniformValue(random, [3 * hidden, from], bound, dtype),
    bias: uniformValue(random, [3 * hidden], bound, dtype),
  })
  return {
    layers: Array.from({ length: layers }, (_, layer) => ({
      input: map(layer === 0 ? inputs : hidden),
      hidden: map(hidden),
    })),
  }
}

export interface GruOptions {
  /** [layers, batch, hidden]; default zeros. */
  readonly initial?: Tensor
  /** bool [batch, length]: a step where it is false leaves the state as it was (padding on either side). */
  readonly mask?: Tensor
  /** bool [batch, length]: a step where it is true begins from zeros, as the first of another sequence in the row. */
  readonly starts?: Tensor
}

export interface GruResult {
  /** The last layer's states, [batch, length, hidden]. */
  readonly states: Tensor
  /** Every layer's last state, [layers, batch, hidden]. */
  readonly last: Tensor
}

/** One step from what the input and the state give to the gates: [batch, 3 · hidden] each. */
function gated(fromInput: Tensor, fromState: Tensor, state: Tensor): Tensor {
  const hidden = Number(sizeAt(state, 1))
  const parts = (x: Tensor): readonly Tensor[] => split(x, [2 * hidden, hidden], 1)
  const [gatesX = fromInput, newX = fromInput] = parts(fromInput)
  const [gatesH = fromState, newH = fromState] = parts(fromState)
  const [reset = state, update = state] = split(sigmoid(add(gatesX, gatesH)), 2, 1)
  const fresh = tanh(add(newX, mul(reset, newH)))
  return add(fresh, mul(update, sub(state, fresh)))
}

/**
 * Gated recurrent units (Cho et al. 2014, arXiv 1406.1078, in PyTorch's form): with r, z = σ(W x + b + U h + c),
 * n = tanh(W x + b + r ⊙ (U h + c)), h' = (1 − z) ⊙ n + z ⊙ h.
 *
 * @param x [batch, length, in], the length a number: the steps are unrolled
 * @throws {RangeError} when the length is a named size or 0
 */
export function applyGru(parameters: Symbolic<GruParameters>, x: Tensor, options: GruOptions = {}): GruResult {
  const [first] = parameters.layers
  if (first === undefined) throw new RangeError('gru: it has no layers')
  assertShape('gru: x', x, [undefined, undefined, sizeAt(first.input.weight, 1)])
  const [batch, length] = [sizeAt(x, 0), sizeAt(x, 1)]
  if (typeof length !== 'number' || length === 0)
    throw new RangeError(`gru: the length is ${length}, expected a number of steps of at least 1`)
  const hidden = sizeAt(first.hidden.weight, 1)
  const layers = parameters.layers.length
  if (options.mask) assertShape('gru: the mask', options.mask, [batch, length])
  if (options.starts) assertShape('gru: the starts', options.starts, [batch, length])
  if (options.initial) assertShape('gru: the initial state', options.initial, [layers, batch, hidden])

  const starts = options.initial
    ? split(options.initial, layers).map((state) => squeeze(state, 0))
    : parameters.layers.map(() => full([batch, hidden], 0, x.dtype))
  // [batch, 1] for each step.
  const stepsOf = (marks: Tensor): readonly Tensor[] =>
    split(reshape(cast(marks, x.dtype), [batch, length, 1]), length, 1).map((step) => squeeze(step, 1))
  const counts = options.mask && stepsOf(options.mask)
  const kept = options.starts && stepsOf(not(options.starts))

  // Steps lie outermost, so that one product maps the inputs of all of them and each is a contiguous part.
  let sequence = transpose(x, [1, 0, 2])
  const last: Tensor[] = []
  parameters.layers.forEach((layer, index) => {
    const mapped = split(applyLinear(layer.input, sequence), length).map((step) => squeeze(step, 0))
    let state = starts[index] ?? full([batch, hidden], 0, x.dtype)
    const states = mapped.map((fromInput, time) => {
      const keep = kept?.[time]
      if (keep) state = mul(keep, state)
      const fromState = linear(state, layer.hidden.weight, layer.hidden.bias, { transposed: true })
      const next = gated(fromInput, fromState, state)
      const count = counts?.[time]
      state = count ? add(state, mul(count, sub(next, state))) : next
      return state
    })
    last.push(state)
    sequence = stack(states)
  })
  return { states: transpose(sequence, [1, 0, 2]), last: stack(last) }
}
