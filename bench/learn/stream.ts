import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Comparison, candidate, contextId, openSqliteStore } from '../../src/collect/index.ts'
import { embeddedTexts, fitPreferences, rewardKind, streamPairs } from '../../src/learn/index.ts'
import { seeded, startRun } from '../../src/run/index.ts'
import { say } from '../beside-torch.ts'
import { folder, sizes } from './data.ts'

const contents = 20_000
const { width, batch } = sizes

/** What a fit to a store's signals took. */
export interface Streamed {
  readonly signals: number
  readonly ms: number
  readonly loss: number
  /** Most that was alive of JavaScript's memory and of arrays beside it, in MB, after collecting what is not. */
  readonly heldMb: number
  /** Peak of the whole process. */
  readonly peakMb: number
}

/** Fits to two stores, one ten times the other; each is made, and read, by a process of its own. */
export function compareStreams(script: string, signals: number): readonly Streamed[] {
  return [signals / 10, signals].map((count) => {
    const run = (what: string): string =>
      execFileSync(process.execPath, ['--expose-gc', script, '--worker', `${what}:${count}`], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    if (!existsSync(pathOf(count))) {
      say(`A store of ${count.toLocaleString('en')} comparisons …`)
      run('store')
    }
    say(`A fit to ${count.toLocaleString('en')} comparisons read from it …`)
    return JSON.parse(run('stream')) as Streamed
  })
}

function pathOf(signals: number): string {
  return join(folder, `stream-${signals}`)
}

/** Comparisons among 20,000 replies to 1,000 prompts: one of every 20 of a prompt's is better than the next. */
function* comparisons(total: number): Generator<Comparison> {
  const random = seeded('stream bench')
  const prompts = Array.from({ length: 1000 }, (_, at) => {
    const messages = [{ role: 'user' as const, content: `prompt ${at}` }]
    return { id: contextId({ messages }), messages }
  })
  const replies = Array.from({ length: contents }, (_, at) => candidate({ modality: 'text', text: `reply ${at}` }))
  for (let at = 0; at < total; at++) {
    const prompt = random.integer(prompts.length)
    const first = random.integer(20)
    const second = (first + 1 + random.integer(19)) % 20
    const [context, a, b] = [prompts[prompt], replies[prompt * 20 + first], replies[prompt * 20 + second]]
    if (!context || !a || !b) throw new Error('the world is smaller than its numbers')
    yield {
      kind: 'comparison',
      ...{ id: `${at}`, context, a, b, time: at, source: 'made' },
      rater: { id: `rater ${random.integer(1000)}`, kind: 'simulated' },
      outcome: random.chance(1 / (1 + Math.exp((first - second) / 5))) ? 'a' : 'b',
    }
  }
}

/** Writes the store, whole or not at all. */
export async function writeStore(signals: number): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `making-${signals}`)
  rmSync(path, { force: true, recursive: true })
  const store = await openSqliteStore(path)
  let waiting: Comparison[] = []
  for (const signal of comparisons(signals)) {
    waiting.push(signal)
    if (waiting.length < 10_000) continue
    await store.insert(waiting)
    waiting = []
  }
  await store.insert(waiting)
  await store.close()
  renameSync(path, pathOf(signals))
}

/** One epoch over the store; vectors of texts come from it as well, once they were made. */
export async function fitToStore(signals: number): Promise<Streamed> {
  const store = await openSqliteStore(pathOf(signals))
  const encoder = embeddedTexts(
    {
      id: 'made',
      width,
      embed: async (texts) =>
        texts.map((text) => {
          const random = seeded(text)
          const vector = Float32Array.from({ length: width }, () => random.normal())
          // The place among the prompt's replies, which is what is to be learned.
          vector[0] = ((Number(text.split(' ').at(-1)) % 20) - 10) / 5
          return vector
        }),
    },
    { of: 'candidate', cache: store.embeddings },
  )
  const { gc } = globalThis
  if (gc === undefined) throw new Error('start with --expose-gc')
  let heldMb = 0
  const start = performance.now()
  const model = await fitPreferences(
    {
      kind: rewardKind,
      encoder,
      data: streamPairs(store),
      batchSize: batch,
      onMetrics({ kind, updates }) {
        if (kind !== 'step' || updates % 25 > 0) return
        gc()
        const { heapUsed, external } = process.memoryUsage()
        heldMb = Math.max(heldMb, (heapUsed + external) / 2 ** 20)
      },
    },
    startRun({ seed: 1 }),
  )
  const ms = performance.now() - start
  await store.close()
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return { signals, ms, heldMb, peakMb: Number(peak) / 1024, loss: model.metrics['trainLoss'] ?? Number.NaN }
}
