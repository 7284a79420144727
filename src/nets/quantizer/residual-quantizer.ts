import type { Random } from '../../run/index.ts'
import {
  add,
  addAll,
  argMin,
  at,
  div,
  gather,
  matmul,
  mean,
  mul,
  type Symbolic,
  square,
  stack,
  stopGradient,
  straightThrough,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'
import { balancedKMeans, kMeans, nearestCentroids, type Points } from './k-means.ts'

export interface ResidualQuantizerParameters {
  /** One codebook a level: [codes, width]. */
  readonly codebooks: readonly TensorValue[]
}

export interface ResidualQuantizerConfig {
  readonly width: number
  /** Default 3. */
  readonly levels?: number
  /** Of each level. Default 256. */
  readonly codes?: number
}

/** Codebooks normal with deviation 1/√width; better ones come from data, see `fitResidualQuantizer`. */
export function initResidualQuantizer(
  random: Random,
  config: ResidualQuantizerConfig,
  dtype: FloatType = 'float32',
): ResidualQuantizerParameters {
  const { width, levels = 3, codes = 256 } = config
  return {
    codebooks: Array.from({ length: levels }, () => normalValue(random, [codes, width], 1 / Math.sqrt(width), dtype)),
  }
}

export interface FitOptions extends ResidualQuantizerConfig {
  /** `k-means` from k-means++ (default), or `balanced` clusters of equal size. */
  readonly clustering?: 'k-means' | 'balanced'
  /** Of the clustering of each level. Default 50. */
  readonly maxIterations?: number
}

export interface FittedQuantizer {
  readonly parameters: ResidualQuantizerParameters
  /** [n · levels]: each point's codes as they were assigned; under `balanced` not always the nearest. */
  readonly codes: Int32Array
  /** Mean squared length of what each level leaves, from before the first to after the last: levels + 1 numbers. */
  readonly residuals: readonly number[]
}

/**
 * Codebooks level by level from points: the centroids of the points, then of what is left of them, and so on. Serves as
 * the codes of a catalogue or as the start of a trained quantiser.
 *
 * @param points [n · width], row by row
 * @throws {RangeError} when there are fewer points than codes
 */
export function fitResidualQuantizer(points: Points, random: Random, options: FitOptions): FittedQuantizer {
  const { width, levels = 3, codes = 256, clustering = 'k-means', maxIterations = 50 } = options
  const count = points.length / width
  const left = Float64Array.from(points)
  const found = new Int32Array(count * levels)
  const squares = (): number => left.reduce((total, number) => total + number * number, 0) / count
  const residuals = [squares()]
  const codebooks: TensorValue[] = []
  for (let level = 0; level < levels; level++) {
    const cluster = clustering === 'balanced' ? balancedKMeans : kMeans
    const { centroids, assignment } = cluster(left, width, codes, random.fork(level), { maxIterations })
    codebooks.push(value(points instanceof Float32Array ? Float32Array.from(centroids) : centroids, [codes, width]))
    for (const [point, code] of assignment.entries()) {
      found[point * levels + level] = code
      for (let i = 0; i < width; i++) (left[point * width + i] as number) -= centroids[code * width + i] ?? 0
    }
    residuals.push(squares())
  }
  return { parameters: { codebooks }, codes: found, residuals }
}

/**
 * The codes of points: the nearest at each level, of what the levels before left.
 *
 * @param points [n · width]
 * @returns [n · levels]
 */
export function encodeResidual({ codebooks }: ResidualQuantizerParameters, points: Points): Int32Array {
  const levels = codebooks.length
  const width = codebooks[0]?.shape[1] ?? 1
  if (points.length % width !== 0)
    throw new RangeError(`encodeResidual: ${points.length} numbers do not make points of width ${width}`)
  const left = Float64Array.from(points)
  const codes = new Int32Array((points.length / width) * levels)
  for (const [level, codebook] of codebooks.entries()) {
    const book = codebook.data as Float32Array | Float64Array
    const { assignment } = nearestCentroids(left, book, width)
    for (const [point, code] of assignment.entries()) {
      codes[point * levels + level] = code
      for (let i = 0; i < width; i++) (left[point * width + i] as number) -= book[code * width + i] ?? 0
    }
  }
  return codes
}

export interface Quantized {
  /** [batch, width]: the sum of the chosen codes; its gradient goes to x as it is. */
  readonly quantized: Tensor
  /** int64 [batch, levels] */
  readonly codes: Tensor
  /** Scalar: mean over levels of the mean square of code less residual; moves the codes alone. */
  readonly codebookLoss: Tensor
  /** Scalar: the same number; moves x alone. */
  readonly commitmentLoss: Tensor
  /** [levels][batch, width]: what each level was given, for reviving dead codes. */
  readonly residuals: readonly Tensor[]
}

/**
 * Residual vector quantisation (Lee et al. 2022, arXiv 2203.01941; van den Oord et al. 2017 for the losses): at each
 * level the nearest code to what is left, which the next level gets less that code. Train on
 * `codebookLoss + β · commitmentLoss`, β usually 0.25.
 *
 * @param x [batch, width]
 */
export function applyResidualQuantizer({ codebooks }: Symbolic<ResidualQuantizerParameters>, x: Tensor): Quantized {
  const [first] = codebooks
  if (first === undefined) throw new RangeError('residual quantiser: it has no codebooks')
  assertShape('residual quantiser: x', x, [undefined, sizeAt(first, 1)])
  let left = x
  const chosen: Tensor[] = []
  const codes: Tensor[] = []
  const residuals: Tensor[] = []
  const towardsCodes: Tensor[] = []
  const towardsX: Tensor[] = []
  for (const codebook of codebooks) {
    // |r − e|² less |r|², which is the same for every code.
    const lengths = sum(square(codebook), -1)
    const code = argMin(sub(lengths, mul(matmul(left, codebook, { transposeB: true }), 2)), -1)
    const nearest = gather(codebook, code)
    residuals.push(left)
    codes.push(code)
    chosen.push(nearest)
    towardsCodes.push(mean(square(sub(stopGradient(left), nearest))))
    towardsX.push(mean(square(sub(left, stopGradient(nearest)))))
    // Each level's codes answer for their own residual only.
    left = sub(left, stopGradient(nearest))
  }
  return {
    quantized: straightThrough(addAll(chosen), x),
    codes: stack(codes, 1),
    codebookLoss: div(addAll(towardsCodes), codebooks.length),
    commitmentLoss: div(addAll(towardsX), codebooks.length),
    residuals,
  }
}

/**
 * The sums of the codes that ids name.
 *
 * @param codes int64 [..., levels]
 * @returns [..., width]
 */
export function decodeResidual({ codebooks }: Symbolic<ResidualQuantizerParameters>, codes: Tensor): Tensor {
  if (codes.shape.at(-1) !== codebooks.length)
    throw new RangeError(
      `residual quantiser: codes are [${codes.shape.join(', ')}], expected [..., ${codebooks.length}]`,
    )
  return codebooks
    .map((codebook, level) => gather(codebook, at(codes, -1, level)))
    .reduce((total, part) => add(total, part))
}
