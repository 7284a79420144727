import { ancestors } from './graph/ancestors.ts'
import { applyAgain, atSite, inputAt, inputOp, type Node, type Op, type Tensor } from './graph/tensor.ts'

/** A graph as it is to be written. */
export interface Simplified {
  /** All nodes that the outputs depend on, in an order of computation. */
  readonly nodes: readonly Node[]
  /** What a tensor of the given graph has become; undefined where no output depends on it. */
  of(tensor: Tensor): Tensor | undefined
  /** What the outputs have become. */
  readonly outputs: readonly Tensor[]
}

/**
 * Rewrites a graph by its operations' own rules (see `Op.simplify`): shapes laid over shapes, transposes undone or taken
 * into products, factors of 1, constants computed. Graphs are written so, and never built so: while one is built, every
 * tensor in it may be asked for its gradient, and a shortcut round it would leave that gradient out.
 *
 * @param nodes all nodes the outputs depend on, in an order of computation; they are left as they are
 */
export function simplify(nodes: readonly Node[], outputs: readonly Tensor[]): Simplified {
  const readers = new Map<Tensor, number>()
  for (const read of [...nodes.flatMap(({ inputs }) => inputs), ...outputs])
    readers.set(read, (readers.get(read) ?? 0) + 1)
  const shared = (tensor: Tensor): boolean => (readers.get(tensor) ?? 0) > 1

  const become = new Map<Tensor, Tensor>()
  const settled = new Set<Node>()
  const known = (tensor: Tensor): Tensor => {
    const found = become.get(tensor)
    if (found === undefined) throw new RangeError(`the ${tensor.node.op.name} tensor is not part of the graph`)
    return found
  }
  /** A new tensor, and what it reads, as the rules have it. */
  const settle = (tensor: Tensor): Tensor => {
    const { node } = tensor
    if (settled.has(node)) return tensor
    const inputs = node.inputs.map(settle)
    const moved = inputs.some((from, index) => from !== node.inputs[index])
    const made = moved ? inputAt(applyAgain(node, inputs), tensor.output) : tensor
    const better = made.node.op.simplify?.(made.node, shared)
    if (better !== undefined) return settle(better)
    settled.add(made.node)
    return made
  }

  for (const node of nodes) {
    if (node.op === (inputOp as Op)) settled.add(node)
    atSite(node.site, () => {
      // Made anew even where nothing changes, so that the order of computation stays.
      const made = settled.has(node) ? node.outputs : applyAgain(node, node.inputs.map(known))
      node.outputs.forEach((output, index) => {
        const found = settle(inputAt(made, index))
        become.set(output, found)
        readers.set(found, Math.max(readers.get(found) ?? 0, readers.get(output) ?? 0))
      })
    })
  }
  const written = outputs.map(known)
  return { nodes: ancestors(written), outputs: written, of: (tensor) => become.get(tensor) }
}
