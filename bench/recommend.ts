/**
 * Recommenders: training, evaluating and finding the best items beside peers, and serving them over HTTP.
 *
 * `npm run bench -- recommend [--only bpr,light-gcn,evaluate,ease,als,top-items,approximate,http] [--rounds 5]
 * [--threads 2] [--items 1000000] [--json]`
 *
 * Gowalla is read from `PENCHANT_DATASETS` where it is there; else a simulated shop of its size stands for it.
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { say } from './beside-torch.ts'
import type { BenchPart } from './recommend/bench-part.ts'
import { besidePeer, type PeerWork, workBeside } from './recommend/beside-peer.ts'
import { easeBesideNumpy } from './recommend/ease.ts'
import { evaluationBesideNumpy } from './recommend/evaluation.ts'
import { alsBesideImplicit, bprBesideImplicit } from './recommend/factors.ts'
import { lightGcnBesideTorch } from './recommend/light-gcn.ts'
import { http, serveForBench } from './recommend/load.ts'
import { approximate, topItems } from './recommend/serving.ts'

const { values: args } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    items: { type: 'string', default: '1000000' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    worker: { type: 'string' },
    beside: { type: 'string' },
  },
})
const works: readonly PeerWork[] = [
  ...[bprBesideImplicit, lightGcnBesideTorch, evaluationBesideNumpy, easeBesideNumpy, alsBesideImplicit],
]
const parts: readonly BenchPart[] = [...works.map(besidePeer), topItems, approximate, http]

const beside = works.find(({ name }) => name === args.beside)
if (args.worker !== undefined) await serveForBench(args.worker)
else if (beside) {
  await workBeside(beside, Number(args.threads))
  process.exit(0)
} else {
  const names = args.only?.split(',') ?? parts.map(({ name }) => name)
  for (const name of names)
    if (!parts.some((part) => part.name === name))
      throw new RangeError(`no part "${name}"; there are ${parts.map((part) => part.name).join(', ')}`)
  const options = { rounds: Number(args.rounds), items: Number(args.items), threads: Number(args.threads) }
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
