import { afterEach, beforeEach, expect, it } from 'vitest'
import { shippedDatasets } from '../collect/index.ts'
import { type People, shippedLeaderboards } from '../evaluate/index.ts'
import { type Serving, serving, vote } from './serving.fixture.ts'
import { beginLearning, defineShippedBoards, loadShippedData } from './shipped.ts'
import { fitShippedRecommender, shippedRecommenders } from './shipped-recommenders.ts'

const atStart = shippedDatasets().filter((dataset) => dataset.atStart)

let it_: Serving
beforeEach(async () => {
  it_ = await serving()
})
afterEach(() => it_.end())

async function load() {
  const loaded = []
  for await (const one of loadShippedData(it_.server.service)) loaded.push(one)
  return loaded
}

it('loads every set once; what was erased does not come back', async () => {
  const first = await load()
  expect(first.map(({ dataset, inserted }) => [dataset.name, inserted])).toEqual(
    atStart.map(({ name, signals }) => [name, signals]),
  )
  await it_.ask('/v1/raters/cems%2F1', { method: 'DELETE' })
  const { total } = (await it_.ask('/v1/counts')).json
  const second = await load()
  expect(second.every(({ already }) => already)).toBe(true)
  expect((await it_.ask('/v1/counts')).json.total).toBe(total)
})

it('leaves out a set whose ids a person has taken, says so, and loads the others', async () => {
  const taken = vote('cems/1/London/Paris', 'x', 'y', 'a')
  await it_.ask('/v1/signals', { method: 'POST', body: { signals: [taken] } })
  const loaded = await load()
  const conflicts = loaded.filter(({ conflict }) => conflict !== undefined)
  expect(conflicts.map(({ dataset }) => dataset.name)).toEqual(['cems'])
  expect(conflicts[0]?.conflict).toContain('cems/1/London/Paris')
  expect(loaded.filter(({ inserted }) => inserted > 0)).toHaveLength(atStart.length - 1)
})

it('defines the boards, and leaves alone what a person changed or removed', async () => {
  const { service } = it_.server
  const names = (await defineShippedBoards(service)).map(({ name }) => name)
  expect(names).toEqual(shippedLeaderboards().map(({ name }) => name))
  const [changed, removed] = shippedLeaderboards()
  if (!changed || !removed) throw new Error('there are no two shipped boards')
  await service.boards.put({ ...changed, title: 'My songs' })
  await service.boards.delete(removed.name)
  const again = await defineShippedBoards(service)
  expect(again[0]).toMatchObject({ name: changed.name, title: 'My songs' })
  expect(again.map(({ name }) => name)).toEqual(names.filter((name) => name !== removed.name))
})

it('learns what is missing in the background, one thing after the other, and once', async () => {
  await load()
  const { service } = it_.server
  expect(await beginLearning(service)).toBe(true)
  const kinds = (): readonly string[] => service.jobs.list().map(({ kind, state }) => `${kind} ${state}`)
  const recommenders = shippedRecommenders().map(() => 'recommender done')
  await expect.poll(kinds, { timeout: 150_000 }).toEqual([...recommenders, 'people done', 'people done', 'dial done'])
  const [students, jurors, dial] = service.jobs.list().slice(recommenders.length)
  expect(jurors?.startedAt).toBeGreaterThanOrEqual(dial?.endedAt ?? Number.POSITIVE_INFINITY)
  expect(students?.startedAt).toBeGreaterThanOrEqual(jurors?.endedAt ?? Number.POSITIVE_INFINITY)
  expect(await beginLearning(service)).toBe(false)

  // What knows whom it recommends to finds more of what is held out than what is the same for all.
  for (const { request, fitted } of await service.recommenders.list()) {
    const recall = fitted?.manifest.quality?.metrics.find(({ name }) => name === 'recall@10')
    if (request.kind === 'popularity') expect(recall?.value).toBeCloseTo(recall?.popularity ?? Number.NaN, 9)
    else expect(recall?.lower, request.name).toBeGreaterThan(recall?.popularity ?? Number.NaN)
  }

  // What the jurors' map says: the others' favourites win, and whom theirs liked before; what the public likes divides.
  const { people } = (await service.people.read('eurovision-jurors')) as { people: People }
  const column = (name: string) => people.columns.find((one) => one.name === name)
  expect(people.raters).toHaveLength(1205)
  expect(people.raters[0]).toMatchObject({ name: 'Armenia 2016, A', group: 'Armenia' })
  expect(column('the others’ favourites')?.common.lower).toBeGreaterThan(0.4)
  expect(column('old friends')?.common.lower).toBeGreaterThan(0.1)
  const pleased = column('the public’s favourites')
  expect(Math.abs(pleased?.common.value ?? 1)).toBeLessThan(0.1)
  expect(pleased?.spread).toBeGreaterThan(0.1)
  // Azerbaijan's jurors put songs of their bloc up, as twelve points after twelve points have shown for decades.
  const azerbaijan = people.groups.find(({ name }) => name === 'Azerbaijan')
  expect(azerbaijan?.effects[people.columns.indexOf(column('old friends') as never)]?.lower).toBeGreaterThan(0.2)
}, 180_000)

it('fits a shipped recommender once, anew when the signals are others, and never against a person’s will', async () => {
  await load()
  const { service } = it_.server
  const [first, second, third] = shippedRecommenders()
  if (!first || !second || !third) throw new Error('there are no three shipped recommenders')
  const fit = async (request: typeof first) => {
    const job = await fitShippedRecommender(service, request)
    if (!job) return 'left'
    await expect.poll(() => service.jobs.get(job.id).state, { timeout: 60_000 }).toBe('done')
    return 'fitted'
  }
  expect([await fit(first), await fit(first)]).toEqual(['fitted', 'left'])
  await it_.ask('/v1/raters/eurovision%2F2019%2FSE%2Fjury', { method: 'DELETE' })
  expect([await fit(first), await fit(first)]).toEqual(['fitted', 'left'])

  expect(await fit(second)).toBe('fitted')
  await service.recommenders.delete(second.name)
  expect(await fit(second)).toBe('left')

  const { job } = await service.recommenders.fit({ ...third, title: 'Mine', replace: true })
  await expect.poll(() => service.jobs.get(job.id).state, { timeout: 60_000 }).toBe('done')
  expect(await fit(third)).toBe('left')
  expect((await service.recommenders.read(third.name)).request.title).toBe('Mine')
}, 180_000)
