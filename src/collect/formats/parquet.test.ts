import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, describe, expect, it } from 'vitest'
import { jsonLinesToParquet, parquetRows } from './parquet.ts'

// Characters that DuckDB would take for a pattern of names.
const folder = join(mkdtempSync(join(tmpdir(), 'penchant-parquet-')), "a [1] it's * {x}")
mkdirSync(folder)
afterAll(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

async function rowsOf(path: string): Promise<{ [column: string]: unknown }[]> {
  const rows: { [column: string]: unknown }[] = []
  for await (const batch of parquetRows(path, folder)) for (const { fields } of batch) rows.push(fields)
  return rows
}

describe('parquetRows', () => {
  it('gives values as JSON has them', async () => {
    const path = join(folder, 'types.parquet')
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run(`COPY (SELECT
        7::BIGINT AS small, 9007199254740993::BIGINT AS large, 5::HUGEINT AS huge, 12.5::DECIMAL(6, 2) AS exact,
        0.1::FLOAT AS narrow, 'x'::VARCHAR AS text, NULL::VARCHAR AS nothing, true AS yes,
        TIMESTAMP '2024-01-02 03:04:05.678' AS moment, DATE '2024-01-02' AS day,
        MAP {'b': 1, 'a': 2} AS pairs, {'role': 'user', 'content': NULL} AS message, [1, NULL, 3] AS list,
        '{"deep": [1]}'::JSON AS json, 'tie'::ENUM ('tie', 'a') AS word
      ) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`)
    const [row] = await rowsOf(path)
    expect(row).toEqual({
      small: 7,
      large: '9007199254740993',
      huge: 5,
      exact: 12.5,
      narrow: Math.fround(0.1),
      text: 'x',
      nothing: null,
      yes: true,
      moment: '2024-01-02T03:04:05.678Z',
      day: '2024-01-02T00:00:00.000Z',
      pairs: { b: 1, a: 2 },
      message: { role: 'user', content: null },
      list: [1, null, 3],
      json: { deep: [1] },
      word: 'tie',
    })
  })

  it('keeps the order of rows over many chunks, and says how far it is', async () => {
    const lines = join(folder, 'rows.jsonl')
    const path = join(folder, 'rows.parquet')
    writeFileSync(lines, Array.from({ length: 10_000 }, (_, n) => `{"n": ${n}, "t": "🙂 ${n}"}\n`).join(''))
    await jsonLinesToParquet(lines, path, { n: 'DOUBLE', t: 'VARCHAR' }, 30, folder)
    const told: number[] = []
    const seen: unknown[] = []
    for await (const batch of parquetRows(path, folder, (done, total) => told.push(done / total)))
      for (const { at, fields } of batch) seen.push([at, fields['n'], fields['t']])
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, n) => [n + 1, n, `🙂 ${n}`]))
    expect(told.length).toBeGreaterThan(2)
    expect(told.at(-1)).toBe(1)
  })

  it('takes a row longer than the usual limit of 16 MiB', async () => {
    const lines = join(folder, 'long.jsonl')
    const path = join(folder, 'long.parquet')
    const row = JSON.stringify({ t: 'x'.repeat(20 << 20) })
    writeFileSync(lines, `${row}\n`)
    await jsonLinesToParquet(lines, path, { t: 'VARCHAR' }, row.length, folder)
    const [read] = await rowsOf(path)
    expect(String(read?.['t']).length).toBe(20 << 20)
  })

  it('says when a file is no Parquet, and leaves nothing of one that fails', async () => {
    const path = join(folder, 'no.parquet')
    writeFileSync(path, 'PAR1 and nothing else')
    await expect(rowsOf(path)).rejects.toThrow('not a readable Parquet file')
    const lines = join(folder, 'bad.jsonl')
    writeFileSync(lines, '{"n": "word"}\n')
    await expect(jsonLinesToParquet(lines, join(folder, 'bad.parquet'), { n: 'DOUBLE' }, 20, folder)).rejects.toThrow()
    expect(existsSync(join(folder, 'bad.parquet'))).toBe(false)
    expect(existsSync(join(folder, 'bad.parquet.writing'))).toBe(false)
  })
})
