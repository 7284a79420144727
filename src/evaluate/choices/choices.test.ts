import { expect, it } from 'vitest'
import { type Ranking, shippedDatasets } from '../../collect/index.ts'
import { historyOf, interactionSet, itemCounts } from '../../recommend/index.ts'
import { startRun } from '../../run/index.ts'
import { attributeVectors } from './choices.ts'
import { shopChoices } from './shop-choices.ts'
import { songChoices } from './song-choices.ts'

async function shippedSongs() {
  const dataset = shippedDatasets().find(({ name }) => name === 'eurovision-points')
  if (!dataset) throw new Error('the songs do not ship')
  return songChoices(dataset.load(startRun()))
}

function ballot(year: number, country: string, by: string, points: Readonly<Record<string, number>>): Ranking {
  const songs = Object.keys(points)
  return {
    kind: 'ranking',
    context: { id: `eurovision/${year}/final` },
    id: `${year}/${country}/${by}`,
    rater: { id: `eurovision/${year}/${country}/${by}`, kind: 'human', traits: { country, year, by } },
    time: Date.UTC(year, 4, 15),
    source: 'eurovision-points',
    metadata: { points: Object.values(points) },
    candidates: songs.map((song) => ({
      id: song,
      content: { modality: 'item', item: `${year} ${song}: Oh – ah – Band of ${song}` },
      features: { year, country: song },
    })),
    ranks: songs.map((_, place) => place + 1),
  }
}

it('takes 8 points and more as a choice, follows a jury through the years, and puts the best of a show first', async () => {
  const choices = await songChoices([
    ballot(1990, 'Malta', 'total', { Latvia: 8, Spain: 12, Ireland: 7 }),
    ballot(1980, 'Malta', 'total', { Spain: 10, Ireland: 0 }),
    ballot(1974, 'Malta', 'total', { Spain: 9 }),
    ballot(1990, 'Cyprus', 'jury', { Latvia: 12 }),
  ])
  const set = interactionSet(choices.log)
  expect(choices.choosers).toEqual([
    { id: 'Cyprus/jury', name: 'Cyprus, jury', attributes: { country: 'Cyprus', years: '1990' } },
    { id: 'Malta/total', name: 'Malta, jury and televote', attributes: { country: 'Malta', years: '1980–1990' } },
  ])
  const titles = Array.from(historyOf(set, 1), (item) => choices.items[item]?.about)
  expect(titles).toEqual(['Band of Spain, Spain 1980', 'Band of Spain, Spain 1990', 'Band of Latvia, Latvia 1990'])
  expect(choices.items.map(({ id }) => id)).toEqual(
    Array.from(choices.items, (_, item) => choices.log.itemIds.id(item)),
  )
  expect(choices.items[0]).toMatchObject({ title: 'Oh – ah', attributes: { year: 1980, country: 'Spain' } })
})

it('makes of the shipped contest what a count of its table gives', async () => {
  const choices = await shippedSongs()
  const set = interactionSet(choices.log)
  // Counted from votes.csv apart from this program, by country, jury or televote, and song.
  expect([set.columns.length, choices.choosers.length, choices.items.length]).toEqual([6442, 140, 1066])
  const soldi = choices.items.findIndex(({ title }) => title === 'Soldi')
  expect(choices.items[soldi]).toEqual({
    id: '2019 Italy: Soldi – Mahmood',
    title: 'Soldi',
    about: 'Mahmood, Italy 2019',
    attributes: { year: 2019, country: 'Italy', region: 'Southern Europe' },
  })
  expect(itemCounts(set)[soldi]).toBe(30)
  expect(choices.choosers.find(({ id }) => id === 'Sweden/televote')?.attributes).toEqual({
    country: 'Sweden',
    region: 'Northern Europe',
    years: '2016–2022',
  })
  expect(new Set(choices.items.map(({ id }) => id)).size).toBe(choices.items.length)
})

it('names every item of the simulated shop differently, by the department of its true circle, and says it is simulated', () => {
  const { items, choosers, log, simulated, description } = shopChoices()
  expect([simulated, description.startsWith('Simulated')]).toEqual([true, true])
  expect(new Set(items.map(({ title }) => title)).size).toBe(400)
  const same = Array.from(log.users, (user, at) => {
    const [one, other] = [choosers[user]?.attributes, items[log.items[at] ?? -1]?.attributes]
    return one?.['department'] === other?.['department'] ? 1 : 0
  })
  // Inside, 0.15 of a department; outside, 0.006 of seven others: 0.15 / (0.15 + 7 · 0.006) = 0.78 of what is bought.
  expect(same.reduce<number>((sum, one) => sum + one, 0) / same.length).toBeCloseTo(0.78, 1)
})

it('makes vectors whose cosine is the share of attributes that two items have in common', () => {
  const item = (title: string, year: number, country: string) => ({ id: title, title, attributes: { year, country } })
  const items = [item('a', 1991, 'Malta'), item('b', 1998, 'Malta'), item('c', 2005, 'Malta'), item('d', 2005, 'Spain')]
  const decade = (name: string, value: string | number) => (name === 'year' ? Math.floor(Number(value) / 10) : value)
  const { data, width } = attributeVectors(items, ['year', 'country'], decade)
  const cosine = (a: number, b: number) =>
    Array.from({ length: width }, (_, k) => (data[a * width + k] ?? 0) * (data[b * width + k] ?? 0)).reduce(
      (sum, product) => sum + product,
    ) / 2
  expect([cosine(0, 1), cosine(0, 2), cosine(2, 3), cosine(0, 3)]).toEqual([1, 0.5, 0.5, 0])
})
