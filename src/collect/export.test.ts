import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { startRun } from '../run/index.ts'
import { exportSignals } from './export.ts'
import { type Comparison, candidate, type Rating, type Signal } from './signal.ts'
import type { SignalSource } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-export-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const run = startRun({ folder: join(folder, 'run') })

const sourceOf = (signals: readonly Signal[]): SignalSource => ({
  count: async () => signals.length,
  async *read(filter) {
    for (const signal of signals) if (!filter?.kinds || filter.kinds.includes(signal.kind)) yield signal
  },
})

const base = { rater: { id: 'ada', kind: 'human' as const }, context: { id: 'c' }, time: 1500, source: 'app' }
const comparison: Comparison = {
  ...base,
  kind: 'comparison',
  id: '1',
  a: candidate({ modality: 'item', item: 'tea' }),
  b: candidate({ modality: 'item', item: 'a "quoted", thing' }),
  outcome: 'tie',
  strength: 0.25,
}
const rating: Rating = {
  ...base,
  kind: 'rating',
  id: '2',
  candidate: candidate({ modality: 'item', item: 'tea' }),
  aspects: { overall: 3 },
}

describe('exportSignals', () => {
  it('writes signals as they are unless told otherwise', async () => {
    const to = join(folder, 'all.jsonl')
    const report = await exportSignals(sourceOf([comparison, rating]), { to }, run)
    expect(report).toMatchObject({
      format: 'signals',
      container: 'jsonl',
      written: 2,
      rows: 2,
      inexpressible: [],
      leftOut: [],
    })
    expect(readFileSync(to, 'utf8')).toBe(`${JSON.stringify(comparison)}\n${JSON.stringify(rating)}\n`)
  })

  it('counts the signals a format cannot express and the parts it has no place for', async () => {
    const to = join(folder, 'votes.csv')
    const report = await exportSignals(sourceOf([comparison, rating]), { to, format: 'arena' }, run)
    expect(report).toMatchObject({
      container: 'delimited',
      written: 1,
      rows: 1,
      inexpressible: [{ reason: 'a rating', count: 1 }],
      leftOut: [{ field: 'source', count: 1 }],
    })
    expect(readFileSync(to, 'utf8')).toBe(
      'id,model_a,model_b,winner,judge,tstamp,strength,context\n1,tea,"a ""quoted"", thing",tie,ada,1.5,0.25,c\n',
    )
  })

  it('writes only what the filter lets through', async () => {
    const to = join(folder, 'ratings.tsv')
    await exportSignals(
      sourceOf([comparison, rating]),
      { to, format: 'interactions', filter: { kinds: ['rating'] } },
      run,
    )
    expect(readFileSync(to, 'utf8')).toBe('user_id\titem_id\trating\ttimestamp\nada\ttea\t3\t1.5\n')
  })

  it('compresses for .gz, and writes into a stream', async () => {
    const to = join(folder, 'all.json.gz')
    await exportSignals(sourceOf([rating]), { to, container: 'json' }, run)
    expect(JSON.parse(gunzipSync(readFileSync(to)).toString('utf8'))).toEqual([rating])
    const stream = new PassThrough()
    const report = exportSignals(
      sourceOf([comparison, rating]),
      { to: stream, format: 'ratings', container: 'delimited' },
      run,
    )
    expect((await stream.setEncoding('utf8').toArray()).join('')).toBe(
      'id,rater,context,item,score,time\n2,ada,c,tea,3,1500\n',
    )
    expect((await report).written).toBe(1)
  })

  it('writes an empty export as a file without rows', async () => {
    for (const name of ['none.jsonl', 'none.json', 'none.parquet'])
      await exportSignals(sourceOf([]), { to: join(folder, name), format: 'ratings' }, run)
    expect(readFileSync(join(folder, 'none.jsonl'), 'utf8')).toBe('')
    expect(JSON.parse(readFileSync(join(folder, 'none.json'), 'utf8'))).toEqual([])
    expect(readFileSync(join(folder, 'none.parquet'), 'latin1').slice(0, 4)).toBe('PAR1')
  })

  it('leaves the old file, and nothing half-written, when it is stopped or fails', async () => {
    const to = join(folder, 'kept.jsonl')
    writeFileSync(to, 'old')
    const failing: SignalSource = {
      count: async () => 2,
      async *read() {
        yield rating
        throw new Error('the disk is gone')
      },
    }
    await expect(exportSignals(failing, { to }, run)).rejects.toThrow('the disk is gone')
    const stream = new PassThrough()
    await expect(exportSignals(failing, { to: stream }, run)).rejects.toThrow('the disk is gone')
    expect(stream.destroyed).toBe(true)
    const stopped = startRun({ folder: run.folder, signal: AbortSignal.abort() })
    await expect(exportSignals(sourceOf([rating]), { to }, stopped)).rejects.toThrow('aborted')
    expect(readFileSync(to, 'utf8')).toBe('old')
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([])
    expect(readdirSync(run.folder)).toEqual([])
  })

  it('fails when the stream it writes into fails', async () => {
    const broken = new Writable({ write: (_, __, done) => done(new Error('the reader went away')) })
    await expect(exportSignals(sourceOf([rating]), { to: broken }, run)).rejects.toThrow('the reader went away')
  })

  it('refuses containers a format is not written in', async () => {
    await expect(exportSignals(sourceOf([]), { to: join(folder, 'x.csv') }, run)).rejects.toThrow(
      'signals cannot be written as delimited, expected one of jsonl, json',
    )
    await expect(
      exportSignals(sourceOf([]), { to: join(folder, 'x.parquet.gz'), format: 'ratings' }, run),
    ).rejects.toThrow('compressed already')
  })

  it('says so when columns of a Parquet file would differ only in case', async () => {
    const two = { ...rating, aspects: { Taste: 1, taste: 2 } }
    await expect(
      exportSignals(sourceOf([two]), { to: join(folder, 'case.parquet'), format: 'ratings' }, run),
    ).rejects.toThrow('columns "Taste" and "taste" differ only in case')
  })
})
