import { applyLinear, initLinear, type LinearParameters } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  at,
  dimAt,
  divideDims,
  matmul,
  mul,
  normalize,
  reshape,
  type Symbolic,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../../tensor/index.ts'

export interface AntisymmetricHeadOptions {
  /** d, even: half as many cycles can be told apart. */
  readonly dimensions: number
  /** Embeddings of length 1. Default true. */
  readonly normalized?: boolean
  /** Columns of context features that scale the blocks; 0 for scales of 1. Default 0. */
  readonly contextWidth?: number
}

export interface AntisymmetricHeadParameters {
  /** [d, width], no bias */
  readonly embedding: LinearParameters
  /** [d/2, contextWidth], no bias, where contexts scale the blocks. */
  readonly scales?: LinearParameters
}

/**
 * A head that embeds each row, to be compared by an antisymmetric form, which can hold cycles. The weights start normal
 * with standard deviation 1/√(width + 1): the form has no slope at zero.
 *
 * @throws {RangeError} when the number of dimensions is odd or below 2
 */
export function initAntisymmetricHead(
  random: Random,
  width: number,
  { dimensions, contextWidth = 0 }: AntisymmetricHeadOptions,
): AntisymmetricHeadParameters {
  if (!Number.isInteger(dimensions) || dimensions < 2 || dimensions % 2 !== 0)
    throw new RangeError(`antisymmetric head: dimensions is ${dimensions}, expected an even number of at least 2`)
  const map = (inputs: number, outputs: number): LinearParameters =>
    initLinear(random, inputs, outputs, { bias: false, deviation: (inputs + 1) ** -0.5 })
  const embedding = map(width, dimensions)
  return contextWidth === 0 ? { embedding } : { embedding, scales: map(contextWidth, dimensions / 2) }
}

/**
 * Preference embeddings.
 *
 * @param features [..., width]
 * @returns [..., d]
 */
export function embedAntisymmetric(
  parameters: Symbolic<AntisymmetricHeadParameters>,
  features: Tensor,
  { normalized = true }: Pick<AntisymmetricHeadOptions, 'normalized'> = {},
): Tensor {
  const embedded = applyLinear(parameters.embedding, features)
  return normalized ? normalize(embedded) : embedded
}

/**
 * How much each block counts in a context: softmax(W c)·d/2, so that their mean is 1.
 *
 * @param context [..., contextWidth]
 * @returns [..., d/2]; undefined where the head has no scales
 */
export function antisymmetricScales(
  parameters: Symbolic<AntisymmetricHeadParameters>,
  context: Tensor | undefined,
): Tensor | undefined {
  if (parameters.scales === undefined) return undefined
  if (context === undefined)
    throw new RangeError('antisymmetric head: its blocks are scaled by a context, none is given')
  const logits = applyLinear(parameters.scales, context)
  return mul(softmax(logits), Number(dimAt(logits.shape, -1)))
}

/** The two coordinates of every block: [..., d/2] each. */
function blocks(v: Tensor): readonly [Tensor, Tensor] {
  const half = divideDims(dimAt(v.shape, -1), 2)
  if (half === undefined) throw new RangeError(`embeddings have ${v.shape.at(-1)} columns, expected an even number`)
  const paired = reshape(v, [...v.shape.slice(0, -1), half, 2])
  return [at(paired, -1, 0), at(paired, -1, 1)]
}

/**
 * s(a ≻ b) = Σ_l λ_l (a_{2l} b_{2l+1} − a_{2l+1} b_{2l}): its own negative when a and b change places, to the last bit,
 * and 0 for a against itself.
 *
 * @param a [..., d]
 * @param b [..., d]
 * @param scales λ, [..., d/2]. Default 1
 * @returns [...]
 * @see Zhang et al. (2024), arXiv 2410.02197
 * @example
 * await evaluate(({ a, b }) => antisymmetricScore(a, b), { a: [[1, 0]], b: [[0, 1]] }) // [1]
 */
export function antisymmetricScore(a: Tensor, b: Tensor, scales?: Tensor): Tensor {
  const [a0, a1] = blocks(a)
  const [b0, b1] = blocks(b)
  const turned = sub(mul(a0, b1), mul(a1, b0))
  return sum(scales === undefined ? turned : mul(turned, scales), -1)
}

/**
 * All scores among candidates of one context: S[i][j] = s(i ≻ j), antisymmetric.
 *
 * @param v [..., candidates, d]
 * @param scales λ, [..., d/2]. Default 1
 * @returns [..., candidates, candidates]
 */
export function antisymmetricScores(v: Tensor, scales?: Tensor): Tensor {
  const [first, second] = blocks(v)
  const scaled =
    scales === undefined
      ? first
      : mul(first, reshape(scales, [...scales.shape.slice(0, -1), 1, dimAt(scales.shape, -1)]))
  const forward = matmul(scaled, second, { transposeB: true })
  const axes = forward.shape.map((_, axis) => axis)
  return sub(forward, transpose(forward, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]))
}
