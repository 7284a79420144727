import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BrokenRow, Row } from './format.ts'
import { jsonArray, jsonLines, parseJsonObject } from './json-rows.ts'

async function* whole(bytes: Uint8Array, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
}

async function rows(
  read: typeof jsonArray,
  text: string | Uint8Array,
  size = 1 << 20,
  limit = 10_000,
): Promise<(Row | BrokenRow)[]> {
  const all: (Row | BrokenRow)[] = []
  for await (const batch of read(whole(Buffer.from(text), size), limit)) all.push(...batch)
  return all
}

const brief = (row: Row | BrokenRow): unknown => [row.at, 'fault' in row ? row.fault.message : row.fields]

describe('parseJsonObject', () => {
  it('takes objects alone', () => {
    expect(parseJsonObject('{"a": [1]}')).toEqual({ a: [1] })
    expect(() => parseJsonObject('[1]')).toThrow('the row is [1], expected a JSON object')
    expect(() => parseJsonObject('null')).toThrow('the row is null, expected a JSON object')
    expect(() => parseJsonObject('{"a": NaN}')).toThrow('not valid JSON')
  })

  it('refuses a field __proto__ at any depth and however it is spelt, but not its name in a text', () => {
    expect(() => parseJsonObject('{"__proto__": 1}')).toThrow('a field cannot be named __proto__')
    expect(() => parseJsonObject('{"a": {"\\u005f\\u005fproto__": 1}}')).toThrow('a field cannot be named __proto__')
    expect(() => parseJsonObject('{"a": {"__p\\u0072oto__": 1}}')).toThrow('a field cannot be named __proto__')
    expect(parseJsonObject('{"a": "{\\"__proto__\\": 1}"}')).toEqual({ a: '{"__proto__": 1}' })
  })
})

describe('jsonLines', () => {
  it('numbers rows by their physical line', async () => {
    expect((await rows(jsonLines, '{"a":1}\r\n\n{"a":\n{"a":3}', 4)).map(brief)).toEqual([
      [1, { a: 1 }],
      [3, expect.stringContaining('not valid JSON')],
      [4, { a: 3 }],
    ])
  })
})

describe('jsonArray', () => {
  it('gives the same rows as JSON.parse, however the file comes in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.dictionary(
            fc.string().filter((key) => key !== '__proto__'),
            fc.jsonValue({ maxDepth: 2 }),
            { noNullPrototype: true },
          ),
          { maxLength: 5 },
        ),
        fc.constantFrom(undefined, 1, '\t'),
        fc.integer({ min: 1, max: 9 }),
        async (values, space, size) => {
          const text = JSON.stringify(values, undefined, space).replaceAll('"__proto__"', '"proto"')
          const read = await rows(jsonArray, ` ${text}\n`, size)
          expect(read.map(brief)).toEqual(JSON.parse(text).map((value: unknown, index: number) => [index + 1, value]))
        },
      ),
      { numRuns: 200, seed: 1 },
    )
  })

  it('says what is wrong with an element, and reads on', async () => {
    const text = '[{"a": "]},["}, 7, {"b": }, {"c": 3},]'
    expect((await rows(jsonArray, text, 5)).map(brief)).toEqual([
      [1, { a: ']},[' }],
      [2, 'the row is 7, expected a JSON object'],
      [3, expect.stringContaining('not valid JSON')],
      [4, { c: 3 }],
      [5, 'the array has an empty element'],
    ])
  })

  it('says when the file is no array, or not a whole one', async () => {
    const last = async (text: string | Uint8Array): Promise<unknown> =>
      brief((await rows(jsonArray, text)).at(-1) as Row)
    expect(await last('[{"a":1}')).toEqual([1, 'the array is not closed'])
    expect(await last('[{"a":1}, {"b"')).toEqual([2, 'the array is not closed'])
    expect(await last('[] []')).toEqual([1, 'text follows the end of the array'])
    expect(await last('{"a":1}')).toEqual([1, 'expected a JSON array'])
    expect(await last(' ')).toEqual([1, 'the file is empty'])
    expect(await last(Buffer.from([0x5b, 0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x5d]))).toEqual([
      1,
      'the element is not valid UTF-8',
    ])
    expect(brief((await rows(jsonArray, `[{"a": "${'x'.repeat(99)}"}]`, 10, 50)).at(-1) as Row)).toEqual([
      1,
      'the element is longer than 50 bytes',
    ])
  })
})
