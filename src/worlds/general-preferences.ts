import type { Random } from '../run/index.ts'

/** Simulated items whose true preferences may run in cycles, and every pair of them. */
export interface GeneralPreferenceWorld {
  readonly items: number
  /** Places of the items of each pair: [pairs]. */
  readonly a: Int32Array
  readonly b: Int32Array
  /** 1 when a is truly preferred, 0 when b is: [pairs]. */
  readonly targets: Float32Array
}

/** All pairs of items, a before b. */
function everyPair(items: number, preferred: (a: number, b: number) => boolean): GeneralPreferenceWorld {
  const pairs = (items * (items - 1)) / 2
  const world = { items, a: new Int32Array(pairs), b: new Int32Array(pairs), targets: new Float32Array(pairs) }
  let at = 0
  for (let a = 0; a < items; a++)
    for (let b = a + 1; b < items; b++, at++) {
      world.a[at] = a
      world.b[at] = b
      world.targets[at] = preferred(a, b) ? 1 : 0
    }
  return world
}

/**
 * A simulated cycle: items on a circle, each preferred to the next half of it, so that every order is wrong somewhere.
 *
 * @param items an odd number of at least 3, so that none is opposite to another
 * @throws {RangeError} on any other number
 */
export function circleWorld(items: number): GeneralPreferenceWorld {
  if (!Number.isInteger(items) || items < 3 || items % 2 === 0)
    throw new RangeError(`circleWorld: items is ${items}, expected an odd number of at least 3`)
  return everyPair(items, (a, b) => b - a <= (items - 1) / 2)
}

/**
 * Simulated general preferences: items are unit vectors drawn evenly in R^d, and a is preferred to b when
 * Σ_l (a_{2l} b_{2l+1} − a_{2l+1} b_{2l}) > 0.
 *
 * @param options.items default 40
 * @param options.dimensions d, even, default 4
 */
export function generalPreferenceWorld(
  options: { readonly items?: number; readonly dimensions?: number },
  random: Random,
): GeneralPreferenceWorld {
  const { items = 40, dimensions = 4 } = options
  if (!Number.isInteger(items) || items < 2)
    throw new RangeError(`generalPreferenceWorld: items is ${items}, expected a whole number of at least 2`)
  if (!Number.isInteger(dimensions) || dimensions < 2 || dimensions % 2 !== 0)
    throw new RangeError(`generalPreferenceWorld: dimensions is ${dimensions}, expected an even number of at least 2`)
  // A normal vector's direction is even on the sphere, and lengths do not change a sign.
  const vectors = Array.from({ length: items }, () => Array.from({ length: dimensions }, () => random.normal()))
  return everyPair(items, (a, b) => {
    const [left, right] = [vectors[a] as number[], vectors[b] as number[]]
    let score = 0
    for (let l = 0; l < dimensions; l += 2)
      score += (left[l] as number) * (right[l + 1] as number) - (left[l + 1] as number) * (right[l] as number)
    return score > 0
  })
}
