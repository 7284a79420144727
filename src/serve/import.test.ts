import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Serving, serving, vote } from './serving.fixture.ts'

let it_: Serving
beforeAll(async () => {
  it_ = await serving({ limits: { importBytes: 200_000 } })
})
afterAll(() => it_.end())

function upload(query: string, body: string | Uint8Array<ArrayBuffer>): Promise<Answer> {
  return fetch(`${it_.server.address}/v1/imports?${query}`, { method: 'POST', body }).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    json: await response.json(),
  }))
}

/** Every event of a job until its stream ends. */
async function eventsOf(id: string): Promise<{ event: string; data: Record<string, unknown> }[]> {
  const response = await fetch(`${it_.server.address}/v1/jobs/${id}/events`)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  return (await response.text())
    .split('\n\n')
    .filter((block) => block.startsWith('event:'))
    .map((block) => {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/s.exec(block) ?? []
      return { event, data: JSON.parse(data) }
    })
}

/** A job once it has ended. */
async function endOf(id: string): Promise<Answer['json']> {
  return (await eventsOf(id)).at(-1)?.data
}

const csv = 'a,b,winner\nx,y,a\ny,z,tie\nx,z,a\n'

describe('an import', () => {
  it('is a job that can be followed, and makes a board that can be read at once', async () => {
    const { status, json } = await upload('filename=My%20Votes.csv', csv)
    expect([status, json.job.kind]).toEqual([202, 'import'])
    const events = await eventsOf(json.job.id)
    expect(events.at(-1)?.event).toBe('done')
    expect(events.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true)
    expect(events.at(-1)?.data).toMatchObject({
      state: 'done',
      result: { format: 'arena', source: 'My Votes', read: 3, inserted: 3, rejectedCount: 0, leaderboard: 'my-votes' },
    })
    const list = (await it_.ask('/v1/leaderboards')).json.leaderboards
    expect(list).toEqual([
      expect.objectContaining({ name: 'my-votes', title: 'My Votes', model: 'davidson', group: 'My Votes' }),
    ])
    const board = (await it_.ask('/v1/leaderboards/my-votes')).json
    expect(board.votes).toBe(3)
    expect(board.competitors.map(({ name }: { name: string }) => name)).toEqual(['x', 'y', 'z'])
  })

  it('of texts that nobody is named for makes no board', async () => {
    const pairs = '{"prompt":"p","chosen":"yes","rejected":"no"}\n{"prompt":"q","chosen":"yes","rejected":"no"}\n'
    const { json } = await upload('filename=pairs.jsonl', pairs)
    const { result } = await endOf(json.job.id)
    expect(result).toMatchObject({ format: 'preference-pairs', inserted: 2 })
    expect(result).not.toHaveProperty('leaderboard')
    expect((await it_.ask('/v1/leaderboards/pairs')).status).toBe(404)
  })
  it('of more competitors than can be fitted has a board that says so', async () => {
    const votes = Array.from({ length: 3_001 }, (_, i) => `c${i},c${i + 1},a\n`)
    const { json } = await upload('filename=many.csv', `a,b,winner\n${votes.join('')}`)
    await endOf(json.job.id)
    const { status, json: board } = await it_.ask('/v1/leaderboards/many')
    expect([status, board.error?.code]).toEqual([400, 'unfit'])
    expect(board.error.message).toContain('3002 competitors, at most 3000 can be fitted')
  })
  it('with broken rows is refused whole, naming them', async () => {
    const { json } = await upload('filename=broken.csv', 'a,b,winner\nx,y,a\nx,y,who\nx,y,b\n')
    const last = (await eventsOf(json.job.id)).at(-1)
    expect(last?.event).toBe('failed')
    expect(last?.data['error']).toMatch(/^broken\.csv, line 3: winner is "who"/)
    expect((await it_.ask('/v1/signals?source=broken')).json.total).toBe(0)
  })

  it('that keeps going takes the good rows and names exactly the broken ones', async () => {
    const lines = ['x,y,a', ',y,a', 'x,y,b', 'x,y,who', 'x,y,tie', 'x,y,a,extra,cells', 'x,z,a']
    const { json } = await upload('filename=three.csv&keepGoing=true', `a,b,winner\n${lines.join('\n')}\n`)
    const { result, state } = await endOf(json.job.id)
    expect(state).toBe('done')
    expect(result).toMatchObject({ read: 7, inserted: 4, rejectedCount: 3 })
    expect(result.rejected.map(({ line }: { line: number }) => line)).toEqual([3, 5, 7])
    const rejects = await it_.ask(`/v1/imports/${json.job.id}/rejects`)
    expect(rejects.headers.get('content-disposition')).toContain('attachment')
    const rows = String(rejects.json)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows.map(({ line }) => line)).toEqual([3, 5, 7])
    expect(rows[1].reason).toContain('winner is "who"')
  })

  it('takes gzipped files, and what is there already counts as duplicates', async () => {
    const { json } = await upload('filename=My%20Votes.csv.gz', new Uint8Array(gzipSync(csv)))
    const last = (await eventsOf(json.job.id)).at(-1)?.data
    expect(last).toMatchObject({ state: 'done', result: { inserted: 0, duplicates: 3 } })
  })

  it('of what no format fits says so', async () => {
    const { json } = await upload('filename=poem.csv', 'roses,are,red\nviolets,are,blue\n')
    expect((await eventsOf(json.job.id)).at(-1)?.data['error']).toContain('looks like none of the formats known')
  })

  it('is turned away when it is too large, empty, or asks for what there is not', async () => {
    const large = await upload('filename=large.csv', `a,b,winner\n${'x,y,a\n'.repeat(50_000)}`)
    expect([large.status, large.json.error.code]).toEqual([413, 'too-large'])
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('x,y,a\n'.repeat(10_000))),
    })
    const init = { method: 'POST', body: endless, duplex: 'half' } as RequestInit
    const chunked = await fetch(`${it_.server.address}/v1/imports?filename=endless.csv`, init).then(
      (response) => response.status,
      () => 413,
    )
    expect(chunked).toBe(413)
    expect((await upload('filename=empty.csv', '')).json.error.code).toBe('empty')
    expect((await upload('filename=x.csv&format=excel', csv)).json.error.issues[0].path).toBe('format')
  })

  it('leaves no file behind, wherever its name points', async () => {
    const { json } = await upload(`filename=${encodeURIComponent('../../../etc/passwd')}&source=paths`, csv)
    expect((await eventsOf(json.job.id)).at(-1)?.event).toBe('done')
    expect(readdirSync(join(it_.folder, 'uploads'))).toEqual([])
  })

  it('can be looked up among the jobs, and cancelling one that has ended changes nothing', async () => {
    const { jobs } = (await it_.ask('/v1/jobs')).json
    expect(jobs.length).toBeGreaterThan(4)
    expect(jobs.map(({ startedAt }: { startedAt: number }) => startedAt)).toEqual(
      jobs.map(({ startedAt }: { startedAt: number }) => startedAt).toSorted((a: number, b: number) => b - a),
    )
    const [{ id }] = jobs
    expect((await it_.ask(`/v1/jobs/${id}`, { method: 'DELETE' })).json.job.state).toBe('done')
    expect((await it_.ask('/v1/jobs/none')).status).toBe(404)
    expect((await it_.ask('/v1/imports/none/rejects')).status).toBe(404)
  })
})

it('a running import can be stopped; what it stored stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'penchant-serve-'))
  const other = await serving({ folder })
  const lines = Array.from({ length: 60_000 }, (_, i) => `m${i % 7},m${7 + (i % 5)},a`)
  const response = await fetch(`${other.server.address}/v1/imports?filename=many.csv`, {
    method: 'POST',
    body: `a,b,winner\n${lines.join('\n')}\n`,
  })
  const { job } = (await response.json()) as { job: { id: string } }
  await other.ask(`/v1/jobs/${job.id}`, { method: 'DELETE' })
  await (await fetch(`${other.server.address}/v1/jobs/${job.id}/events`)).text()
  expect((await other.ask(`/v1/jobs/${job.id}`)).json).toMatchObject({ state: 'cancelled', error: 'It was cancelled.' })
  expect((await other.ask('/v1/counts')).json.total).toBeLessThan(60_000)
  await other.end()
  rmSync(folder, { recursive: true, force: true })
})

describe('an export', () => {
  it('gives out what was sent in', async () => {
    const signals = [vote('e1', 'x', 'y', 'a'), vote('e2', 'y', 'z', 'both-bad')]
    await it_.ask('/v1/signals', { method: 'POST', body: { signals } })
    const answer = await it_.ask('/v1/exports?source=test')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="penchant-signals.jsonl"')
    expect(
      String(answer.json)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(signals)
  })
  it('comes in other formats and containers', async () => {
    const table = await it_.ask('/v1/exports?source=test&format=arena&container=delimited')
    expect(table.headers.get('content-type')).toContain('text/csv')
    expect(String(table.json).split('\n')[0]).toContain('winner')
    const parquet = await fetch(`${it_.server.address}/v1/exports?source=test&format=arena&container=parquet`)
    expect(Buffer.from(await parquet.arrayBuffer()).toString('latin1', 0, 4)).toBe('PAR1')
  })
  it('is turned down when the format cannot be written so', async () => {
    const answer = await it_.ask('/v1/exports?format=ultrafeedback&container=delimited')
    expect([answer.status, answer.json.error.message]).toEqual([
      400,
      expect.stringContaining('cannot be written as delimited'),
    ])
  })
})

describe('leaderboards', () => {
  const definition = { name: 'mine', title: 'Mine', filter: { sources: ['test'] } }
  it('are defined, read in other ways, and removed', async () => {
    const put = await it_.ask('/v1/leaderboards/mine', { method: 'PUT', body: definition })
    expect([put.status, put.json]).toEqual([200, definition])
    const board = (await it_.ask('/v1/leaderboards/mine')).json
    expect(board).toMatchObject({ votes: 2, model: 'bradley-terry', intervals: 'sandwich' })
    const other = (await it_.ask('/v1/leaderboards/mine?model=davidson&tag=jokes&rater=nobody')).json
    expect(other).toMatchObject({ votes: 0, model: 'davidson' })
    expect((await it_.ask('/v1/leaderboards/mine', { method: 'DELETE' })).json).toEqual({ removed: true })
    expect((await it_.ask('/v1/leaderboards/mine')).status).toBe(404)
    expect((await it_.ask('/v1/leaderboards/mine', { method: 'DELETE' })).status).toBe(404)
  })
  it('are refused when they make no sense', async () => {
    const put = (body: unknown) => it_.ask('/v1/leaderboards/mine', { method: 'PUT', body })
    expect((await put({ ...definition, model: 'elo' })).json.error.issues[0].path).toBe('model')
    expect((await put({ ...definition, name: 'other' })).json.error.issues[0].path).toBe('name')
    expect((await put({ ...definition, filter: { kinds: ['vote'] } })).status).toBe(400)
    await put(definition)
    const ask = await it_.ask('/v1/leaderboards/mine?model=plackett-luce&features=length')
    expect([ask.status, ask.json.error.issues[0].path]).toEqual([400, 'features'])
  })
})

it('lists the formats and the methods', async () => {
  const { formats } = (await it_.ask('/v1/imports/formats')).json
  expect(formats.map(({ name }: { name: string }) => name)).toContain('arena')
  const { methods } = (await it_.ask('/v1/methods')).json
  expect(methods[0]).toMatchObject({
    id: expect.any(String),
    title: expect.any(String),
    experiment: expect.any(String),
  })
})
