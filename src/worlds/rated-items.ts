import type { Random } from '../run/index.ts'

export interface RatedItemsOptions {
  /** Default 2400. */
  readonly items?: number
  /** Columns of an item, default 20. */
  readonly dimensions?: number
  /** Standard deviation of what a rating adds to an item's worth, default 0.7. */
  readonly noise?: number
}

/** Simulated items whose worth is known, and a noisy rating of each. */
export interface RatedItemsWorld {
  /** [items, dimensions], one after another. */
  readonly features: Float32Array
  readonly dimensions: number
  /** [items]: the true worth, with a standard deviation of about 2. */
  readonly worth: Float64Array
  /** [items] */
  readonly ratings: Float64Array
  /** The true worth of other items: [n] of features [n, dimensions]. */
  worthOf(features: ArrayLike<number>): Float64Array
}

/**
 * Simulated items, standard normal, of worth 3 tanh(x A)·θ with A and θ normal and scaled by 1/√dimensions, and a rating
 * of each that adds normal noise: subjective values whose order is surer than their size.
 *
 * @throws {RangeError} when a size is not a whole number of at least 1, or the noise is below 0
 */
export function ratedItemsWorld(options: RatedItemsOptions, random: Random): RatedItemsWorld {
  const { items = 2400, dimensions = 20, noise = 0.7 } = options
  for (const [name, size] of Object.entries({ items, dimensions }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`ratedItemsWorld: ${name} is ${size}, expected a whole number of at least 1`)
  if (!(noise >= 0)) throw new RangeError(`ratedItemsWorld: noise is ${noise}, expected a number of at least 0`)
  const normals = (label: string, count: number, scale: number): Float64Array => {
    const stream = random.fork(label)
    return Float64Array.from({ length: count }, () => scale * stream.normal())
  }
  const a = normals('map', dimensions * dimensions, 1 / Math.sqrt(dimensions))
  const theta = normals('weights', dimensions, 1 / Math.sqrt(dimensions))
  const x = Float32Array.from(normals('items', items * dimensions, 1))
  const added = normals('ratings', items, noise)
  const worthOf = (rows: ArrayLike<number>): Float64Array =>
    Float64Array.from({ length: rows.length / dimensions }, (_, item) => {
      let total = 0
      for (let k = 0; k < dimensions; k++) {
        let through = 0
        for (let d = 0; d < dimensions; d++)
          through += (rows[item * dimensions + d] as number) * (a[d * dimensions + k] as number)
        total += 3 * Math.tanh(through) * (theta[k] as number)
      }
      return total
    })
  const worth = worthOf(x)
  const ratings = worth.map((value, item) => value + (added[item] as number))
  return { features: x, dimensions, worth, ratings, worthOf }
}
