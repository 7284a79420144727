import type { Candidate, Signal } from '../../collect/index.ts'
import type { Judgement } from '../contract.ts'
import { judgementKey, numbering, ratedGroups } from '../pairs/pair-builder.ts'
import { type PairsOptions, ratingOf, readSignals, type Signals } from '../pairs/pairs-of.ts'
import { checkedLists, type ListData, speaks } from './list-data.ts'

export interface ListsOptions extends Pick<PairsOptions, 'aspect' | 'unranked'> {
  /** Which signals to read. Default both. */
  readonly kinds?: readonly ('ranking' | 'rating')[]
}

/** Lists from signals, and what was left out. */
export interface SignalLists extends ListData {
  readonly rows: readonly Judgement[]
  /** How many signals were left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
  /** How many signals were read. */
  readonly signals: number
}

/**
 * Lists from signals: every ranking is one, labelled by rank; one rater's ratings in one context are one, labelled by
 * their values. Lists of fewer than two items, or of ties alone, say nothing; they are left out and counted.
 *
 * @throws {RangeError} when no signal knows the aspect, a candidate stands twice in a ranking, or no lists are left
 * @example
 * const model = await fitLists({ data: await listsOf(store), encoder: hashedNgrams() })
 */
export async function listsOf(signals: Signals, options: ListsOptions = {}): Promise<SignalLists> {
  const { kinds = ['ranking', 'rating'], aspect, unranked = 'absent' } = options
  const [rows, contexts, raters] = [numbering<Judgement>(), numbering<string>(), numbering<string>()]
  const built = {
    items: [] as number[],
    starts: [0],
    labels: [] as number[],
    weights: [] as number[],
    context: [] as number[],
    rater: [] as number[],
  }
  const leftOut: Record<string, number> = {}
  const leave = (reason: string): void => {
    leftOut[reason] = (leftOut[reason] ?? 0) + 1
  }
  const rated = ratedGroups()
  const aspects = new Set<string>()
  let read = 0

  const add = (signal: Signal, candidates: readonly Candidate[], values: readonly number[], weight: number): void => {
    if (candidates.length < 2) leave('fewer than two items')
    else if (!speaks(values)) leave('nothing but ties')
    else {
      for (const candidate of candidates) {
        const judged = { context: signal.context, candidate, rater: signal.rater }
        built.items.push(rows.of(judgementKey(judged.context, candidate, judged.rater), () => judged))
      }
      built.labels.push(...values)
      built.starts.push(built.items.length)
      built.weights.push(weight)
      built.context.push(contexts.of(signal.context.id, () => signal.context.id))
      built.rater.push(raters.of(signal.rater.id, () => signal.rater.id))
    }
  }

  for await (const signal of readSignals(signals, kinds)) {
    read++
    if (signal.kind === 'ranking') {
      if (aspect !== undefined) {
        leave(`no aspect "${aspect}"`)
        continue
      }
      const { candidates, ranks } = signal
      if (new Set(candidates.map(({ id }) => id)).size < candidates.length)
        throw new RangeError(`signal ${signal.id}: a content stands twice in the ranking, expected each once`)
      const last = ranks.reduce((most: number, rank) => Math.max(most, rank ?? 0), 0)
      const placed = candidates.flatMap((candidate, at) => {
        const rank = ranks[at] ?? (unranked === 'below' ? last + 1 : undefined)
        return rank === undefined ? [] : [{ candidate, label: -rank }]
      })
      add(
        signal,
        placed.map(({ candidate }) => candidate),
        placed.map(({ label }) => label),
        signal.weight ?? 1,
      )
    } else if (signal.kind === 'rating') {
      for (const name of Object.keys(signal.aspects)) aspects.add(name)
      const value = ratingOf(signal, aspect)
      if (value === undefined) leave(aspect === undefined ? 'no overall rating' : `no aspect "${aspect}"`)
      else rated.add(signal, value)
    }
  }
  if (aspect !== undefined && read > 0 && !aspects.has(aspect))
    throw new RangeError(
      `no signal has the aspect "${aspect}"; there ${aspects.size === 1 ? 'is' : 'are'} ${[...aspects].slice(0, 20).join(', ') || 'none'}`,
    )
  for (const { signal, candidates, values, weight } of rated.groups()) add(signal, candidates, values, weight)
  if (built.starts.length === 1)
    throw new RangeError(
      `no lists: ${read} signals were read (${kinds.join(', ')}), left out: ${JSON.stringify(leftOut)}; there is nothing to learn from`,
    )
  const data = {
    rows: rows.items,
    items: Int32Array.from(built.items),
    starts: Int32Array.from(built.starts),
    labels: Float32Array.from(built.labels),
    weights: Float32Array.from(built.weights),
    context: Int32Array.from(built.context),
    raters: raters.items,
    rater: Int32Array.from(built.rater),
  }
  checkedLists(data)
  return { ...data, leftOut, signals: read }
}
