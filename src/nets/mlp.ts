import type { Random } from '../run/index.ts'
import { gelu, mul, relu, type Symbolic, sigmoid, silu, type Tensor, tanh } from '../tensor/index.ts'
import { applyLinear, initLinear, type LinearOptions, type LinearParameters } from './linear.ts'

export interface MlpParameters {
  readonly layers: readonly LinearParameters[]
}

/** `geluTanh` approximates `gelu` by tanh, `quickGelu` by x σ(1.702 x). */
export type Activation = 'relu' | 'gelu' | 'geluTanh' | 'quickGelu' | 'silu' | 'tanh'

const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  relu,
  gelu: (x) => gelu(x),
  geluTanh: (x) => gelu(x, { approximate: true }),
  quickGelu: (x) => mul(x, sigmoid(mul(x, 1.702))),
  silu,
  tanh,
}

/** An activation by its name. */
export function activate(x: Tensor, activation: Activation): Tensor {
  return activations[activation](x)
}

/**
 * Parameters of a multi-layer perceptron.
 *
 * @param sizes features at the input, after each hidden layer and at the output: at least two numbers
 * @throws {RangeError} when there are fewer
 */
export function initMlp(random: Random, sizes: readonly number[], options: LinearOptions = {}): MlpParameters {
  if (sizes.length < 2) throw new RangeError(`initMlp: sizes are [${sizes.join(', ')}], expected at least two`)
  return {
    layers: sizes.slice(1).map((outputs, index) => initLinear(random, sizes[index] ?? 0, outputs, options)),
  }
}

export interface MlpOptions {
  /** Between layers, not after the last. Default `relu`. */
  readonly activation?: Activation
}

/**
 * Linear maps with an activation between them.
 *
 * @param x [..., sizes[0]]
 * @returns [..., sizes.at(-1)]
 * @example
 * const parameters = initMlp(seeded(1), [384, 64, 1])
 * const score = await compile(({ x }, p) => applyMlp(p, x), { inputs: { x: spec(['batch', 384]) }, parameters })
 */
export function applyMlp(parameters: Symbolic<MlpParameters>, x: Tensor, options: MlpOptions = {}): Tensor {
  const { activation = 'relu' } = options
  return parameters.layers.reduce(
    (hidden, layer, index) => applyLinear(layer, index === 0 ? hidden : activate(hidden, activation)),
    x,
  )
}
