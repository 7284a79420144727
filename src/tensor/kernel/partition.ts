import { ancestors } from '../graph/ancestors.ts'
import { applyAgain, input, inputAt, type Node, type Tensor } from '../graph/tensor.ts'
import { matrixOf } from '../ops/sparse.ts'
import { kernelNodes } from './choose.ts'
import type { Merged } from './merge.ts'

/** A stretch of a graph that one ONNX graph computes, or kernels. */
export interface Part {
  readonly kind: 'onnx' | 'kernels'
  /** In an order of computation. */
  readonly nodes: readonly Node[]
}

/**
 * Parts that are computed one after another, each from what is fed and what earlier parts have left. Nodes that depend on
 * nothing fed belong to no part: whoever reads them computes them.
 */
export interface Partition {
  readonly parts: readonly Part[]
  readonly outputs: readonly Tensor[]
  /** Whether a tensor is there without any part: fed, or dependent on nothing that is fed. */
  isFree(tensor: Tensor): boolean
}

/** Divides a graph at the nodes that kernels compute, into as few parts as its data allow. */
export function partitionGraph({ nodes, outputs }: Merged): Partition {
  const chosen = kernelNodes(nodes)
  const free = new Set<Node>()
  for (const node of nodes) {
    const { op, inputs } = node
    const isConstant = inputs.every(({ node: from }) => free.has(from) && from.op.name !== 'input')
    if (op.name === 'input' || (isConstant && !chosen.has(node))) free.add(node)
  }
  // Parts of ONNX have even numbers, parts of kernels odd ones.
  const numbers = new Map<Node, number>()
  for (const node of nodes) {
    if (free.has(node)) continue
    const own = Number(chosen.has(node))
    const after = node.inputs.map(({ node: from }) => {
      const before = numbers.get(from)
      return before === undefined ? own : before + Number(before % 2 !== own)
    })
    numbers.set(node, Math.max(own, ...after))
  }
  const last = Math.max(0, ...[...numbers.values()].filter((number) => number % 2 === 0))
  // What could be done first waits for the part that needs it: graphs, and passes over what is fed.
  const waits = (node: Node): boolean =>
    numbers.get(node) === 0 || (numbers.get(node) === 1 && matrixOf(node.op) === undefined)
  const needed = new Map<Node, number>()
  for (const node of nodes.toReversed()) {
    const first = numbers.get(node)
    if (first === undefined) continue
    const number = waits(node) ? (needed.get(node) ?? (first === 0 ? last : first)) : first
    numbers.set(node, number)
    for (const { node: from } of node.inputs) {
      // The last part of its kind that comes before, or the same part.
      const latest = number % 2 === Number(chosen.has(from)) ? number : number - 1
      needed.set(from, Math.min(needed.get(from) ?? latest, latest))
    }
  }
  const parts = new Map<number, Node[]>()
  for (const node of nodes) {
    const number = numbers.get(node)
    if (number === undefined) continue
    const list = parts.get(number)
    if (list) list.push(node)
    else parts.set(number, [node])
  }
  return {
    parts: [...parts]
      .sort(([a], [b]) => a - b)
      .map(([number, own]) => ({ kind: number % 2 === 0 ? 'onnx' : 'kernels', nodes: own })),
    outputs,
    isFree: ({ node }) => free.has(node),
  }
}

/** A part as a graph of its own. */
export interface PartGraph {
  readonly nodes: readonly Node[]
  readonly outputs: readonly Tensor[]
  /** What it reads of other parts, each under the name it is fed by. */
  readonly reads: readonly { readonly name: string; readonly tensor: Tensor }[]
}

/** The name under which a tensor goes from one part to another. */
export function crossingName({ node: { id }, output }: Tensor): string {
  return `part/${id}.${output}`
}

/**
 * A part as a graph whose inputs are what is fed and what other parts have computed.
 *
 * @param wanted tensors that it is to compute, or that are free
 */
export function partGraph(part: Part, wanted: readonly Tensor[], { isFree }: Partition): PartGraph {
  const own = new Set(part.nodes)
  const become = new Map<Tensor, Tensor>()
  const reads: { readonly name: string; readonly tensor: Tensor }[] = []
  const now = (tensor: Tensor): Tensor => {
    const known = become.get(tensor)
    if (known) return known
    if (isFree(tensor)) return tensor
    const name = crossingName(tensor)
    reads.push({ name, tensor })
    const read = input(name, tensor.shape, tensor.dtype)
    become.set(tensor, read)
    return read
  }
  for (const node of ancestors(wanted)) {
    if (!own.has(node)) continue
    const made = applyAgain(node, node.inputs.map(now))
    node.outputs.forEach((output, index) => {
      become.set(output, inputAt(made, index))
    })
  }
  const outputs = wanted.map(now)
  return { nodes: ancestors(outputs), outputs, reads }
}
