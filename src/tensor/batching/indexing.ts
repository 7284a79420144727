import { type Dim, dimAt, elementCount, multiplyDims } from '../graph/dimension.ts'
import { inputAt, type Tensor } from '../graph/tensor.ts'
import { add, mul } from '../ops/arithmetic.ts'
import { greaterOrEqual, less, or, where } from '../ops/compare.ts'
import { gather, range, scatterAdd } from '../ops/gather.ts'
import { cast, flatten, reshape, transpose } from '../ops/layout.ts'
import { sizeTensor } from '../ops/reduce.ts'
import { type BatchingRule, merged, parted, redo, whole } from './batched.ts'

/** Where each example's entries begin when those of all are in one axis; broadcasts against [batch, ...] of a rank. */
export function starts(size: Dim, each: Dim, rank: number): Tensor {
  const first = mul(range(size), sizeTensor(each, 'int64'))
  return reshape(first, [size, ...Array.from({ length: rank - 1 }, () => 1)])
}

/**
 * Indices into each example's axis as indices into one axis of all examples.
 *
 * @param indices [batch, ...]; negative ones count from the end
 * @param each the size of an example's axis
 */
function placesInAll(indices: Tensor, size: Dim, each: Dim): Tensor {
  const count = sizeTensor(each, 'int64')
  const given = cast(indices, 'int64')
  const fromStart = where(less(given, 0), add(given, count), given)
  const outside = or(less(fromStart, 0), greaterOrEqual(fromStart, count))
  // An index outside its example must not find another example: it is sent outside of all, which ONNX Runtime refuses.
  const all = sizeTensor(multiplyDims(size, each), 'int64')
  return where(outside, all, add(fromStart, starts(size, each, indices.shape.length)))
}

function movedToFront(x: Tensor, axis: number): Tensor {
  return transpose(x, [axis, ...x.shape.map((_, at) => at).filter((at) => at !== axis)])
}

export const gatherRule: BatchingRule = ({ node, inputs, size }) => {
  const axis = Number(node.attributes['axis'])
  const [x, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  if (!indices.batched) return [gather(x.tensor, indices.tensor, { axis: axis + 1 })]
  if (!x.batched) return [movedToFront(gather(x.tensor, indices.tensor, { axis }), axis)]
  const rank = x.tensor.shape.length
  const others = Array.from({ length: rank }, (_, at) => at).filter((at) => at !== 0 && at !== axis + 1)
  const front = transpose(x.tensor, [0, axis + 1, ...others])
  const found = gather(merged(front), placesInAll(indices.tensor, size, dimAt(front.shape, 1)))
  // [batch, indices..., before..., after...] → [batch, before..., indices..., after...]
  const named = indices.tensor.shape.length - 1
  const axes = found.shape.map((_, at) => at)
  const before = axes.slice(1 + named, 1 + named + axis)
  return [transpose(found, [0, ...before, ...axes.slice(1, 1 + named), ...axes.slice(1 + named + axis)])]
}

export const scatterAddRule: BatchingRule = (call) => {
  const { size } = call
  const [x, indices, updates] = [whole(call, 0), whole(call, 1), whole(call, 2)]
  const rows = dimAt(x.shape, 1)
  const places = flatten(placesInAll(indices, size, rows))
  return [parted(scatterAdd(merged(x), places, merged(updates)), size, rows)]
}

export const maxPoolRule: BatchingRule = (call) => {
  const { node, size } = call
  const x = whole(call, 0)
  const images = dimAt(x.shape, 1)
  const [values, places] = redo(call, [merged(x)]).map((output) => parted(output, size, images))
  if (values === undefined || places === undefined) return []
  // The operation counts places over all it is given; an example counts its own.
  const each = elementCount(inputAt(node.inputs, 0).shape)
  return [values, add(places, mul(starts(size, each, places.shape.length), -1))]
}
