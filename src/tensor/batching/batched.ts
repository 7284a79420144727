import { type Dim, dimAt, multiplyDims } from '../graph/dimension.ts'
import { type Attributes, apply, inputAt, type Node, type Tensor } from '../graph/tensor.ts'
import { broadcastTo, reshape } from '../ops/layout.ts'

/** A tensor as one example sees it, held for all of them: with the batch as an added first axis, or shared by all. */
export interface Batched {
  readonly tensor: Tensor
  readonly batched: boolean
}

/** One node of an example's graph and what its inputs are for the whole batch; at least one of them is batched. */
export interface Call {
  /** The node as the example has it: its shapes are without the batch. */
  readonly node: Node
  readonly inputs: readonly Batched[]
  /** How many examples. */
  readonly size: Dim
}

/** How an operation is done for all examples at once: its outputs, each with the batch as an added first axis. */
export type BatchingRule = (call: Call) => readonly Tensor[]

/** The operation itself on other inputs, with some attributes changed. */
export function redo({ node }: Call, inputs: readonly Tensor[], changed: Attributes = {}): readonly Tensor[] {
  return apply(node.op, inputs, { ...node.attributes, ...changed })
}

/** An input with the batch as its first axis, repeated where it is shared. */
export function whole({ inputs, size }: Call, index: number): Tensor {
  const { tensor, batched } = inputAt(inputs, index)
  return batched ? tensor : broadcastTo(tensor, [size, ...tensor.shape])
}

/** An input that broadcasts, batch by batch, with others whose examples have this rank. */
export function aligned({ inputs }: Call, index: number, rank: number): Tensor {
  const { tensor, batched } = inputAt(inputs, index)
  if (!batched) return tensor
  const shape = tensor.shape.slice(1)
  const room = Array.from({ length: rank - shape.length }, () => 1)
  return reshape(tensor, [dimAt(tensor.shape, 0), ...room, ...shape])
}

/** Batch and first axis of the example as one: [batch, n, ...] → [batch · n, ...]. */
export function merged(x: Tensor): Tensor {
  return reshape(x, [multiplyDims(dimAt(x.shape, 0), dimAt(x.shape, 1)), ...x.shape.slice(2)])
}

/** The reverse of {@link merged}: [batch · n, ...] → [batch, n, ...]. */
export function parted(x: Tensor, size: Dim, first: Dim): Tensor {
  return reshape(x, [size, first, ...x.shape.slice(1)])
}
