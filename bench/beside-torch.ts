// What benches need that run beside PyTorch: its environment, processes that take turns, and medians.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { quantiles } from '../src/measure/index.ts'

export const torchVersion = '2.15.0'
const environment = join(import.meta.dirname, '../.cache/bench-venv-torch')
export const python = join(environment, 'bin/python')

export const say = (line: string): void => void process.stderr.write(`${line}\n`)

export function median(numbers: readonly number[]): number {
  return quantiles(numbers, [0.5])[0] ?? Number.NaN
}

/** The quarter and three-quarter quantiles. */
export function middleHalf(numbers: readonly number[]): readonly [number, number] {
  const [low, high] = quantiles(numbers, [0.25, 0.75])
  return [low ?? Number.NaN, high ?? Number.NaN]
}

/** Installs PyTorch where it is not there yet. */
export function prepareTorch(): void {
  const ready = join(environment, 'ready')
  if (existsSync(ready) && readFileSync(ready, 'utf8') === torchVersion) return
  say(`Installing PyTorch ${torchVersion} into ${environment} (once, some 5 GB) …`)
  mkdirSync(join(environment, '..'), { recursive: true })
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', `torch==${torchVersion}`, 'numpy'], { stdio: 'inherit' })
  writeFileSync(ready, torchVersion)
}

/** A process that answers one line of JSON per line it is sent. */
export interface Side {
  ask(line: string): Promise<Readonly<Record<string, unknown>>>
  readonly started: Readonly<Record<string, unknown>>
}

export async function start(command: string, parameters: readonly string[]): Promise<Side> {
  const child: ChildProcessWithoutNullStreams = spawn(command, parameters, { cwd: import.meta.dirname })
  child.stderr.pipe(process.stderr)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<Readonly<Record<string, unknown>>> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ${parameters.join(' ')} ended early`)
    return JSON.parse(value)
  }
  const started = await next()
  return {
    started,
    ask(line) {
      child.stdin.write(`${line}\n`)
      return next()
    },
  }
}

/** Rounds of two sides in turns, each of them first every other time. */
export async function inTurns<T>(
  rounds: number,
  ours: () => Promise<T>,
  peer: () => Promise<T>,
): Promise<readonly { readonly ours: T; readonly peer: T }[]> {
  const measured: { readonly ours: T; readonly peer: T }[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await ours()
      measured.push({ ours: first, peer: await peer() })
    } else {
      const first = await peer()
      measured.push({ peer: first, ours: await ours() })
    }
  }
  return measured
}
