import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type Progress, startRun } from '../run/index.ts'
import { ImportError } from './formats/fault.ts'
import { type ImportOptions, type ImportReport, importFile } from './import.ts'
import { candidate, type Signal } from './signal.ts'
import { openSqliteStore } from './sqlite/store.ts'
import type { SignalStore } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-import-'))
const stores: SignalStore[] = []
afterAll(async () => {
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true, force: true })
})
const run = startRun({ folder: join(folder, 'run') })

let store: SignalStore
let count = 0
beforeEach(async () => {
  store = await openSqliteStore(join(folder, `store-${count++}`))
  stores.push(store)
})

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const load = (path: string, options: Partial<ImportOptions> = {}): Promise<ImportReport> =>
  importFile(path, { store, ...options }, run)

async function stored(): Promise<Signal[]> {
  const signals: Signal[] = []
  for await (const signal of store.read()) signals.push(signal)
  return signals
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('expected it to fail')
}

const signal = (id: string, more: Partial<Signal> = {}): Signal =>
  ({
    kind: 'comparison',
    id,
    rater: { id: 'ada', kind: 'human' },
    context: { id: 'c' },
    time: 5,
    source: 'app',
    a: candidate({ modality: 'item', item: 'tea' }),
    b: candidate({ modality: 'item', item: 'coffee' }),
    outcome: 'a',
    ...more,
  }) as Signal
const lines = (signals: readonly unknown[]): string => signals.map((one) => `${JSON.stringify(one)}\n`).join('')

const votes = 'rater,a,b,winner\nada,tea,coffee,a\nbo,"green\ntea",coffee,tie\ncy,tea,coffee,modelA\ndi,tea,coffee,b\n'

describe('importFile', () => {
  it('reads a file whose format it tells, and reports what it did', async () => {
    const report = await load(file('good.csv', votes.replace('modelA', '')))
    expect(report).toMatchObject({
      format: 'arena',
      container: 'delimited',
      detected: true,
      source: 'good',
      read: 4,
      inserted: 4,
      duplicates: 0,
      rejectedCount: 0,
      rejected: [],
    })
    expect(report.notes).toEqual(['Some rows say no time; they count as of 1970-01-01T00:00:00.000Z.'])
    expect(report.rejectsFile).toBeUndefined()
    expect(report.seconds).toBeGreaterThan(0)
    expect((await stored()).map((one) => one.kind === 'comparison' && one.outcome)).toEqual([
      'a',
      'tie',
      'skipped',
      'b',
    ])
  })

  it('stops at the first bad row, naming file, line and field, and leaves nothing of the file', async () => {
    const error = await failure(load(file('votes.csv', votes)))
    expect(error).toBeInstanceOf(ImportError)
    expect(error).toMatchObject({ file: 'votes.csv', line: 5, path: 'winner' })
    expect(error.message).toMatch(/^votes\.csv, line 5: winner is "modelA", expected one of "model_a", /)
    expect(await store.count()).toBe(0)
    expect(readdirSync(run.folder)).toEqual([])
  })

  it('names every bad row of a file at once, up to as many as are to be listed', async () => {
    const broken = 'a,b,winner\nx,y,a\nx,y,who\n,y,a\nx,y,b\nx,y,a,more\n'
    const error = await failure(load(file('three.csv', broken)))
    expect(error instanceof ImportError && error.rows.map(({ line, path }) => [line, path])).toEqual([
      [3, 'winner'],
      [4, 'model_a'],
      [6, ''],
    ])
    expect(error.message.split('\n').map((line) => line.slice(0, 18))).toEqual([
      'three.csv, line 3:',
      'three.csv, line 4:',
      'three.csv, line 6:',
    ])
    const first = await failure(load(file('three.csv', broken), { listed: 1 }))
    expect(first instanceof ImportError && first.rows.length).toBe(1)
    expect(await store.count()).toBe(0)
  })

  it('keeps the good rows when asked, and writes the bad ones with their lines to a file', async () => {
    const rejects = join(folder, 'bad.jsonl')
    const report = await load(file('some.csv', `${votes}ed,tea\n"x`), { keepGoing: true, rejects })
    expect(report).toMatchObject({ read: 6, inserted: 3, rejectedCount: 3, rejectsFile: rejects })
    const written = readFileSync(rejects, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(written).toEqual(report.rejected)
    expect(written.map(({ line, path }) => [line, path])).toEqual([
      [5, 'winner'],
      [7, ''],
      [8, ''],
    ])
    expect(written[0].row).toEqual({ rater: 'cy', a: 'tea', b: 'coffee', winner: 'modelA' })
    expect(written[1]).toMatchObject({
      reason: 'the row has 2 cells, expected 4 ("rater", "a", "b", "winner")',
      row: ['ed', 'tea'],
    })
    expect(written[2]).toMatchObject({ reason: 'the quote opened here is never closed', row: '"x' })
    expect((await stored()).map(({ rater }) => rater.id)).toEqual(['ada', 'bo', 'di'])
  })

  it('lists only the first rejects, and puts all in the run’s folder unless told where', async () => {
    const bad = `a,b,winner\n${'x,y,z\n'.repeat(30)}`
    const report = await load(file('bad.csv', bad), { keepGoing: true, listed: 3 })
    expect(report.rejectedCount).toBe(30)
    expect(report.rejected.map(({ line }) => line)).toEqual([2, 3, 4])
    expect(report.rejectsFile).toBe(join(run.folder, 'bad.csv.rejects.jsonl'))
    expect(readFileSync(join(run.folder, 'bad.csv.rejects.jsonl'), 'utf8').trim().split('\n').length).toBe(30)
    rmSync(join(run.folder, 'bad.csv.rejects.jsonl'))
  })

  it('gives rows without an id the same one each time: importing again adds nothing, more rows are added alone', async () => {
    const twice = 'a,b,winner\ntea,coffee,a\ntea,coffee,a\n'
    expect(await load(file('v.csv', twice))).toMatchObject({ inserted: 2, duplicates: 0 })
    expect(await load(file('v.csv', twice))).toMatchObject({ inserted: 0, duplicates: 2 })
    const more = `a,b,winner\nwater,coffee,b\n${twice.slice(11)}tea,coffee,a\n`
    expect(await load(file('v.csv', more))).toMatchObject({ inserted: 2, duplicates: 2 })
    expect(await load(file('v.csv', twice), { source: 'other' })).toMatchObject({ inserted: 2, duplicates: 0 })
  })

  it('stores nothing when an id stands for two signals, in the file or in the store', async () => {
    const path = file('ids.jsonl', lines([signal('1'), signal('2'), signal('1'), signal('2', { time: 6 })]))
    expect((await failure(load(path))).message).toBe(
      'ids.jsonl, line 4: id is "2", which an earlier row of the file has with other content',
    )
    expect(await store.count()).toBe(0)
    await load(file('first.jsonl', lines([signal('2', { time: 6 })])))
    expect((await failure(load(file('second.jsonl', lines([signal('9'), signal('2')]))))).message).toBe(
      'second.jsonl, line 2: id is "2", which the store has with other content',
    )
    expect(await store.count()).toBe(1)
    const report = await load(path, { keepGoing: true })
    expect(report).toMatchObject({ read: 4, inserted: 1, duplicates: 2, rejectedCount: 1 })
    expect(report.rejected).toMatchObject([
      { line: 2, path: 'id', reason: 'id is "2", which the store has with other content' },
    ])
  })

  it('stores nothing when a context’s id stands for two contexts, in the file or in the store', async () => {
    const other = { context: { id: 'c', tags: ['x'] } }
    expect((await failure(load(file('c.jsonl', lines([signal('1'), signal('2', other)]))))).message).toBe(
      'c.jsonl, line 2: context.id is "c", which an earlier row of the file has with other content',
    )
    expect(await store.count()).toBe(0)
    await load(file('c1.jsonl', lines([signal('1')])))
    const path = file('c2.jsonl', lines([signal('3'), signal('2', other)]))
    expect((await failure(load(path))).message).toContain('context.id is "c"')
    expect(await store.count()).toBe(1)
    expect(await load(path, { keepGoing: true })).toMatchObject({ inserted: 1, rejectedCount: 1 })
  })

  it('reads gzip, a byte-order mark, JSON arrays and streams', async () => {
    const row = { a: 'tea', b: 'coffee', winner: 'tie' }
    expect(await load(file('z.csv.gz', gzipSync('\ufeffa,b,winner\r\ntea,coffee,tie\r\n')))).toMatchObject({
      source: 'z',
      inserted: 1,
    })
    expect(await load(file('array.json', JSON.stringify([row, row])))).toMatchObject({ container: 'json', inserted: 2 })
    expect(
      (await failure(load(file('array2.json', JSON.stringify([row, { ...row, winner: 'c' }]))))).message,
    ).toContain('array2.json, row 2: winner is "c"')
    async function* stream(): AsyncGenerator<string> {
      yield 'a,b,win'
      yield 'ner\ntea,coffee,a\n'
    }
    const report = await importFile(stream(), { store, name: 'up.csv' }, run)
    expect(report).toMatchObject({ source: 'up', inserted: 1 })
  })

  it('refuses what it cannot make out', async () => {
    const message = async (name: string, content: string | Uint8Array, options: Partial<ImportOptions> = {}) =>
      (await failure(load(file(name, content), options))).message
    expect(await message('m.csv', 'user,item,score\nu,i,1\n')).toContain('one of ratings, interactions')
    expect(await message('e.csv', '')).toBe('e.csv is empty')
    expect(await message('b.bin', Buffer.from([1, 0, 2, 0]))).toBe('b.bin is neither text nor Parquet')
    expect(await message('x.jsonl', '{"a":1}\n', { format: 'xyz' as 'arena' })).toBe(
      'format is "xyz", expected one of signals, arena, preference-pairs, hh-rlhf, ultrafeedback, rankings, ratings, interactions',
    )
    expect(await message('h.csv', '1,2\n3,4\n', { format: 'ratings' })).toContain('h.csv has no header line')
    expect(await message('s.csv', 'kind,id\nx,y\n', { format: 'signals' })).toBe(
      's.csv is delimited; signals is read from jsonl, json',
    )
    expect(await message('d.csv', 'a,b,a,winner\nx,y,z,a\n')).toBe('d.csv: the header names "a" twice')
    expect(await message('p.parquet', 'PAR1 and nothing else')).toContain('p.parquet: not a readable Parquet file')
    expect(await message('none.csv', 'a,b,winner\n')).toContain('none.csv has no rows')
  })

  it('renames columns and leaves columns out before anything else', async () => {
    const path = file('w.csv', 'left,right,vote,junk\ntea,coffee,b,1\n')
    const columns = { left: { as: 'a' }, right: { as: 'b' }, vote: { as: 'winner' }, junk: 'ignore' } as const
    await load(path, { columns })
    const [only] = await stored()
    expect(only).toMatchObject({ outcome: 'b', a: { content: { item: 'tea' } } })
    expect(only?.metadata).toBeUndefined()
  })

  it('uses the time, rater and scale it is given where rows say none', async () => {
    const rater = { id: 'judge', kind: 'model' } as const
    await load(file('r.csv', 'item,score\ntea,4\n'), { time: 7, rater, scale: { min: 1, max: 5 } })
    expect((await stored())[0]).toMatchObject({ time: 7, rater, scale: { min: 1, max: 5 } })
  })

  it('keeps the source that signals name, unless another is asked for', async () => {
    await load(file('k.jsonl', lines([signal('1')])))
    await load(file('k.jsonl', lines([signal('2')])), { source: 'mine' })
    expect((await stored()).map(({ source }) => source)).toEqual(['app', 'mine'])
  })

  it('tells its progress in bytes, first of checking, then of storing', async () => {
    const told: Progress[] = []
    const watched = startRun({ folder: run.folder, onProgress: (progress) => told.push(progress) })
    await importFile(file('p.jsonl', lines([signal('1')])), { store }, watched)
    const bytes = Buffer.byteLength(lines([signal('1')]))
    expect(told).toContainEqual({ label: 'checking p.jsonl', done: bytes, total: bytes })
    expect(told.at(-1)).toEqual({ label: 'storing p.jsonl', done: bytes, total: bytes })
  })

  it('can be stopped: while checking nothing is stored; stopped while storing, importing again completes it', async () => {
    const path = file('long.jsonl', lines(Array.from({ length: 30_000 }, (_, i) => signal(`s${i}`))))
    const stopAt = (label: RegExp, share: number) => {
      const stop = new AbortController()
      return startRun({
        folder: run.folder,
        signal: stop.signal,
        onProgress(progress) {
          if (label.test(progress.label) && progress.done >= share * (progress.total ?? 1)) stop.abort()
        },
      })
    }
    expect((await failure(importFile(path, { store }, stopAt(/^checking/, 0.5)))).name).toBe('AbortError')
    expect(await store.count()).toBe(0)
    expect((await failure(importFile(path, { store }, stopAt(/^storing/, 0.9)))).name).toBe('AbortError')
    const there = await store.count()
    expect(there).toBeGreaterThan(0)
    expect(there).toBeLessThan(30_000)
    expect(await load(path)).toMatchObject({ inserted: 30_000 - there, duplicates: there })
    expect(readdirSync(run.folder).filter((name) => name.startsWith('import-'))).toEqual([])
  })

  describe('of a large file of signals, checked on several threads', () => {
    const large = Array.from({ length: 16_000 }, (_, i) => signal(`s${i}`, { context: { id: `c${i % 100}` } }))
    const text = lines(large)

    it('stores every signal in the file’s order', async () => {
      expect(Buffer.byteLength(text)).toBeGreaterThan(4 << 20)
      expect(await load(file('large.jsonl', text))).toMatchObject({ read: 16_000, inserted: 16_000 })
      expect(await stored()).toEqual(large)
      expect(await load(file('large.jsonl', text), { keepGoing: true })).toMatchObject({ duplicates: 16_000 })
    })

    it('finds the bad lines, a repeated id and a repeated context as on one thread', async () => {
      const changed = (at: number, by: (line: string) => string): string =>
        text
          .split('\n')
          .map((line, index) => (index + 1 === at ? by(line) : line))
          .join('\n')
      const worse = changed(15_000, () => '{').replace('"outcome":"a"', '"outcome":"A"')
      expect((await failure(load(file('l1.jsonl', worse)))).message.split('\n')).toEqual([
        'l1.jsonl, line 1: outcome is "A", expected one of "a", "b", "tie", "both-bad", "skipped"',
        expect.stringContaining('l1.jsonl, line 15000: not valid JSON'),
      ])
      expect(
        (
          await failure(
            load(
              file(
                'l2.jsonl',
                changed(15_999, () => '{'),
              ),
            ),
          )
        ).message,
      ).toContain('l2.jsonl, line 15999: not valid JSON')
      const repeated = changed(15_000, (line) => line.replace('"s14999"', '"s3"'))
      expect((await failure(load(file('l3.jsonl', repeated)))).message).toBe(
        'l3.jsonl, line 15000: id is "s3", which an earlier row of the file has with other content',
      )
      const twoContexts = changed(15_000, (line) => line.replace('{"id":"c99"}', '{"id":"c99","tags":["x"]}'))
      expect((await failure(load(file('l4.jsonl', twoContexts)))).message).toBe(
        'l4.jsonl, line 15000: context.id is "c99", which an earlier row of the file has with other content',
      )
      expect(await store.count()).toBe(0)
      const report = await load(file('l1.jsonl', worse), { keepGoing: true })
      expect(report).toMatchObject({ read: 16_000, inserted: 15_998, rejectedCount: 2 })
      expect(report.rejected.map(({ line, path }) => [line, path])).toEqual([
        [1, 'outcome'],
        [15_000, ''],
      ])
      expect(report.rejected[0]?.row).toMatchObject({ id: 's0', outcome: 'A' })
    })
  })
})
