import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Random } from '../../run/index.ts'
import {
  add,
  at,
  broadcastTo,
  concat,
  linear,
  openSafetensors,
  reshape,
  type Symbolic,
  type Tensor,
  type TensorValue,
  transpose,
  zeros,
} from '../../tensor/index.ts'
import { type Layout, readParameters, storedAs, storedLinear, storedNorm } from '../checkpoint.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import type { Activation } from '../mlp.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'
import { parseActivation } from './bert-config.ts'
import { applyBlock, applyNorm, type BlockParameters, blockLayout, initBlock } from './block.ts'

/** Sizes and variants of a vision transformer. */
export interface VisionConfig {
  /** Pixels along each side of the picture. */
  readonly size: number
  /** Pixels along each side of a patch; divides the size. */
  readonly patch: number
  /** Default 3. */
  readonly channels?: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly hidden: number
  /** Default `gelu`. */
  readonly activation?: Activation
  /** Added to variances in normalisation. Default 1e-6. */
  readonly epsilon?: number
  /** Bias of the patch map. Default true. */
  readonly patchBias?: boolean
  /** A norm before the first layer, as CLIP has. Default false. */
  readonly normBefore?: boolean
  /** Outputs of a linear head on the class token. Default none. */
  readonly labels?: number
}

export type FullVisionConfig = Required<Omit<VisionConfig, 'labels'>> & Pick<VisionConfig, 'labels'>

/** Fills in defaults and checks that the sizes fit. @throws {RangeError} naming the size that does not */
export function fullVisionConfig(config: VisionConfig): FullVisionConfig {
  for (const name of ['size', 'patch', 'width', 'layers', 'heads', 'hidden'] as const)
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw new RangeError(`vision: ${name} is ${config[name]}, expected a whole number of at least 1`)
  if (config.size % config.patch !== 0)
    throw new RangeError(`vision: patches of ${config.patch} pixels do not divide pictures of ${config.size}`)
  if (config.width % config.heads !== 0)
    throw new RangeError(`vision: width ${config.width} does not divide by ${config.heads} heads`)
  return { channels: 3, activation: 'gelu', epsilon: 1e-6, patchBias: true, normBefore: false, ...config }
}

export interface VisionParameters {
  readonly patch: {
    /** [width, channels, patch, patch] */
    readonly weight: TensorValue
    /** [width] */
    readonly bias?: TensorValue
  }
  /** [width] */
  readonly classToken: TensorValue
  /** [1 + patches, width]; the class token first, then patches row by row. */
  readonly positions: TensorValue
  readonly normBefore?: NormParameters
  readonly layers: readonly BlockParameters[]
  readonly norm: NormParameters
  /** [labels, width] */
  readonly head?: LinearParameters
}

function placesOf({ size, patch }: FullVisionConfig): number {
  return 1 + (size / patch) ** 2
}

/** Fresh parameters: normal with standard deviation 0.02, biases 0, norms 1. */
export function initVision(random: Random, config: VisionConfig, dtype: FloatType = 'float32'): VisionParameters {
  const full = fullVisionConfig(config)
  const { width, channels, patch, labels } = full
  const weight = normalValue(random, [width, channels, patch, patch], 0.02, dtype)
  return {
    patch: full.patchBias ? { weight, bias: zeros([width], dtype) } : { weight },
    classToken: normalValue(random, [width], 0.02, dtype),
    positions: normalValue(random, [placesOf(full), width], 0.02, dtype),
    ...(full.normBefore && { normBefore: initNorm(width, true, dtype) }),
    layers: Array.from({ length: full.layers }, () => initBlock(random, full, dtype)),
    norm: initNorm(width, true, dtype),
    ...(labels !== undefined && { head: initLinear(random, width, labels, { deviation: 0.02, dtype }) }),
  }
}

/** Pictures as rows of patches: [batch, channels, size, size] → [batch, patches, channels · patch · patch]. */
function patchesOf(pixels: Tensor, { size, patch, channels }: FullVisionConfig): Tensor {
  const along = size / patch
  const apart = reshape(pixels, [sizeAt(pixels, 0), channels, along, patch, along, patch])
  return reshape(transpose(apart, [0, 2, 4, 1, 3, 5]), [sizeAt(pixels, 0), along * along, channels * patch * patch])
}

/**
 * A vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929): patches mapped to states, a class token before them,
 * learned positions, layers with norms before their parts.
 *
 * @param pixels [batch, channels, size, size], normalised as the checkpoint wants it
 * @returns states after the last norm, [batch, 1 + patches, width]; the class token's are first
 */
export function applyVision(parameters: Symbolic<VisionParameters>, pixels: Tensor, config: VisionConfig): Tensor {
  const full = fullVisionConfig(config)
  const { width, heads, activation, epsilon, channels, size, patch } = full
  assertShape('vision: pixels', pixels, [undefined, channels, size, size])
  const weight = reshape(parameters.patch.weight, [width, channels * patch * patch])
  const patches = linear(patchesOf(pixels, full), weight, parameters.patch.bias, { transposed: true })
  const first = broadcastTo(parameters.classToken, [sizeAt(pixels, 0), 1, width])
  const placed = add(concat([first, patches], 1), parameters.positions)
  const start = parameters.normBefore ? applyNorm(parameters.normBefore, placed, epsilon) : placed
  const states = parameters.layers.reduce(
    (hidden, layer) => applyBlock(layer, hidden, { heads, norms: 'before', activation, epsilon }),
    start,
  )
  return applyNorm(parameters.norm, states, epsilon)
}

/** Scores of labels from states: [batch, 1 + patches, width] → [batch, labels]. */
export function visionHead(parameters: Symbolic<VisionParameters>, states: Tensor): Tensor {
  if (parameters.head === undefined) throw new RangeError('vision: the parameters have no head')
  return applyLinear(parameters.head, at(states, 1, 0))
}

/** Where each parameter lies in a ViT checkpoint (`google/vit-…` and its kin). */
export function visionLayout(config: VisionConfig, prefix = 'vit.'): Layout<VisionParameters> {
  const full = fullVisionConfig(config)
  const { width, channels, patch, labels } = full
  const names = {
    query: 'attention.attention.query',
    key: 'attention.attention.key',
    value: 'attention.attention.value',
    output: 'attention.output.dense',
    attentionNorm: 'layernorm_before',
    up: 'intermediate.dense',
    down: 'output.dense',
    feedForwardNorm: 'layernorm_after',
  }
  const at = `${prefix}embeddings`
  const weight = storedAs(`${at}.patch_embeddings.projection.weight`, [width, channels, patch, patch])
  return {
    patch: full.patchBias ? { weight, bias: storedAs(`${at}.patch_embeddings.projection.bias`, [width]) } : { weight },
    classToken: storedAs(`${at}.cls_token`, [1, 1, width], [width]),
    positions: storedAs(`${at}.position_embeddings`, [1, placesOf(full), width], [placesOf(full), width]),
    layers: Array.from({ length: full.layers }, (_, index) =>
      blockLayout(`${prefix}encoder.layer.${index}.`, names, full),
    ),
    norm: storedNorm(`${prefix}layernorm`, width, true),
    ...(labels !== undefined && { head: storedLinear('classifier', width, labels, true) }),
  }
}

const fileSchema = z.object({
  model_type: z.literal('vit'),
  image_size: z.int(),
  patch_size: z.int(),
  num_channels: z.int().default(3),
  hidden_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  intermediate_size: z.int(),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().default(1e-12),
  qkv_bias: z.literal(true).default(true),
})

/** Loads a ViT checkpoint folder: `config.json` and `model.safetensors`; the classifier too where there is one. */
export async function loadVision(
  folder: string,
  dtype: FloatType = 'float32',
): Promise<{ readonly config: FullVisionConfig; readonly parameters: VisionParameters }> {
  const file = fileSchema.parse(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
  const checkpoint = await openSafetensors(folder)
  const [labels] = checkpoint.names.includes('classifier.weight') ? checkpoint.shape('classifier.weight') : []
  const config = fullVisionConfig({
    size: file.image_size,
    patch: file.patch_size,
    channels: file.num_channels,
    width: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    hidden: file.intermediate_size,
    activation: parseActivation(file.hidden_act),
    epsilon: file.layer_norm_eps,
    ...(labels !== undefined && { labels }),
  })
  const prefix = checkpoint.names.includes('embeddings.cls_token') ? '' : 'vit.'
  return { config, parameters: await readParameters<VisionParameters>(checkpoint, visionLayout(config, prefix), dtype) }
}
