/**
 * Work that is done beside a peer: each side is a process of its own that reads the same data, they run in turns, and
 * the ratio is the median of the rounds' ratios. What both sides found is measured after the first round, which warms up
 * and is not counted; the bench ends there when ours is worse than the part allows.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  inTurns,
  median,
  middleHalf,
  prepareTorch,
  type Side,
  say,
  start,
  python as torchPython,
} from '../beside-torch.ts'
import type { BenchPart } from './bench-part.ts'
import { type DataName, readData, type TrainAndTest, writeData } from './data.ts'

/** One side's round: what was done, in units of the part, in how long. */
export interface Round {
  readonly done: number
  readonly ms: number
}

/** Our side of a part. */
export interface OurSide {
  round(): Promise<Round>
  /** Of what the last round found. */
  quality(): Promise<number>
}

export interface PeerWork {
  readonly name: string
  readonly title: string
  readonly data: DataName
  readonly peer: string
  /** Its Python and its program, which is told the data's folder and the threads. */
  readonly environment: 'implicit' | 'torch'
  readonly program: string
  /** What our rate must be of the peer's. */
  readonly target: number
  /** Whether ours takes all processors, so that the peer gets as many threads whatever was asked for. */
  readonly allProcessors?: boolean
  readonly quality: string
  /** Whether our quality stands beside the peer's. */
  agrees(ours: number, peer: number): boolean
  /** A rate, in units a second, as people read it. */
  shown(rate: number): string
  make(data: TrainAndTest, threads: number): Promise<OurSide>
}

const packages = ['implicit==0.7.3', 'numpy==2.4.6', 'scipy==1.17.1']

/** The Python that has implicit, NumPy and SciPy, installed where it is not there yet. */
function implicitPython(): string {
  const environment = join(import.meta.dirname, '../../.cache/bench-venv-implicit')
  const [python, ready] = [join(environment, 'bin/python'), join(environment, 'ready')]
  if (existsSync(ready) && readFileSync(ready, 'utf8') === packages.join()) return python
  say(`Installing ${packages.join(', ')} into ${environment} (once) …`)
  mkdirSync(join(environment, '..'), { recursive: true })
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' })
  writeFileSync(ready, packages.join())
  return python
}

/** Answers the bench from our side until it ends. */
export async function workBeside(work: PeerWork, threads: number): Promise<void> {
  const side = await work.make(readData(work.data), threads)
  console.log('{}')
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'end') break
    console.log(JSON.stringify(line === 'quality' ? { quality: await side.quality() } : await side.round()))
  }
}

/** A part of the bench out of work beside a peer. */
export function besidePeer(work: PeerWork): BenchPart {
  const { name, title, target } = work
  return {
    name,
    title,
    async run({ rounds, threads: asked }) {
      const threads = work.allProcessors ? availableParallelism() : asked
      if (work.environment === 'torch') prepareTorch()
      const python = work.environment === 'torch' ? torchPython : implicitPython()
      const source = await writeData(work.data)
      const told = ['--beside', name, '--threads', String(threads)]
      const flags = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../recommend.ts')]
      const ours = await start(process.execPath, [...flags, ...told])
      const program = join(import.meta.dirname, work.program)
      const folder = join(import.meta.dirname, '../../.cache/bench-recommend', work.data)
      const peer = await start(python, [program, name, folder, String(threads)])
      const round = async (side: Side): Promise<number> => {
        const { done, ms } = (await side.ask('round')) as unknown as Round
        return (done / ms) * 1000
      }
      const quality = async (side: Side): Promise<number> => Number((await side.ask('quality'))['quality'])
      try {
        await round(ours)
        await round(peer)
        const [own, other] = [await quality(ours), await quality(peer)]
        if (!work.agrees(own, other))
          throw new Error(`${name}: ${work.quality} is ${own} of ours and ${other} of ${work.peer}: not the same work`)
        const measured = await inTurns(
          rounds,
          () => round(ours),
          () => round(peer),
        )
        const ratios = measured.map((pair) => pair.ours / pair.peer)
        return [
          {
            data: source,
            threads,
            ours: work.shown(median(measured.map((pair) => pair.ours))),
            [work.peer]: work.shown(median(measured.map((pair) => pair.peer))),
            'ratio (middle half of rounds)': `${median(ratios).toFixed(2)} (${middleHalf(ratios)
              .map((ratio) => ratio.toFixed(2))
              .join('–')})`,
            target: `≥ ${target}`,
            [`${work.quality}, ours`]: own.toFixed(4),
            [`${work.quality}, peer`]: other.toFixed(4),
          },
        ]
      } finally {
        for (const side of [ours, peer]) side.ask('end').catch(() => undefined)
      }
    },
  }
}

/** Seconds that a piece of work takes of which so many are done in a second. */
export const secondsFor =
  (amount: number, what: string) =>
  (rate: number): string =>
    `${(amount / rate).toPrecision(3)} s ${what}`.trim()
