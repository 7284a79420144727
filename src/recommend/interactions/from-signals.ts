import { type Candidate, competitorOf, type Signal, type SignalFilter, type SignalSource } from '../../collect/index.ts'
import { idTable } from './id-map.ts'
import { checkedLog, type InteractionLog } from './interaction-log.ts'
import { logBuilder } from './log-builder.ts'

export interface SignalInteractionsOptions {
  /** Which signals to read. Only ratings and choices among them count. */
  readonly filter?: SignalFilter
  /** The aspect of a rating that is its value. Default `overall`, or a rating's only aspect. */
  readonly aspect?: string
  /** Whether a candidate with a producer counts as that producer, as leaderboards have it. Default false. */
  readonly byProducer?: boolean
}

/**
 * Interactions out of signals: a rating is one, with its score as value; a choice is one for each candidate that was
 * chosen, in the order of choosing, with the action's size as value where it has one and 1 where it has none. Users are
 * raters, items are catalogue keys, or addresses of contents that are no catalogue items. Times are the signals'.
 *
 * Ratings without the aspect, and choices of nothing, make no interaction.
 *
 * @example
 * const set = interactionSet(await signalInteractions(store, { filter: { kinds: ['choice'] } }))
 */
export async function signalInteractions(
  source: SignalSource,
  options: SignalInteractionsOptions = {},
): Promise<InteractionLog> {
  const [users, items, built] = [idTable(), idTable(), logBuilder()]
  const itemOf = (candidate: Candidate): string => {
    if (options.byProducer) return competitorOf(candidate)
    return candidate.content.modality === 'item' ? candidate.content.item : candidate.id
  }
  for await (const signal of source.read({ kinds: ['rating', 'choice'], ...options.filter })) {
    for (const { candidate, value } of interactionsIn(signal, options.aspect))
      built.add(users.addText(signal.rater.id), items.addText(itemOf(candidate)), value, signal.time)
  }
  return checkedLog({ ...built.columns(), userIds: users, itemIds: items })
}

function interactionsIn(
  signal: Signal,
  aspect: string | undefined,
): readonly { readonly candidate: Candidate; readonly value: number }[] {
  if (signal.kind === 'choice')
    return signal.chosen.flatMap((position) => {
      const candidate = signal.shown[position]
      return candidate ? [{ candidate, value: signal.value ?? 1 }] : []
    })
  if (signal.kind !== 'rating') return []
  const scores = Object.values(signal.aspects)
  const value =
    signal.aspects[aspect ?? 'overall'] ?? (aspect === undefined && scores.length === 1 ? scores[0] : undefined)
  return value === undefined ? [] : [{ candidate: signal.candidate, value }]
}
