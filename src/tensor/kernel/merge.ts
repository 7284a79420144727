import { ancestors } from '../graph/ancestors.ts'
import { applyAgain, constantNumber, inputAt, type Node, type Tensor } from '../graph/tensor.ts'
import { isTensorValue } from '../graph/value.ts'
import { add } from '../ops/arithmetic.ts'

/** A graph rewritten: its nodes in an order of computation, and what its outputs have become. */
export interface Merged {
  readonly nodes: readonly Node[]
  readonly outputs: readonly Tensor[]
}

function isZeros({ node: { op, inputs } }: Tensor): boolean {
  return op.name === 'expand' && constantNumber(inputAt(inputs, 0)) === 0
}

/**
 * Brings a graph into the form that kernels are chosen from: equal subexpressions are computed once, and rows scattered
 * into zeros that are then added to something are added to it directly.
 *
 * @param waits whether what is held back until other tensors are there still is
 */
export function mergeGraph(nodes: readonly Node[], outputs: readonly Tensor[], waits: boolean): Merged {
  const readers = new Map<Tensor, number>()
  for (const tensor of [...nodes.flatMap(({ inputs }) => inputs), ...outputs])
    readers.set(tensor, (readers.get(tensor) ?? 0) + 1)
  const identities = new Map<unknown, number>()
  const identity = (object: unknown): number => {
    const known = identities.get(object) ?? identities.size
    identities.set(object, known)
    return known
  }
  const expressions = new Map<string, readonly Tensor[]>()
  const make = (node: Node, inputs: readonly Tensor[]): readonly Tensor[] => {
    const attributes = JSON.stringify(node.attributes, (_, item: unknown) =>
      isTensorValue(item) ? `#${identity(item)}` : item,
    )
    const key = `${identity(node.op)}(${inputs.map(({ node: { id }, output }) => `${id}.${output}`).join()})${attributes}`
    const made = expressions.get(key) ?? applyAgain(node, inputs)
    expressions.set(key, made)
    return made
  }

  const become = new Map<Tensor, Tensor>()
  const now = (tensor: Tensor): Tensor => become.get(tensor) ?? tensor
  const becomes = (tensor: Tensor, made: Tensor): void => {
    become.set(tensor, made)
    if (made !== tensor) readers.set(made, (readers.get(made) ?? 0) + (readers.get(tensor) ?? 0))
  }
  /** Whether a new tensor is rows scattered into zeros, or into such rows, and read only once. */
  const isScattered = (tensor: Tensor): boolean => {
    const { op, inputs } = tensor.node
    if (op.name !== 'scatterAdd' || readers.get(tensor) !== 1) return false
    const base = inputAt(inputs, 0)
    return isZeros(base) || isScattered(base)
  }
  /** The same rows added to another tensor instead of zeros. */
  const onto = (tensor: Tensor, other: Tensor): Tensor => {
    const [base, ...scattered] = tensor.node.inputs
    const into = base === undefined || isZeros(base) ? other : onto(base, other)
    if (into !== other) readers.set(into, 1)
    const [indices, rows] = scattered
    const [before, sameIndices, rowsBefore] = into.node.inputs
    // Rows that go to the same places are added up first.
    const joined = into.node.op === tensor.node.op && readers.get(into) === 1 && sameIndices === indices
    return joined && before && indices && rows && rowsBefore
      ? inputAt(make(tensor.node, [before, indices, add(rowsBefore, rows)]), 0)
      : inputAt(make(tensor.node, [into, ...scattered]), 0)
  }
  const sameType = (a: Tensor, b: Tensor): boolean => a.dtype === b.dtype && a.shape.join() === b.shape.join()

  for (const node of nodes) {
    const inputs = node.inputs.map(now)
    const [a, b] = inputs
    if (node.op.name === 'add' && a && b && sameType(a, b) && (isScattered(a) || isScattered(b))) {
      becomes(inputAt(node.outputs, 0), isScattered(a) ? onto(a, b) : onto(b, a))
      continue
    }
    if (node.op.name === 'after' && a && !waits) {
      becomes(inputAt(node.outputs, 0), a)
      continue
    }
    const made = make(node, inputs)
    node.outputs.forEach((output, index) => {
      becomes(output, inputAt(made, index))
    })
  }
  const results = outputs.map(now)
  return { nodes: ancestors(results), outputs: results }
}
