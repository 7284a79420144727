/**
 * Leaderboards against arena-rank: the same million votes among two hundred competitors, from votes in memory to
 * ratings with sandwich intervals, then with a hundred bootstrap replicates. Both sides run on this machine one after
 * the other, several rounds each; files are only how the votes get to the peer, and reading them is not timed.
 *
 * `npm run bench -- leaderboard [--rounds 5] [--votes 1000000] [--json]`
 *
 * The peer gets its votes as integer columns, the quickest form it takes, and a persistent compilation cache, so that
 * its warm fits pay for no compilation. Its own bootstrap forks processes, which deadlocks under JAX; its processes are
 * started once, by `spawn`, and serve all rounds, of which the first, cold one pays for their start. A bootstrap round
 * is 20 replicates on both sides, since the peer compiles anew for every one of them.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { rateCompetitors, tallyVotes } from '../src/learn/index.ts'
import { quantiles } from '../src/measure/index.ts'
import { seeded } from '../src/run/index.ts'

const { values: args } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    votes: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(args.rounds)
const count = Number(args.votes)
for (const [name, value, least] of [
  ['rounds', rounds, 2],
  ['votes', count, 10_000],
] as const)
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`--${name} must be an integer of at least ${least}`)

const competitors = 200
const replicates = 20
const tieShare = 0.2
const peerVersion = '0.1.1'
const cache = join(import.meta.dirname, '../.cache')
const environment = join(cache, `bench-venv-arena-rank-${peerVersion}`)
const python = join(environment, 'bin/python')
const say = (line: string): void => void process.stderr.write(`${line}\n`)

function prepareEnvironment(): void {
  if (existsSync(join(environment, 'ready'))) return
  say(`Installing arena-rank ${peerVersion} into ${environment} (once) …`)
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', `arena-rank==${peerVersion}`], { stdio: 'inherit' })
  writeFileSync(join(environment, 'ready'), '')
}

/** Votes of a simulated arena: strengths with a spread of 0.6, every pair as likely, a fifth ties. */
function simulate(): { names: string[]; a: Int32Array; b: Int32Array; outcomes: Float64Array } {
  const random = seeded('leaderboard bench')
  const strengths = Float64Array.from({ length: competitors }, () => 0.6 * random.normal())
  const a = new Int32Array(count)
  const b = new Int32Array(count)
  const outcomes = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const first = random.integer(competitors)
    const second = (first + 1 + random.integer(competitors - 1)) % competitors
    const odds = Math.exp((strengths[first] as number) - (strengths[second] as number))
    a[i] = first
    b[i] = second
    outcomes[i] = random.chance(tieShare) ? 0.5 : random.chance(odds / (1 + odds)) ? 1 : 0
  }
  // In order of their index as texts too, because the peer sorts its competitors.
  const names = Array.from({ length: competitors }, (_, i) => String(i).padStart(3, '0'))
  return { names, a, b, outcomes }
}

const peerScript = `
import contextlib, json, sys, time
import multiprocessing as mp
import numpy as np, pandas as pd, jax

jax.config.update("jax_compilation_cache_dir", sys.argv[2])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

import arena_rank.models.bradley_terry as models
from arena_rank.utils.data_utils import PairDataset

def main():
    path, _, count, rounds, replicates = sys.argv[1:6]
    count = int(count)
    raw = open(path, "rb").read()
    a = np.frombuffer(raw, np.int32, count)
    b = np.frombuffer(raw, np.int32, count, 4 * count)
    y = np.frombuffer(raw, np.float64, count, 8 * count)
    votes = pd.DataFrame({"model_a": a, "model_b": b, "winner": y})
    outcome_map = {1.0: 1.0, 0.5: 0.5, 0.0: 0.0}
    keys = ("ratings", "rating_lower", "rating_upper", "variances")

    def rate(**options):
        dataset = PairDataset.from_pandas(votes, outcome_map=outcome_map)
        model = models.BradleyTerry(dataset.n_competitors, **options)
        found = model.compute_ratings_and_cis(dataset)
        return dataset, {key: np.asarray(found[key]).tolist() for key in keys}

    fits = []
    for _ in range(int(rounds) + 1):
        start = time.perf_counter()
        dataset, found = rate()
        fits.append(time.perf_counter() - start)
    _, exact = rate(ftol=1e-16, gtol=1e-10)

    # The library's own call and worker function, with processes that are spawned once instead of forked every time.
    context = mp.get_context("spawn")
    start = time.perf_counter()
    pool = context.Pool(processes=mp.cpu_count())

    class Processes:
        cpu_count = staticmethod(mp.cpu_count)
        @staticmethod
        @contextlib.contextmanager
        def Pool(processes):
            yield pool

    models.mp = Processes
    bootstraps = []
    for _ in range(int(rounds) + 1):
        model = models.BradleyTerry(dataset.n_competitors)
        result = model.compute_ratings_and_cis(dataset, ci_method="bootstrap", num_bootstrap=int(replicates))
        np.asarray(result["variances"])
        bootstraps.append(time.perf_counter() - start)
        print(f"  bootstrap round {len(bootstraps)}: {bootstraps[-1]:.1f} s", file=sys.stderr, flush=True)
        start = time.perf_counter()
    pool.terminate()
    print(json.dumps({"fits": fits, "bootstraps": bootstraps, "default": found, "exact": exact}))

if __name__ == "__main__":
    main()
`

interface PeerRatings {
  readonly ratings: readonly number[]
  readonly rating_lower: readonly number[]
  readonly rating_upper: readonly number[]
  readonly variances: readonly number[]
}

interface PeerResult {
  /** Seconds; the first round of each is cold. */
  readonly fits: readonly number[]
  readonly bootstraps: readonly number[]
  readonly default: PeerRatings
  /** With its tolerances tightened. */
  readonly exact: PeerRatings
}

function runPeer(votesPath: string): Promise<PeerResult> {
  const scriptPath = join(cache, 'bench-leaderboard-peer.py')
  writeFileSync(scriptPath, peerScript)
  // Emptied, so that the cold round is cold on every run.
  const compiled = join(cache, 'bench-jax-cache')
  rmSync(compiled, { recursive: true, force: true })
  const argv = [scriptPath, votesPath, compiled, count, rounds, replicates]
  const child = spawn(python, argv.map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(printed) as PeerResult)
      else reject(new Error(`the peer ended with code ${code}`))
    })
  })
}

/** Runs a task once cold and then `rounds` times; seconds. */
function time<Result>(task: () => Result, warmRounds: number): { cold: number; warm: number[]; result: Result } {
  let result: Result | undefined
  const seconds = Array.from({ length: warmRounds + 1 }, () => {
    const start = performance.now()
    result = task()
    return (performance.now() - start) / 1000
  })
  return { cold: seconds[0] as number, warm: seconds.slice(1), result: result as Result }
}

interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

function spreadOf(seconds: readonly number[]): Spread {
  const [least, median, most] = quantiles(seconds, [0, 0.5, 1])
  return { least: least as number, median: median as number, most: most as number }
}

const largestGap = (ours: Float64Array, theirs: readonly number[]): number =>
  ours.reduce((gap, value, i) => Math.max(gap, Math.abs(value - (theirs[i] as number))), 0)

prepareEnvironment()
mkdirSync(cache, { recursive: true })
say(`Simulating ${count.toLocaleString('en')} votes among ${competitors} competitors …`)
const votes = simulate()
const votesPath = join(cache, 'bench-leaderboard-votes.bin')
writeFileSync(votesPath, Buffer.concat([votes.a, votes.b, votes.outcomes].map((column) => Buffer.from(column.buffer))))

say('Ours …')
const fits = time(() => rateCompetitors(tallyVotes(votes)), rounds)
const table = tallyVotes(votes)
const bootstraps = time(() => rateCompetitors(table, { intervals: { random: seeded(42), replicates } }), rounds)
say('arena-rank …')
const peer = await runPeer(votesPath)

const gaps = {
  ratings: largestGap(fits.result.ratings, peer.exact.ratings),
  lower: largestGap(fits.result.lower, peer.exact.rating_lower),
  upper: largestGap(fits.result.upper, peer.exact.rating_upper),
  variances: largestGap(fits.result.variances, peer.exact.variances),
  ratingsAtItsDefaultTolerance: largestGap(fits.result.ratings, peer.default.ratings),
}
const rows = [
  { task: 'fit + sandwich', ours: fits, theirs: peer.fits },
  { task: `${replicates} bootstrap replicates, the fit included`, ours: bootstraps, theirs: peer.bootstraps },
].map(({ task, ours, theirs }) => {
  const [own, other] = [spreadOf(ours.warm), spreadOf(theirs.slice(1))]
  return {
    task,
    ours: { cold: ours.cold, ...own },
    peer: { cold: theirs[0] as number, ...other },
    ratio: other.median / own.median,
    coldRatio: (theirs[0] as number) / ours.cold,
  }
})

if (args.json)
  console.log(
    JSON.stringify({
      bench: 'leaderboard',
      votes: count,
      competitors,
      peer: `arena-rank ${peerVersion}`,
      rows,
      gaps,
    }),
  )
else {
  const seconds = ({ median, least, most }: Spread): string =>
    `${median.toFixed(3)} s (${least.toFixed(3)}–${most.toFixed(3)})`
  console.log(`${count.toLocaleString('en')} votes, ${competitors} competitors; medians of warm rounds (least–most)`)
  for (const { task, ours, peer: theirs, ratio, coldRatio } of rows) {
    console.log(`${task}`)
    console.log(`  ours        ${seconds(ours)}, cold ${ours.cold.toFixed(3)} s`)
    console.log(`  arena-rank  ${seconds(theirs)}, cold ${theirs.cold.toFixed(3)} s`)
    console.log(`  ${ratio.toFixed(1)}× warm, ${coldRatio.toFixed(1)}× cold`)
  }
  for (const [name, gap] of Object.entries(gaps))
    console.log(`largest difference, ${name}: ${gap.toExponential(1)} points`)
}
for (const name of ['ratings', 'lower', 'upper'] as const)
  if (!(gaps[name] <= 0.01))
    throw new Error(`${name} differ by ${gaps[name]} points from arena-rank's, expected at most 0.01`)
