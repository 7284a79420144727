/**
 * Our numbers on real data beside the published ones: trains and tests each model, keeps what came out in
 * `results/published`, and writes the table in `docs/results.md`.
 *
 * `npm run bench -- published [--only gowalla/light-gcn,beauty] [--list] [--table] [--threads 2]`
 *
 * A run is a process of its own, so that its peak memory is its own; a stopped one goes on from its checkpoints in
 * `.cache/published`. `--only` takes ids or data sets before the slash; `--table` writes the table of what there is.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { progressTeller } from '../src/cli/index.ts'
import { startRun, writeWhole } from '../src/run/index.ts'
import { publishedRuns } from './published/index.ts'
import type { PublishedResult, PublishedRun } from './published/published-run.ts'
import { publishedTable, withTable } from './published/table.ts'

const { values: args } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    worker: { type: 'string' },
  },
})
const root = join(import.meta.dirname, '..')
const kept = join(root, 'results/published')
const page = join(root, 'docs/results.md')
const fileOf = (id: string): string => join(kept, `${id.replaceAll('/', '--')}.json`)

function chosen(only: string | undefined): readonly PublishedRun[] {
  if (only === undefined) return publishedRuns
  return only.split(',').flatMap((name) => {
    const found = publishedRuns.filter(({ id }) => id === name || id.startsWith(`${name}/`))
    if (found.length === 0)
      throw new RangeError(`no run "${name}"; there are ${publishedRuns.map(({ id }) => id).join(', ')}`)
    return found
  })
}

async function work(id: string): Promise<void> {
  const run = publishedRuns.find((each) => each.id === id)
  if (!run) throw new RangeError(`no run "${id}"`)
  const folder = join(root, '.cache/published', id)
  const teller = progressTeller()
  const started = performance.now()
  const values = await run.measure(startRun({ seed: 0, folder, onProgress: teller.tell }))
  teller.end()
  const result: PublishedResult = {
    id,
    values,
    seconds: (performance.now() - started) / 1000,
    megabytes: process.resourceUsage().maxRSS / 1024,
  }
  writeWhole(fileOf(id), `${JSON.stringify(result, undefined, 2)}\n`)
  rmSync(folder, { recursive: true, force: true })
}

function writeTable(): void {
  const results = existsSync(kept)
    ? readdirSync(kept).map((file): PublishedResult => JSON.parse(readFileSync(join(kept, file), 'utf8')))
    : []
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), publishedTable(publishedRuns, results)))
}

if (args.worker) await work(args.worker)
else if (args.list) for (const { id, model, dataset } of publishedRuns) console.log(`${id}\t${model} on ${dataset}`)
else {
  mkdirSync(kept, { recursive: true })
  if (!args.table)
    for (const { id } of chosen(args.only)) {
      process.stderr.write(`${id} …\n`)
      const { status } = spawnSync(process.execPath, [import.meta.filename, '--worker', id], { stdio: 'inherit' })
      if (status !== 0) process.exitCode = 1
    }
  writeTable()
}
