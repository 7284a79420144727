import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { delimitedLine, delimitedRows, delimitingOf } from './delimited.ts'
import type { BrokenRow, Row } from './format.ts'

async function* whole(text: string, size = 1 << 20): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function rows(
  text: string,
  { delimiter = ',', header = true, size = 1 << 20, limit = 10_000 } = {},
): Promise<(Row | BrokenRow)[]> {
  const all: (Row | BrokenRow)[] = []
  for await (const batch of delimitedRows(whole(text, size), { delimiter, header }, limit)) all.push(...batch)
  return all
}

const brief = (row: Row | BrokenRow): unknown =>
  'fault' in row ? [row.at, row.fault.message] : [row.at, ...Object.values(row.fields)]

describe('delimitedRows', () => {
  it('tells the physical line on which each row begins, across quoted newlines, CRLF and blank lines', async () => {
    const text = 'a,b\r\n1,2\r\n\r\n"x\r\ny\nz",4\r\n5,"6"\r\n\r\n7,8'
    for (const size of [1, 3, 1 << 20])
      expect((await rows(text, { size })).map(brief)).toEqual([
        [2, '1', '2'],
        [4, 'x\r\ny\nz', '4'],
        [7, '5', '6'],
        [9, '7', '8'],
      ])
  })

  it('tells an empty cell from a quoted empty one, and doubled quotes from the end of a cell', async () => {
    expect((await rows('a,b,c\n,"","say ""hi"""\n')).map(brief)).toEqual([[2, undefined, '', 'say "hi"']])
  })

  it('costs no row but the broken one', async () => {
    const text = 'a,b\n1,"x"y\n2,ok\n3,"never closed\n4,ok\n5\n6,1,2\n7,ok\n'
    expect((await rows(text)).map(brief)).toEqual([
      [2, 'cell 2 goes on after its closing quote'],
      [3, '2', 'ok'],
      [4, 'the quote opened here is never closed'],
      [5, '4', 'ok'],
      [6, 'the row has 1 cell, expected 2 ("a", "b")'],
      [7, 'the row has 3 cells, expected 2 ("a", "b")'],
      [8, '7', 'ok'],
    ])
  })

  it('does not hold more than the limit for a quote that is not closed', async () => {
    const text = `a\n"${'x\n'.repeat(30)}`
    const found = await rows(text, { limit: 20 })
    expect(brief(found[0] as Row)).toEqual([2, 'the quote opened here is not closed within 20 characters'])
    expect(found.length).toBe(30)
  })

  it('refuses a header that names a column twice', async () => {
    await expect(rows('a,b,a\n')).rejects.toThrow('the header names "a" twice')
  })

  it('reads runs of spaces and double colons, where quotes are plain text', async () => {
    expect((await rows('1  2   3\n', { delimiter: ' ', header: false })).map(brief)).toEqual([[1, '1', '2', '3']])
    expect((await rows('1::"a::3\n', { delimiter: '::', header: false })).map(brief)).toEqual([[1, '1', '"a', '3']])
  })

  it('reads back every record that is written, for every delimiter and size of piece', async () => {
    const cell = fc.option(
      fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('', '"', '\n', '\r\n', ' x ', 'a,b', '\t;', '🙂\r')),
      {
        nil: undefined,
      },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }),
        fc.constantFrom(',', ';', '\t'),
        fc.integer({ min: 1, max: 30 }),
        async (records, delimiter, size) => {
          const text = [['a', 'b', 'c'], ...records].map((record) => delimitedLine(record, delimiter)).join('')
          const read = await rows(text, { delimiter, size })
          // A record of absent cells alone is `,,`, not a blank line.
          expect(read.map((row) => ('fields' in row ? Object.values(row.fields) : row.fault.message))).toEqual(records)
        },
      ),
      { numRuns: 300, seed: 1 },
    )
  })
})

describe('delimitingOf', () => {
  it('tells delimiter and header from the first line and the extension', () => {
    expect(delimitingOf('a,b', 'csv')).toEqual({ delimiter: ',', header: true })
    expect(delimitingOf('a;b', 'csv')).toEqual({ delimiter: ';', header: true })
    expect(delimitingOf('a b,c\td', 'tsv')).toEqual({ delimiter: '\t', header: true })
    expect(delimitingOf('1::1193::5::978300760', 'dat')).toEqual({ delimiter: '::', header: false })
    expect(delimitingOf('196\t242\t3\t881250949', 'data')).toEqual({ delimiter: '\t', header: false })
    expect(delimitingOf('user_id:token\titem_id:token', 'inter')).toEqual({ delimiter: '\t', header: true })
    expect(delimitingOf('A2,B0,5.0,1370000', 'csv')).toEqual({ delimiter: ',', header: false })
    expect(delimitingOf('constructor,x', 'constructor')).toEqual({ delimiter: ',', header: true })
  })
})
