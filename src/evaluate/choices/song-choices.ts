import type { Signal, SignalFilter } from '../../collect/index.ts'
import { idsOf, interactionLog } from '../../recommend/index.ts'
import type { CatalogueItem, Choices } from './choices.ts'

/** The fewest points that make a song chosen: from 1975 on, each jury and televote gives 12, 10 and 8 to its three best. */
export const chosenFrom = 8
/** Before 1975 points were given in other ways. */
const firstYear = 1975

/** The signals that the choices are in. */
export const songSignals: SignalFilter = { sources: ['eurovision-points'], kinds: ['ranking'] }

const bodies: { readonly [by: string]: string } = { jury: 'jury', televote: 'televote', total: 'jury and televote' }

/** `2019 Italy: Soldi – Mahmood` is the song Soldi by Mahmood. A song without a title bears its performer's name. */
function songOf(item: string, features: { readonly [name: string]: unknown }): CatalogueItem {
  const [year, country, region] = [Number(features['year']), String(features['country']), features['region']]
  // Some names have marks in them that are not seen, left by an encoding.
  const name = item.slice(`${year} ${country}: `.length).replace(/[\p{Cc}\p{Cf}]/gu, '')
  const dash = name.lastIndexOf(' – ')
  const [title, performer] = dash < 0 ? [name] : [name.slice(0, dash), name.slice(dash + 3)]
  return {
    id: item,
    title,
    attributes: {
      ...(performer !== undefined && { performer }),
      country,
      year,
      ...(typeof region === 'string' && { region }),
    },
  }
}

/**
 * The songs of the Eurovision Song Contest as a catalogue, and those that each country's jury and televote chose from it:
 * at least {@link chosenFrom} points in a show, oldest show first and best first within it. Users are such as
 * `Sweden, televote`; where a country's two are not known apart, as up to 2015, both are one user. Songs that nobody chose
 * are left out.
 *
 * Only bodies that vote year after year are users. A juror of the contest sits for a year and hears that year's songs, so
 * that jurors tell nothing of songs of other years.
 *
 * @param signals those of {@link songSignals}; others are passed over
 */
export async function songChoices(signals: AsyncIterable<Signal> | Iterable<Signal>): Promise<Choices> {
  const rows: { readonly user: string; readonly item: string; readonly time: number; readonly points: number }[] = []
  const songs = new Map<string, CatalogueItem>()
  for await (const signal of signals) {
    if (signal.kind !== 'ranking' || signal.source !== 'eurovision-points') continue
    const { country, year, by } = signal.rater.traits ?? {}
    const points = signal.metadata?.['points']
    if (!Array.isArray(points) || Number(year) < firstYear) continue
    const user = `${country}, ${bodies[String(by)] ?? by}`
    for (const [place, { content, features = {} }] of signal.candidates.entries()) {
      const given = Number(points[place])
      if (content.modality !== 'item' || !(given >= chosenFrom)) continue
      if (!songs.has(content.item)) songs.set(content.item, songOf(content.item, features))
      rows.push({ user, item: content.item, time: signal.time, points: given })
    }
  }
  // Numbers do not hang on the order in which a store gives its signals.
  const userIds = idsOf([...new Set(rows.map(({ user }) => user))].toSorted())
  const items = [...songs.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const itemIds = idsOf(items.map(({ id }) => id))
  rows.sort((a, b) => a.time - b.time || b.points - a.points || (a.item < b.item ? -1 : a.item > b.item ? 1 : 0))
  const log = interactionLog({
    users: rows.map(({ user }) => userIds.addText(user)),
    items: rows.map(({ item }) => itemIds.addText(item)),
    times: rows.map(({ time }) => time),
    userCount: userIds.size,
    itemCount: itemIds.size,
  })
  return { log: { ...log, userIds, itemIds }, items }
}
