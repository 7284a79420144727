import {
  type Dim,
  dimAt,
  dimension,
  divideDims,
  elementCount,
  formatShape,
  normalAxis,
  type Shape,
  sameShape,
} from '../graph/dimension.ts'
import { type DType, isFloat, onnxType } from '../graph/dtype.ts'
import { applyOne, constantNumber, type Emitter, inputAt, type Op, scalar, type Tensor } from '../graph/tensor.ts'

// Operations that move or add up elements: what every gradient of a broadcasting operation is made of.

const castOp: Op<{ to: string }> = {
  name: 'cast',
  infer: ([x], { to }) => [{ dtype: to as DType, shape: x?.shape ?? [] }],
  emit: ({ inputs: [x], attributes }, emitter) =>
    emitter.node('Cast', x ? [emitter.name(x)] : [], { to: onnxType[attributes.to as DType] }),
  vjp: ({ inputs }, [gradient]) => {
    const x = inputAt(inputs, 0)
    return [gradient && isFloat(x.dtype) ? cast(gradient, x.dtype) : undefined]
  },
  simplify({ inputs, attributes }) {
    const dtype = attributes.to as DType
    const number = constantNumber(inputAt(inputs, 0))
    if (number === undefined || dtype === 'float16' || dtype === 'bool') return undefined
    return isFloat(dtype) || Number.isInteger(number) ? scalar(number, dtype) : undefined
  },
}

/** Elements converted to another type; differentiable between floating types. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x
  return applyOne(castOp, [x], { to: dtype })
}

const reshapeOp: Op<{ shape: readonly Dim[] }> = {
  name: 'reshape',
  infer: ([x], { shape }) => [{ dtype: x?.dtype ?? 'float32', shape }],
  emit({ inputs, attributes: { shape } }, emitter) {
    const named = shape.filter((dim) => typeof dim === 'string').length
    const empty = shape.includes(0)
    // One named size is left for ONNX to work out (-1), which needs no computation of sizes.
    const target =
      named <= 1 && !empty
        ? emitter.integers(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)))
        : emitter.sizes(shape)
    return emitter.node('Reshape', [emitter.name(inputAt(inputs, 0)), target], empty ? { allowzero: 1 } : {})
  },
  vjp: ({ inputs }, [gradient]) => [gradient && reshape(gradient, inputAt(inputs, 0).shape)],
  simplify({ inputs, attributes: { shape } }) {
    const x = inputAt(inputs, 0)
    return x.node.op === (reshapeOp as Op) ? reshape(inputAt(x.node.inputs, 0), shape) : undefined
  },
}

/**
 * The same elements in row-major order under another shape.
 *
 * @param shape sizes; one may be -1, to be worked out from the others
 * @throws {RangeError} when the element counts differ
 */
export function reshape(x: Tensor, shape: readonly Dim[]): Tensor {
  const count = elementCount(x.shape)
  let target: Shape = shape.map((dim) => (dim === -1 ? dim : dimension(dim)))
  const open = target.filter((dim) => dim === -1).length
  const wrong = (): RangeError =>
    new RangeError(
      `reshape: ${formatShape(x.shape)} has ${count} elements, which do not fill ${formatShape(shape)}; the sizes must multiply to the same count`,
    )
  if (open > 1) throw new RangeError(`reshape: ${formatShape(shape)} has ${open} sizes of -1, expected at most one`)
  if (open === 1) {
    const rest = elementCount(target.filter((dim) => dim !== -1))
    const missing = rest === 0 ? 0 : divideDims(count, rest)
    if (missing === undefined) throw wrong()
    target = target.map((dim) => (dim === -1 ? missing : dim))
  }
  if (elementCount(target) !== count) throw wrong()
  if (sameShape(target, x.shape)) return x
  return applyOne(reshapeOp, [x], { shape: target })
}

/** All elements in one axis, or all axes from `from` to `to` (inclusive) merged into one. */
export function flatten(x: Tensor, from = 0, to = -1): Tensor {
  if (x.shape.length === 0) return reshape(x, [1])
  const first = normalAxis('flatten', from, x.shape.length)
  const last = normalAxis('flatten', to, x.shape.length)
  const merged = elementCount(x.shape.slice(first, last + 1))
  return reshape(x, [...x.shape.slice(0, first), merged, ...x.shape.slice(last + 1)])
}

/** A new axis of size 1 at a position of the result. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = normalAxis('expandDims', axis, x.shape.length + 1)
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
}

/** Without the given axes of size 1 (default: all of them). @throws {RangeError} when one has another size */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  const chosen = axes === undefined ? x.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : [])) : [axes].flat()
  const normal = chosen.map((axis) => normalAxis('squeeze', axis, x.shape.length))
  for (const axis of normal)
    if (x.shape[axis] !== 1) throw new RangeError(`squeeze: axis ${axis} of ${formatShape(x.shape)} is not of size 1`)
  return reshape(
    x,
    x.shape.filter((_, axis) => !normal.includes(axis)),
  )
}

const transposeOp: Op<{ order: readonly number[] }> = {
  name: 'transpose',
  infer: ([x], { order }) => [
    { dtype: x?.dtype ?? 'float32', shape: order.map((axis) => dimAt(x?.shape ?? [], axis)) },
  ],
  emit: ({ inputs, attributes: { order } }, emitter) =>
    emitter.node('Transpose', [emitter.name(inputAt(inputs, 0))], { perm: order }),
  vjp: ({ attributes: { order } }, [gradient]) => [
    gradient &&
      transpose(
        gradient,
        order.map((_, axis) => order.indexOf(axis)),
      ),
  ],
  simplify({ inputs, attributes: { order } }, shared) {
    const x = inputAt(inputs, 0)
    if (x.node.op === (transposeOp as Op)) {
      const { order: inner } = x.node.attributes as { order: readonly number[] }
      return transpose(
        inputAt(x.node.inputs, 0),
        order.map((axis) => inputAt(inner, axis)),
      )
    }
    return swapsLast(order) && !shared(x) ? x.node.op.transposed?.(x.node) : undefined
  },
}

/**
 * Axes in another order: `result.shape[i] = x.shape[order[i]]`.
 *
 * @param order default: the last two axes swapped
 */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const rank = x.shape.length
  if (order === undefined && rank < 2)
    throw new RangeError(`transpose: ${formatShape(x.shape)} has fewer than two axes; give the order of axes`)
  const axes = x.shape.map((_, axis) => axis)
  const normal = (order ?? [...axes.slice(0, -2), rank - 1, rank - 2]).map((axis) =>
    normalAxis('transpose', axis, rank),
  )
  if (normal.length !== rank || new Set(normal).size !== rank)
    throw new RangeError(
      `transpose: order [${order?.join(', ')}] does not name each axis of ${formatShape(x.shape)} once`,
    )
  if (normal.every((axis, i) => axis === i)) return x
  return applyOne(transposeOp, [x], { order: normal })
}

function swapsLast(order: readonly number[]): boolean {
  const rank = order.length
  return order.every((axis, i) => axis === (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i))
}

/** When a tensor is another with its last two axes swapped, that other. */
export function untransposed(x: Tensor): Tensor | undefined {
  if (x.node.op !== (transposeOp as Op)) return undefined
  const { order } = x.node.attributes as { order: readonly number[] }
  return swapsLast(order) ? inputAt(x.node.inputs, 0) : undefined
}

const expandOp: Op<{ shape: readonly Dim[] }> = {
  name: 'expand',
  infer: ([x], { shape }) => [{ dtype: x?.dtype ?? 'float32', shape }],
  emit: ({ inputs, attributes: { shape } }, emitter) =>
    emitter.node('Expand', [emitter.name(inputAt(inputs, 0)), emitter.sizes(shape)]),
  vjp: ({ inputs }, [gradient]) => [gradient && sumTo(gradient, inputAt(inputs, 0).shape)],
}

/**
 * The shape that tensors of two shapes have together: aligned at the last axis, sizes equal or 1.
 *
 * @throws {RangeError} naming the axis where they differ
 */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left === right || right === 1) return left
    if (left === 1) return right
    throw new RangeError(
      `${op}: ${formatShape(a)} and ${formatShape(b)}: sizes ${left} and ${right} differ at axis ${axis - rank} and neither is 1`,
    )
  })
}

/** Repeated along axes of size 1 and new leading axes, up to a shape. */
export function broadcastTo(x: Tensor, shape: readonly Dim[]): Tensor {
  const target = shape.map(dimension)
  if (sameShape(x.shape, target)) return x
  if (!sameShape(broadcastShapes('broadcastTo', x.shape, target), target))
    throw new RangeError(`broadcastTo: ${formatShape(x.shape)} does not broadcast to ${formatShape(target)}`)
  return applyOne(expandOp, [x], { shape: target })
}

export interface ReduceOptions {
  /** Keep reduced axes with size 1. Default false. */
  readonly keepDims?: boolean
}

/** The shape left by reducing axes. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return shape.flatMap((dim, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [dim]))
}

/** Axes to reduce, from the end when negative, in ascending order; all of them by default. */
export function reductionAxes(
  op: string,
  rank: number,
  axes: number | readonly number[] | undefined,
): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis)
  const normal = [axes].flat().map((axis) => normalAxis(op, axis, rank))
  if (new Set(normal).size !== normal.length)
    throw new RangeError(`${op}: axes [${[axes].flat().join(', ')}] repeat one`)
  return normal.sort((a, b) => a - b)
}

/**
 * Sums over leading axes as a row of ones times a matrix. In ONNX Runtime's own kernel for them neighbouring sums, in
 * one line of the cache, belong to different threads: on two it takes four to thirty times as long as this.
 */
function emitColumnSums(emitter: Emitter, x: Tensor, rows: Dim, columns: Dim, shape: Shape): string {
  const shaped = (name: string, from: Shape, to: Shape): string =>
    sameShape(from, to) ? name : emitter.node('Reshape', [name, emitter.sizes(to)], { allowzero: 1 })
  const one = { name: '', dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const
  const ones = emitter.node('ConstantOfShape', [emitter.sizes([1, rows])], { value: { tensor: one } })
  const sums = emitter.node('MatMul', [ones, shaped(emitter.name(x), x.shape, [rows, columns])])
  return shaped(sums, [1, columns], shape)
}

const sumOp: Op<{ axes: readonly number[]; keepDims: boolean }> = {
  name: 'sum',
  infer: ([x], { axes, keepDims }) => [
    { dtype: x?.dtype ?? 'float32', shape: reducedShape(x?.shape ?? [], axes, keepDims) },
  ],
  emit({ inputs, attributes: { axes, keepDims } }, emitter) {
    const x = inputAt(inputs, 0)
    if (x.dtype === 'float32' && !emitter.portable && axes.every((axis, index) => axis === index)) {
      const [rows, columns] = [elementCount(x.shape.slice(0, axes.length)), elementCount(x.shape.slice(axes.length))]
      if (columns !== 1) return emitColumnSums(emitter, x, rows, columns, reducedShape(x.shape, axes, keepDims))
    }
    return emitter.node('ReduceSum', [emitter.name(x), emitter.integers(axes)], { keepdims: Number(keepDims) })
  },
  vjp({ inputs, attributes: { axes } }, [gradient]) {
    const { shape } = inputAt(inputs, 0)
    return [gradient && broadcastTo(reshape(gradient, reducedShape(shape, axes, true)), shape)]
  },
}

/** Sum over axes (default: all). bool sums count in int64. */
export function sum(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const summed = x.dtype === 'bool' ? cast(x, 'int64') : x
  const reduced = reductionAxes('sum', x.shape.length, axes)
  const keepDims = options.keepDims ?? false
  // A sum over axes of size 1 moves nothing.
  if (reduced.every((axis) => x.shape[axis] === 1)) return reshape(summed, reducedShape(x.shape, reduced, keepDims))
  return applyOne(sumOp, [summed], { axes: reduced, keepDims })
}

/** Adds up what broadcasting repeated, back to a shape. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x
  const extra = x.shape.length - shape.length
  const axes = x.shape.flatMap((dim, axis) => (axis < extra || (shape[axis - extra] === 1 && dim !== 1) ? [axis] : []))
  return reshape(sum(x, axes), shape)
}
