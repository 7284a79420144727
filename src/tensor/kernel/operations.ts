import { constantNumber, inputAt, type Node, type Tensor } from '../graph/tensor.ts'
import { matrixOf } from '../ops/sparse.ts'
import type { SparseMatrix } from '../ops/sparse-matrix.ts'
import { arrayOperands, elementOperation, elementsOf } from './choose.ts'
import { type ElementValue, type Elementwise, elementOperations } from './elementwise-kernel.ts'

/** A product with a sparse matrix, and the sum of it and something else. */
export interface ProductOperation {
  readonly kind: 'product'
  readonly matrix: SparseMatrix
  readonly rows: 'all' | 'listed' | 'scattered'
  /** What is multiplied; of `scattered` products the rows that are not zero. */
  readonly x: Tensor
  /** Which rows are listed or scattered. */
  readonly indices?: Tensor
  /** The product, where it is read by itself. */
  readonly product?: Tensor
  readonly base?: Tensor
  /** base + product */
  readonly sum?: Tensor
}

/** Rows added to those of `base` that indices name, one after another. */
export interface ScatterOperation {
  readonly kind: 'scatter'
  readonly base: Tensor
  readonly indices: Tensor
  readonly rows: Tensor
  readonly result: Tensor
}

/** Element-by-element expressions over arrays of one length in one pass. */
export interface ElementwiseOperation {
  readonly kind: 'elementwise'
  readonly count: number
  readonly expressions: Elementwise
  /** Arrays and scalars in the order of their places. */
  readonly read: readonly Tensor[]
  readonly written: readonly Tensor[]
}

export type KernelOperation = ProductOperation | ScatterOperation | ElementwiseOperation

/** Who reads the tensors of a graph. */
export interface Uses {
  readers(tensor: Tensor): readonly Node[]
  /** Whether it is a result of the graph. */
  isResult(tensor: Tensor): boolean
}

export function usesOf(nodes: readonly Node[], outputs: readonly Tensor[]): Uses {
  const readers = new Map<Tensor, Node[]>()
  for (const node of nodes)
    for (const from of new Set(node.inputs)) {
      const list = readers.get(from)
      if (list) list.push(node)
      else readers.set(from, [node])
    }
  const results = new Set(outputs)
  return { readers: (tensor) => readers.get(tensor) ?? [], isResult: (tensor) => results.has(tensor) }
}

const isElementwise = ({ op }: Node): boolean => op.name in elementOperations

/** The addition that a product can be written with: of something computed before it. */
function additionOf(node: Node, part: ReadonlySet<Node>, uses: Uses): { sum: Node; base: Tensor } | undefined {
  const product = inputAt(node.outputs, 0)
  for (const sum of uses.readers(product)) {
    if (sum.op.name !== 'add' || !part.has(sum)) continue
    const base = sum.inputs.find((from) => from !== product)
    const sameShape = base?.shape.join() === product.shape.join()
    // Nodes are numbered in an order of computation: what has a smaller number does not depend on the product.
    if (base && sameShape && base.node.id < node.id) return { sum, base }
  }
  return undefined
}

/** Which nodes are computed together; those of an addition come with their product. */
interface Step {
  readonly nodes: readonly Node[]
  readonly count?: number
}

/**
 * The operations of a part, in an order in which passes over arrays of one length follow each other where they can, to
 * become one pass.
 */
export function kernelOperations(nodes: readonly Node[], uses: Uses): readonly KernelOperation[] {
  const part = new Set(nodes)
  const additions = new Map<Node, { sum: Node; base: Tensor }>()
  const added = new Set<Node>()
  for (const node of nodes) {
    const addition = matrixOf(node.op) ? additionOf(node, part, uses) : undefined
    if (!addition || added.has(addition.sum)) continue
    additions.set(node, addition)
    added.add(addition.sum)
  }
  const open: Step[] = nodes.flatMap((node) => {
    if (added.has(node)) return []
    const addition = additions.get(node)
    if (addition) return [{ nodes: [node, addition.sum] }]
    const count = isElementwise(node) ? elementsOf(inputAt(node.outputs, 0)) : undefined
    return [{ nodes: [node], ...(count !== undefined && { count }) }]
  })

  const done = new Set<Node>()
  const isReady = ({ nodes: own }: Step): boolean =>
    own.every(({ inputs }) => inputs.every(({ node }) => !part.has(node) || done.has(node) || own.includes(node)))
  const operations: KernelOperation[] = []
  let group: Node[] = []
  let count: number | undefined
  const closeGroup = (): void => {
    if (group.length > 0) operations.push(elementwiseOperation(group, count ?? 0, uses))
    group = []
  }
  while (open.length > 0) {
    const ready = open.filter(isReady)
    const next =
      ready.find((step) => group.length > 0 && step.count === count) ??
      ready.find((step) => step.count === undefined) ??
      inputAt(ready, 0)
    open.splice(open.indexOf(next), 1)
    for (const node of next.nodes) done.add(node)
    if (next.count !== count || next.count === undefined) closeGroup()
    count = next.count
    if (count === undefined) operations.push(operationOf(inputAt(next.nodes, 0), additions, uses))
    else group.push(inputAt(next.nodes, 0))
  }
  closeGroup()
  return operations
}

function operationOf(
  node: Node,
  additions: ReadonlyMap<Node, { readonly sum: Node; readonly base: Tensor }>,
  uses: Uses,
): ProductOperation | ScatterOperation {
  const { op, inputs, outputs } = node
  const [first, second] = [inputAt(inputs, 0), inputs[1]]
  const result = inputAt(outputs, 0)
  const matrix = matrixOf(op)
  if (matrix === undefined)
    return { kind: 'scatter', base: first, indices: inputAt(inputs, 1), rows: inputAt(inputs, 2), result }
  const addition = additions.get(node)
  const isRead = uses.isResult(result) || uses.readers(result).some((reader) => reader !== addition?.sum)
  return {
    kind: 'product',
    matrix,
    rows: op.name === 'sparseRows' ? 'listed' : op.name === 'sparseScattered' ? 'scattered' : 'all',
    x: first,
    ...(second && { indices: second }),
    ...((isRead || !addition) && { product: result }),
    ...(addition && { base: addition.base, sum: inputAt(addition.sum.outputs, 0) }),
  }
}

function elementwiseOperation(nodes: readonly Node[], count: number, uses: Uses): ElementwiseOperation {
  const own = new Set(nodes)
  const values: ElementValue[] = []
  const positions = new Map<Tensor, number>()
  const read: Tensor[] = []
  const add = (tensor: Tensor, value: ElementValue): number => {
    values.push(value)
    positions.set(tensor, values.length - 1)
    return values.length - 1
  }
  const operand = (tensor: Tensor, arrays: readonly Tensor[]): number => {
    const known = positions.get(tensor)
    if (known !== undefined) return known
    const number = constantNumber(tensor)
    if (number !== undefined) return add(tensor, { kind: 'constant', number })
    read.push(tensor)
    return add(tensor, { kind: arrays.includes(tensor) ? 'array' : 'scalar', place: read.length - 1 })
  }
  for (const node of nodes) {
    const arrays = arrayOperands(node)
    const operands = node.inputs.map((from) => operand(from, arrays))
    add(inputAt(node.outputs, 0), { kind: 'operation', operation: elementOperation(node), operands })
  }
  const written = nodes
    .map(({ outputs }) => inputAt(outputs, 0))
    .filter((tensor) => uses.isResult(tensor) || uses.readers(tensor).some((reader) => !own.has(reader)))
  return {
    kind: 'elementwise',
    count,
    expressions: { values, written: written.map((tensor) => positions.get(tensor) ?? 0) },
    read,
    written,
  }
}
