import type { Node, Tensor } from './tensor.ts'

/** All nodes that some tensors are computed from, in an order of computation. */
export function ancestors(tensors: readonly Tensor[]): readonly Node[] {
  const seen = new Set<Node>()
  const open = tensors.map(({ node }) => node)
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const { node: from } of node.inputs) if (!seen.has(from)) open.push(from)
  }
  return [...seen].sort((a, b) => a.id - b.id)
}
