import type { Random } from '../run/index.ts'
import {
  abs,
  add,
  cast,
  type Dim,
  div,
  elementCount,
  flatten,
  full,
  gather,
  greater,
  greaterOrEqual,
  linear,
  matmul,
  max,
  mean,
  min,
  mul,
  multiplyDims,
  notEqual,
  range,
  relu,
  reshape,
  type Symbolic,
  scatterAdd,
  slice,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  topK,
  value,
  where,
  withGradient,
  zeros,
} from '../tensor/index.ts'
import { type FloatType, normalValue } from './parameters.ts'
import { assertShape, sizeAt } from './shape.ts'

export interface SparseAutoencoderParameters {
  /** b [width]: subtracted before encoding, added after decoding. */
  readonly center: TensorValue
  /** W_e [features, width] and c [features] */
  readonly encoder: { readonly weight: TensorValue; readonly bias: TensorValue }
  /** W_d as [features, width]: each row is the direction of a feature, of length 1. */
  readonly dictionary: TensorValue
}

/** Rows of unit length, where they lie. Call after every update. */
export function normalizeDictionary({ dictionary }: Pick<SparseAutoencoderParameters, 'dictionary'>): void {
  const [features = 0, width = 0] = dictionary.shape
  const data = dictionary.data as Float32Array
  for (let feature = 0; feature < features; feature++) {
    const row = data.subarray(feature * width, (feature + 1) * width)
    const length = Math.sqrt(row.reduce((total, number) => total + number * number, 0))
    if (length > 0) for (let at = 0; at < width; at++) row[at] = (row[at] ?? 0) / length
  }
}

/** The median of each column of [n · width]; the mean of the middle two for an even n. */
function columnMedians(data: ArrayLike<number>, width: number): number[] {
  const count = data.length / width
  return Array.from({ length: width }, (_, column) => {
    const sorted = Float64Array.from({ length: count }, (_row, row) => data[row * width + column] ?? 0).sort()
    return ((sorted[Math.floor((count - 1) / 2)] ?? 0) + (sorted[Math.floor(count / 2)] ?? 0)) / 2
  })
}

/**
 * A dictionary of random directions of length 1, the encoder its transpose, biases 0.
 *
 * @param data [n · width], whose medians the centre starts at. Default: it starts at 0
 */
export function initSparseAutoencoder(
  random: Random,
  config: { readonly width: number; readonly features: number },
  data?: ArrayLike<number>,
  dtype: FloatType = 'float32',
): SparseAutoencoderParameters {
  const { width, features } = config
  const dictionary = normalValue(random, [features, width], 1, dtype)
  normalizeDictionary({ dictionary })
  const medians = data === undefined ? new Array<number>(width).fill(0) : columnMedians(data, width)
  return {
    center: value(dtype === 'float32' ? Float32Array.from(medians) : Float64Array.from(medians)),
    encoder: {
      weight: { ...dictionary, data: dictionary.data.slice() as TensorValue['data'] },
      bias: zeros([features], dtype),
    },
    dictionary,
  }
}

/**
 * Which activations are kept:
 *
 * - `relu`: all that are positive, for an L1 penalty;
 * - `topK`: the k largest of each row (Gao et al. 2024, arXiv 2406.04093);
 * - `batchTopK`: the k · batch largest of the whole batch (Bussmann et al. 2024, arXiv 2412.06410);
 * - `threshold`: those above a threshold, independent of the rest of the batch. What `batchTopK` is used with after
 *   training.
 */
export type SparseActivation =
  | { readonly kind: 'relu' }
  | { readonly kind: 'topK' | 'batchTopK'; readonly k: number }
  | { readonly kind: 'threshold'; readonly threshold: Tensor | number }

export interface SparseOptions {
  /** Activations of either sign, compared by size; default false: negative ones count as 0. */
  readonly signed?: boolean
}

/**
 * Activations before any are dropped: W_e (x − b) + c.
 *
 * @param x [batch, width]
 * @returns [batch, features]
 */
export function sparsePreActivations({ center, encoder }: Symbolic<SparseAutoencoderParameters>, x: Tensor): Tensor {
  assertShape('sparse autoencoder: x', x, [undefined, sizeAt(center, 0)])
  return linear(sub(x, center), encoder.weight, encoder.bias, { transposed: true })
}

/** Elements of a flattened tensor at places, zeros elsewhere: exactly as many as there are places. */
function keptAt(x: Tensor, places: Tensor): Tensor {
  const all = flatten(x)
  return reshape(scatterAdd(full([elementCount(x.shape)], 0, x.dtype), places, gather(all, places)), x.shape)
}

/** Places of the k largest of every row in the flattened tensor: [rows · k]. */
function placesByRow(sizes: Tensor, k: number): Tensor {
  const [rows, columns] = [sizeAt(sizes, 0), Number(sizeAt(sizes, 1))]
  return flatten(add(topK(sizes, k).indices, reshape(mul(range(rows), columns), [rows, 1])))
}

/**
 * The sparse code: activations with those dropped that `activation` does not keep. Of equal ones the first are kept.
 *
 * @param x [batch, width]
 * @returns z [batch, features]
 * @throws {RangeError} when k is not from 1 to the number of features
 */
export function encodeSparse(
  parameters: Symbolic<SparseAutoencoderParameters>,
  x: Tensor,
  activation: SparseActivation,
  options: SparseOptions = {},
): Tensor {
  const raw = sparsePreActivations(parameters, x)
  const active = options.signed ? raw : relu(raw)
  if (activation.kind === 'relu') return active
  const sizes = options.signed ? abs(active) : active
  if (activation.kind === 'threshold') return where(greater(sizes, activation.threshold), active, 0)
  const { k } = activation
  const features = Number(sizeAt(raw, 1))
  if (!(Number.isInteger(k) && k >= 1 && k <= features))
    throw new RangeError(`sparse autoencoder: k is ${k}, expected a whole number from 1 to ${features}`)
  if (activation.kind === 'topK') return keptAt(active, placesByRow(sizes, k))
  const total: Dim = multiplyDims(k, sizeAt(raw, 0))
  return keptAt(active, topK(flatten(sizes), total).indices)
}

/** The dictionary with a gradient that only turns its rows: what would change their lengths is taken out. */
function turning(dictionary: Tensor): Tensor {
  return withGradient(dictionary, [dictionary], (gradient) => {
    const along = div(
      sum(mul(gradient, dictionary), -1, { keepDims: true }),
      sum(square(dictionary), -1, { keepDims: true }),
    )
    return [sub(gradient, mul(along, dictionary))]
  })
}

/**
 * Reconstruction from a code: z W_d + b.
 *
 * @param z [batch, features]
 * @param prefix use only the first so many features. Default all
 * @returns [batch, width]
 */
export function decodeSparse(
  { center, dictionary }: Symbolic<SparseAutoencoderParameters>,
  z: Tensor,
  prefix?: number,
): Tensor {
  const rows = turning(dictionary)
  const product = prefix === undefined ? matmul(z, rows) : matmul(slice(z, 1, 0, prefix), slice(rows, 0, 0, prefix))
  return add(product, center)
}

/**
 * Squared error over that of predicting the batch's mean: 1 for no better, 0 for perfect. 0 for a batch without spread
 * that is met exactly, and finite for any other.
 *
 * @returns a scalar
 */
export function normalizedSquaredError(predicted: Tensor, x: Tensor): Tensor {
  const spread = mean(square(sub(x, mean(x, 0, { keepDims: true }))))
  return div(mean(square(sub(predicted, x))), add(spread, 1e-12))
}

export interface SparseLossOptions extends SparseOptions {
  /** Numbers of leading features that must reconstruct on their own, as [8, 32] (Matryoshka). Default: all only. */
  readonly prefixes?: readonly number[]
  /** Weight of the mean over rows of Σ|z|. Default 0. */
  readonly l1?: number
  /** bool [features]: those that have been silent for long. They learn to reconstruct what is left. Default none. */
  readonly dead?: Tensor
  /** Weight of that. Default 1/32. */
  readonly deadWeight?: number
  /** How many dead features help each row. Default 2 · k, at most all. */
  readonly deadCount?: number
}

export interface SparseLoss {
  /** Scalar to minimise. */
  readonly loss: Tensor
  /** [batch, features] */
  readonly z: Tensor
  /** Scalar: normalised squared error of all features together. */
  readonly error: Tensor
  /** Scalar: the smallest |z| that is not 0, for `movingThreshold`. */
  readonly smallest: Tensor
  /** bool [features]: active anywhere in the batch, for `trackSilence`. */
  readonly active: Tensor
}

/**
 * The training loss of a sparse autoencoder: mean normalised error over prefixes, an L1 penalty where asked, and the
 * auxiliary loss that wakes dead features (arXiv 2406.04093, appendix A.2; settings of arXiv 2510.26202).
 *
 * @param x [batch, width]
 */
export function sparseLoss(
  parameters: Symbolic<SparseAutoencoderParameters>,
  x: Tensor,
  activation: SparseActivation,
  options: SparseLossOptions = {},
): SparseLoss {
  const z = encodeSparse(parameters, x, activation, options)
  const features = Number(sizeAt(z, 1))
  const whole = decodeSparse(parameters, z)
  const error = normalizedSquaredError(whole, x)
  const prefixes = options.prefixes ?? [features]
  const errors = prefixes.map((prefix) => {
    if (!(Number.isInteger(prefix) && prefix >= 1 && prefix <= features))
      throw new RangeError(`sparse autoencoder: a prefix is ${prefix}, expected a whole number from 1 to ${features}`)
    return prefix === features ? error : normalizedSquaredError(decodeSparse(parameters, z, prefix), x)
  })
  let loss = div(
    errors.reduce((total, part) => add(total, part)),
    errors.length,
  )
  if (options.l1) loss = add(loss, mul(mean(sum(abs(z), -1)), options.l1))
  if (options.dead) {
    const count = options.deadCount ?? Math.min(features, 2 * ('k' in activation ? activation.k : features))
    const raw = sparsePreActivations(parameters, x)
    const sizes = where(options.dead, options.signed ? abs(raw) : relu(raw), -1)
    const helping = mul(
      keptAt(raw, placesByRow(sizes, Math.min(features, count))),
      cast(greaterOrEqual(sizes, 0), x.dtype),
    )
    const left = stopGradient(sub(x, whole))
    const helped = matmul(options.signed ? helping : relu(helping), turning(parameters.dictionary))
    loss = add(loss, mul(normalizedSquaredError(helped, left), options.deadWeight ?? 1 / 32))
  }
  const used = notEqual(z, 0)
  return {
    loss,
    z,
    error,
    smallest: min(where(used, abs(z), 3e38)),
    active: greater(max(cast(used, x.dtype), 0), 0),
  }
}

/** θ ← decay · θ + (1 − decay) · smallest: the threshold that `batchTopK` is replaced by after training. */
export function movingThreshold(threshold: number, smallest: number, decay = 0.99): number {
  return decay * threshold + (1 - decay) * smallest
}

/**
 * Counts the steps for which each feature has been silent, where the counts lie.
 *
 * @param silent [features]
 * @param active [features] of a batch
 */
export function trackSilence(silent: Int32Array, active: ArrayLike<number | bigint>): void {
  for (const [feature, steps] of silent.entries()) silent[feature] = Number(active[feature]) > 0 ? 0 : steps + 1
}
