import { codesOf, type SemanticIds } from './semantic-ids.ts'

/**
 * All ids of a catalogue as a tree: from the root, one code a level leads to an item. Nodes are numbered level by level,
 * the root 0, the children of each next to each other in the order of their codes.
 */
export interface CodeTrie {
  readonly levels: number
  readonly items: number
  /** [nodes + 1]: children of a node are from `firstChild[node]` to before `firstChild[node + 1]`. */
  readonly firstChild: Uint32Array
  /** [nodes]: the code that leads to it; −1 for the root. */
  readonly code: Int32Array
  /** [nodes]: how many items are below. */
  readonly below: Uint32Array
  /** [nodes]: its item, −1 where it is no end. */
  readonly item: Int32Array
  /** [items · levels]: the nodes on the way to each item, from the first code to the end. */
  readonly paths: Uint32Array
}

/**
 * The tree of some ids.
 *
 * @throws {RangeError} when two items have the same codes, or there is no item
 * @example
 * const trie = codeTrie(semanticIds(Int32Array.of(0, 1, 1, 0), [2, 2]))
 * itemOfCodes(trie, [1, 0]) // 1
 */
export function codeTrie(ids: SemanticIds): CodeTrie {
  const { items, sizes, codes } = ids
  const levels = sizes.length
  if (items === 0) throw new RangeError('code trie: there are no items')
  const order = Uint32Array.from({ length: items }, (_, item) => item).sort((a, b) => {
    for (let level = 0; level < levels; level++) {
      const difference = (codes[a * levels + level] as number) - (codes[b * levels + level] as number)
      if (difference !== 0) return difference
    }
    return a - b
  })
  const [firstChild, code, below, ends] = [[0], [-1], [items], [-1]]
  const paths = new Uint32Array(items * levels)
  firstChild.pop()
  // The node of each item at the level above, in sorted order.
  let above = new Uint32Array(items)
  for (let level = 0; level < levels; level++) {
    const here = new Uint32Array(items)
    for (const [at, item] of order.entries()) {
      const own = codes[item * levels + level] as number
      const before = at > 0 && above[at] === above[at - 1] && code[code.length - 1] === own
      if (!before) {
        // The first child of this node, and of those without any before it.
        while (firstChild.length <= (above[at] as number)) firstChild.push(code.length)
        code.push(own)
        below.push(0)
        ends.push(-1)
      } else if (level === levels - 1)
        throw new RangeError(
          `code trie: items ${order[at - 1]} and ${item} have the same codes, ${codesOf(ids, item).join(' ')}`,
        )
      const node = code.length - 1
      here[at] = node
      below[node] = (below[node] as number) + 1
      if (level === levels - 1) ends[node] = item
      paths[item * levels + level] = node
    }
    above = here
  }
  while (firstChild.length <= code.length) firstChild.push(code.length)
  return {
    levels,
    items,
    firstChild: Uint32Array.from(firstChild),
    code: Int32Array.from(code),
    below: Uint32Array.from(below),
    item: Int32Array.from(ends),
    paths,
  }
}

/** The child of a node by a code, or −1. */
export function childOf({ firstChild, code }: CodeTrie, node: number, wanted: number): number {
  let [low, high] = [firstChild[node] as number, firstChild[node + 1] as number]
  const end = high
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((code[middle] as number) < wanted) low = middle + 1
    else high = middle
  }
  return low < end && code[low] === wanted ? low : -1
}

/** The item of a whole word of codes, or −1 where there is none. */
export function itemOfCodes(trie: CodeTrie, codes: ArrayLike<number>): number {
  let node = 0
  for (let level = 0; level < trie.levels && node >= 0; level++) node = childOf(trie, node, codes[level] ?? -1)
  return codes.length === trie.levels && node >= 0 ? (trie.item[node] as number) : -1
}
