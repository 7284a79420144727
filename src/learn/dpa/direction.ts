/** A wish among aspects: a vector of length 1, one number per aspect. */
export type Direction = readonly number[]

/**
 * The direction of some weights: v = w/‖w‖. Scaling weights changes nothing, negating them asks for the opposite.
 *
 * @param weights one per aspect, in any unit
 * @throws {RangeError} when there are none, one is not finite, or all are 0
 * @example
 * unitDirection([3, 4]) // [0.6, 0.8]
 */
export function unitDirection(weights: readonly number[]): Direction {
  const wrong = weights.findIndex((weight) => !Number.isFinite(weight))
  if (wrong >= 0) throw new RangeError(`direction: weight ${wrong} is ${weights[wrong]}, expected a finite number`)
  // Divided by the largest first, so that no square runs out of range.
  const largest = Math.max(0, ...weights.map(Math.abs))
  if (largest === 0)
    throw new RangeError(`direction: the weights are [${weights.join(', ')}], expected at least one other than 0`)
  const scaled = weights.map((weight) => weight / largest)
  const length = Math.hypot(...scaled)
  return scaled.map((weight) => weight / length)
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180

/**
 * The direction (cos a, sin a) between two aspects: at 0° the first alone, at 90° the second, at −90° less of the second.
 *
 * @throws {RangeError} when the angle is not finite
 */
export function directionAt(degrees: number): Direction {
  if (!Number.isFinite(degrees)) throw new RangeError(`directionAt: the angle is ${degrees}°, expected a finite number`)
  return [Math.cos(radians(degrees)), Math.sin(radians(degrees))]
}

/** The angle between two directions, in degrees from 0 to 180. @throws {RangeError} as {@link unitDirection} */
export function angleBetween(v: readonly number[], w: readonly number[]): number {
  const [a, b] = [unitDirection(v), sameLength(v, w, unitDirection(w))]
  // From the chords, which is exact for small angles where the arc cosine is not.
  const apart = Math.hypot(...a.map((x, k) => x - (b[k] as number)))
  const together = Math.hypot(...a.map((x, k) => x + (b[k] as number)))
  return (2 * Math.atan2(apart, together) * 180) / Math.PI
}

/**
 * A direction moved by a step: (v + δ)/‖v + δ‖.
 *
 * @throws {RangeError} when lengths differ or nothing is left
 * @example
 * shiftDirection([1, 0], [0, 0.5]) // a little more of the second
 */
export function shiftDirection(v: readonly number[], delta: readonly number[]): Direction {
  const from = unitDirection(v)
  return unitDirection(
    sameLength(
      v,
      delta,
      from.map((x, k) => x + (delta[k] ?? 0)),
    ),
  )
}

/**
 * A direction turned by some degrees towards another (away from it, where negative), in the plane of the two: what a
 * dial says as "+15° verbosity".
 *
 * @throws {RangeError} when lengths differ or the two lie on one line, which leaves no plane to turn in
 * @example
 * turnDirection(directionAt(0), [0, 1], 15) // directionAt(15)
 */
export function turnDirection(v: readonly number[], towards: readonly number[], degrees: number): Direction {
  const [from, to] = [unitDirection(v), sameLength(v, towards, unitDirection(towards))]
  if (!Number.isFinite(degrees))
    throw new RangeError(`turnDirection: the angle is ${degrees}°, expected a finite number`)
  if (degrees === 0) return from
  const along = from.reduce((sum, x, k) => sum + x * (to[k] as number), 0)
  const across = to.map((x, k) => x - along * (from[k] as number))
  if (Math.hypot(...across) < 1e-9)
    throw new RangeError('turnDirection: both directions lie on one line, so there is no plane to turn in')
  const side = unitDirection(across)
  return unitDirection(
    from.map((x, k) => Math.cos(radians(degrees)) * x + Math.sin(radians(degrees)) * (side[k] as number)),
  )
}

function sameLength<T>(v: readonly number[], w: readonly number[], result: T): T {
  if (v.length !== w.length)
    throw new RangeError(`directions have ${v.length} and ${w.length} numbers, expected as many`)
  return result
}
