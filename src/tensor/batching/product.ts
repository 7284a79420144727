import { type Dim, dimAt, elementCount, multiplyDims } from '../graph/dimension.ts'
import { inputAt, type Node, type Tensor } from '../graph/tensor.ts'
import { add, mul } from '../ops/arithmetic.ts'
import { fold, unfold, type Window } from '../ops/convolution.ts'
import { broadcastTo, reshape, transpose } from '../ops/layout.ts'
import { matmul } from '../ops/matmul.ts'
import { aligned, type BatchingRule, type Call, merged, parted, redo, whole } from './batched.ts'

interface Transposes {
  readonly transposeA: boolean
  readonly transposeB: boolean
  readonly scale: number
}

function transposesOf({ attributes }: Node): Transposes {
  return {
    transposeA: attributes['transposeA'] === true,
    transposeB: attributes['transposeB'] === true,
    scale: Number(attributes['alpha'] ?? 1),
  }
}

export const matmulRule: BatchingRule = (call) => {
  const { node, inputs } = call
  const rank = inputAt(node.outputs, 0).shape.length
  const [a, b] = [aligned(call, 0, rank), aligned(call, 1, rank)]
  const { transposeA, transposeB, scale } = transposesOf(node)
  const inner = dimAt(a.shape, transposeA ? -2 : -1)
  // Products of a column and a row, as gradients of weights by example are, are not worth a matrix product each.
  if (inner === 1 && inputs.every(({ batched }) => batched)) {
    const column = transposeA ? transpose(a) : a
    const row = transposeB ? transpose(b) : b
    return [mul(mul(column, row), scale)]
  }
  return [matmul(a, b, { transposeA, transposeB, scale })]
}

export const linearRule: BatchingRule = (call) => {
  const { inputs, node, size } = call
  const [x, weight, bias] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
  if (!weight.batched && !bias.batched) {
    const rows = dimAt(x.tensor.shape, 1)
    return redo(call, [merged(x.tensor), weight.tensor, bias.tensor]).map((y) => parted(y, size, rows))
  }
  const { transposeB } = transposesOf(node)
  const product = matmul(aligned(call, 0, 2), aligned(call, 1, 2), { transposeB })
  return [broadcastTo(add(product, aligned(call, 2, 2)), [size, ...inputAt(node.outputs, 0).shape])]
}

/** [columns, width] for each example becomes [columns, batch · width], which one product serves. */
export const sparseMatmulRule: BatchingRule = (call) => {
  const { size } = call
  const x = transpose(whole(call, 0), [1, 0, 2])
  const width = dimAt(x.shape, 2)
  const wide = reshape(x, [dimAt(x.shape, 0), multiplyDims(size, width)])
  return redo(call, [wide]).map((y) => transpose(reshape(y, [dimAt(y.shape, 0), size, width]), [1, 0, 2]))
}

interface Kernel {
  readonly window: Window
  readonly groups: number
  readonly sizes: readonly number[]
}

function kernelOf({ attributes, inputs }: Node): Kernel {
  const numbers = (name: string): readonly number[] => attributes[name] as readonly number[]
  return {
    window: { stride: numbers('stride'), padding: numbers('padding'), dilation: numbers('dilation') },
    groups: Number(attributes['groups']),
    sizes: inputAt(inputs, 1).shape.slice(2).map(Number),
  }
}

/** A convolution with one kernel for all examples: they lie side by side in the batch the operation has already. */
function withOneKernel(call: Call): readonly Tensor[] | undefined {
  const [x, weight] = [inputAt(call.inputs, 0), inputAt(call.inputs, 1)]
  if (weight.batched) return undefined
  return redo(call, [merged(x.tensor), weight.tensor]).map((y) => parted(y, call.size, dimAt(x.tensor.shape, 1)))
}

export const convolutionRule: BatchingRule = (call) => {
  const one = withOneKernel(call)
  if (one) return one
  const { node, size } = call
  const { window, groups, sizes } = kernelOf(node)
  const [x, weight, y] = [whole(call, 0), whole(call, 1), inputAt(node.outputs, 0)]
  const [images, out] = [dimAt(x.shape, 1), Number(dimAt(weight.shape, 1))]
  const inner = Number(elementCount(weight.shape.slice(2)))
  const places = elementCount(y.shape.slice(2))
  const columns = reshape(unfold(merged(x), sizes, window), [size, images, groups, inner, places])
  const rows = reshape(weight, [size, 1, groups, out / groups, inner])
  return [reshape(matmul(rows, columns), [size, ...y.shape])]
}

export const transposedConvolutionRule: BatchingRule = (call) => {
  const one = withOneKernel(call)
  if (one) return one
  const { node, size } = call
  const { window, groups, sizes } = kernelOf(node)
  const [x, weight, y] = [whole(call, 0), whole(call, 1), inputAt(node.outputs, 0)]
  const [images, channels] = [dimAt(x.shape, 1), Number(dimAt(x.shape, 2))]
  const from = x.shape.slice(3)
  const inner = Number(elementCount(weight.shape.slice(2)))
  const flat = reshape(x, [size, images, groups, channels / groups, elementCount(from)])
  const rows = reshape(weight, [size, 1, groups, channels / groups, inner])
  const patches: readonly Dim[] = [
    multiplyDims(size, images),
    dimAt(y.shape, 1),
    Number(elementCount(sizes)),
    elementCount(from),
  ]
  const laid = reshape(matmul(rows, flat, { transposeA: true }), patches)
  return [parted(fold(laid, y.shape.slice(2), from, sizes, window), size, images)]
}
