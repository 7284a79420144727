import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { shippedDatasets } from '../collect/index.ts'
import { shippedLeaderboards } from '../evaluate/index.ts'

const command = join(import.meta.dirname, '../../bin/penchant.mjs')
const folder = mkdtempSync(join(tmpdir(), 'penchant-start-'))
const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  /** All of stdout and stderr so far. */
  said(): string
  /** The first match of a pattern in what it says. */
  until(pattern: RegExp): Promise<string>
}

function start(...args: readonly string[]): Started {
  const env = { ...process.env, NO_COLOR: '1', PENCHANT_API_KEYS: '' }
  const child = spawn(process.execPath, [command, 'start', '--port', '0', '--no-open', '--data', folder, ...args], {
    env,
  })
  children.add(child)
  let text = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      for (const listener of listeners) listener()
    })
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  return {
    child,
    ended,
    said: () => text,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const [found] = pattern.exec(text) ?? []
          if (found !== undefined) resolve(found)
        }
        listeners.add(look)
        look()
        ended.then((code) => reject(new Error(`it ended with ${code} and said: ${text}`)))
      }),
  }
}

it('loads real data on the first start, uses it afterwards, stops when asked, and loses nothing when killed', async () => {
  const first = start()
  const address = await first.until(/http:\/\/127\.0\.0\.1:\d+/)
  expect((await fetch(`${address}/readyz`)).status).toBe(200)
  const counts = (await (await fetch(`${address}/v1/counts`)).json()) as { total: number }
  const atStart = shippedDatasets().filter((dataset) => dataset.atStart)
  expect(counts.total).toBe(atStart.reduce((sum, { signals }) => sum + signals, 0))
  const { leaderboards } = (await (await fetch(`${address}/v1/leaderboards`)).json()) as {
    leaderboards: { name: string }[]
  }
  expect(leaderboards.map(({ name }) => name).toSorted()).toEqual(
    shippedLeaderboards()
      .map(({ name }) => name)
      .toSorted(),
  )
  for (const { title } of atStart) expect(first.said()).toContain(`✓ ${title}`)
  expect(first.said()).toContain('●')

  const beside = start()
  expect(await beside.ended).toBe(2)
  expect(beside.said()).toContain(`Another Penchant server (process ${first.child.pid}, ${address})`)

  // A board that a person removes does not come back.
  const removed = await fetch(`${address}/v1/leaderboards/college-ice-hockey`, { method: 'DELETE' })
  expect(removed.status).toBe(200)
  // Twice, as a terminal's Ctrl-C comes when those above pass it on too.
  first.child.kill('SIGTERM')
  first.child.kill('SIGINT')
  expect(await first.ended).toBe(0)

  const second = start()
  const again = await second.until(/http:\/\/127\.0\.0\.1:\d+/)
  expect(second.said()).toContain(`✓ ${counts.total} signals, loaded by an earlier start`)
  const rest = (await (await fetch(`${again}/v1/leaderboards`)).json()) as { leaderboards: unknown[] }
  expect(rest.leaderboards).toHaveLength(leaderboards.length - 1)

  // Killed without warning: what was answered for is there, and the folder is free.
  const vote = {
    kind: 'instruction',
    id: 'wish-1',
    rater: { id: 'ann', kind: 'human' },
    time: 0,
    source: 'test',
    text: 'Keep it short.',
  }
  const sent = await fetch(`${again}/v1/signals`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ signals: [vote] }),
  })
  expect(sent.status).toBe(201)
  second.child.kill('SIGKILL')
  await second.ended
  const third = start()
  const last = await third.until(/http:\/\/127\.0\.0\.1:\d+/)
  expect(await (await fetch(`${last}/v1/signals/wish-1`)).json()).toMatchObject({ text: 'Keep it short.' })
  third.child.kill('SIGINT')
  expect(await third.ended).toBe(0)
})
