import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Choice, candidate } from '../collect/index.ts'
import { seeded } from '../run/index.ts'
import { type Answer, type Serving, serving } from './serving.fixture.ts'

// One server for all: starting the thread that fits takes longer than fitting.
let it_: Serving

/** A choice of one item among a few. */
function choice(id: string, rater: string, item: string, time: number): Choice {
  const shown = [item, 'c0-i0', 'c1-i1'].map((key) =>
    candidate({ modality: 'item', item: key }, { features: { circle: Number(key[1]) } }),
  )
  return {
    kind: 'choice',
    id,
    rater: { id: rater, kind: 'simulated' },
    context: { id: 'shop' },
    time,
    source: 'simulated shop',
    shown,
    chosen: [0],
    action: 'purchase',
  }
}

/** Forty people who take items of their own circle, two circles of fifteen items. */
function purchases(): readonly Choice[] {
  const random = seeded('purchases')
  return Array.from({ length: 40 }, (_, person) => {
    const circle = person % 2
    const items = random.shuffle(Array.from({ length: 15 }, (_, item) => item)).slice(0, 8)
    return items.map((item, at) => choice(`p${person}-${at}`, `person ${person}`, `c${circle}-i${item}`, 1_000 * at))
  }).flat()
}

async function ended(id: string): Promise<Answer['json']> {
  for (;;) {
    const { json } = await it_.ask(`/v1/jobs/${id}`)
    if (json.state !== 'running') return json
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const shop = { name: 'shop', title: 'The shop', kind: 'ease', options: { lambda: 5 }, data: { from: 'signals' } }
const fit = (body: object) => it_.ask('/v1/recommenders', { method: 'POST', body })
const post = (path: string, body: object) => it_.ask(`/v1/recommenders/${path}`, { method: 'POST', body })
const idsIn = ({ items }: Answer['json']): string[] => items.map(({ id }: { id: string }) => id)

beforeAll(async () => {
  it_ = await serving()
  await it_.server.service.store.insert(purchases())
  const { status, json } = await fit(shop)
  expect(status).toBe(202)
  expect(json.recommender).toMatchObject({ name: 'shop', state: 'fitting', job: json.job.id })
  const job = await ended(json.job.id)
  expect(job).toMatchObject({ kind: 'recommender', state: 'done', result: { users: 40, items: 30, interactions: 320 } })
})
afterAll(() => it_.end())

describe('recommenders over HTTP', () => {
  it('are listed with how good they are, and described with what their items are like', async () => {
    const { recommenders } = (await it_.ask('/v1/recommenders')).json
    expect(recommenders).toHaveLength(1)
    expect(recommenders[0]).toMatchObject({ name: 'shop', title: 'The shop', kind: 'ease', state: 'ready' })
    const { fitted } = (await it_.ask('/v1/recommenders/shop')).json
    expect(fitted).toMatchObject({ users: 40, items: 30, interactions: 320, index: 'scores', explains: true })
    expect(fitted.quality).toMatchObject({ holdOut: 0.2, users: 40, interactions: 80 })
    const recall = fitted.quality.metrics.find(({ name }: { name: string }) => name === 'recall@10')
    expect(recall.value).toBeGreaterThan(0.9)
    expect(recall.popularity).toBeLessThan(0.8)
    expect(fitted.attributes).toEqual([{ name: 'circle', type: 'number', items: 30, values: [], least: 0, most: 1 }])
    expect((await it_.ask('/v1/recommenders/other')).status).toBe(404)
  })

  it('name the kinds with their options, as JSON Schema', async () => {
    const { kinds } = (await it_.ask('/v1/recommender-kinds')).json
    const ease = kinds.find(({ kind }: { kind: string }) => kind === 'ease')
    expect(ease).toMatchObject({ title: 'EASE', explains: true })
    expect(ease.options.properties.lambda.type).toBe('number')
    expect(ease.options.additionalProperties).toBe(false)
  })

  it('recommend to a user, what was taken left out, with reasons', async () => {
    const { json, status } = await post('shop/recommend', { user: 'person 0', count: 7, explain: 2 })
    expect(status).toBe(200)
    const { history, sinceFit } = (await it_.ask('/v1/recommenders/shop/users/person%200')).json
    const taken = history.map(({ id }: { id: string }) => id)
    expect([taken.length, sinceFit, json.basis, json.historyItems]).toEqual([8, 0, 'user', 8])
    expect(idsIn(json).filter((id) => id.startsWith('c0'))).toHaveLength(7)
    for (const { id, reasons } of json.items) {
      expect(taken).not.toContain(id)
      for (const reason of reasons) expect(taken).toContain(reason.id)
    }
  })

  it('name what they do not know of a history, and give strangers what most took', async () => {
    const { json } = await post('shop/recommend', { history: ['c1-i2', 'no such item', 'c1-i3'], count: 5 })
    expect(json).toMatchObject({ basis: 'history', historyItems: 2, unknown: { items: ['no such item'] } })
    for (const id of idsIn(json)) expect(id).toMatch(/^c1/)
    const stranger = (await post('shop/recommend', { user: 'ünknown 東京', count: 3 })).json
    expect(stranger).toMatchObject({ basis: 'popularity', unknown: { user: 'ünknown 東京' } })
    expect(stranger.notes).toEqual(['Nothing is known of the user "ünknown 東京", so that this is what most took.'])
    const items = (await it_.ask('/v1/recommenders/shop/items?limit=3')).json
    expect(idsIn(stranger)).toEqual(idsIn(items))
    expect((await post('shop/recommend', {})).json.items).toHaveLength(20)
  })

  it('keep to filters and exclusions, and name ids in them that no item has', async () => {
    const body = { user: 'person 0', filter: { attributes: { circle: 1 } }, exclude: { items: ['c1-i1', 'nothing'] } }
    const { json } = await post('shop/recommend', body)
    expect(idsIn(json)).toHaveLength(14)
    for (const id of idsIn(json)) expect(id).toMatch(/^c1-i(?!1$)/)
    expect(json.unknown).toEqual({ items: ['nothing'] })
    expect(json.notes).toEqual(['Only 14 items may be recommended here.'])
    const batch = (await post('shop/recommend/batch', { ...body, user: undefined, rows: [{}, { user: 'person 0' }] }))
      .json
    expect(batch.unknownItems).toEqual(['nothing'])
    expect(idsIn(batch.rows[1])).toEqual(idsIn(json))
  })

  it('take new choices of people into account at once, of those they know and of others', async () => {
    const before = (await post('shop/recommend', { user: 'person 2' })).json
    const [first] = idsIn(before)
    const more = [choice('new 1', 'person 2', first ?? '', 9_000), choice('new 2', 'newcomer', 'c1-i4', 9_000)]
    expect((await it_.ask('/v1/signals', { method: 'POST', body: { signals: more } })).status).toBe(201)
    const after = (await post('shop/recommend', { user: 'person 2' })).json
    expect(after).toMatchObject({ basis: 'history', historyItems: 9 })
    expect(idsIn(after)).not.toContain(first)
    expect((await it_.ask('/v1/recommenders/shop/users/person%202')).json.sinceFit).toBe(1)
    const newcomer = (await post('shop/recommend', { user: 'newcomer', count: 5 })).json
    expect(newcomer).toMatchObject({ basis: 'history', historyItems: 1 })
    expect(newcomer.unknown).toBeUndefined()
    for (const id of idsIn(newcomer)) expect(id).toMatch(/^c1/)
  })

  it('forget a rater at once', async () => {
    expect((await it_.ask('/v1/recommenders/shop/users?search=person%204')).json.total).toBe(1)
    await it_.ask('/v1/raters/person%204', { method: 'DELETE' })
    expect((await post('shop/recommend', { user: 'person 4' })).json).toMatchObject({
      basis: 'popularity',
      unknown: { user: 'person 4' },
    })
    expect((await it_.ask('/v1/recommenders/shop/users/person%204')).status).toBe(404)
    const { total, users } = (await it_.ask('/v1/recommenders/shop/users?limit=100')).json
    expect(total).toBe(39)
    expect(JSON.stringify(users)).not.toContain('person 4"')
  })

  it('say what diversity and fairness cost, and re-rank by them', async () => {
    for (const over of ['diversity', 'fairness']) {
      const { json } = await it_.ask(`/v1/recommenders/shop/curve?over=${over}&count=5&weights=0,0.5,1`)
      expect(json).toMatchObject({ recommender: 'shop', over, count: 5, users: 40 })
      expect(json.points.map(({ weight }: { weight: number }) => weight)).toEqual([0, 0.5, 1])
    }
    const plain = (await post('shop/recommend', { user: 'person 0', count: 6 })).json
    const diverse = (await post('shop/recommend', { user: 'person 0', count: 6, rerank: { diversity: 0.9 } })).json
    expect(idsIn(diverse)).not.toEqual(idsIn(plain))
    expect(idsIn(diverse).some((id) => id.startsWith('c1'))).toBe(true)
    expect((await it_.ask('/v1/recommenders/shop/curve?weights=2')).status).toBe(400)
    expect((await it_.ask('/v1/recommenders/shop/curve?count=40')).json.error.code).toBe('not-measured')
  })

  it('take titles and attributes of items, and find items by them', async () => {
    const put = (items: object[]) => it_.ask('/v1/recommenders/shop/items', { method: 'PUT', body: { items } })
    const tea = { id: 'c0-i3', title: 'Green tea', attributes: { price: 3.5, tags: ['hot', 'drink'] } }
    expect((await put([tea, { id: 'nothing', title: 'x' }])).json).toEqual({
      known: 1,
      unknown: ['nothing'],
      unknownCount: 1,
    })
    const found = (await it_.ask('/v1/recommenders/shop/items?search=GREEN')).json
    expect(found).toEqual({ items: [{ ...tea, users: expect.any(Number) }], total: 1 })
    const filter = { attributes: { tags: 'hot', price: { most: 4 } } }
    const { json } = await post('shop/recommend', { history: ['c0-i4'], filter })
    expect(json.items).toEqual([expect.objectContaining(tea)])
  })

  it('turn down what is not valid, with where and why', async () => {
    const refused = async (path: string, body: object, issue: string) => {
      const { status, json } = await post(path, body)
      expect([status, json.error?.issues?.[0]?.path]).toEqual([400, issue])
    }
    await refused('shop/recommend', { count: 0 }, 'count')
    await refused('shop/recommend', { count: 1e9 }, 'count')
    await refused('shop/recommend', { user: '' }, 'user')
    await refused('shop/recommend', { history: Array(10_001).fill('x') }, 'history')
    await refused('shop/recommend', { history: ['\ud800'] }, 'history[0]')
    await refused('shop/recommend', { history: [7] }, 'history[0]')
    await refused('shop/recommend', { user: 'x'.repeat(501) }, 'user')
    await refused('shop/recommend', { rerank: { diversity: 2 } }, 'rerank.diversity')
    await refused('shop/recommend', { filter: { items: [] } }, 'filter.items')
    await refused('shop/recommend/batch', { rows: [] }, 'rows')
    await refused('shop/recommend/batch', { rows: Array(1_001).fill({}) }, 'rows')
    await refused('shop/recommend/batch', { rows: Array(1_000).fill({}), count: 1_000 }, 'rows')
    await refused('shop/recommend/batch', { rows: Array(600).fill({}), count: 10, explain: 1 }, 'explain')
    const long = Array(10_000).fill('x')
    await refused('shop/recommend/batch', { rows: Array(11).fill({ history: long }), count: 1 }, 'rows')
    expect((await post('shop/recommend', { colour: 1 })).json.error.message).toContain('colour')
    expect((await post('none/recommend', {})).status).toBe(404)
    const badFit = async (change: object, issue: string) => {
      const { status, json } = await fit({ ...shop, name: 'bad', ...change })
      expect([status, json.error?.issues?.[0]?.path]).toEqual([400, issue])
    }
    await badFit({ name: '../bad' }, 'name')
    await badFit({ kind: 'easy' }, 'kind')
    await badFit({ kind: 'constructor' }, 'kind')
    await badFit({ options: { lambda: -1 } }, 'options.lambda')
    await badFit({ holdOut: 1 }, 'holdOut')
    await badFit({ data: { from: 'file', file: 'none' } }, 'data.file')
    expect((await fit(shop)).status).toBe(409)
    expect((await it_.ask('/v1/recommenders/bad')).status).toBe(404)
  })

  it('learn from a file that was sent, serve until a new fit is there, keep what was said of items, and are removed', async () => {
    const lines = Array.from({ length: 12 }, (_, at) => `${at % 4},i${at % 5},${at % 2 === 0 ? 5 : 1}`)
    const sent = await fetch(`${it_.server.address}/v1/interactions?filename=films.csv`, {
      method: 'POST',
      body: ['user_id,item_id,rating', ...lines].join('\n'),
    })
    const { file } = (await sent.json()) as Answer['json']
    expect([sent.status, file.name]).toEqual([201, 'films.csv'])
    expect((await it_.ask('/v1/interactions')).json.files.map(({ id }: { id: string }) => id)).toContain(file.id)
    const films = { name: 'films', kind: 'item-neighbours', data: { from: 'file', file: file.id, atLeast: 4 } }
    const job = await ended((await fit(films)).json.job.id)
    // Every other line has a 5: users 0 and 2.
    expect(job).toMatchObject({ state: 'done', result: { users: 2, items: 5, interactions: 6 } })
    await it_.ask('/v1/recommenders/films/items', { method: 'PUT', body: { items: [{ id: 'i0', title: 'Nought' }] } })
    const again = (await fit({ ...films, kind: 'popularity', replace: true })).json
    expect(again.recommender).toMatchObject({ kind: 'item-neighbours', state: 'ready', job: again.job.id })
    expect((await ended(again.job.id)).state).toBe('done')
    expect((await it_.ask('/v1/recommenders/films')).json).toMatchObject({ kind: 'popularity', state: 'ready' })
    expect((await it_.ask('/v1/recommenders/films/items?search=nought')).json.total).toBe(1)
    expect((await it_.ask(`/v1/interactions/${file.id}`, { method: 'DELETE' })).json).toEqual({ removed: true })
    expect((await it_.ask('/v1/recommenders/films', { method: 'DELETE' })).json).toEqual({ removed: true })
    expect((await post('films/recommend', {})).status).toBe(404)
    expect((await it_.ask('/v1/recommenders/films', { method: 'DELETE' })).status).toBe(404)
  })

  it('are there after a restart, and what was half made is not', async () => {
    const { folder, server } = it_
    const before = (await post('shop/recommend', { user: 'person 0' })).json
    await server.close()
    const half = join(folder, 'recommenders', 'shop', 'half-made')
    mkdirSync(half)
    it_ = await serving({ folder })
    expect(existsSync(half)).toBe(false)
    expect((await post('shop/recommend', { user: 'person 0' })).json).toEqual(before)
  })

  it('say why there is nothing to serve when a fit fails', async () => {
    const data = { from: 'signals', filter: { sources: ['no such source'] } }
    const { job } = (await fit({ ...shop, name: 'empty', data })).json
    expect(await ended(job.id)).toMatchObject({ state: 'failed', error: expect.stringContaining('no interactions') })
    expect((await it_.ask('/v1/recommenders/empty')).json).toMatchObject({ state: 'failed' })
    const { status, json } = await post('empty/recommend', {})
    expect([status, json.error.code]).toEqual([503, 'failed'])
  })
})
