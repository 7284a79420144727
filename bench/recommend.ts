/**
 * Recommenders: finding the best items, and serving them over HTTP.
 *
 * `npm run bench -- recommend [--only top-items,approximate,http] [--rounds 5] [--items 1000000] [--json]`
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { say } from './beside-torch.ts'
import type { BenchPart } from './recommend/bench-part.ts'
import { http, serveForBench } from './recommend/load.ts'
import { approximate, topItems } from './recommend/serving.ts'

const { values: args } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    items: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    worker: { type: 'string' },
  },
})
const parts: readonly BenchPart[] = [topItems, approximate, http]

if (args.worker !== undefined) await serveForBench(args.worker)
else {
  const names = args.only?.split(',') ?? parts.map(({ name }) => name)
  for (const name of names)
    if (!parts.some((part) => part.name === name))
      throw new RangeError(`no part "${name}"; there are ${parts.map((part) => part.name).join(', ')}`)
  const options = { rounds: Number(args.rounds), items: Number(args.items) }
  for (const [name, value] of Object.entries(options))
    if (!(Number.isInteger(value) && value >= 1)) throw new RangeError(`--${name} must be a whole number of at least 1`)
  const results: { name: string; title: string; rows: Awaited<ReturnType<BenchPart['run']>> }[] = []
  for (const part of parts.filter(({ name }) => names.includes(name))) {
    say(`${part.title} …`)
    results.push({ name: part.name, title: part.title, rows: await part.run(options) })
  }
  if (args.json) console.log(JSON.stringify({ bench: 'recommend', results }))
  else {
    console.log(`${availableParallelism()} threads of ${cpus()[0]?.model}; Node ${process.version}`)
    for (const { title, rows } of results) {
      console.log(`\n${title}\n`)
      const columns = Object.keys(rows[0] ?? {})
      console.log(`| ${columns.join(' | ')} |`)
      console.log(`|${columns.map(() => '---').join('|')}|`)
      for (const row of rows) console.log(`| ${columns.map((column) => row[column]).join(' | ')} |`)
    }
  }
  process.exit(0)
}
