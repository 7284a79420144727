import { type Direction, unitDirection } from './direction.ts'

/** A direction as a generator is told it. */
export interface DirectionControl {
  /** v, of length 1: what to score with. */
  readonly direction: Direction
  /** round(100 v): what is written. */
  readonly weights: readonly number[]
  readonly systemPrompt: string
}

const opening =
  'Write the answer that makes this weighted sum of its ratings as large as possible, each from 0 to 100: '

/**
 * A wish in the three forms it is used in: the direction to score with, whole numbers, and a system message that names
 * them. Only the words are rounded; (71, −71) for −45° has length 100.4.
 *
 * @param weights one per aspect, of any length above 0
 * @param aspects their names
 * @throws {RangeError} when there is not one weight per aspect, two have one name, one is not finite, or all are 0
 * @see Wang et al. (2024), arXiv 2402.18571: weights written as whole numbers of hundredths
 * @example
 * directionControl([1, -0.5], ['helpfulness', 'verbosity']).weights // [89, -45]
 */
export function directionControl(weights: readonly number[], aspects: readonly string[]): DirectionControl {
  if (weights.length !== aspects.length)
    throw new RangeError(`${weights.length} weights for ${aspects.length} aspects (${aspects.join(', ')})`)
  const twice = aspects.find((aspect, at) => aspects.indexOf(aspect) < at)
  if (twice !== undefined) throw new RangeError(`two aspects are called ${JSON.stringify(twice)}`)
  const direction = unitDirection(weights)
  // Adding 0 makes of −0 a plain 0.
  const whole = direction.map((x) => Math.round(100 * x) + 0)
  const terms = aspects.map((aspect, at) => `${JSON.stringify(aspect)} × ${whole[at]}`)
  return { direction, weights: whole, systemPrompt: `${opening}${terms.join(' + ')}.` }
}

/**
 * Reads the direction out of a system message that {@link directionControl} wrote, up to the rounding of its words (at
 * most 0.41° for two aspects).
 *
 * @param aspects in the order wanted
 * @throws {RangeError} when the message names no weights, or other aspects
 */
export function readDirectionPrompt(systemPrompt: string, aspects: readonly string[]): Direction {
  const start = systemPrompt.indexOf(opening)
  const found = new Map<string, number>()
  if (start >= 0)
    for (const [, name = '', weight] of systemPrompt
      .slice(start + opening.length)
      .matchAll(/("(?:[^"\\]|\\.)*") × (-?\d+)/gu))
      found.set(JSON.parse(name) as string, Number(weight))
  if (found.size === 0) throw new RangeError('the system message names no weights of aspects')
  const missing = aspects.find((aspect) => !found.has(aspect))
  if (missing !== undefined || found.size !== aspects.length)
    throw new RangeError(`the system message weighs ${[...found.keys()].join(', ')}, expected ${aspects.join(', ')}`)
  return unitDirection(aspects.map((aspect) => found.get(aspect) as number))
}
