import type { Random } from '../../run/index.ts'
import {
  add,
  addDims,
  at,
  expandDims,
  gather,
  maskedMean,
  mean,
  normalize,
  reshape,
  type Symbolic,
  slice,
  type Tensor,
  type TensorValue,
  tanh,
} from '../../tensor/index.ts'
import { type Layout, storedAs, storedLinear, storedNorm } from '../checkpoint.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'
import { type BertConfig, fullBertConfig } from './bert-config.ts'
import { applyBlock, applyNorm, type BlockParameters, blockLayout, initBlock } from './block.ts'

export interface BertParameters {
  /** [vocabulary, width] */
  readonly words: TensorValue
  /** [positions, width] */
  readonly positions: TensorValue
  /** [types, width] */
  readonly types: TensorValue
  readonly norm: NormParameters
  readonly layers: readonly BlockParameters[]
  /** [width, width] */
  readonly pooler?: LinearParameters
}

/** Fresh parameters: normal with standard deviation 0.02, biases 0, norms 1. */
export function initBert(random: Random, config: BertConfig, dtype: FloatType = 'float32'): BertParameters {
  const full = fullBertConfig(config)
  const { vocabulary, positions, types, width } = full
  const table = (rows: number): TensorValue => normalValue(random, [rows, width], 0.02, dtype)
  const parameters = {
    words: table(vocabulary),
    positions: table(positions),
    types: table(types),
    norm: initNorm(width, true, dtype),
    layers: Array.from({ length: full.layers }, () => initBlock(random, full, dtype)),
  }
  return full.pooler
    ? { ...parameters, pooler: initLinear(random, width, width, { deviation: 0.02, dtype }) }
    : parameters
}

export interface BertInputs {
  /** bool [batch, sequence]: which tokens are not padding. Default all. */
  readonly mask?: Tensor
  /** int64 [batch, sequence]: the segment of each token. Default 0. */
  readonly types?: Tensor
}

/**
 * A bidirectional transformer encoder (Devlin et al. 2019, arXiv 1810.04805).
 *
 * @param ids int64 [batch, sequence]; padding on the right
 * @returns the last states, [batch, sequence, width]
 * @throws {RangeError} when the sequence is longer than the position table
 */
export function applyBert(
  parameters: Symbolic<BertParameters>,
  ids: Tensor,
  config: BertConfig,
  inputs: BertInputs = {},
): Tensor {
  const { heads, activation, epsilon, positionOffset, positions } = fullBertConfig(config)
  assertShape('bert: ids', ids, [undefined, undefined])
  const [batch, sequence] = [sizeAt(ids, 0), sizeAt(ids, 1)]
  if (typeof sequence === 'number' && sequence + positionOffset > positions)
    throw new RangeError(
      `bert: ${sequence} tokens are more than the ${positions - positionOffset} it has positions for`,
    )
  const types = inputs.types ? gather(parameters.types, inputs.types) : at(parameters.types, 0, 0)
  const places = slice(parameters.positions, 0, positionOffset, addDims(sequence, positionOffset))
  const embedded = add(gather(parameters.words, ids), add(places, types))
  const mask = inputs.mask && reshape(inputs.mask, [batch, 1, 1, sequence])
  return parameters.layers.reduce(
    (states, layer) =>
      applyBlock(layer, states, { heads, norms: 'after', activation, epsilon, ...(mask && { attention: { mask } }) }),
    applyNorm(parameters.norm, embedded, epsilon),
  )
}

/** tanh of a map of the first token's state: [batch, sequence, width] → [batch, width]. */
export function bertPooler(parameters: Symbolic<BertParameters>, states: Tensor): Tensor {
  if (parameters.pooler === undefined) throw new RangeError('bert: the parameters have no pooler')
  return tanh(applyLinear(parameters.pooler, at(states, 1, 0)))
}

/**
 * The mean of the states of all tokens that are not padding, as sentence embeddings take it.
 *
 * @param states [batch, sequence, width]
 * @param mask bool [batch, sequence]
 * @param unit make each a unit vector. Default true
 * @returns [batch, width]
 */
export function meanPool(states: Tensor, mask?: Tensor, unit = true): Tensor {
  const average = mask === undefined ? mean(states, 1) : maskedMean(states, expandDims(mask, 2), 1)
  return unit ? normalize(average) : average
}

/**
 * Where each parameter lies in a BERT-style checkpoint.
 *
 * @param prefix before every name: empty in sentence-transformers checkpoints, `bert.` or `roberta.` under task heads
 */
export function bertLayout(config: BertConfig, prefix = ''): Layout<BertParameters> {
  const full = fullBertConfig(config)
  const { vocabulary, positions, types, width } = full
  const names = {
    query: 'attention.self.query',
    key: 'attention.self.key',
    value: 'attention.self.value',
    output: 'attention.output.dense',
    attentionNorm: 'attention.output.LayerNorm',
    up: 'intermediate.dense',
    down: 'output.dense',
    feedForwardNorm: 'output.LayerNorm',
  }
  const layout = {
    words: storedAs(`${prefix}embeddings.word_embeddings.weight`, [vocabulary, width]),
    positions: storedAs(`${prefix}embeddings.position_embeddings.weight`, [positions, width]),
    types: storedAs(`${prefix}embeddings.token_type_embeddings.weight`, [types, width]),
    norm: storedNorm(`${prefix}embeddings.LayerNorm`, width, true),
    layers: Array.from({ length: full.layers }, (_, index) =>
      blockLayout(`${prefix}encoder.layer.${index}.`, names, full),
    ),
  }
  return full.pooler ? { ...layout, pooler: storedLinear(`${prefix}pooler.dense`, width, width, true) } : layout
}
