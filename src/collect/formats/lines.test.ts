import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Line, lineBlocks, linesOf } from './lines.ts'

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield Buffer.from(bytes.subarray(at, at + size))
    at += size
  }
}

async function linesIn(
  text: string | Uint8Array,
  sizes: readonly number[] = [1 << 20],
  limit = 1_000,
): Promise<Line[]> {
  const lines: Line[] = []
  for await (const block of lineBlocks(pieces(Buffer.from(text), sizes), limit)) lines.push(...linesOf(block, limit))
  return lines
}

describe('lines', () => {
  it('are numbered from 1 and the same however the file comes in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('', 'a', 'ü🙂', 'long '.repeat(9)), { maxLength: 12 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        async (texts, end, ended, sizes) => {
          const file = texts.join(end) + (ended ? end : '')
          const expected = file.split(end)
          if (expected.at(-1) === '') expected.pop()
          const lines = await linesIn(file, sizes)
          expect(lines.map(({ text }) => text)).toEqual(expected)
          expect(lines.map(({ line }) => line)).toEqual(expected.map((_, index) => index + 1))
          expect(lines.every(({ fault }) => fault === undefined)).toBe(true)
        },
      ),
      { numRuns: 200, seed: 1 },
    )
  })

  it('that are not UTF-8 are told by their number; the others are read', async () => {
    const bytes = Buffer.concat([Buffer.from('good\n'), Buffer.from([0xff, 0xfe, 10]), Buffer.from('fine\n')])
    const lines = await linesIn(bytes)
    expect(lines.map(({ line, fault }) => [line, fault?.message])).toEqual([
      [1, undefined],
      [2, 'the line is not valid UTF-8'],
      [3, undefined],
    ])
  })

  it('beyond the limit are told and passed over, without holding them', async () => {
    for (const sizes of [[7], [1 << 20], [40, 3]]) {
      const lines = await linesIn(`one\n${'x'.repeat(50)}\nthree\n${'y'.repeat(30)}`, sizes, 20)
      expect(lines.map(({ line, fault }) => [line, fault?.message])).toEqual([
        [1, undefined],
        [2, 'the line is longer than 20 bytes'],
        [3, undefined],
        [4, 'the line is longer than 20 bytes'],
      ])
    }
  })
})
