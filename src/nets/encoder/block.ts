import type { Random } from '../../run/index.ts'
import { type AttentionOptions, add, layerNorm, type Symbolic, type Tensor } from '../../tensor/index.ts'
import { type Layout, storedLinear, storedNorm } from '../checkpoint.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { type Activation, activate } from '../mlp.ts'
import { applyMultiHead, initMultiHead, type MultiHeadParameters } from '../multi-head.ts'
import type { FloatType } from '../parameters.ts'

/** A layer of a transformer encoder. */
export interface BlockParameters {
  readonly attention: MultiHeadParameters
  readonly attentionNorm: NormParameters
  /** [hidden, width] */
  readonly up: LinearParameters
  /** [width, hidden] */
  readonly down: LinearParameters
  readonly feedForwardNorm: NormParameters
}

export interface BlockSizes {
  readonly width: number
  readonly hidden: number
}

/** Fresh parameters: normal with standard deviation 0.02, biases 0, norms 1. */
export function initBlock(
  random: Random,
  { width, hidden }: BlockSizes,
  dtype: FloatType = 'float32',
): BlockParameters {
  const options = { deviation: 0.02, dtype }
  return {
    attention: initMultiHead(random, width, options),
    attentionNorm: initNorm(width, true, dtype),
    up: initLinear(random, width, hidden, options),
    down: initLinear(random, hidden, width, options),
    feedForwardNorm: initNorm(width, true, dtype),
  }
}

export interface BlockOptions {
  readonly heads: number
  /** Norms before each part, as vision transformers and CLIP have them, or after the sum, as BERT. */
  readonly norms: 'before' | 'after'
  readonly activation: Activation
  readonly epsilon: number
  readonly attention?: AttentionOptions
}

/** Layer normalisation over the last axis. */
export function applyNorm(parameters: Symbolic<NormParameters>, x: Tensor, epsilon: number): Tensor {
  const { weight, bias } = parameters
  return layerNorm(x, { scale: weight, ...(bias && { bias }), epsilon })
}

/**
 * Self-attention and two maps with an activation between, each added to its input.
 *
 * @param x [batch, positions, width]
 * @returns the same shape
 */
export function applyBlock(parameters: Symbolic<BlockParameters>, x: Tensor, options: BlockOptions): Tensor {
  const { heads, norms, activation, epsilon, attention = {} } = options
  const { attentionNorm, feedForwardNorm } = parameters
  const attend = (input: Tensor): Tensor => applyMultiHead(parameters.attention, input, input, heads, attention)
  const feed = (input: Tensor): Tensor =>
    applyLinear(parameters.down, activate(applyLinear(parameters.up, input), activation))
  if (norms === 'after') {
    const between = applyNorm(attentionNorm, add(x, attend(x)), epsilon)
    return applyNorm(feedForwardNorm, add(between, feed(between)), epsilon)
  }
  const between = add(x, attend(applyNorm(attentionNorm, x, epsilon)))
  return add(between, feed(applyNorm(feedForwardNorm, between, epsilon)))
}

/** What the parts of a block are called in a checkpoint. */
export interface BlockNames {
  readonly query: string
  readonly key: string
  readonly value: string
  readonly output: string
  readonly attentionNorm: string
  readonly up: string
  readonly down: string
  readonly feedForwardNorm: string
}

/** Where the parameters of a block lie in a checkpoint; all maps have biases. */
export function blockLayout(prefix: string, names: BlockNames, { width, hidden }: BlockSizes): Layout<BlockParameters> {
  const map = (name: string, inputs: number, outputs: number): Layout<LinearParameters> =>
    storedLinear(`${prefix}${name}`, inputs, outputs, true)
  return {
    attention: {
      query: map(names.query, width, width),
      key: map(names.key, width, width),
      value: map(names.value, width, width),
      output: map(names.output, width, width),
    },
    attentionNorm: storedNorm(`${prefix}${names.attentionNorm}`, width, true),
    up: map(names.up, width, hidden),
    down: map(names.down, hidden, width),
    feedForwardNorm: storedNorm(`${prefix}${names.feedForwardNorm}`, width, true),
  }
}
