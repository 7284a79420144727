// Imports a million comparisons from a file of JSON lines into a fresh SQLite store: signals per second from the
// file's first byte to the last commit, and the memory held on the way, which must not grow with the file. Two files:
// `votes`, in which raters compare systems by name, and `replies`, in which every signal brings two texts nobody wrote
// before, four times as many bytes.
//
//   npm run bench -- import [--signals 1000000] [--workload votes|replies] [--keep-going] [--json]
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { type Comparison, candidate, contextId, importFile, openSqliteStore } from '../src/collect/index.ts'
import { type Random, seeded, startRun } from '../src/run/index.ts'

const { values } = parseArgs({
  options: {
    signals: { type: 'string', default: '1000000' },
    workload: { type: 'string', multiple: true, default: ['votes', 'replies'] },
    'keep-going': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    /** Only writes the file; done by a process of its own, so that its memory is not counted. */
    write: { type: 'string' },
  },
})
const count = Number(values.signals)
if (!Number.isInteger(count) || count < 1)
  throw new RangeError(`--signals is ${values.signals}, expected a whole number from 1`)
for (const workload of values.workload)
  if (workload !== 'votes' && workload !== 'replies')
    throw new RangeError(`--workload is ${workload}, expected votes or replies`)

const say = (line: string): void => {
  if (!values.json) console.log(line)
}

/** Words of a made-up language with a long tail, so that texts compress and repeat as texts do. */
function vocabulary(random: Random): string[] {
  const syllables = ['ka', 'lo', 'mi', 'ren', 'tas', 'ur', 'vel', 'is', 'on', 'da', 'pre', 'shi', 'go', 'ü', 'né']
  return Array.from({ length: 4_000 }, () =>
    Array.from({ length: 1 + random.integer(4) }, () => random.pick(syllables)).join(''),
  )
}

/**
 * Comparisons as an arena collects them: 40,000 raters and 30 systems. Of `votes`, the prompt is one of 20,000 and the
 * systems are known by name; of `replies`, one prompt in five was asked before and the replies of 20 to 80 words are new.
 */
function* comparisons(total: number, workload: string): Generator<Comparison> {
  const random = seeded('import bench')
  const words = vocabulary(random)
  const sentence = (least: number, most: number): string => {
    const length = least + random.integer(most - least + 1)
    let text = ''
    for (let i = 0; i < length; i++) {
      // The square favours the first words, as frequencies of real words do.
      text += `${i === 0 ? '' : ' '}${words[Math.floor(random.uniform() ** 2 * words.length)]}`
    }
    return text
  }
  const prompts: Comparison['context'][] = []
  for (let i = 0; i < total; i++) {
    const repeats = workload === 'votes' ? prompts.length === 20_000 : i > 0 && random.chance(0.2)
    const asked = repeats ? random.pick(prompts) : undefined
    const content = {
      messages: [{ role: 'user' as const, content: sentence(6, 30) }],
      tags: [random.pick(['chat', 'code', 'maths', 'writing'])],
      language: random.pick(['en', 'en', 'de', 'fr', 'zh']),
    }
    const context = asked ?? { id: contextId(content), ...content }
    if (!asked && prompts.length < 100_000) prompts.push(context)
    const reply = (): Comparison['a'] => {
      if (workload === 'votes') return candidate({ modality: 'item', item: `system-${random.integer(30)}` })
      const text = sentence(20, 80)
      return candidate(
        { modality: 'text', text },
        { producer: `system-${random.integer(30)}`, features: { length: text.length } },
      )
    }
    yield {
      kind: 'comparison',
      id: `vote-${i}`,
      rater: { id: `rater-${random.integer(40_000)}`, kind: 'human' },
      context,
      time: 1_700_000_000_000 + 1_000 * i,
      source: 'bench',
      a: reply(),
      b: reply(),
      outcome: random.pick(['a', 'a', 'a', 'b', 'b', 'b', 'tie', 'both-bad']),
    }
  }
}

async function writeComparisons(path: string, workload: string): Promise<void> {
  const stream = createWriteStream(path, { highWaterMark: 1 << 20 })
  let lines: string[] = []
  for (const comparison of comparisons(count, workload)) {
    lines.push(`${JSON.stringify(comparison)}\n`)
    if (lines.length < 1_000) continue
    const text = lines.join('')
    lines = []
    if (!stream.write(text)) await once(stream, 'drain')
  }
  stream.end(lines.join(''))
  await finished(stream)
}

if (values.write !== undefined) {
  await writeComparisons(values.write, values.workload[0] ?? '')
  process.exit(0)
}

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20)

/** Imports one file into a store of its own and tells how it went. */
async function measure(folder: string, workload: string): Promise<void> {
  const path = join(folder, 'votes.jsonl')
  say(`${workload}: writing ${count} comparisons …`)
  const wrote = spawnSync(
    process.execPath,
    [import.meta.filename, '--write', path, '--signals', `${count}`, '--workload', workload],
    { stdio: 'inherit' },
  )
  if (wrote.status !== 0) throw new Error('the file could not be written')
  const bytes = statSync(path).size
  say(`${mebibytes(bytes)} MiB, ${Math.round(bytes / count)} bytes a comparison`)

  const store = await openSqliteStore(join(folder, 'store'))
  const before = process.memoryUsage.rss()
  /** Peak of each tenth of a phase. */
  const peaks = new Map<string, number[]>()
  const started = performance.now()
  const cpuBefore = process.cpuUsage()
  const phases = new Map<string, { readonly from: number; to: number }>()
  const run = startRun({
    folder: join(folder, 'run'),
    onProgress({ label, done, total }) {
      if (!total || !/^(checking|storing)/.test(label)) return
      const phase = label.split(' ')[0] ?? label
      const tenths = peaks.get(phase) ?? new Array<number>(10).fill(0)
      const tenth = Math.min(9, Math.floor((10 * done) / total))
      tenths[tenth] = Math.max(tenths[tenth] ?? 0, process.memoryUsage.rss())
      peaks.set(phase, tenths)
      const now = performance.now()
      const times = phases.get(phase) ?? { from: now, to: now }
      times.to = now
      phases.set(phase, times)
    },
  })
  const report = await importFile(path, { store, keepGoing: values['keep-going'] }, run)
  const seconds = (performance.now() - started) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  const stored = await store.count()
  await store.close()
  if (stored !== count || report.inserted !== count) throw new Error(`${stored} signals are stored, expected ${count}`)

  const phaseSeconds = Object.fromEntries([...phases].map(([phase, { from, to }]) => [phase, (to - from) / 1000]))
  const result = {
    bench: 'import',
    workload,
    signals: count,
    bytes,
    keepGoing: values['keep-going'],
    seconds,
    signalsPerSecond: Math.round(count / seconds),
    target: 50_000,
    /** Of all threads; the measure to compare by on a machine that others use too. */
    cpuMicrosecondsPerSignal: (cpu.user + cpu.system) / count,
    phases: phaseSeconds,
    rssBeforeMiB: mebibytes(before),
    peakRssMiB: Object.fromEntries([...peaks].map(([phase, tenths]) => [phase, tenths.map(mebibytes)])),
  }
  if (values.json) console.log(JSON.stringify(result))
  else {
    say(`${result.signalsPerSecond} signals/s (${seconds.toFixed(1)} s in all; target ${result.target})`)
    for (const [phase, time] of Object.entries(phaseSeconds)) say(`  ${phase}: ${time.toFixed(1)} s`)
    say(`  processor time: ${result.cpuMicrosecondsPerSignal.toFixed(1)} µs a signal`)
    say(`memory before: ${result.rssBeforeMiB} MiB; peak by tenths of the file:`)
    for (const [phase, tenths] of Object.entries(result.peakRssMiB)) say(`  ${phase}: ${tenths.join(' ')} MiB`)
  }
}

for (const workload of values.workload) {
  const folder = mkdtempSync(join(tmpdir(), 'penchant-bench-import-'))
  try {
    await measure(folder, workload)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
