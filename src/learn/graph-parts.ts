/**
 * Parts of a graph: what is linked by edges, however long the chain.
 *
 * @param edges pairs of nodes, as many in `from` as in `to`
 * @returns [nodes]: one node that stands for each node's part
 */
export function graphParts(nodes: number, from: ArrayLike<number>, to: ArrayLike<number>): Int32Array {
  const parent = Int32Array.from({ length: nodes }, (_, node) => node)
  const root = (node: number): number => {
    let at = node
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number
      at = parent[at] as number
    }
    return at
  }
  for (let edge = 0; edge < from.length; edge++) parent[root(from[edge] as number)] = root(to[edge] as number)
  return parent.map((_, node) => root(node))
}
