import {
  addDims,
  type Dim,
  dimAt,
  dimension,
  divideDims,
  formatShape,
  multiplyDims,
  normalAxis,
  type Shape,
  sameShape,
  subtractDims,
} from '../graph/dimension.ts'
import { isFloat } from '../graph/dtype.ts'
import { apply, applyOne, inputAt, type Op, scalar, type Tensor, type TensorType } from '../graph/tensor.ts'
import { broadcastTo, expandDims, reshape } from './layout.ts'

interface SliceAttributes {
  readonly [name: string]: number | Dim
  readonly axis: number
  readonly start: Dim
  readonly end: Dim
  readonly step: number
}

function withSize(shape: Shape, axis: number, size: Dim): Shape {
  return shape.map((dim, at) => (at === axis ? size : dim))
}

function sliceSize({ start, end, step }: SliceAttributes): Dim {
  const length = subtractDims(end, start)
  if (step === 1) return length
  if (typeof length === 'number') return Math.ceil(length / step)
  const whole = divideDims(length, step)
  if (whole === undefined)
    throw new RangeError(`slice: every ${step}th of ${length} elements has no whole size; use a multiple of ${step}`)
  return whole
}

const sliceOp: Op<SliceAttributes> = {
  name: 'slice',
  infer: (inputs, attributes) => {
    const { dtype, shape } = inputAt(inputs, 0)
    return [{ dtype, shape: withSize(shape, attributes.axis, sliceSize(attributes)) }]
  },
  emit: ({ inputs, attributes: { axis, start, end, step } }, emitter) =>
    emitter.node('Slice', [
      emitter.name(inputAt(inputs, 0)),
      emitter.sizes([start]),
      emitter.sizes([end]),
      emitter.integers([axis]),
      emitter.integers([step]),
    ]),
  vjp({ inputs, attributes: { axis, start, end, step } }, [gradient]) {
    if (gradient === undefined) return []
    const size = dimAt(inputAt(inputs, 0).shape, axis)
    if (step === 1) return [padAxis(gradient, axis, start, subtractDims(size, end), 0)]
    const spread = spreadOut(gradient, axis, step)
    const room = subtractDims(subtractDims(size, start), dimAt(spread.shape, axis))
    return [
      typeof room === 'number' && room < 0
        ? padAxis(slice(spread, axis, 0, subtractDims(size, start)), axis, start, 0, 0)
        : padAxis(spread, axis, start, room, 0),
    ]
  },
}

/** Elements moved `step` apart along an axis, zeros between: size n → n · step. */
function spreadOut(x: Tensor, axis: number, step: number): Tensor {
  const apart = padAxis(expandDims(x, axis + 1), axis + 1, 0, step - 1, 0)
  return reshape(apart, withSize(x.shape, axis, multiplyDims(dimAt(x.shape, axis), step)))
}

function position(at: Dim, size: Dim): Dim {
  if (typeof at !== 'number' || at >= 0) return typeof at === 'number' ? at : dimension(at)
  return addDims(size, at)
}

/**
 * The elements from start (inclusive) to end (exclusive) along an axis.
 *
 * @param start may be negative (from the end) or a named size
 * @param end default: the axis's size
 * @param step every step-th element. Default 1
 * @throws {RangeError} when the range leaves the axis
 */
export function slice(x: Tensor, axis: number, start: Dim, end?: Dim, step = 1): Tensor {
  const at = normalAxis('slice', axis, x.shape.length)
  const size = dimAt(x.shape, at)
  if (!Number.isInteger(step) || step < 1)
    throw new RangeError(`slice: step is ${step}, expected a whole number of at least 1`)
  const from = position(start, size)
  const to = end === undefined ? size : position(end, size)
  const outside =
    (typeof from === 'number' && from < 0) ||
    (typeof from === 'number' && typeof to === 'number' && from > to) ||
    (typeof to === 'number' && typeof size === 'number' && to > size)
  if (outside) throw new RangeError(`slice: ${from} to ${to} leaves axis ${at} of ${formatShape(x.shape)}`)
  if (from === 0 && to === size && step === 1) return x
  return applyOne(sliceOp, [x], { axis: at, start: from, end: to, step })
}

/** One position along an axis, which is dropped. */
export function at(x: Tensor, axis: number, index: number): Tensor {
  const normal = normalAxis('at', axis, x.shape.length)
  const from = position(index, dimAt(x.shape, normal))
  const part = slice(x, normal, from, addDims(from, 1))
  return reshape(part, part.shape.toSpliced(normal, 1))
}

interface PadAttributes {
  readonly [name: string]: number | Dim
  readonly axis: number
  readonly before: Dim
  readonly after: Dim
  readonly fill: number
}

const padOp: Op<PadAttributes> = {
  name: 'pad',
  infer: (inputs, { axis, before, after }) => {
    const { dtype, shape } = inputAt(inputs, 0)
    return [{ dtype, shape: withSize(shape, axis, addDims(addDims(dimAt(shape, axis), before), after)) }]
  },
  emit({ inputs, attributes: { axis, before, after, fill } }, emitter) {
    const x = inputAt(inputs, 0)
    return emitter.node('Pad', [
      emitter.name(x),
      emitter.sizes([before, after]),
      emitter.scalar(fill, x.dtype),
      emitter.integers([axis]),
    ])
  },
  vjp({ inputs, attributes: { axis, before } }, [gradient]) {
    const size = dimAt(inputAt(inputs, 0).shape, axis)
    return [gradient && slice(gradient, axis, before, addDims(before, size))]
  },
}

function padAxis(x: Tensor, axis: number, before: Dim, after: Dim, fill: number): Tensor {
  if (before === 0 && after === 0) return x
  return applyOne(padOp, [x], { axis, before, after, fill })
}

/**
 * Elements added around a tensor.
 *
 * @param widths for each axis, how many before and after; fewer pairs than axes count from the last axis
 * @param fill what to add. Default 0
 */
export function pad(x: Tensor, widths: readonly (readonly [Dim, Dim])[], fill = 0): Tensor {
  if (widths.length > x.shape.length)
    throw new RangeError(`pad: ${widths.length} pairs of widths for ${formatShape(x.shape)}`)
  const first = x.shape.length - widths.length
  return widths.reduce((padded, [before, after], index) => {
    for (const width of [before, after])
      if (typeof width === 'number' && (!Number.isInteger(width) || width < 0))
        throw new RangeError(`pad: a width is ${width}, expected a whole number of at least 0`)
    return padAxis(padded, first + index, before, after, fill)
  }, x)
}

const concatOp: Op<{ axis: number }> = {
  name: 'concat',
  infer: (inputs, { axis }) => {
    const { dtype, shape } = inputAt(inputs, 0)
    const sizes = inputs.map((from) => dimAt(from.shape, axis))
    return [{ dtype, shape: withSize(shape, axis, sizes.reduce(addDims)) }]
  },
  emit: ({ inputs, attributes: { axis } }, emitter) => emitter.node('Concat', inputs.map(emitter.name), { axis }),
  vjp: ({ inputs, attributes: { axis } }, [gradient]) =>
    gradient === undefined
      ? []
      : split(
          gradient,
          inputs.map((from) => dimAt(from.shape, axis)),
          axis,
        ),
}

/**
 * Tensors one after another along an axis.
 *
 * @throws {RangeError} when there are none, or other sizes differ
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first, ...others] = tensors
  if (first === undefined) throw new RangeError('concat: expected at least one tensor')
  const normal = normalAxis('concat', axis, first.shape.length)
  for (const other of others) {
    if (other.dtype !== first.dtype)
      throw new TypeError(`concat: element types ${first.dtype} and ${other.dtype} differ`)
    if (
      other.shape.length !== first.shape.length ||
      !sameShape(withSize(other.shape, normal, 0), withSize(first.shape, normal, 0))
    )
      throw new RangeError(
        `concat: ${formatShape(first.shape)} and ${formatShape(other.shape)} differ outside axis ${normal}`,
      )
  }
  return others.length === 0 ? first : applyOne(concatOp, tensors, { axis: normal })
}

/** Tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((tensor) => expandDims(tensor, axis)),
    axis,
  )
}

const splitOp: Op<{ axis: number; sizes: readonly Dim[] }> = {
  name: 'split',
  infer: (inputs, { axis, sizes }) => {
    const { dtype, shape } = inputAt(inputs, 0)
    return sizes.map((size): TensorType => ({ dtype, shape: withSize(shape, axis, size) }))
  },
  emit: ({ inputs, attributes: { axis, sizes } }, emitter) =>
    emitter.nodes('Split', [emitter.name(inputAt(inputs, 0)), emitter.sizes(sizes)], sizes.length, { axis }),
  vjp({ inputs, outputs, attributes: { axis } }, gradients) {
    if (!isFloat(inputAt(inputs, 0).dtype)) return []
    const parts = outputs.map((output, index) => gradients[index] ?? broadcastTo(scalar(0, output.dtype), output.shape))
    return [concat(parts, axis)]
  },
}

/**
 * Consecutive parts along an axis.
 *
 * @param parts the parts' sizes, or how many equal parts
 * @throws {RangeError} when the sizes do not add up to the axis's
 */
export function split(x: Tensor, parts: number | readonly Dim[], axis = 0): readonly Tensor[] {
  const normal = normalAxis('split', axis, x.shape.length)
  const size = dimAt(x.shape, normal)
  let sizes: readonly Dim[]
  if (typeof parts === 'number') {
    const each = divideDims(size, parts)
    if (each === undefined)
      throw new RangeError(`split: axis ${normal} of ${formatShape(x.shape)} does not split into ${parts} equal parts`)
    sizes = Array.from({ length: parts }, () => each)
  } else sizes = parts.map(dimension)
  if (sizes.reduce<Dim>(addDims, 0) !== size)
    throw new RangeError(
      `split: sizes ${sizes.join(' + ')} do not add up to ${size}, axis ${normal} of ${formatShape(x.shape)}`,
    )
  return sizes.length === 1 ? [x] : apply(splitOp, [x], { axis: normal, sizes })
}

const flipOp: Op<{ axes: readonly number[] }> = {
  name: 'flip',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit: ({ inputs, attributes: { axes } }, emitter) =>
    emitter.node('Slice', [
      emitter.name(inputAt(inputs, 0)),
      emitter.integers(axes.map(() => -1)),
      emitter.integers(axes.map(() => Number.MIN_SAFE_INTEGER)),
      emitter.integers(axes),
      emitter.integers(axes.map(() => -1)),
    ]),
  vjp: ({ attributes: { axes } }, [gradient]) => [gradient && flip(gradient, axes)],
}

/** Elements in reverse order along axes. */
export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  const normal = [axes].flat().map((axis) => normalAxis('flip', axis, x.shape.length))
  return normal.length === 0 ? x : applyOne(flipOp, [x], { axes: normal })
}

/** The whole repeated along each axis. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.length !== x.shape.length)
    throw new RangeError(`tile: ${repeats.length} repeats for ${formatShape(x.shape)}, expected one per axis`)
  const apart = x.shape.flatMap((dim): Dim[] => [1, dim])
  const wide = x.shape.flatMap((dim, axis): Dim[] => [repeats[axis] ?? 1, dim])
  return reshape(
    broadcastTo(reshape(x, apart), wide),
    x.shape.map((dim, axis) => multiplyDims(dim, repeats[axis] ?? 1)),
  )
}

/** Each element repeated in place along an axis. */
export function repeat(x: Tensor, times: number, axis: number): Tensor {
  const normal = normalAxis('repeat', axis, x.shape.length)
  const wide = [...x.shape.slice(0, normal + 1), times, ...x.shape.slice(normal + 1)]
  return reshape(
    broadcastTo(expandDims(x, normal + 1), wide),
    withSize(x.shape, normal, multiplyDims(dimAt(x.shape, normal), times)),
  )
}

/** Elements moved round along an axis by a number of places, those pushed out entering at the other end. */
export function roll(x: Tensor, shift: number, axis: number): Tensor {
  const normal = normalAxis('roll', axis, x.shape.length)
  if (shift === 0) return x
  return concat([slice(x, normal, -shift), slice(x, normal, 0, -shift)], normal)
}
