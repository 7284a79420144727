import type { CodeTrie } from './code-trie.ts'
import { levelOffsets } from './session-net.ts'

/** One session that was found, and how likely the net holds it to be. */
export interface SessionBeam {
  /** [m], all different */
  readonly items: Int32Array
  /** Σ log P(code | what is before), of all its codes, in nats. */
  readonly logProbability: number
}

/** What a step of the search asks: what follows after some words of every beam. */
export interface CodeQuestion {
  /** Beams of each row; all rows have as many. */
  readonly beams: number
  /** [rows · beams · fresh]: the words since the last step, rows of the net's embedding. */
  readonly words: Int32Array
  readonly fresh: number
  /** [rows · beams]: which beam of the last step each goes on from, counted through all rows. */
  readonly parents: Int32Array
  /** Place of the first fresh word in the session. */
  readonly position: number
  /** Level of the code that is asked for. */
  readonly level: number
}

/** Answers with log P(code), [rows · beams · codes of the level]. Questions of one search come in order. */
export type CodeTeller = (question: CodeQuestion) => Promise<Float32Array>

export interface SearchOptions {
  readonly rows: number
  /** Sessions kept at every step. */
  readonly beams: number
  /** m */
  readonly sessionLength: number
  /** Items that a row's sessions must not have. Default none. */
  readonly exclude?: (row: number) => ArrayLike<number>
}

interface Beam {
  readonly score: number
  readonly node: number
  readonly items: Int32Array
  /** Place among the row's beams of the step before. */
  readonly from: number
}

/** How many of a row's excluded items are below each node. */
function excludedBelow({ paths, levels, items }: CodeTrie, list: ArrayLike<number>, row: number): Map<number, number> {
  const counts = new Map<number, number>()
  for (const item of new Set(Array.from(list))) {
    if (!(Number.isInteger(item) && item >= 0 && item < items))
      throw new RangeError(`row ${row} is not to get item ${item}, expected a whole number from 0 to ${items - 1}`)
    counts.set(0, (counts.get(0) ?? 0) + 1)
    for (let level = 0; level < levels; level++) {
      const node = paths[item * levels + level] as number
      counts.set(node, (counts.get(node) ?? 0) + 1)
    }
  }
  return counts
}

/**
 * The likeliest sessions by beam search in the tree of ids: at every code each beam goes on with those that lead to an
 * item it may still have, and the likeliest of all continuations are kept; equal ones in the order of beams, then codes.
 * No item is in a session twice, none is unknown, and no beam ends without an item.
 *
 * @returns for each row its sessions, likeliest first; fewer than `beams` only where there are no more
 * @throws {RangeError} when a row may get fewer items than a session has
 */
export async function searchSessions(
  teller: CodeTeller,
  trie: CodeTrie,
  sizes: readonly number[],
  { rows, beams, sessionLength, exclude }: SearchOptions,
): Promise<readonly (readonly SessionBeam[])[]> {
  const { levels, firstChild, code, below, item: itemAt, paths } = trie
  const offsets = levelOffsets(sizes)
  const excluded = Array.from({ length: rows }, (_, row) => excludedBelow(trie, exclude?.(row) ?? [], row))
  for (const [row, counts] of excluded.entries()) {
    const left = trie.items - (counts.get(0) ?? 0)
    if (left < sessionLength)
      throw new RangeError(`row ${row} may get ${left} items, expected at least ${sessionLength}, as a session has`)
  }
  let held: (readonly Beam[])[] = Array.from({ length: rows }, () => [
    { score: 0, node: 0, items: new Int32Array(0), from: 0 },
  ])
  // What is still to be told of the beams: the words since the last step.
  let pending: (beam: Beam) => readonly number[] = () => [0]
  let width = 1
  let before = 1
  for (let place = 0; place < sessionLength; place++)
    for (let level = 0; level < levels; level++) {
      const fresh = level === 0 && place > 0 ? 2 : 1
      const words = new Int32Array(rows * width * fresh)
      const parents = new Int32Array(rows * width)
      for (const [row, own] of held.entries())
        for (let at = 0; at < width; at++) {
          // A row with fewer beams repeats its first; nothing is read of that.
          const beam = own[at] ?? (own[0] as Beam)
          words.set(pending(beam), (row * width + at) * fresh)
          parents[row * width + at] = row * before + beam.from
        }
      const position = place * (levels + 1) + level - (fresh - 1)
      const told = await teller({ beams: width, words, fresh, parents, position, level })
      const size = sizes[level] as number
      held = held.map((own, row) => {
        const counts = excluded[row] as Map<number, number>
        const [scores, nodes, froms] = [new Float64Array(beams), new Int32Array(beams), new Int32Array(beams)]
        let kept = 0
        for (const [at, beam] of own.entries()) {
          const line = (row * width + at) * size
          const end = firstChild[beam.node + 1] as number
          for (let child = firstChild[beam.node] as number; child < end; child++) {
            const score = beam.score + (told[line + (code[child] as number)] as number)
            if (kept === beams && !(score > (scores[kept - 1] as number))) continue
            let open = (below[child] as number) - (counts.get(child) ?? 0)
            for (const had of beam.items) if (paths[had * levels + level] === child) open--
            if (open <= 0) continue
            let slot = kept < beams ? kept++ : beams - 1
            while (slot > 0 && (scores[slot - 1] as number) < score) {
              scores[slot] = scores[slot - 1] as number
              nodes[slot] = nodes[slot - 1] as number
              froms[slot] = froms[slot - 1] as number
              slot--
            }
            scores[slot] = score
            nodes[slot] = child
            froms[slot] = at
          }
        }
        return Array.from({ length: kept }, (_, slot): Beam => {
          const [node, from] = [nodes[slot] as number, froms[slot] as number]
          const past = (own[from] as Beam).items
          const done = level === levels - 1
          return {
            score: scores[slot] as number,
            from,
            node: done ? 0 : node,
            items: done ? Int32Array.of(...past, itemAt[node] as number) : past,
          }
        })
      })
      const last = offsets[level] as number
      const ended = level === levels - 1
      pending = ({ node, items }) =>
        ended
          ? [last + (code[paths[(items.at(-1) as number) * levels + level] as number] as number), 0]
          : [last + (code[node] as number)]
      before = width
      width = Math.max(...held.map((own) => own.length))
    }
  return held.map((own) => own.map(({ items, score }) => ({ items, logProbability: score })))
}
