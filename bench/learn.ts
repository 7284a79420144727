/**
 * Learning preferences beside PyTorch: whole fits as a user calls them, everything counted (checks, compilation, every
 * epoch), on the same numbers from the same start on the same threads. Each side is a process of its own; they run in
 * turns, and the ratio is the median of the rounds' ratios. The losses both end with must agree.
 *
 * `npm run bench -- learn [--only linear,mixture,stream] [--rounds 5] [--threads 2] [--signals 1000000] [--json]`
 *
 * Loops over raters run on a sample of them. `stream` has no peer: it fits to signals read from a store and prints the
 * memory it held, which must not grow with their number: of `--signals`, and of a tenth of them.
 */
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import {
  inTurns,
  median,
  middleHalf,
  prepareTorch,
  python,
  type Side,
  say,
  start,
  torchVersion,
} from './beside-torch.ts'
import { writeData } from './learn/data.ts'
import { headWorkloads } from './learn/heads.ts'
import { newcomerWorkloads } from './learn/newcomers.ts'
import { compareStreams, fitToStore, type Streamed, writeStore } from './learn/stream.ts'
import type { Round } from './learn/workload.ts'

const { values: args } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    signals: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    worker: { type: 'string' },
  },
})
const workloads = [...headWorkloads, ...newcomerWorkloads]

function named(name: string): (typeof workloads)[number] {
  const found = workloads.find((candidate) => candidate.name === name)
  if (!found) throw new RangeError(`no workload "${name}"; there are ${workloads.map((each) => each.name).join(', ')}`)
  return found
}

async function work(name: string): Promise<void> {
  const [what, count] = name.split(':')
  if (what === 'store') return writeStore(Number(count))
  if (what === 'stream') return console.log(JSON.stringify(await fitToStore(Number(count))))
  const round = await named(name).make()
  console.log('{}')
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'end') break
    console.log(JSON.stringify(await round()))
  }
  process.exit(0)
}

interface Row {
  readonly name: string
  readonly title: string
  readonly unit: string
  /** Units a second. */
  readonly ours: number
  readonly peer: number
  readonly ratio: number
  /** The quarter and three-quarter quantiles of the rounds' ratios. */
  readonly spread: readonly [number, number]
  readonly target: number
  readonly oursLoss: number
  readonly peerLoss: number
}

async function compare(name: string): Promise<Row> {
  const { title, unit, target } = named(name)
  say(`${title} …`)
  const ours = await start(process.execPath, [import.meta.filename, '--worker', name])
  const peer = await start(python, ['learn/peer.py', name, args.threads])
  const round = async (side: Side): Promise<Round> => (await side.ask('round')) as unknown as Round
  // The first round warms up and is not counted.
  await round(ours)
  await round(peer)
  const measured = await inTurns(
    Number(args.rounds),
    () => round(ours),
    () => round(peer),
  )
  for (const side of [ours, peer]) side.ask('end').catch(() => undefined)
  const rate = ({ done, ms }: Round): number => (done / ms) * 1000
  const ratios = measured.map((pair) => rate(pair.ours) / rate(pair.peer))
  const [oursLoss, peerLoss] = [
    median(measured.map((pair) => pair.ours.loss)),
    median(measured.map((pair) => pair.peer.loss)),
  ]
  if (!(Math.abs(oursLoss / peerLoss - 1) < 0.01))
    throw new Error(`${name}: ours ended with a loss of ${oursLoss}, PyTorch with ${peerLoss}: not the same work`)
  return {
    ...{ name, title, unit, target, oursLoss, peerLoss },
    ours: median(measured.map((pair) => rate(pair.ours))),
    peer: median(measured.map((pair) => rate(pair.peer))),
    ratio: median(ratios),
    spread: middleHalf(ratios),
  }
}

if (args.worker) await work(args.worker)
else {
  prepareTorch()
  writeData()
  const names = args.only?.split(',') ?? [...workloads.map((workload) => workload.name), 'stream']
  const rows: Row[] = []
  for (const name of names) if (name !== 'stream') rows.push(await compare(name))
  const streams: readonly Streamed[] = names.includes('stream')
    ? compareStreams(import.meta.filename, Number(args.signals))
    : []
  if (args.json) console.log(JSON.stringify({ torchVersion, threads: args.threads, rows, streams }))
  else {
    const rate = (number: number): string => Math.round(number).toLocaleString('en')
    console.log(`${cpus()[0]?.model.trim()}, ${args.threads} threads, Node ${process.version}, PyTorch ${torchVersion}`)
    console.log(
      '| work | ours | PyTorch | ours ÷ PyTorch (middle half of rounds) | target | final loss, ours | PyTorch |',
    )
    console.log('|---|---|---|---|---|---|---|')
    for (const row of rows)
      console.log(
        `| ${row.title} | ${rate(row.ours)} ${row.unit}/s | ${rate(row.peer)} ${row.unit}/s | ${row.ratio.toPrecision(3)} (${row.spread.map((ratio) => ratio.toPrecision(3)).join('–')}) | ≥ ${row.target} | ${row.oursLoss.toFixed(4)} | ${row.peerLoss.toFixed(4)} |`,
      )
    if (streams.length > 0) {
      console.log(
        '| signals read from the store | pairs/s | held: JavaScript and arrays | peak of the process | loss |',
      )
      console.log('|---|---|---|---|---|')
      for (const { signals, ms, heldMb, peakMb, loss } of streams)
        console.log(
          `| ${rate(signals)} | ${rate((signals / ms) * 1000)} | ${heldMb.toFixed(0)} MB | ${peakMb.toFixed(0)} MB | ${loss.toFixed(4)} |`,
        )
    }
  }
}
