import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, it } from 'vitest'
import { startRun } from '../run/index.ts'
import { readRows } from './read-rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-rows-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function rowsIn(name: string, content: string | Uint8Array) {
  const path = join(folder, name)
  writeFileSync(path, content)
  const { batches, ...about } = await readRows(path, startRun({ folder }))
  const rows = []
  for await (const batch of batches) rows.push(...batch)
  return { ...about, rows }
}

it('gives delimited rows with the lines they begin on', async () =>
  expect(await rowsIn('votes.csv', 'a,b\nx,"y\nz"\nu,v\n')).toEqual({
    name: 'votes.csv',
    container: 'delimited',
    unit: 'line',
    rows: [
      { at: 2, fields: { a: 'x', b: 'y\nz' } },
      { at: 4, fields: { a: 'u', b: 'v' } },
    ],
  }))

it('tells rows of a JSON array by their position, and unpacks gzip', async () =>
  expect(await rowsIn('votes.json.gz', gzipSync('[{"a":1},{"a":[2]}]'))).toMatchObject({
    unit: 'row',
    rows: [
      { at: 1, fields: { a: 1 } },
      { at: 2, fields: { a: [2] } },
    ],
  }))

it('tells a row that cannot be read', async () => {
  const { rows } = await rowsIn('votes.jsonl', '{"a":1}\n{"a":\n')
  expect(rows[0]).toEqual({ at: 1, fields: { a: 1 } })
  expect(rows[1]).toMatchObject({ at: 2, fault: expect.any(Error) })
})
