import type { Signal, SignalFilter } from '../../collect/index.ts'
import { idsOf, interactionLog } from '../../recommend/index.ts'
import type { CatalogueItem, Choices, ChoicesDefinition, Chooser } from './choices.ts'

/** The fewest points that make a song chosen: from 1975 on, each jury and televote gives 12, 10 and 8 to its three best. */
export const chosenFrom = 8
/** Before 1975 points were given in other ways. */
const firstYear = 1975

const definition: ChoicesDefinition = {
  name: 'eurovision-songs',
  title: 'Eurovision songs, 1975–2022',
  description:
    'What national juries and televotes put among their three best of a show: 8, 10 or 12 points. A country’s jury, its televote, and both together where they are not known apart, are each followed through the years. Songs that nobody chose are left out.',
  attribution:
    'MIRoVision: J. A. Burgoyne, J. Spijkervet, D. J. Baker, “Measuring the Eurovision Song Contest: A Living Dataset for Real-World MIR”, ISMIR 2023',
  simulated: false,
  noun: { one: 'song', many: 'songs' },
}

/** The signals that the choices are in. */
export const songSignals: SignalFilter = { sources: ['eurovision-points'], kinds: ['ranking'] }

const named: { readonly [by: string]: (country: string) => string } = {
  jury: (country) => `${country}, jury`,
  televote: (country) => `${country}, televote`,
  total: (country) => `${country}, jury and televote`,
}

/** `2019 Italy: Soldi – Mahmood` is the song Soldi by Mahmood. A song without a title bears its performer's name. */
function songOf(item: string, features: { readonly [name: string]: unknown }): CatalogueItem {
  const [year, country, region] = [Number(features['year']), String(features['country']), features['region']]
  const name = item.slice(`${year} ${country}: `.length)
  const dash = name.lastIndexOf(' – ')
  const [title, performer] = dash < 0 ? [name] : [name.slice(0, dash), name.slice(dash + 3)]
  return {
    id: item,
    title,
    about: `${performer === undefined ? '' : `${performer}, `}${country} ${year}`,
    attributes: { year, country, ...(typeof region === 'string' && { region }) },
  }
}

/**
 * The songs of the Eurovision Song Contest as a catalogue, and those that each country's jury and televote chose from it:
 * at least {@link chosenFrom} points in a show, best first within it, oldest show first.
 *
 * Only bodies that vote year after year are users. A juror of the contest sits for a year and hears that year's songs, so
 * that jurors tell nothing of songs of other years.
 *
 * @param signals those of {@link songSignals}; others are passed over
 */
export async function songChoices(signals: AsyncIterable<Signal> | Iterable<Signal>): Promise<Choices> {
  const rows: { readonly user: string; readonly item: string; readonly time: number; readonly points: number }[] = []
  const songs = new Map<string, CatalogueItem>()
  const bodies = new Map<string, { readonly country: string; readonly region?: string; readonly by: string }>()
  for await (const signal of signals) {
    if (signal.kind !== 'ranking' || signal.source !== 'eurovision-points') continue
    const { country, region, year, by } = signal.rater.traits ?? {}
    const points = signal.metadata?.['points']
    if (!Array.isArray(points) || Number(year) < firstYear) continue
    const user = `${country}/${by}`
    for (const [place, { content, features = {} }] of signal.candidates.entries()) {
      const given = Number(points[place])
      if (content.modality !== 'item' || !(given >= chosenFrom)) continue
      bodies.set(user, {
        country: String(country),
        by: String(by),
        ...(typeof region === 'string' && { region }),
      })
      if (!songs.has(content.item)) songs.set(content.item, songOf(content.item, features))
      rows.push({ user, item: content.item, time: signal.time, points: given })
    }
  }
  // Numbers do not hang on the order in which a store gives its signals.
  const ids = { users: idsOf([...bodies.keys()].toSorted()), items: idsOf([...songs.keys()].toSorted()) }
  rows.sort((a, b) => a.time - b.time || b.points - a.points || (a.item < b.item ? -1 : a.item > b.item ? 1 : 0))
  const log = interactionLog({
    users: rows.map(({ user }) => ids.users.addText(user)),
    items: rows.map(({ item }) => ids.items.addText(item)),
    times: rows.map(({ time }) => time),
    userCount: ids.users.size,
    itemCount: ids.items.size,
  })
  const years = Map.groupBy(rows, ({ user }) => user)
  const choosers = Array.from({ length: ids.users.size }, (_, number): Chooser => {
    const id = ids.users.id(number)
    const { country = '', region, by = '' } = bodies.get(id) ?? {}
    const times = (years.get(id) ?? []).map(({ time }) => new Date(time).getUTCFullYear())
    const [first = 0, last = 0] = [times[0], times.at(-1)]
    return {
      id,
      name: (named[by] ?? ((own: string) => own))(country),
      attributes: {
        country,
        ...(region !== undefined && { region }),
        years: first === last ? `${first}` : `${first}–${last}`,
      },
    }
  })
  const items = [...songs.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return { ...definition, log: { ...log, userIds: ids.users, itemIds: ids.items }, items, choosers }
}
