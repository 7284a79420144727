/**
 * Training and inference steps against PyTorch: the same models at the same sizes in float32 on the same threads. Each
 * side is a process of its own; they run in turns, several rounds of some steps each, and the ratio is the median of the
 * rounds' ratios.
 *
 * `npm run bench -- tensor [--only mlp,reward] [--rounds 7] [--threads 2] [--fused] [--json]`
 *
 * Memory is the peak of the whole process (VmHWM), and beside it what came on top of the runtime alone: importing torch
 * from PyPI costs some 700 MB by itself, Node with ONNX Runtime 80. With `--fused` PyTorch updates by its fused Adam
 * instead of its default one.
 */
import { readFileSync } from 'node:fs'
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
import { workloads } from './tensor/workloads.ts'

const { values: args } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    fused: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    worker: { type: 'string' },
  },
})
const threads = Number(args.threads)
const rounds = Number(args.rounds)

function memory(field: 'VmHWM' | 'VmRSS'): number {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

async function work(name: string): Promise<void> {
  const workload = workloads.find((candidate) => candidate.name === name)
  if (!workload) throw new RangeError(`no workload "${name}"`)
  const idleMb = memory('VmRSS')
  workload.prepare?.()
  const started = performance.now()
  const step = await workload.make(threads)
  console.log(JSON.stringify({ compileMs: performance.now() - started }))
  for await (const line of createInterface({ input: process.stdin })) {
    const count = Number(line)
    if (count === 0) break
    const ms: number[] = []
    for (let i = 0; i < count; i++) {
      const start = performance.now()
      await step()
      ms.push(performance.now() - start)
    }
    console.log(JSON.stringify({ ms }))
  }
  console.log(JSON.stringify({ peakMb: memory('VmHWM'), idleMb }))
  process.exit(0)
}

interface Row {
  readonly work: string
  readonly oursMs: number
  readonly peerMs: number
  readonly ratio: number
  /** The quarter and three-quarter quantiles of the rounds' ratios. */
  readonly spread: readonly [number, number]
  readonly target: number
  readonly compileMs: number
  readonly oursMb: number
  readonly peerMb: number
  readonly oursGrowthMb: number
  readonly peerGrowthMb: number
}

async function compare(name: string): Promise<Row> {
  const workload = workloads.find((candidate) => candidate.name === name)
  if (!workload)
    throw new RangeError(`no workload "${name}"; there are ${workloads.map((each) => each.name).join(', ')}`)
  say(`${workload.title} …`)
  const ours = await start(process.execPath, [import.meta.filename, '--worker', name, '--threads', String(threads)])
  const peer = await start(python, ['tensor/peer.py', name, String(threads), ...(args.fused ? ['fused'] : [])])
  const steps = String(workload.steps)
  const times = async (side: Side): Promise<number> => median((await side.ask(steps))['ms'] as number[])
  // The first round warms up and is not counted.
  await times(ours)
  await times(peer)
  const measured = await inTurns(
    rounds,
    () => times(ours),
    () => times(peer),
  )
  const ratios = measured.map((pair) => pair.peer / pair.ours)
  const [oursEnd, peerEnd] = [await ours.ask('0'), await peer.ask('0')]
  return {
    work: workload.title,
    oursMs: median(measured.map((pair) => pair.ours)),
    peerMs: median(measured.map((pair) => pair.peer)),
    ratio: median(ratios),
    spread: middleHalf(ratios),
    target: workload.target,
    compileMs: Number(ours.started['compileMs']),
    oursMb: Number(oursEnd['peakMb']),
    peerMb: Number(peerEnd['peakMb']),
    oursGrowthMb: Number(oursEnd['peakMb']) - Number(oursEnd['idleMb']),
    peerGrowthMb: Number(peerEnd['peakMb']) - Number(peerEnd['idleMb']),
  }
}

if (args.worker) await work(args.worker)
else {
  prepareTorch()
  const rows: Row[] = []
  for (const name of args.only?.split(',') ?? workloads.map((workload) => workload.name)) rows.push(await compare(name))
  if (args.json) console.log(JSON.stringify({ version: torchVersion, threads, fused: args.fused, rows }))
  else {
    console.log(`${cpus()[0]?.model.trim()}, ${threads} threads, Node ${process.version}, PyTorch ${torchVersion}`)
    console.log(
      '| work | ours | PyTorch | PyTorch ÷ ours (middle half of rounds) | target | compile | peak memory (above idle), ours | PyTorch |',
    )
    console.log('|---|---|---|---|---|---|---|---|')
    for (const row of rows)
      console.log(
        `| ${row.work} | ${row.oursMs.toFixed(2)} ms | ${row.peerMs.toFixed(2)} ms | ${row.ratio.toFixed(2)} (${row.spread.map((ratio) => ratio.toFixed(2)).join('–')}) | ≥ ${row.target} | ${row.compileMs.toFixed(0)} ms | ${row.oursMb.toFixed(0)} (${row.oursGrowthMb.toFixed(0)}) MB | ${row.peerMb.toFixed(0)} (${row.peerGrowthMb.toFixed(0)}) MB |`,
      )
  }
}
