import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { openSqliteStore } from './store.ts'
import { batchSignals } from './writer.fixture.ts'

const script = fileURLToPath(new URL('./writer.fixture.ts', import.meta.url))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penchant-processes-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A process that writes to the folder, and the lines it has printed. */
function startWriter(...parameters: readonly (string | number)[]): {
  readonly process: ChildProcess
  readonly ended: Promise<unknown>
  readonly lines: () => string[]
} {
  const child = spawn(process.execPath, [script, folder, ...parameters.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  return { process: child, ended: once(child, 'close'), lines: () => printed.split('\n').slice(0, -1) }
}

/** How many signals of each batch are there, by `writer/batch`. */
async function batchesThere(): Promise<Map<string, number>> {
  const store = await openSqliteStore(folder)
  const there = new Map<string, number>()
  for await (const { id } of store.read()) {
    const batch = id.slice(0, id.lastIndexOf('/'))
    there.set(batch, (there.get(batch) ?? 0) + 1)
  }
  await store.close()
  return there
}

function integrity(): unknown {
  const database = new DatabaseSync(join(folder, 'signals.sqlite'))
  const found = [database.prepare('pragma integrity_check').all(), database.prepare('pragma foreign_key_check').all()]
  database.close()
  return found
}
const sound = [[{ integrity_check: 'ok' }], []]

/** Waits until a writer has printed so many lines or has ended. */
async function printed({ process: child, lines }: ReturnType<typeof startWriter>, count: number): Promise<void> {
  while (lines().length < count && child.exitCode === null) await sleep(2)
}

describe('several processes', () => {
  it('write to one folder at a time without loss', async () => {
    const writers = ['one', 'two', 'three'].map((name) => startWriter(name, 200, 15))
    await Promise.all(writers.map(({ ended }) => ended))
    expect(writers.map(({ process: child }) => child.exitCode)).toEqual([0, 0, 0])
    for (const writer of writers) expect(writer.lines()).toEqual(Array.from({ length: 15 }, (_, batch) => `${batch}`))
    const there = await batchesThere()
    expect(there.size).toBe(45)
    expect(new Set(there.values())).toEqual(new Set([200]))
    expect(integrity()).toEqual(sound)
    const store = await openSqliteStore(folder)
    expect(await store.insert(batchSignals('two', 7, 200))).toMatchObject({ inserted: 0, duplicates: 200 })
    await store.close()
  })

  it('lose nothing answered for, and leave no part of a batch, when killed at any moment', async () => {
    const random = seeded('kill')
    const answered = new Set<string>()
    let kills = 0
    for (let round = 0; round < 10; round++) {
      const writers = ['x', 'y'].map((name) => ({
        name: `${name}${round}`,
        ...startWriter(`${name}${round}`, 150, 1_000),
      }))
      await Promise.all(
        writers.map(async (writer) => {
          const after = random.integer(7)
          const more = random.uniform() * 30
          // In some rounds one is killed while it still opens the store.
          await (after === 0 ? sleep(100 + 10 * more) : printed(writer, after))
          await sleep(more)
          expect(writer.process.kill('SIGKILL')).toBe(true)
          await writer.ended
          kills++
          for (const batch of writer.lines()) answered.add(`${writer.name}/${batch}`)
        }),
      )
      const there = await batchesThere()
      for (const batch of answered) expect([batch, there.get(batch)]).toEqual([batch, 150])
      for (const [batch, signals] of there) expect([batch, signals]).toEqual([batch, 150])
      expect(integrity()).toEqual(sound)
    }
    expect(kills).toBe(20)
    expect(answered.size).toBeGreaterThan(30)
  })

  it('erase wholly or not at all when killed, and finish taking out the bytes at the next opening', async () => {
    const random = seeded('kill while erasing')
    for (let round = 0; round < 5; round++) {
      const name = `e${round}`
      const writer = startWriter(name, 100, 1_000, 1)
      await printed(writer, 1 + random.integer(4))
      await sleep(random.uniform() * 30)
      writer.process.kill('SIGKILL')
      await writer.ended
      const erased = writer.lines().flatMap((line) => (line.startsWith('erased ') ? [line.slice(7)] : []))
      const there = await batchesThere()
      const bytes = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'))
      const inFiles = (batch: string): boolean => bytes.some((file) => file.includes(`<${batch}>`))
      for (const batch of erased) expect(there.has(`${name}/${batch}`)).toBe(false)
      for (const [batch, signals] of there) expect([batch, signals]).toEqual([batch, 100])
      for (let batch = 0; batch < writer.lines().length + 1; batch++)
        expect(inFiles(`${name}/${batch}`)).toBe(there.has(`${name}/${batch}`))
      expect(integrity()).toEqual(sound)
    }
  })
})
