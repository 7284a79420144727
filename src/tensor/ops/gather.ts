import {
  type Dim,
  dimAt,
  elementCount,
  formatShape,
  multiplyDims,
  normalAxis,
  type Shape,
  sameShape,
} from '../graph/dimension.ts'
import { applyOne, type Emitter, inputAt, type Op, scalar, type Tensor } from '../graph/tensor.ts'
import type { OnnxNode } from '../onnx/model.ts'
import { add, div, mul } from './arithmetic.ts'
import { equal, less, maximum } from './compare.ts'
import { broadcastTo, cast, expandDims, flatten, reshape, transpose } from './layout.ts'
import { full, sizeTensor } from './reduce.ts'

// ONNX Runtime's ScatterND adds from several threads without locks: rows named twice lose updates once its work is
// split. It is split above about 200,000 elements (its thread pool's cost model: 100,000 cycles to start plus 100,000 a
// thread, one cycle an element), so larger sums are written as steps of half that size, one after another.
const serialElements = 100_000

export function scatterSerially(
  emitter: Emitter,
  base: string,
  indices: string,
  rows: string,
  count: Dim,
  width: Dim,
): string {
  const scatter = (into: string, at: string, from: string): string =>
    emitter.node('ScatterND', [into, at, from], { reduction: 'add' })
  if (typeof width === 'number' && typeof count === 'number') {
    const steps = Math.ceil((count * width) / serialElements)
    if (steps <= 1) return scatter(base, indices, rows)
    const each = Math.ceil(count / steps)
    const sizes = Array.from({ length: Math.ceil(count / each) }, (_, step) => Math.min(each, count - step * each))
    const parts = (whole: string): readonly string[] =>
      emitter.nodes('Split', [whole, emitter.integers(sizes)], sizes.length, { axis: 0 })
    const [indexParts, rowParts] = [parts(indices), parts(rows)]
    return sizes.reduce((sum, _, step) => scatter(sum, inputAt(indexParts, step), inputAt(rowParts, step)), base)
  }
  return scatterInLoop(emitter, base, indices, rows, count, width)
}

/** The same where the number of rows, or the size of one, is known only at run time. */
function scatterInLoop(emitter: Emitter, base: string, indices: string, rows: string, count: Dim, width: Dim): string {
  const one = emitter.integers([1])
  const atLeastOne = (size: string): string => emitter.node('Max', [size, one])
  const stepSize =
    typeof width === 'number'
      ? emitter.integers([Math.max(1, Math.floor(serialElements / Math.max(1, width)))])
      : atLeastOne(emitter.node('Div', [emitter.integers([serialElements]), atLeastOne(emitter.sizes([width]))]))
  const last = emitter.node('Sub', [stepSize, one])
  const trips = emitter.node('Div', [emitter.node('Add', [emitter.sizes([count]), last]), stepSize])
  const axis = emitter.integers([0])
  const node = (opType: string, inputs: readonly string[], output: string, attributes = {}): OnnxNode => ({
    opType,
    domain: '',
    name: output,
    inputs,
    outputs: [output],
    attributes,
  })
  const graph = {
    name: 'scatterStep',
    nodes: [
      node('Identity', ['going'], 'on'),
      node('Mul', ['step', stepSize], 'from'),
      node('Add', ['from', stepSize], 'to'),
      node('Slice', [indices, 'from', 'to', axis], 'stepIndices'),
      node('Slice', [rows, 'from', 'to', axis], 'stepRows'),
      node('ScatterND', ['before', 'stepIndices', 'stepRows'], 'after', { reduction: 'add' }),
    ],
    initializers: [],
    inputs: [
      { name: 'step', dtype: 'int64' as const, shape: [] },
      { name: 'going', dtype: 'bool' as const, shape: [] },
    ],
    outputs: [{ name: 'on', dtype: 'bool' as const, shape: [] }],
    values: [],
  }
  return emitter.loop(trips, base, graph)
}

interface AxisAttribute {
  readonly [name: string]: number
  readonly axis: number
}

const gatherOp: Op<AxisAttribute> = {
  name: 'gather',
  infer: (inputs, { axis }) => {
    const [x, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }]
  },
  emit: ({ inputs, attributes: { axis } }, emitter) => emitter.node('Gather', inputs.map(emitter.name), { axis }),
  vjp({ inputs, attributes: { axis } }, [gradient]) {
    if (gradient === undefined) return []
    const [x, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const flat = flatten(indices)
    const merged = reshape(gradient, [
      ...x.shape.slice(0, axis),
      elementCount(indices.shape),
      ...x.shape.slice(axis + 1),
    ])
    return [scatterAdd(full(x.shape, 0, x.dtype), flat, merged, { axis })]
  },
}

export interface AxisOption {
  /** Default 0. */
  readonly axis?: number
}

function assertIndices(op: string, indices: Tensor): void {
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32')
    throw new TypeError(`${op}: the indices are ${indices.dtype}, expected int64`)
}

/**
 * Entries of x along an axis by index: [..., n, ...] and indices of any shape [i...] → [..., i..., ...]. With axis 0 of
 * a table, rows: an embedding look-up.
 */
export function gather(x: Tensor, indices: Tensor, options: AxisOption = {}): Tensor {
  assertIndices('gather', indices)
  return applyOne(gatherOp, [x, indices], { axis: normalAxis('gather', options.axis ?? 0, x.shape.length) })
}

const scatterAddOp: Op<Record<never, never>> = {
  name: 'scatterAdd',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs }, emitter) {
    const [base, indices, rows] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    const columns = emitter.node('Reshape', [emitter.name(indices), emitter.integers([-1, 1])])
    const width = elementCount(base.shape.slice(1))
    return scatterSerially(emitter, emitter.name(base), columns, emitter.name(rows), dimAt(indices.shape, 0), width)
  },
  vjp({ inputs }, [gradient]) {
    return gradient === undefined ? [] : [gradient, undefined, gather(gradient, inputAt(inputs, 1))]
  },
}

/**
 * Adds rows to those of x that indices name; a row named twice gets both. The sum is taken in order, so it is the same
 * on any number of threads.
 *
 * @param indices [n] int64
 * @param updates x's shape with size n along the axis
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, options: AxisOption = {}): Tensor {
  assertIndices('scatterAdd', indices)
  const axis = normalAxis('scatterAdd', options.axis ?? 0, x.shape.length)
  if (indices.shape.length !== 1)
    throw new RangeError(`scatterAdd: the indices are ${formatShape(indices.shape)}, expected one axis`)
  const expected: Shape = x.shape.map((dim, at) => (at === axis ? dimAt(indices.shape, 0) : dim))
  if (!sameShape(expected, updates.shape))
    throw new RangeError(`scatterAdd: the updates are ${formatShape(updates.shape)}, expected ${formatShape(expected)}`)
  // ScatterND takes no other indices.
  if (axis === 0) return applyOne(scatterAddOp, [x, cast(indices, 'int64'), updates], {})
  const order = [axis, ...x.shape.map((_, at) => at).filter((at) => at !== axis)]
  const back = order.map((_, at) => order.indexOf(at))
  return transpose(scatterAdd(transpose(x, order), indices, transpose(updates, order)), back)
}

/** Position of each element along an axis, in a shape that broadcasts. */
function positions(size: Dim, axis: number, rank: number): Tensor {
  const shape = Array.from({ length: rank }, (_, at): Dim => (at === axis ? size : 1))
  return reshape(range(size), shape)
}

const rangeOp: Op<{ size: Dim }> = {
  name: 'range',
  infer: (_, { size }) => [{ dtype: 'int64', shape: [size] }],
  emit: ({ attributes: { size } }, emitter) =>
    typeof size === 'number'
      ? emitter.integers(Array.from({ length: size }, (_, at) => at))
      : emitter.node('Range', [
          emitter.scalar(0, 'int64'),
          emitter.node('Reshape', [emitter.sizes([size]), emitter.integers([])]),
          emitter.scalar(1, 'int64'),
        ]),
}

/** 0, 1, …, size − 1 in int64. */
export function range(size: Dim): Tensor {
  return applyOne(rangeOp, [], { size })
}

const takeAlongOp: Op<AxisAttribute> = {
  name: 'takeAlong',
  infer: (inputs) => [{ dtype: inputAt(inputs, 0).dtype, shape: inputAt(inputs, 1).shape }],
  emit: ({ inputs, attributes: { axis } }, emitter) =>
    emitter.node('GatherElements', inputs.map(emitter.name), { axis }),
  vjp({ inputs, attributes: { axis } }, [gradient]) {
    if (gradient === undefined) return []
    return [scatterAlong(inputAt(inputs, 0).shape, inputAt(inputs, 1), gradient, axis)]
  },
}

/** Zeros of a shape with elements added where indices along an axis say: the transpose of `takeAlong`. */
export function scatterAlong(shape: Shape, indices: Tensor, updates: Tensor, axis: number): Tensor {
  // Every element's place in the flattened result: its own position along the other axes, the index along this one.
  let flat: Tensor = scalar(0, 'int64')
  let stride: Dim = 1
  for (let at = shape.length - 1; at >= 0; at--) {
    const along =
      at === axis ? wrapped(indices, dimAt(shape, at)) : positions(dimAt(indices.shape, at), at, shape.length)
    flat = add(flat, mul(along, sizeTensor(stride, 'int64')))
    stride = multiplyDims(stride, dimAt(shape, at))
  }
  const places = flatten(broadcastTo(flat, indices.shape))
  const zeros = full([elementCount(shape)], 0, updates.dtype)
  return reshape(scatterAdd(zeros, places, flatten(updates)), shape)
}

/** Negative indices counted from the end. */
function wrapped(indices: Tensor, size: Dim): Tensor {
  const whole = cast(indices, 'int64')
  return add(whole, mul(cast(less(whole, 0), 'int64'), sizeTensor(size, 'int64')))
}

/**
 * One entry of x per index, along an axis: `result[i][j] = x[i][indices[i][j]]` for the last axis of two. The other
 * sizes of x and indices agree.
 */
export function takeAlong(x: Tensor, indices: Tensor, axis = -1): Tensor {
  assertIndices('takeAlong', indices)
  const normal = normalAxis('takeAlong', axis, x.shape.length)
  const other = (shape: Shape): Shape => shape.filter((_, at) => at !== normal)
  if (!sameShape(other(x.shape), other(indices.shape)))
    throw new RangeError(
      `takeAlong: ${formatShape(x.shape)} and indices ${formatShape(indices.shape)} differ outside axis ${normal}`,
    )
  return applyOne(takeAlongOp, [x, indices], { axis: normal })
}

/** 1 at the index and 0 elsewhere, along a new last axis: [...] → [..., size]. */
export function oneHot(indices: Tensor, size: number, dtype: Tensor['dtype'] = 'float32'): Tensor {
  assertIndices('oneHot', indices)
  return cast(equal(expandDims(cast(indices, 'int64'), -1), range(size)), dtype)
}

/**
 * Sum of the rows of each segment: [n, ...] → [segments, ...]; an empty segment gets zeros.
 *
 * @param segments [n] int64, the segment of each row
 */
export function segmentSum(x: Tensor, segments: Tensor, count: Dim): Tensor {
  return scatterAdd(full([count, ...x.shape.slice(1)], 0, x.dtype), segments, x)
}

/** Mean of the rows of each segment; an empty segment gets zeros. */
export function segmentMean(x: Tensor, segments: Tensor, count: Dim): Tensor {
  const ones = full([dimAt(x.shape, 0)], 1, x.dtype)
  const sizes = maximum(segmentSum(ones, segments, count), 1)
  return div(segmentSum(x, segments, count), reshape(sizes, [count, ...x.shape.slice(1).map(() => 1)]))
}
