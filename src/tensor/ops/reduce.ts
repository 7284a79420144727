import { type Dim, elementCount, type Shape } from '../graph/dimension.ts'
import { applyOne, inputAt, type Op, scalar, type Tensor } from '../graph/tensor.ts'
import { add, asFloat, div, mul, sub } from './arithmetic.ts'
import { and, equal, isInfinite, less, where } from './compare.ts'
import { exp, sqrt, square } from './elementwise.ts'
import { broadcastTo, cast, type ReduceOptions, reducedShape, reductionAxes, reshape, sum } from './layout.ts'

interface ReductionAttributes {
  readonly [name: string]: readonly number[] | boolean
  readonly axes: readonly number[]
  readonly keepDims: boolean
}

function reduction(
  name: string,
  onnx: string,
  vjp: (x: Tensor, kept: Tensor, gradient: Tensor, axes: readonly number[]) => Tensor,
): (x: Tensor, axes?: number | readonly number[], options?: ReduceOptions) => Tensor {
  const op: Op<ReductionAttributes> = {
    name,
    infer: ([x], { axes, keepDims }) => [
      { dtype: x?.dtype ?? 'float32', shape: reducedShape(x?.shape ?? [], axes, keepDims) },
    ],
    emit: ({ inputs, attributes: { axes, keepDims } }, emitter) =>
      emitter.node(onnx, [emitter.name(inputAt(inputs, 0)), emitter.integers(axes)], { keepdims: Number(keepDims) }),
    vjp({ inputs, outputs, attributes: { axes } }, [gradient]) {
      const x = inputAt(inputs, 0)
      const shape = reducedShape(x.shape, axes, true)
      return [gradient && vjp(x, reshape(inputAt(outputs, 0), shape), reshape(gradient, shape), axes)]
    },
  }
  return (x, axes, options = {}) => {
    const reduced = reductionAxes(name, x.shape.length, axes)
    if (reduced.length === 0) return x
    return applyOne(op, [x], { axes: reduced, keepDims: options.keepDims ?? false })
  }
}

/** How many elements a reduction adds up, as a scalar of the tensor's type (computed at run time for named sizes). */
export function countOf(x: Tensor, axes: readonly number[]): Tensor {
  return sizeTensor(elementCount(axes.map((axis) => inputAt(x.shape, axis))), x.dtype)
}

const sizeOp: Op<{ size: Dim }> = {
  name: 'size',
  infer: () => [{ dtype: 'int64', shape: [] }],
  emit: ({ attributes: { size } }, emitter) => emitter.node('Reshape', [emitter.sizes([size]), emitter.integers([])]),
}

/** A size as a scalar tensor. */
export function sizeTensor(size: Dim, dtype: Tensor['dtype'] = 'float32'): Tensor {
  return typeof size === 'number' ? scalar(size, dtype) : cast(applyOne(sizeOp, [], { size }), dtype)
}

/** Tensor of one repeated number. */
export function full(shape: Shape, number: number, dtype: Tensor['dtype'] = 'float32'): Tensor {
  return broadcastTo(scalar(number, dtype), shape)
}

/** Mean over axes (default: all). */
export const mean = reduction('mean', 'ReduceMean', (x, _y, g, axes) => broadcastTo(div(g, countOf(x, axes)), x.shape))

// Ties share the gradient equally (as torch.amax).
const extremeGradient = (x: Tensor, y: Tensor, g: Tensor, axes: readonly number[]): Tensor => {
  const mask = cast(equal(x, y), x.dtype)
  return mul(mask, div(g, sum(mask, axes, { keepDims: true })))
}

/** Largest element over axes (default: all); ties share the gradient equally. */
export const max = reduction('max', 'ReduceMax', extremeGradient)

/** Smallest element over axes (default: all); ties share the gradient equally. */
export const min = reduction('min', 'ReduceMin', extremeGradient)

/** Whether all, or any, elements of a bool tensor over axes are true. */
export function all(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return equal(min(cast(x, 'int32'), axes, options), scalar(1, 'int32'))
}
export function any(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return equal(max(cast(x, 'int32'), axes, options), scalar(1, 'int32'))
}

/** log Σ eˣ over axes (default: all), without overflow; −∞ where every element is −∞. */
export const logSumExp = reduction('logSumExp', 'ReduceLogSumExp', (x, y, g) => {
  const nothing = and(isInfinite(y), less(y, 0))
  return mul(g, exp(sub(x, where(nothing, 0, y))))
})

export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the count in the divisor: 0 for the population (default), 1 for the sample variance. */
  readonly correction?: number
}

/** Mean squared deviation from the mean over axes (default: all). */
export function variance(x: Tensor, axes?: number | readonly number[], options: VarianceOptions = {}): Tensor {
  const reduced = reductionAxes('variance', x.shape.length, axes)
  const centred = square(sub(x, mean(x, reduced, { keepDims: true })))
  const correction = options.correction ?? 0
  if (correction === 0) return mean(centred, reduced, options)
  return div(sum(centred, reduced, options), sub(countOf(x, reduced), correction))
}

/** √variance */
export function standardDeviation(x: Tensor, axes?: number | readonly number[], options: VarianceOptions = {}): Tensor {
  return sqrt(variance(x, axes, options))
}

const rootOp: Op<Record<never, never>> = {
  name: 'safeRoot',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit: ({ inputs }, emitter) => emitter.node('Sqrt', inputs.map(emitter.name)),
  vjp({ outputs }, [gradient]) {
    const y = inputAt(outputs, 0)
    return [gradient && where(equal(y, 0), 0, div(mul(gradient, 0.5), where(equal(y, 0), 1, y)))]
  },
}

/** Euclidean length √Σx² over axes (default: all); its gradient at a zero vector is 0. */
export function norm(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return applyOne(rootOp, [sum(square(x), axes, options)], {})
}

/** x/max(‖x‖, ε) along an axis (default: the last): unit vectors. */
export function normalize(x: Tensor, axis = -1, epsilon = 1e-12): Tensor {
  const length = norm(x, axis, { keepDims: true })
  return div(x, where(less(length, epsilon), epsilon, length))
}

/** Mean of the elements where a mask holds (bool, broadcasting to x), 0 where it holds nowhere. */
export function maskedMean(
  x: Tensor,
  mask: Tensor,
  axes?: number | readonly number[],
  options: ReduceOptions = {},
): Tensor {
  const weights = broadcastTo(cast(mask, x.dtype), x.shape)
  const count = sum(weights, axes, options)
  return div(sum(mul(x, weights), axes, options), add(count, cast(equal(count, 0), x.dtype)))
}

/** Cosine of the angle between vectors along an axis (default: the last), broadcasting. */
export function cosineSimilarity(a: Tensor, b: Tensor, axis = -1, epsilon = 1e-12): Tensor {
  return sum(mul(normalize(asFloat(a), axis, epsilon), normalize(asFloat(b), axis, epsilon)), axis)
}
