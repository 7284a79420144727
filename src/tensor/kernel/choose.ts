import type { Dim } from '../graph/dimension.ts'
import { inputAt, type Node, type Tensor } from '../graph/tensor.ts'
import { matrixOf } from '../ops/sparse.ts'
import { type ElementOperation, elementOperations } from './elementwise-kernel.ts'

/** Below this many elements a pass costs less than arranging for it. */
const leastElements = 1 << 14

/** The number of elements of a tensor whose sizes are all known. */
export function elementsOf({ shape }: Tensor): number | undefined {
  return shape.reduce<number | undefined>(
    (count, dim: Dim) => (typeof dim === 'number' && count !== undefined ? count * dim : undefined),
    1,
  )
}

/** Whether kernels can compute a sparse product: of float32, with as many columns as are known beforehand. */
export function isKernelProduct({ op, outputs }: Node): boolean {
  const result = outputs[0]
  return (
    matrixOf(op) !== undefined &&
    result?.dtype === 'float32' &&
    typeof result.shape[1] === 'number' &&
    result.shape[1] > 0
  )
}

const isFed = ({ node: { op } }: Tensor): boolean => op.name === 'input'

/** Whether a node treats each element of large arrays of one shape by itself, beside scalars. */
function isElementwise({ op, inputs, outputs }: Node): boolean {
  const result = outputs[0]
  if (!(op.name in elementOperations) || result?.dtype !== 'float32') return false
  const count = elementsOf(result)
  return (
    count !== undefined &&
    count >= leastElements &&
    inputs.every((from) => from.shape.join() === result.shape.join() || elementsOf(from) === 1) &&
    inputs.some((from) => elementsOf(from) === count)
  )
}

/** The name of an elementwise kernel node's operation. */
export function elementOperation({ op }: Node): ElementOperation {
  return op.name as ElementOperation
}

/** The operands of an elementwise node that are arrays. */
export function arrayOperands({ inputs, outputs }: Node): readonly Tensor[] {
  const count = elementsOf(inputAt(outputs, 0))
  return inputs.filter((from) => elementsOf(from) === count)
}

/**
 * Which nodes kernels compute: sparse products, rows added to what kernels have computed, and element-by-element passes
 * over it, with whatever only such passes need of what is fed.
 *
 * @param nodes in an order of computation
 */
export function kernelNodes(nodes: readonly Node[]): ReadonlySet<Node> {
  const chosen = new Set<Node>()
  // Listed rows are few, and done with at once by whoever reads them.
  const isOwn = ({ node }: Tensor): boolean => chosen.has(node) && node.op.name !== 'sparseRows'
  for (const node of nodes) {
    const { op, inputs, outputs } = node
    if (isKernelProduct(node)) chosen.add(node)
    else if (op.name === 'scatterAdd') {
      const [base, indices] = inputs
      const isTable = base && base.dtype === 'float32' && base.shape.length === 2 && elementsOf(base) !== undefined
      if (isTable && indices && isOwn(base)) chosen.add(node)
    } else if (isElementwise(node) && outputs.length === 1 && arrayOperands(node).some(isOwn)) chosen.add(node)
  }
  const readers = new Map<Node, Node[]>()
  for (const node of nodes)
    for (const { node: from } of node.inputs) {
      const list = readers.get(from)
      if (list) list.push(node)
      else readers.set(from, [node])
    }
  for (const node of nodes.toReversed()) {
    if (chosen.has(node) || !isElementwise(node) || !arrayOperands(node).every(isFed)) continue
    const own = readers.get(node) ?? []
    if (own.length > 0 && own.every((reader) => chosen.has(reader) && reader.op.name in elementOperations))
      chosen.add(node)
  }
  return chosen
}
