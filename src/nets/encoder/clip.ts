import type { Random } from '../../run/index.ts'
import {
  add,
  argMax,
  at,
  cast,
  equal,
  exp,
  gather,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normalize,
  range,
  reshape,
  type Symbolic,
  sizeTensor,
  slice,
  sum,
  type Tensor,
  type TensorValue,
  transpose,
  value,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import type { Activation } from '../mlp.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { assertShape, rowsOf, sizeAt } from '../shape.ts'
import { applyBlock, applyNorm, type BlockParameters, initBlock } from './block.ts'
import { applyVision, fullVisionConfig, initVision, type VisionConfig, type VisionParameters } from './vision.ts'

/** Sizes and variants of CLIP's text encoder. */
export interface ClipTextConfig {
  readonly vocabulary: number
  /** Most tokens. */
  readonly positions: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly hidden: number
  /** Default `quickGelu`. */
  readonly activation?: Activation
  /** Added to variances in normalisation. Default 1e-5. */
  readonly epsilon?: number
  /** The token whose state stands for the text; its first place counts. */
  readonly end: number
}

export interface ClipConfig {
  readonly text: ClipTextConfig
  readonly vision: VisionConfig
  /** Features that texts and pictures share. */
  readonly shared: number
}

export interface ClipTextParameters {
  /** [vocabulary, width] */
  readonly words: TensorValue
  /** [positions, width] */
  readonly positions: TensorValue
  readonly layers: readonly BlockParameters[]
  readonly norm: NormParameters
}

export interface ClipParameters {
  readonly text: ClipTextParameters
  readonly vision: VisionParameters
  /** [shared, text width] */
  readonly textMap: LinearParameters
  /** [shared, vision width] */
  readonly visionMap: LinearParameters
  /** Scalar: the logarithm of the factor on cosines. */
  readonly logScale: TensorValue
}

/** The vision configuration with what CLIP does differently. */
function visionOf({ vision }: ClipConfig): VisionConfig {
  return fullVisionConfig({
    activation: 'quickGelu',
    epsilon: 1e-5,
    ...vision,
    patchBias: false,
    normBefore: true,
  })
}

/** Fresh parameters: normal with standard deviation 0.02, biases 0, norms 1, and a scale of 1/0.07. */
export function initClip(random: Random, config: ClipConfig, dtype: FloatType = 'float32'): ClipParameters {
  const { text, vision, shared } = config
  const map = (inputs: number): LinearParameters =>
    initLinear(random, inputs, shared, { bias: false, deviation: inputs ** -0.5, dtype })
  const start = Math.log(1 / 0.07)
  return {
    text: {
      words: normalValue(random, [text.vocabulary, text.width], 0.02, dtype),
      positions: normalValue(random, [text.positions, text.width], 0.01, dtype),
      layers: Array.from({ length: text.layers }, () => initBlock(random, text, dtype)),
      norm: initNorm(text.width, true, dtype),
    },
    vision: initVision(random, visionOf(config), dtype),
    textMap: map(text.width),
    visionMap: map(vision.width),
    logScale: value(dtype === 'float32' ? Float32Array.of(start) : Float64Array.of(start), []),
  }
}

/**
 * States of CLIP's text encoder, a causal transformer.
 *
 * @param ids int64 [batch, sequence]
 * @returns [batch, sequence, width]
 */
export function applyClipText(parameters: Symbolic<ClipTextParameters>, ids: Tensor, config: ClipTextConfig): Tensor {
  assertShape('clip: ids', ids, [undefined, undefined])
  const { heads, activation = 'quickGelu', epsilon = 1e-5, positions } = config
  const sequence = sizeAt(ids, 1)
  if (typeof sequence === 'number' && sequence > positions)
    throw new RangeError(`clip: ${sequence} tokens are more than the ${positions} it has positions for`)
  const embedded = add(gather(parameters.words, ids), slice(parameters.positions, 0, 0, sequence))
  const states = parameters.layers.reduce(
    (hidden, layer) =>
      applyBlock(layer, hidden, { heads, norms: 'before', activation, epsilon, attention: { causal: true } }),
    embedded,
  )
  return applyNorm(parameters.norm, states, epsilon)
}

/**
 * Unit vectors of texts: [batch, shared].
 *
 * @param ids int64 [batch, sequence]; what follows the end token makes no difference
 */
export function clipTexts(parameters: Symbolic<ClipParameters>, ids: Tensor, config: ClipConfig): Tensor {
  const states = applyClipText(parameters.text, ids, config.text)
  const [batch, sequence] = [sizeAt(ids, 0), sizeAt(ids, 1)]
  const ends = argMax(cast(equal(ids, config.text.end), 'float32'), 1)
  const places = add(mul(range(batch), sizeTensor(sequence, 'int64')), ends)
  return normalize(applyLinear(parameters.textMap, gather(rowsOf(states), places)))
}

/**
 * Unit vectors of pictures: [batch, shared].
 *
 * @param pixels [batch, channels, size, size]
 */
export function clipImages(parameters: Symbolic<ClipParameters>, pixels: Tensor, config: ClipConfig): Tensor {
  const states = applyVision(parameters.vision, pixels, visionOf(config))
  return normalize(applyLinear(parameters.visionMap, at(states, 1, 0)))
}

/** Scaled cosines of pictures and texts (Radford et al. 2021, arXiv 2103.00020): [pictures, texts]. */
export function clipLogits(parameters: Symbolic<ClipParameters>, images: Tensor, texts: Tensor): Tensor {
  return mul(matmul(images, texts, { transposeB: true }), exp(parameters.logScale))
}

/**
 * The symmetric contrastive loss: each picture's own text against all texts, and each text's own picture against all
 * pictures.
 *
 * @param logits [pairs, pairs], picture i belonging to text i
 * @returns a scalar
 */
export function clipLoss(logits: Tensor): Tensor {
  const pairs = sizeAt(logits, 0)
  assertShape('clipLoss: logits', logits, [pairs, pairs])
  const own = cast(equal(reshape(range(pairs), [-1, 1]), range(pairs)), logits.dtype)
  const aimed = (scores: Tensor): Tensor => neg(mean(sum(mul(logSoftmax(scores), own), -1)))
  return mul(add(aimed(logits), aimed(transpose(logits))), 0.5)
}
