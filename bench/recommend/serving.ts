/**
 * The best 20 of a catalogue for one query: ours, exact, beside NumPy in the same run — its product of the matrix with
 * the query alone, which is a lower bound of any exact search that reads all vectors, and the product with the best
 * taken out — and by the approximate index. Both sides run on all cores and search for the same queries; what they find
 * must agree.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { quantiles } from '../../src/measure/index.ts'
import { buildApproximateIndex, itemIndex } from '../../src/recommend/index.ts'
import { type Random, seeded, startRun } from '../../src/run/index.ts'
import { say, start } from '../beside-torch.ts'
import type { BenchPart } from './bench-part.ts'

const [width, count, queriesAtOnce] = [64, 20, 40]
const cache = join(import.meta.dirname, '../../.cache')
const environment = join(cache, 'bench-venv-numpy')

function prepareNumpy(): string {
  const python = join(environment, 'bin/python')
  if (existsSync(join(environment, 'ready'))) return python
  say(`Installing NumPy into ${environment} (once) …`)
  mkdirSync(cache, { recursive: true })
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'numpy'], { stdio: 'inherit' })
  writeFileSync(join(environment, 'ready'), '')
  return python
}

/** Vectors around some hundred centres, of different lengths, as learned ones are. */
function clustered(rows: number, centres: readonly Float32Array[], spread: number, random: Random): Float32Array {
  const vectors = new Float32Array(rows * width)
  for (let row = 0; row < rows; row++) {
    const centre = centres[random.integer(centres.length)] as Float32Array
    const length = Math.exp(0.5 * random.normal())
    for (let at = 0; at < width; at++)
      vectors[row * width + at] = length * ((centre[at] as number) + spread * random.normal())
  }
  return vectors
}

function catalogue(items: number) {
  const random = seeded('serving bench')
  const centres = Array.from({ length: 200 }, () => Float32Array.from({ length: width }, () => random.normal()))
  return { vectors: clustered(items, centres, 0.7, random), queries: clustered(queriesAtOnce, centres, 1, random) }
}

const shown = (ms: number): string => `${ms.toPrecision(3)} ms`
function percentiles(times: readonly number[]): { readonly p50: number; readonly p99: number } {
  const [p50, p99] = quantiles(times, [0.5, 0.99])
  return { p50: p50 ?? Number.NaN, p99: p99 ?? Number.NaN }
}

/** What our share of the product's time may be. */
const target = 1.3

export const topItems: BenchPart = {
  name: 'top-items',
  title: `The exact best ${count} items for one query of width ${width}, beside NumPy`,
  async run({ rounds, items }) {
    const python = prepareNumpy()
    const { vectors, queries } = catalogue(items)
    const path = join(cache, 'bench-recommend-vectors.bin')
    writeFileSync(path, new Uint8Array(vectors.buffer))
    writeFileSync(path, new Uint8Array(queries.buffer), { flag: 'a' })
    const index = itemIndex({ vectors, items, width })
    const peer = await start(python, [join(import.meta.dirname, 'peer.py'), path, String(items), String(width)])
    const times = { ours: [] as number[], product: [] as number[], best: [] as number[] }
    const rounds50: { readonly product: number; readonly best: number }[] = []
    // The first round warms up and is not counted.
    for (let round = 0; round <= rounds; round++) {
      const own: number[] = []
      const found: (readonly number[])[] = []
      for (let row = 0; row < queriesAtOnce; row++) {
        const from = performance.now()
        const { items: best } = await index.top(queries.subarray(row * width, (row + 1) * width), count, {})
        own.push(performance.now() - from)
        found.push([...best])
      }
      const product = (await peer.ask('product')) as { readonly times: readonly number[] }
      const best = (await peer.ask('best')) as {
        readonly times: readonly number[]
        readonly found: readonly (readonly number[])[]
      }
      const same = found.flatMap((list, row) => list.filter((item) => best.found[row]?.includes(item))).length
      // Sums are rounded differently, so that the last place may differ.
      if (same < found.flat().length - 2)
        throw new Error(`ours and NumPy agree on ${same} of ${found.flat().length} items`)
      if (round === 0) continue
      times.ours.push(...own)
      times.product.push(...product.times)
      times.best.push(...best.times)
      const middle = percentiles(own).p50
      rounds50.push({ product: middle / percentiles(product.times).p50, best: middle / percentiles(best.times).p50 })
    }
    await index.dispose()
    const [ours, product, best] = [percentiles(times.ours), percentiles(times.product), percentiles(times.best)]
    const ratio = (pick: (round: (typeof rounds50)[number]) => number) => {
      const [low, middle, high] = quantiles(rounds50.map(pick), [0.25, 0.5, 0.75])
      return `${middle?.toFixed(2)} (${low?.toFixed(2)}–${high?.toFixed(2)})`
    }
    const row = (search: string, { p50, p99 }: typeof ours, share: string, goal: string) => ({
      search,
      items,
      p50: shown(p50),
      p99: shown(p99),
      'ours ÷ it (middle half of rounds)': share,
      target: goal,
    })
    return [
      row('ours, exact', ours, '', ''),
      row(
        'NumPy, product alone',
        product,
        ratio((one) => one.product),
        `≤ ${target}`,
      ),
      row(
        'NumPy, product and argpartition',
        best,
        ratio((one) => one.best),
        '',
      ),
    ]
  },
}

export const approximate: BenchPart = {
  name: 'approximate',
  title: `About the best ${count} items for one query of width ${width}, by the approximate index`,
  async run({ rounds, items }) {
    const { vectors, queries } = catalogue(items)
    const exact = itemIndex({ vectors, items, width })
    let last = 0
    const from = performance.now()
    const index = await buildApproximateIndex(
      { vectors, items, width },
      {},
      startRun({
        onProgress({ done, total = 1 }) {
          if (performance.now() - last < 30_000) return
          last = performance.now()
          say(`${Math.round((100 * done) / total)} % of the index …`)
        },
      }),
    )
    const seconds = (performance.now() - from) / 1000
    const times: number[] = []
    let found = 0
    for (let round = 0; round < rounds; round++)
      for (let row = 0; row < queriesAtOnce; row++) {
        const query = queries.subarray(row * width, (row + 1) * width)
        const begun = performance.now()
        const near = index.nearest(query, 2 * count)
        times.push(performance.now() - begun)
        if (round > 0) continue
        const { items: best } = await exact.top(query, count, {})
        // The nearest are scored exactly before the best are taken, so that it counts whether they are among them.
        found += best.filter((item) => near.includes(item)).length
      }
    await exact.dispose()
    const { p50, p99 } = percentiles(times)
    return [
      {
        items,
        built: `${seconds.toFixed(0)} s`,
        p50: shown(p50),
        p99: shown(p99),
        [`recall@${count}`]: (found / (queriesAtOnce * count)).toFixed(3),
      },
    ]
  },
}
