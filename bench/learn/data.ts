import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Matrix, PairData } from '../../src/learn/index.ts'
import { sigmoid } from '../../src/measure/index.ts'
import { seeded } from '../../src/run/index.ts'

/** Features of 384 columns, of candidates and of contexts, and pairs that refer to them. */
export const sizes = { width: 384, rows: 50_000, contexts: 5_000, pairs: 1_000_000, batch: 1024, epochs: 2, heads: 8 }
/** Newcomers, and a few pairs of each that differ in the rewards of some known heads. */
export const newcomers = { raters: 100_000, pairsEach: 8, width: 8 }

/** Where both sides read the same numbers from. */
export const folder = join(import.meta.dirname, '../../.cache/bench-learn')

/** Uniform numbers of mean 0 and variance 1. */
function spread(count: number, seed: string): Float32Array {
  const random = seeded(seed)
  return Float32Array.from({ length: count }, () => (random.uniform() - 0.5) * Math.sqrt(12))
}

function leadOf(rows: Float32Array, width: number, weights: Float32Array, first: number, second: number): number {
  let lead = 0
  for (let k = 0; k < width; k++)
    lead += ((rows[first * width + k] ?? 0) - (rows[second * width + k] ?? 0)) * (weights[k] ?? 0)
  return lead
}

/** Writes what is not there yet. */
export function writeData(): void {
  const ready = join(folder, 'ready.json')
  const wanted = JSON.stringify({ sizes, newcomers })
  if (existsSync(ready) && readFileSync(ready, 'utf8') === wanted) return
  mkdirSync(folder, { recursive: true })
  const write = (name: string, numbers: ArrayBufferView): void =>
    writeFileSync(join(folder, `${name}.bin`), new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
  const { width, rows, contexts, pairs, heads } = sizes
  const random = seeded('learn bench')
  const features = spread(rows * width, 'features')
  const contextFeatures = spread(contexts * width, 'contexts')
  // Two opposed tastes; the first column of the context tells which of them speaks.
  const taste = spread(width, 'taste').map((number) => number / Math.sqrt(width))
  const [a, b, context] = [new Int32Array(pairs), new Int32Array(pairs), new Int32Array(pairs)]
  const [targets, mixed] = [new Float32Array(pairs), new Float32Array(pairs)]
  for (let pair = 0; pair < pairs; pair++) {
    const first = random.integer(rows)
    const second = (first + 1 + random.integer(rows - 1)) % rows
    a[pair] = first
    b[pair] = second
    context[pair] = random.integer(contexts)
    const lead = leadOf(features, width, taste, first, second)
    const swapped = (contextFeatures[(context[pair] ?? 0) * width] ?? 0) > 0 ? -lead : lead
    targets[pair] = random.chance(sigmoid(lead)) ? 1 : 0
    mixed[pair] = random.chance(sigmoid(swapped)) ? 1 : 0
  }
  for (const [name, numbers] of Object.entries({ features, contextFeatures, a, b, context, targets, mixed }))
    write(name, numbers)
  write(
    'heads',
    spread(heads * width, 'heads').map((number) => (0.3 * number) / Math.sqrt(width)),
  )
  write(
    'hidden',
    spread(64 * width, 'hidden').map((number) => number / Math.sqrt(width)),
  )
  write(
    'output',
    spread(64, 'output').map((number) => number / 8),
  )

  const few = newcomers.raters * newcomers.pairsEach
  const leads = spread(few * newcomers.width, 'leads')
  const tastes = spread(newcomers.raters * newcomers.width, 'tastes')
  const answers = new Float32Array(few)
  for (let pair = 0; pair < few; pair++) {
    const of = Math.floor(pair / newcomers.pairsEach)
    let lead = 0
    for (let k = 0; k < newcomers.width; k++)
      lead += (leads[pair * newcomers.width + k] ?? 0) * (tastes[of * newcomers.width + k] ?? 0)
    answers[pair] = random.chance(sigmoid(lead)) ? 1 : 0
  }
  write('leads', leads)
  write('answers', answers)
  writeFileSync(ready, wanted)
}

/** Numbers as they were written. */
export function floats(name: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(join(folder, `${name}.bin`))).buffer)
}

function places(name: string): Int32Array {
  return new Int32Array(new Uint8Array(readFileSync(join(folder, `${name}.bin`))).buffer)
}

/** A million pairs of rows, in contexts or without. */
export function pairs(inContexts: boolean): PairData {
  const { width, rows, contexts, pairs: count } = sizes
  const matrix = (name: string, of: number): Matrix => ({ rows: of, columns: width, data: floats(name) })
  return {
    rows: matrix('features', rows),
    a: places('a'),
    b: places('b'),
    targets: floats(inContexts ? 'mixed' : 'targets'),
    weights: new Float32Array(count).fill(1),
    ...(inContexts && { contexts: matrix('contextFeatures', contexts) }),
    context: places('context'),
    raters: [],
    rater: new Int32Array(count).fill(-1),
    sources: ['made'],
    source: new Int32Array(count),
    columns: {},
  }
}
