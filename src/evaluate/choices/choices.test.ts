import { expect, it } from 'vitest'
import { type Ranking, shippedDatasets } from '../../collect/index.ts'
import { historyOf, interactionSet, itemCounts } from '../../recommend/index.ts'
import { startRun } from '../../run/index.ts'
import { shippedChoices } from './shipped.ts'
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
  expect([0, 1].map((user) => choices.log.userIds.id(user))).toEqual(['Cyprus, jury', 'Malta, jury and televote'])
  const chosen = Array.from(historyOf(set, 1), (item) => choices.items[item]?.id.slice(0, 10))
  expect(chosen).toEqual(['1980 Spain', '1990 Spain', '1990 Latvi'])
  expect(choices.items.map(({ id }) => id)).toEqual(
    Array.from(choices.items, (_, item) => choices.log.itemIds.id(item)),
  )
  expect(choices.items[0]).toMatchObject({ title: 'Oh – ah', attributes: { performer: 'Band of Spain' } })
})

it('makes of the shipped contest what a count of its table gives', async () => {
  const choices = await shippedSongs()
  const set = interactionSet(choices.log)
  // Counted from votes.csv apart from this program, by country, jury or televote, and song.
  expect([set.columns.length, set.users, choices.items.length]).toEqual([6442, 140, 1066])
  const soldi = choices.items.findIndex(({ title }) => title === 'Soldi')
  expect(choices.items[soldi]).toEqual({
    id: '2019 Italy: Soldi – Mahmood',
    title: 'Soldi',
    attributes: { performer: 'Mahmood', country: 'Italy', year: 2019, region: 'Southern Europe' },
  })
  expect(itemCounts(set)[soldi]).toBe(30)
  // A televote of its own from 2016 on: 28 different songs up to 2022.
  const sweden = historyOf(set, set.userIds.find('Sweden, televote') ?? -1)
  const years = Array.from(sweden, (item) => Number(choices.items[item]?.attributes['year']))
  expect([years.length, years[0], years.at(-1)]).toEqual([28, 2016, 2022])
  expect(new Set(choices.items.map(({ id }) => id)).size).toBe(choices.items.length)
  // The table has a control character before this name.
  const lane = choices.items.find(({ title }) => title === 'Lane Moje')
  expect(lane?.attributes['performer']).toBe('Željko Joksimović')
})

it('names every item of the simulated shop differently, in the department that its customers mostly buy from', async () => {
  const { items, log } = shopChoices()
  expect(new Set(items.map(({ title }) => title)).size).toBe(400)
  const bought = new Map<number, Map<string, number>>()
  for (const [at, user] of log.users.entries()) {
    const department = `${items[log.items[at] ?? -1]?.attributes['department']}`
    const own = bought.get(user) ?? new Map<string, number>()
    bought.set(user, own.set(department, (own.get(department) ?? 0) + 1))
  }
  const most = [...bought.values()].reduce((sum, own) => sum + Math.max(...own.values()), 0)
  // Of eight departments a customer takes 0.15 of one and 0.006 of the seven others: 0.15 / (0.15 + 7 · 0.006) = 0.78.
  expect(most / log.users.length).toBeCloseTo(0.78, 1)
  const shop = shippedChoices().find(({ name }) => name === 'simulated-shop')
  expect([shop?.simulated, shop?.title]).toEqual([true, 'A simulated shop'])
})
