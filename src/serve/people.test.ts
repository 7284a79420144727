import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Signal, shippedDatasets } from '../collect/index.ts'
import { startRun } from '../run/index.ts'
import { type Answer, type Serving, serving, vote } from './serving.fixture.ts'

// One server for all: starting the thread that fits takes longer than fitting.
let it_: Serving
beforeAll(async () => {
  it_ = await serving()
})
afterAll(() => it_.end())

/** The shipped students. */
async function students(): Promise<readonly Signal[]> {
  const dataset = shippedDatasets().find(({ name }) => name === 'cems')
  if (!dataset) throw new Error('the students are missing')
  const signals: Signal[] = []
  for await (const signal of dataset.load(startRun())) signals.push(signal)
  return signals
}

async function ended(id: string): Promise<Answer['json']> {
  for (;;) {
    const { json } = await it_.ask(`/v1/jobs/${id}`)
    if (json.state !== 'running') return json
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The people of a source once they are those of now. */
async function found(query = ''): Promise<Answer['json']> {
  for (;;) {
    const { json } = await it_.ask(`/v1/people${query}`)
    if (json.job === undefined) return json
    expect((await ended(json.job)).error).toBeUndefined()
  }
}

it('says what is missing where people cannot be told apart, and that there is nobody', async () => {
  expect((await it_.ask('/v1/people')).json).toEqual({ sources: [], total: 0 })
  await it_.ask('/v1/signals', { method: 'POST', body: { signals: [vote('v1', 'x', 'y', 'a')] } })
  const { people, total } = await found()
  expect(total).toBe(0)
  expect(people.warnings[0]).toContain('at least 3 people')
  expect((await it_.ask('/v1/people/nobody')).status).toBe(404)
})

it('finds tastes in a job, keeps them, and finds them anew when signals came', async () => {
  await it_.server.service.store.insert(await students())
  const first = (await it_.ask('/v1/people')).json
  expect(first.people).toBeUndefined()
  expect(first.sources.map(({ source }: { source: string }) => source)).toEqual(['cems', 'test'])
  const job = await ended(first.job)
  expect(job).toMatchObject({ kind: 'people', state: 'done', result: { source: 'cems', raters: 301 } })
  const people = await found()
  expect(people.total).toBe(301)
  expect(people.people.raters[0]).toMatchObject({ id: 'cems/1', name: 'cems/1', kind: 'human' })
  expect(people.people.raters[0].effects).toBeUndefined()
  expect(people.people.leftOut).toEqual({ 'preferred fewer than 3 candidates to another': 2 })

  const page = (await it_.ask('/v1/people?source=cems&limit=200&after=200')).json
  expect(page.people.raters).toHaveLength(101)
  expect(page.next).toBeUndefined()
  expect((await it_.ask('/v1/people?limit=200')).json.next).toBe('200')
  expect((await it_.ask('/v1/people?after=x')).status).toBe(400)
  expect((await it_.ask('/v1/people?source=nobody')).status).toBe(404)

  // Votes of another source leave the students as they are; one more of theirs does not.
  await it_.ask('/v1/signals', { method: 'POST', body: { signals: [vote('v3', 'x', 'y', 'a')] } })
  expect((await it_.ask('/v1/people?source=cems')).json.job).toBeUndefined()
  const more = { ...vote('v2', 'London', 'Paris', 'a'), source: 'cems', rater: { id: 'newcomer', kind: 'human' } }
  expect((await it_.ask('/v1/signals', { method: 'POST', body: { signals: [more] } })).status).toBe(201)
  const stale = (await it_.ask('/v1/people?source=cems')).json
  expect(stale.total).toBe(301)
  expect(stale.job).toBeDefined()
  expect((await found('?source=cems')).people.leftOut).toEqual({ 'preferred fewer than 3 candidates to another': 3 })
})

it('tells what moves a rater and who is near, and forgets a rater at once', async () => {
  const { people, total } = await found()
  const schools = people.columns.map(({ name }: { name: string }) => name)
  const { json } = await it_.ask('/v1/people/cems%2F1')
  expect(json.source).toBe('cems')
  expect(json.effects).toHaveLength(6)
  expect(json.signals).toEqual({ comparison: 15 })
  expect(json.nearest).toHaveLength(8)
  const distances = json.nearest.map(({ distance }: { distance: number }) => distance)
  expect(distances).toEqual(distances.toSorted((a: number, b: number) => a - b))
  for (const { column, odds, text } of json.reasons) {
    expect(schools).toContain(column)
    expect(text).toMatch(odds > 1 ? /^prefers|hardly/ : /^passes over|hardly/)
  }
  const [neighbour] = json.nearest
  await it_.ask(`/v1/raters/${encodeURIComponent(neighbour.id)}`, { method: 'DELETE' })
  const kept = JSON.stringify(await it_.server.service.store.documents.list('people'))
  expect(kept).toContain('"cems/1"')
  expect(kept).not.toContain(`"${neighbour.id}"`)
  expect((await it_.ask(`/v1/people/${encodeURIComponent(neighbour.id)}?source=cems`)).status).toBe(404)
  const after = (await it_.ask('/v1/people/cems%2F1')).json
  expect(after.nearest.map(({ id }: { id: string }) => id)).not.toContain(neighbour.id)
  expect((await found()).total).toBe(total - 1)
})

it('stops a fit that is under way when the server is closed', async () => {
  const other = await serving()
  await other.server.service.store.insert(await students())
  const { job } = (await other.ask('/v1/people')).json
  await other.end()
  expect(other.server.service.jobs.get(job).state).toBe('cancelled')
})
