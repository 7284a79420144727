import type { ComparisonTable } from './comparison-table.ts'

/**
 * Why strengths may have no finite estimate. Draw an arrow from each competitor to every other that it beat or tied: a
 * finite maximum of the likelihood exists exactly when one can follow arrows from anyone to anyone (Ford 1957).
 */
export interface Separation {
  /** True when the arrows connect everyone with everyone, both ways. Competitors without votes are left aside. */
  readonly connected: boolean
  /** Sets of competitors never compared with those of another set, largest first; one set when all hang together. */
  readonly parts: readonly (readonly number[])[]
  /** Strongly connected groups, each ranked before those it can only beat. */
  readonly groups: readonly (readonly number[])[]
  /** Competitors that never lost or tied a vote. */
  readonly unbeaten: readonly number[]
  /** Competitors that never won or tied a vote. */
  readonly winless: readonly number[]
  /** Competitors without votes. */
  readonly unseen: readonly number[]
}

interface Arrows {
  /** `[competitors + 1]`: where the arrows of a competitor begin in `targets`. */
  readonly start: Int32Array
  readonly targets: Int32Array
}

function arrowsOf(size: number, edges: number, from: Int32Array, to: Int32Array): Arrows {
  const start = new Int32Array(size + 1)
  for (let i = 0; i < edges; i++) start[(from[i] as number) + 1] = (start[(from[i] as number) + 1] as number) + 1
  for (let i = 0; i < size; i++) start[i + 1] = (start[i + 1] as number) + (start[i] as number)
  const next = start.slice(0, size)
  const targets = new Int32Array(edges)
  for (let i = 0; i < edges; i++) {
    const source = from[i] as number
    const slot = next[source] as number
    targets[slot] = to[i] as number
    next[source] = slot + 1
  }
  return { start, targets }
}

/** Tarjan's strongly connected components, without recursion; every group comes after the groups it has arrows to. */
function strongGroups({ start, targets }: Arrows, nodes: readonly number[]): number[][] {
  const size = start.length - 1
  const order = new Int32Array(size).fill(-1)
  const low = new Int32Array(size)
  const next = start.slice(0, size)
  const onStack = new Uint8Array(size)
  const stack: number[] = []
  const groups: number[][] = []
  let visited = 0
  const open = (node: number, path: number[]): void => {
    order[node] = visited
    low[node] = visited++
    onStack[node] = 1
    stack.push(node)
    path.push(node)
  }
  for (const root of nodes) {
    if ((order[root] as number) >= 0) continue
    const path: number[] = []
    open(root, path)
    while (path.length > 0) {
      const node = path[path.length - 1] as number
      const slot = next[node] as number
      if (slot < (start[node + 1] as number)) {
        next[node] = slot + 1
        const target = targets[slot] as number
        if ((order[target] as number) < 0) open(target, path)
        else if (onStack[target] === 1) low[node] = Math.min(low[node] as number, order[target] as number)
        continue
      }
      path.pop()
      const parent = path[path.length - 1]
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number)
      if (low[node] !== order[node]) continue
      const group = stack.splice(stack.lastIndexOf(node))
      for (const member of group) onStack[member] = 0
      groups.push(group.sort((x, y) => x - y))
    }
  }
  return groups
}

/**
 * Looks for competitors and groups that keep the likelihood from having a finite maximum.
 *
 * @param counts votes per cell; default the table's own
 */
export function separationOf(table: ComparisonTable, counts: Float64Array = table.counts): Separation {
  const size = table.names.length
  const won = new Uint8Array(table.a.length)
  const lost = new Uint8Array(table.a.length)
  for (let cell = 0; cell < counts.length; cell++) {
    if (counts[cell] === 0) continue
    const outcome = table.outcomes[cell] as number
    const pairing = table.pairing[cell] as number
    if (outcome > 0) won[pairing] = 1
    if (outcome < 1) lost[pairing] = 1
  }
  const from = new Int32Array(2 * table.a.length)
  const to = new Int32Array(2 * table.a.length)
  let edges = 0
  for (let pairing = 0; pairing < table.a.length; pairing++) {
    if (won[pairing] === 1) {
      from[edges] = table.a[pairing] as number
      to[edges++] = table.b[pairing] as number
    }
    if (lost[pairing] === 1) {
      from[edges] = table.b[pairing] as number
      to[edges++] = table.a[pairing] as number
    }
  }
  const beats = new Uint8Array(size)
  const beaten = new Uint8Array(size)
  for (let i = 0; i < edges; i++) {
    beats[from[i] as number] = 1
    beaten[to[i] as number] = 1
  }
  const everyone = Array.from({ length: size }, (_, i) => i)
  const seen = everyone.filter((i) => beats[i] === 1 || beaten[i] === 1)
  const groups = strongGroups(arrowsOf(size, edges, from, to), seen).reverse()
  const connected = groups.length <= 1
  return {
    connected,
    parts: connected ? groups : partsOf(table, groups, counts),
    groups,
    unbeaten: seen.filter((i) => beaten[i] === 0),
    winless: seen.filter((i) => beats[i] === 0),
    unseen: everyone.filter((i) => beats[i] === 0 && beaten[i] === 0),
  }
}

/**
 * Whether a tie parameter can grow without end, and the strengths with it, while the votes only become likelier: some d
 * has d_a − d_b ≥ 1 wherever a beat b, and |d_a − d_b| ≤ 1 wherever they tied. Moving θ along 2d and ln ν along 1
 * (Davidson), or θ along d and ln η along 1 (Rao and Kupper), then raises the probability of every win. This happens
 * although ties connect everyone, as in x > y, x = z, z = y; one pair that each of the two has won rules it out.
 *
 * The differences are found as shortest ways: there are some unless a cycle of constraints is shorter than nothing.
 *
 * @param counts votes per cell; default the table's own
 */
export function tiesSeparate(table: ComparisonTable, counts: Float64Array = table.counts): boolean {
  const size = table.names.length
  /** By ordered pair of competitors, what the difference of the second over the first must not exceed. */
  const limits = new Map<number, number>()
  let decided = false
  for (let cell = 0; cell < counts.length; cell++) {
    if (counts[cell] === 0) continue
    const pairing = table.pairing[cell] as number
    const [a, b] = [table.a[pairing] as number, table.b[pairing] as number]
    const outcome = table.outcomes[cell] as number
    const forth = a * size + b
    const back = b * size + a
    if (outcome === 0.5) {
      for (const pair of [forth, back]) if (!limits.has(pair)) limits.set(pair, 1)
      continue
    }
    const [won, lost] = outcome === 1 ? [forth, back] : [back, forth]
    if (limits.get(lost) === -1) return false
    limits.set(won, -1)
    decided = true
  }
  if (!decided) return false
  const differences = new Float64Array(size)
  for (let round = 0; round <= size; round++) {
    let changed = false
    for (const [pair, limit] of limits) {
      const [from, to] = [Math.floor(pair / size), pair % size]
      const most = (differences[from] as number) + limit
      if ((differences[to] as number) <= most) continue
      differences[to] = most
      changed = true
    }
    if (!changed) return true
  }
  return false
}

/** Joins the groups that have any comparison between them. */
function partsOf(table: ComparisonTable, groups: readonly (readonly number[])[], counts: Float64Array): number[][] {
  const leader = Int32Array.from({ length: table.names.length }, (_, i) => i)
  const find = (node: number): number => {
    let root = node
    while (leader[root] !== root) root = leader[root] as number
    for (let at = node; at !== root; ) {
      const above = leader[at] as number
      leader[at] = root
      at = above
    }
    return root
  }
  for (let cell = 0; cell < counts.length; cell++) {
    if (counts[cell] === 0) continue
    const pairing = table.pairing[cell] as number
    leader[find(table.a[pairing] as number)] = find(table.b[pairing] as number)
  }
  const parts = Map.groupBy(groups.flat(), find)
  return [...parts.values()].map((part) => part.sort((x, y) => x - y)).sort((x, y) => y.length - x.length)
}

function list(names: readonly string[], indices: readonly number[], most = 8): string {
  const quoted = indices.slice(0, most).map((i) => `"${names[i]}"`)
  const rest = indices.length - quoted.length
  if (rest > 0) return `${quoted.join(', ')} and ${rest} more`
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted[quoted.length - 1]}`
}

/** What a reader must know about a separation, one sentence each; nothing when all is well. */
export function describeSeparation(separation: Separation, names: readonly string[]): string[] {
  const { parts, groups, unbeaten, winless, unseen, connected } = separation
  const sentences: string[] = []
  if (unseen.length > 0)
    sentences.push(`${list(names, unseen)} ${unseen.length === 1 ? 'has' : 'have'} no votes and no rating of meaning.`)
  if (connected) return sentences
  if (parts.length > 1)
    sentences.push(
      `The votes fall into ${parts.length} parts that were never compared with each other: ` +
        `${parts.map((part) => `[${list(names, part)}]`).join(', ')}. Ratings of different parts cannot be compared.`,
    )
  if (unbeaten.length > 0)
    sentences.push(`${list(names, unbeaten)} never lost or tied, so no finite rating fits the votes best.`)
  if (winless.length > 0)
    sentences.push(`${list(names, winless)} never won or tied, so no finite rating fits the votes best.`)
  const named = new Set([...unbeaten, ...winless])
  const gaps = parts.flatMap((part) => {
    const inside = groups.filter((group) => part.includes(group[0] as number) && !named.has(group[0] as number))
    return inside.slice(0, -1).map((group, i) => ({ above: group, below: inside.slice(i + 1).flat() }))
  })
  for (const { above, below } of gaps.slice(0, 3))
    sentences.push(
      `${list(names, above)} never lost to or tied with ${list(names, below)}, so the gap between them has no finite best fit.`,
    )
  if (gaps.length > 3) sentences.push(`There are ${gaps.length - 3} more such gaps.`)
  return sentences
}
