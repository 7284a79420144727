import { type Candidate, competitorOf, type SignalFilter, type SignalSource } from '../../collect/index.ts'
import { type IdMap, idTable } from '../interactions/id-map.ts'
import { checkedImpressions, type Impressions } from './impressions.ts'

export interface ChoiceImpressionsOptions {
  /** Which choices to read. */
  readonly filter?: Omit<SignalFilter, 'kinds'>
  /** Whether a candidate with a producer counts as that producer. Default false. */
  readonly byProducer?: boolean
}

/** Impressions, and what their numbers stand for. */
export interface ChoiceImpressions extends Impressions {
  readonly userIds: IdMap
  readonly itemIds: IdMap
}

/**
 * Impressions out of choices among shown candidates: every choice is a request, what was chosen is taken, and the
 * history is what its rater chose strictly before. Items are catalogue keys, or addresses of contents that are none.
 *
 * @throws {RangeError} when there is no choice
 */
export async function choiceImpressions(
  source: SignalSource,
  options: ChoiceImpressionsOptions = {},
): Promise<ChoiceImpressions> {
  const [userIds, itemIds] = [idTable(), idTable()]
  const itemOf = (candidate: Candidate): number => {
    if (options.byProducer) return itemIds.addText(competitorOf(candidate))
    return itemIds.addText(candidate.content.modality === 'item' ? candidate.content.item : candidate.id)
  }
  const requests: { user: number; time: number; shown: number[]; chosen: ReadonlySet<number>; order: number[] }[] = []
  for await (const signal of source.read({ ...options.filter, kinds: ['choice'] })) {
    if (signal.kind !== 'choice' || signal.shown.length === 0) continue
    const shown = signal.shown.map(itemOf)
    requests.push({
      user: userIds.addText(signal.rater.id),
      time: signal.time,
      shown,
      chosen: new Set(signal.chosen),
      order: signal.chosen.flatMap((position) => shown[position] ?? []),
    })
  }
  const sorted = requests.toSorted((a, b) => a.user - b.user || a.time - b.time)
  const starts = new Uint32Array(userIds.size + 1)
  for (const { user, order } of sorted) starts[user + 1] = (starts[user + 1] ?? 0) + order.length
  for (let user = 0; user < userIds.size; user++) starts[user + 1] = (starts[user + 1] ?? 0) + (starts[user] ?? 0)
  const items: number[] = []
  const times: number[] = []
  const known: number[] = []
  let same = 0
  for (const [at, { user, time, order }] of sorted.entries()) {
    const before = sorted[at - 1]
    // Requests of one moment know none of each other's choices.
    if (!before || before.user !== user || before.time !== time) same = items.length - (starts[user] ?? 0)
    known.push(same)
    for (const item of order) {
      items.push(item)
      times.push(time)
    }
  }
  const offsets = new Uint32Array(sorted.length + 1)
  for (const [at, { shown }] of sorted.entries()) offsets[at + 1] = (offsets[at] ?? 0) + shown.length
  return {
    userIds,
    itemIds,
    ...checkedImpressions({
      itemCount: itemIds.size,
      offsets,
      items: Uint32Array.from(sorted.flatMap(({ shown }) => shown)),
      labels: Float32Array.from(
        sorted.flatMap(({ shown, chosen }) => shown.map((_, position) => (chosen.has(position) ? 1 : 0))),
      ),
      users: Int32Array.from(sorted, ({ user }) => user),
      times: Float64Array.from(sorted, ({ time }) => time),
      behaviours: { offsets: starts, items: Uint32Array.from(items), times: Float64Array.from(times) },
      sequences: Uint32Array.from(sorted, ({ user }) => user),
      known: Uint32Array.from(known),
    }),
  }
}
