import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { type Input, openInput } from './input.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-input-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const run = startRun({ folder: join(folder, 'run') })

async function content(input: Input): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of input.chunks()) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

function file(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

describe('openInput', () => {
  it('reads a file twice, telling how far it is in stored bytes', async () => {
    const input = await openInput(file('a.txt', 'x'.repeat(3_000_000)), run)
    const told: number[] = []
    for await (const _ of input.chunks((done) => told.push(done)));
    expect(told).toEqual([1 << 20, 2 << 20, 3_000_000])
    expect((await content(input)).length).toBe(3_000_000)
    expect(input.bytes).toBe(3_000_000)
    await input.close()
  })

  it('unpacks gzip, of several members too, and passes over a byte-order mark', async () => {
    const bytes = Buffer.concat([gzipSync('\ufeffone\n'), gzipSync('two\n')])
    const input = await openInput(file('a.gz', bytes), run)
    expect(await content(input)).toBe('one\ntwo\n')
    expect(await content(input)).toBe('one\ntwo\n')
    await input.close()
  })

  it('says when compressed data ends early or is damaged', async () => {
    const bytes = gzipSync('some text that is long enough '.repeat(100))
    const cut = await openInput(file('cut.gz', bytes.subarray(0, bytes.length - 10)), run)
    await expect(content(cut)).rejects.toThrow('cut.gz: the compressed data is damaged or ends early')
    await cut.close()
  })

  it('refuses UTF-16 and folders', async () => {
    const input = await openInput(file('wide.txt', Buffer.from('\ufeffwide', 'utf16le')), run)
    await expect(content(input)).rejects.toThrow('wide.txt is UTF-16 text, expected UTF-8')
    await input.close()
    await expect(openInput(folder, run)).rejects.toThrow('is not a file')
  })

  it('notices that the file was changed meanwhile', async () => {
    const path = file('grows.txt', 'x'.repeat(2_000_000))
    const input = await openInput(path, run)
    const reading = (async () => {
      for await (const _ of input.chunks()) appendFileSync(path, 'more')
    })()
    await expect(reading).rejects.toThrow('grows.txt was changed while it was read')
    await input.close()
  })

  it('puts a stream aside, reads it twice, and cleans up', async () => {
    async function* stream(): AsyncGenerator<string> {
      yield 'one\n'
      yield 'two\n'
    }
    const input = await openInput(stream(), run)
    expect(await content(input)).toBe('one\ntwo\n')
    expect(await content(input)).toBe('one\ntwo\n')
    await input.close()
    expect(readdirSync(run.folder)).toEqual([])
  })

  it('cleans up after a stream that fails', async () => {
    async function* stream(): AsyncGenerator<string> {
      yield 'one\n'
      throw new Error('the line went dead')
    }
    await expect(openInput(stream(), run)).rejects.toThrow('the line went dead')
    expect(readdirSync(run.folder)).toEqual([])
  })
})
