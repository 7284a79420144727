import type { Random } from '../run/index.ts'

export interface NoisyPairsOptions {
  /** Default 1500. */
  readonly pairs?: number
  /** Default 60. */
  readonly dimensions?: number
  /** Share of wrong labels, default 0.25. */
  readonly noise?: number
}

/** Simulated pairs whose labels are wrong at known places. */
export interface NoisyPairsWorld {
  readonly dimensions: number
  /** [dimensions]: what is truly preferred. */
  readonly weights: Float64Array
  /** Features of a less those of b, standard normal: [pairs, dimensions]. */
  readonly differences: Float32Array
  /** 1 when a is truly preferred: [pairs]. */
  readonly truth: Float32Array
  /** What was said: [pairs]. */
  readonly targets: Float32Array
  /** 1 where what was said is wrong: [pairs]. */
  readonly wrong: Uint8Array
}

/**
 * Simulated noisy labels: a is truly preferred when θ·d > 0, with d the difference of features and θ a random direction,
 * and each label is wrong by a coin of its own.
 *
 * @throws {RangeError} when a size is not a whole number of at least 1, or the noise not from 0 to ½
 */
export function noisyPairsWorld(options: NoisyPairsOptions, random: Random): NoisyPairsWorld {
  const { pairs = 1500, dimensions = 60, noise = 0.25 } = options
  for (const [name, size] of Object.entries({ pairs, dimensions }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`noisyPairsWorld: ${name} is ${size}, expected a whole number of at least 1`)
  if (!(noise >= 0 && noise <= 0.5)) throw new RangeError(`noisyPairsWorld: noise is ${noise}, expected from 0 to ½`)
  const [direction, features, coins] = ['direction', 'features', 'labels'].map((label) => random.fork(label)) as [
    Random,
    Random,
    Random,
  ]
  const weights = Float64Array.from({ length: dimensions }, () => direction.normal())
  const differences = Float32Array.from({ length: pairs * dimensions }, () => features.normal())
  const wrong = Uint8Array.from({ length: pairs }, () => (coins.chance(noise) ? 1 : 0))
  const truth = Float32Array.from({ length: pairs }, (_, pair) => {
    let lead = 0
    for (let k = 0; k < dimensions; k++) lead += (weights[k] as number) * (differences[pair * dimensions + k] as number)
    return lead > 0 ? 1 : 0
  })
  return {
    dimensions,
    weights,
    differences,
    truth,
    wrong,
    targets: truth.map((said, pair) => Math.abs(said - (wrong[pair] as number))),
  }
}
