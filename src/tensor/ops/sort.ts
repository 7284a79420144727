import { type Dim, dimAt, formatShape, normalAxis } from '../graph/dimension.ts'
import { isFloat } from '../graph/dtype.ts'
import { apply, applyOne, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { add, mul } from './arithmetic.ts'
import { scatterAlong } from './gather.ts'
import { at } from './join.ts'

interface TopKAttributes {
  readonly [name: string]: Dim | boolean
  readonly axis: number
  readonly k: Dim
  readonly largest: boolean
}

const topKOp: Op<TopKAttributes> = {
  name: 'topK',
  infer(inputs, { axis, k }) {
    const { dtype, shape } = inputAt(inputs, 0)
    const kept = shape.map((dim, at) => (at === axis ? k : dim))
    return [
      { dtype, shape: kept },
      { dtype: 'int64', shape: kept },
    ]
  },
  emit({ inputs, attributes: { axis, k, largest } }, emitter) {
    const x = inputAt(inputs, 0)
    const attributes = { axis, largest: Number(largest), sorted: 1 }
    // ONNX Runtime divides by the number of rows: without any, the whole process would end. Along axes
    // of open size one entry is put behind the others, and taken away again.
    const open = x.shape.flatMap((dim, at) => (at !== axis && typeof dim !== 'number' ? [at] : []))
    if (open.length === 0) return emitter.nodes('TopK', [emitter.name(x), emitter.sizes([k])], 2, attributes)
    const widths = [0, 1].flatMap((end) => x.shape.map((_, at) => Number(end === 1 && open.includes(at))))
    const padded = emitter.node('Pad', [emitter.name(x), emitter.integers(widths)])
    return emitter
      .nodes('TopK', [padded, emitter.sizes([k])], 2, attributes)
      .map((found) =>
        emitter.node('Slice', [
          found,
          emitter.integers(open.map(() => 0)),
          emitter.integers(open.map(() => -1)),
          emitter.integers(open),
        ]),
      )
  },
  vjp({ inputs, outputs, attributes: { axis } }, [gradient]) {
    const x = inputAt(inputs, 0)
    if (gradient === undefined || !isFloat(x.dtype)) return []
    return [scatterAlong(x.shape, inputAt(outputs, 1), gradient, axis)]
  },
}

export interface TopKOptions {
  /** Default −1. */
  readonly axis?: number
  /** Default true; false gives the smallest, in ascending order. */
  readonly largest?: boolean
}

/** The k largest elements along an axis in descending order, and where they were. Equal ones keep their order. */
export function topK(
  x: Tensor,
  k: Dim,
  options: TopKOptions = {},
): { readonly values: Tensor; readonly indices: Tensor } {
  const axis = normalAxis('topK', options.axis ?? -1, x.shape.length)
  const size = dimAt(x.shape, axis)
  if (typeof k === 'number' && (k < 0 || !Number.isInteger(k) || (typeof size === 'number' && k > size)))
    throw new RangeError(
      `topK: k is ${k}, expected from 0 to ${size}, the size of axis ${axis} of ${formatShape(x.shape)}`,
    )
  const outputs = apply(topKOp, [x], { axis, k, largest: options.largest ?? true })
  return { values: inputAt(outputs, 0), indices: inputAt(outputs, 1) }
}

export interface SortOptions {
  /** Default −1. */
  readonly axis?: number
  /** Default false. */
  readonly descending?: boolean
}

function sorted(x: Tensor, options: SortOptions): { readonly values: Tensor; readonly indices: Tensor } {
  const axis = normalAxis('sort', options.axis ?? -1, x.shape.length)
  return topK(x, dimAt(x.shape, axis), { axis, largest: options.descending ?? false })
}

/** Elements in ascending (or descending) order along an axis; differentiable. */
export function sort(x: Tensor, options: SortOptions = {}): Tensor {
  return sorted(x, options).values
}

/** Where the elements of the sorted tensor come from: `takeAlong(x, argSort(x))` is `sort(x)`. Stable. */
export function argSort(x: Tensor, options: SortOptions = {}): Tensor {
  return sorted(x, options).indices
}

/** The rank of each element along an axis, from 0 for the smallest; equal elements count in their order. */
export function ranks(x: Tensor, options: SortOptions = {}): Tensor {
  const axis = normalAxis('ranks', options.axis ?? -1, x.shape.length)
  return argSort(argSort(x, options), { axis })
}

interface ArgAttributes {
  readonly [name: string]: number | boolean
  readonly axis: number
  readonly keepDims: boolean
}

function argExtreme(
  name: string,
  onnx: string,
): (x: Tensor, axis?: number, options?: { keepDims?: boolean }) => Tensor {
  const op: Op<ArgAttributes> = {
    name,
    infer: (inputs, { axis, keepDims }) => [
      {
        dtype: 'int64',
        shape: inputAt(inputs, 0).shape.flatMap((dim, at): Dim[] => (at === axis ? (keepDims ? [1] : []) : [dim])),
      },
    ],
    emit: ({ inputs, attributes: { axis, keepDims } }, emitter) =>
      emitter.node(onnx, inputs.map(emitter.name), { axis, keepdims: Number(keepDims) }),
  }
  return (x, axis = -1, options = {}) =>
    applyOne(op, [x], { axis: normalAxis(name, axis, x.shape.length), keepDims: options.keepDims ?? false })
}

/** Where the largest element along an axis (default: the last) is; the first of equal ones. int64, no gradient. */
export const argMax = argExtreme('argMax', 'ArgMax')

/** Where the smallest element along an axis (default: the last) is; the first of equal ones. int64, no gradient. */
export const argMin = argExtreme('argMin', 'ArgMin')

interface CumulativeAttributes {
  readonly [name: string]: number | boolean
  readonly axis: number
  readonly exclusive: boolean
  readonly reverse: boolean
}

const cumulativeOp: Op<CumulativeAttributes> = {
  name: 'cumulativeSum',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit: ({ inputs, attributes: { axis, exclusive, reverse } }, emitter) =>
    emitter.node('CumSum', [emitter.name(inputAt(inputs, 0)), emitter.scalar(axis, 'int64')], {
      exclusive: Number(exclusive),
      reverse: Number(reverse),
    }),
  vjp({ attributes: { axis, exclusive, reverse } }, [gradient]) {
    return [gradient && applyOne(cumulativeOp, [gradient], { axis, exclusive, reverse: !reverse })]
  },
}

export interface CumulativeOptions {
  /** Leave the element itself out of its sum. Default false. */
  readonly exclusive?: boolean
  /** Sum from the end. Default false. */
  readonly reverse?: boolean
}

/** Sums of all elements up to each, along an axis. */
export function cumulativeSum(x: Tensor, axis = -1, options: CumulativeOptions = {}): Tensor {
  return applyOne(cumulativeOp, [x], {
    axis: normalAxis('cumulativeSum', axis, x.shape.length),
    exclusive: options.exclusive ?? false,
    reverse: options.reverse ?? false,
  })
}

/** The median along an axis (the mean of the middle two for an even size), differentiable; the size must be a number. */
export function median(x: Tensor, axis = -1): Tensor {
  const normal = normalAxis('median', axis, x.shape.length)
  const size = dimAt(x.shape, normal)
  if (typeof size !== 'number' || size === 0)
    throw new RangeError(`median: axis ${normal} of ${formatShape(x.shape)} has no fixed size above 0`)
  return quantile(x, 0.5, normal)
}

/** The q-quantile along an axis, linear between neighbours; differentiable; the size must be a number. */
export function quantile(x: Tensor, q: number, axis = -1): Tensor {
  const normal = normalAxis('quantile', axis, x.shape.length)
  const size = dimAt(x.shape, normal)
  if (typeof size !== 'number' || size === 0)
    throw new RangeError(`quantile: axis ${normal} of ${formatShape(x.shape)} has no fixed size above 0`)
  const place = q * (size - 1)
  const low = Math.floor(place)
  const ordered = sort(x, { axis: normal })
  const below = at(ordered, normal, low)
  return low + 1 >= size || place === low
    ? below
    : add(mul(below, low + 1 - place), mul(at(ordered, normal, low + 1), place - low))
}
