import {
  add,
  attention,
  constant,
  type Dim,
  gather,
  type RotaryTables,
  reshape,
  rmsNorm,
  rotary,
  type Symbolic,
  slice,
  type Tensor,
  transpose,
  zeros,
} from '../../tensor/index.ts'
import { linearCrossEntropy, weightedMean } from '../cross-entropy.ts'
import { applyLinear } from '../linear.ts'
import { assertShape, rowsOf, sizeAt } from '../shape.ts'
import { type DecoderConfig, type FullDecoderConfig, fullDecoderConfig } from './config.ts'
import type { DecoderLayerParameters, DecoderParameters } from './parameters.ts'
import { rotaryAngles } from './rotary-angles.ts'
import { swiGlu } from './swiglu.ts'

export interface DecoderInputs {
  /**
   * int64 [batch, sequence], the place of each token, all below `sequence`. Default: 0, 1, …, for every row. Needed with
   * padding on the left.
   */
  readonly positions?: Tensor
  /** bool [batch, sequence]: which tokens may be attended to. Default all. */
  readonly mask?: Tensor
}

/** What the attention of one layer does with its heads: [batch, heads, sequence, headWidth] each, before positions. */
export type Attend = (query: Tensor, key: Tensor, value: Tensor, layer: number) => Tensor

/** Rows as heads: [batch · sequence, heads · headWidth] → [batch, heads, sequence, headWidth]. */
function headsOf(rows: Tensor, batch: Dim, sequence: Dim, heads: number, headWidth: number): Tensor {
  return transpose(reshape(rows, [batch, sequence, heads, headWidth]), [0, 2, 1, 3])
}

/** One layer on rows [batch · sequence, width]. */
function applyLayer(
  parameters: Symbolic<DecoderLayerParameters>,
  rows: Tensor,
  [batch, sequence]: readonly [Dim, Dim],
  layer: number,
  config: FullDecoderConfig,
  attend: Attend,
): Tensor {
  const { heads, keyHeads, headWidth, epsilon } = config
  const normal = rmsNorm(rows, { scale: parameters.attentionNorm.weight, epsilon })
  const query = headsOf(applyLinear(parameters.query, normal), batch, sequence, heads, headWidth)
  const key = headsOf(applyLinear(parameters.key, normal), batch, sequence, keyHeads, headWidth)
  const value = headsOf(applyLinear(parameters.value, normal), batch, sequence, keyHeads, headWidth)
  const attended = rowsOf(reshape(transpose(attend(query, key, value, layer), [0, 2, 1, 3]), [-1, heads * headWidth]))
  const between = add(rows, applyLinear(parameters.output, attended))
  const inner = rmsNorm(between, { scale: parameters.feedForwardNorm.weight, epsilon })
  const gated = swiGlu(applyLinear(parameters.gate, inner), applyLinear(parameters.up, inner))
  return add(between, applyLinear(parameters.down, gated))
}

/** All layers and the last norm, with attention done by `attend`: ids [batch, sequence] → rows [batch · sequence, width]. */
export function decoderRows(
  parameters: Symbolic<DecoderParameters>,
  ids: Tensor,
  config: FullDecoderConfig,
  attend: Attend,
): Tensor {
  assertShape('decoder: ids', ids, [undefined, undefined])
  const size = [sizeAt(ids, 0), sizeAt(ids, 1)] as const
  const embedded = gather(parameters.embedding, reshape(ids, [-1]))
  const rows = parameters.layers.reduce(
    (hidden, layer, index) => applyLayer(layer, hidden, size, index, config, attend),
    embedded,
  )
  return rmsNorm(rows, { scale: parameters.norm.weight, epsilon: config.epsilon })
}

/** Attention over the sequence itself. */
function attendWithin(ids: Tensor, inputs: DecoderInputs, config: FullDecoderConfig, dtype: Tensor['dtype']): Attend {
  const sequence = sizeAt(ids, 1)
  const tables: RotaryTables = rotaryAngles(sequence, config, dtype)
  const positions = inputs.positions ?? constant(zeros([1], 'int64'))
  const mask = inputs.mask && reshape(inputs.mask, [sizeAt(ids, 0), 1, 1, sequence])
  return (query, key, value, layer) => {
    const window = config.windows[layer]
    return attention(rotary(query, tables, positions), rotary(key, tables, positions), value, {
      causal: true,
      ...(window !== undefined && { window }),
      ...(mask && { mask }),
    })
  }
}

/**
 * States after the last norm, as reward heads and probes read them.
 *
 * @param ids int64 [batch, sequence]
 * @returns [batch, sequence, width]
 */
export function decoderStates(
  parameters: Symbolic<DecoderParameters>,
  ids: Tensor,
  config: DecoderConfig,
  inputs: DecoderInputs = {},
): Tensor {
  const full = fullDecoderConfig(config)
  const attend = attendWithin(ids, inputs, full, parameters.embedding.dtype)
  return reshape(decoderRows(parameters, ids, full, attend), [...ids.shape, full.width])
}

/** Scores of all tokens from states: [..., width] → [..., vocabulary]. */
export function decoderHead(parameters: Symbolic<DecoderParameters>, states: Tensor): Tensor {
  return applyLinear(parameters.head ?? { weight: parameters.embedding }, states)
}

/**
 * A causal transformer of the Llama family (arXiv 2302.13971): RMS norms before each part, rotary positions, grouped
 * key heads, SwiGLU, and an own or tied head.
 *
 * @param ids int64 [batch, sequence]
 * @returns logits of the next token at every position, [batch, sequence, vocabulary]
 * @example
 * const config = { vocabulary: 256, width: 64, layers: 2, heads: 4, hidden: 172 }
 * const parameters = initDecoder(seeded(1), config)
 * const logits = await compile(({ ids }, p) => applyDecoder(p, ids, config), {
 *   inputs: { ids: spec(['batch', 'sequence'], 'int64') },
 *   parameters,
 * })
 */
export function applyDecoder(
  parameters: Symbolic<DecoderParameters>,
  ids: Tensor,
  config: DecoderConfig,
  inputs: DecoderInputs = {},
): Tensor {
  return decoderHead(parameters, decoderStates(parameters, ids, config, inputs))
}

/**
 * Mean negative log-likelihood of each next token, in nats: language modelling.
 *
 * @param ids int64 [batch, sequence + 1]: inputs and, moved by one, targets
 * @param weights [batch, sequence], of the predicted tokens; 0 leaves one out. Default: all equal
 * @returns a scalar
 */
export function decoderLoss(
  parameters: Symbolic<DecoderParameters>,
  ids: Tensor,
  config: DecoderConfig,
  inputs: DecoderInputs & { readonly weights?: Tensor } = {},
): Tensor {
  const read = slice(ids, 1, 0, -1)
  const targets = reshape(slice(ids, 1, 1), [-1])
  const states = rowsOf(decoderStates(parameters, read, config, inputs))
  const head = parameters.head ?? { weight: parameters.embedding }
  if (head.lora !== undefined || head.bias !== undefined)
    throw new RangeError('decoderLoss: the head has a bias or a low-rank addition; merge it, or take applyDecoder')
  return weightedMean(linearCrossEntropy(states, head.weight, targets), inputs.weights && reshape(inputs.weights, [-1]))
}
