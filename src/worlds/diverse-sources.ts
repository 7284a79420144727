import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

export interface DiverseSourcesOptions {
  /** Columns, default 30. */
  readonly dimensions?: number
  /** Sources that hardly differ from what all share. Default 2. */
  readonly shared?: number
  /** Sources that are surer, and mostly of something of their own. Default 3. */
  readonly diverse?: number
  /** Pairs of each source, default 1500. */
  readonly pairsPerSource?: number
}

/** Simulated sources of preferences that share a direction and disagree beyond it. */
export interface DiverseSourcesWorld {
  readonly dimensions: number
  /** Names: `shared 1`, …, `diverse 1`, …. */
  readonly sources: readonly string[]
  /** How many of the sources, from the first, are shared. */
  readonly shared: number
  /** [dimensions]: the unit vector all share. */
  readonly direction: Float64Array
  /** [sources, dimensions]: what each goes by. */
  readonly weights: Float64Array
  /** Features of a less those of b, standard normal, the pairs of a source one after another: [pairs, dimensions]. */
  readonly differences: Float32Array
  /** [pairs] */
  readonly source: Int32Array
  /** 1 when a was preferred: [pairs]. */
  readonly targets: Float32Array
}

/**
 * Simulated sources: with s a unit vector that all share and o_t a unit vector of each source's own at right angles to
 * it, a shared source prefers a to b with probability σ(4(.95 s + .31 o_t)·d), a diverse one with σ(8(.3 s + .95 o_t)·d),
 * d the difference of their features.
 *
 * @throws {RangeError} when a size is not a whole number of at least 1 (2 dimensions, 0 sources of either sort)
 */
export function diverseSourcesWorld(options: DiverseSourcesOptions, random: Random): DiverseSourcesWorld {
  const { dimensions = 30, shared = 2, diverse = 3, pairsPerSource = 1500 } = options
  for (const [name, size, least] of [
    ['dimensions', dimensions, 2],
    ['shared', shared, 0],
    ['diverse', diverse, 0],
    ['sources', shared + diverse, 1],
    ['pairsPerSource', pairsPerSource, 1],
  ] as const)
    if (!(Number.isInteger(size) && size >= least))
      throw new RangeError(`diverseSourcesWorld: ${name} is ${size}, expected a whole number of at least ${least}`)
  const unit = (label: string, beside?: Float64Array): Float64Array => {
    const stream = random.fork(label)
    const drawn = Float64Array.from({ length: dimensions }, () => stream.normal())
    const along = beside ? drawn.reduce((sum, x, k) => sum + x * (beside[k] as number), 0) : 0
    const rest = drawn.map((x, k) => x - along * (beside?.[k] ?? 0))
    const length = Math.hypot(...rest)
    return rest.map((x) => x / length)
  }
  const direction = unit('shared direction')
  const sources = Array.from({ length: shared + diverse }, (_, t) =>
    t < shared ? `shared ${t + 1}` : `diverse ${t - shared + 1}`,
  )
  const weights = new Float64Array(sources.length * dimensions)
  const pairs = sources.length * pairsPerSource
  const world = {
    ...{ dimensions, sources, shared, direction, weights },
    differences: new Float32Array(pairs * dimensions),
    source: Int32Array.from({ length: pairs }, (_, pair) => Math.floor(pair / pairsPerSource)),
    targets: new Float32Array(pairs),
  }
  sources.forEach((name, t) => {
    const own = unit(name, direction)
    const [scale, alike, apart] = t < shared ? [4, 0.95, 0.31] : [8, 0.3, 0.95]
    for (let k = 0; k < dimensions; k++)
      weights[t * dimensions + k] = scale * (alike * (direction[k] as number) + apart * (own[k] as number))
    const stream = random.fork(`pairs of ${name}`)
    for (let pair = t * pairsPerSource; pair < (t + 1) * pairsPerSource; pair++) {
      let lead = 0
      for (let k = 0; k < dimensions; k++) {
        const x = stream.normal()
        world.differences[pair * dimensions + k] = x
        lead += x * (weights[t * dimensions + k] as number)
      }
      world.targets[pair] = stream.chance(sigmoid(lead)) ? 1 : 0
    }
  })
  return world
}
