import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

export interface OpposedGroupsOptions {
  /** Pairs, default 6000. */
  readonly pairs?: number
  /** Columns of an answer's features, default 8. */
  readonly dimensions?: number
  /** Length of either group's reward vector, default 3. */
  readonly strength?: number
  /** How often the topic tells the group, default 0.85. */
  readonly topicTells?: number
}

/** Simulated pairs judged by two groups that nobody named; the topic hints at who is judging. */
export interface OpposedGroupsWorld {
  readonly dimensions: number
  /** Features of either answer: [pairs, dimensions]. */
  readonly a: Float32Array
  readonly b: Float32Array
  /** 1 when a was chosen: [pairs]. */
  readonly targets: Float32Array
  /** 0 or 1: [pairs]. */
  readonly topic: Int32Array
  /** Who judged, 0 or 1; not for learning: [pairs]. */
  readonly group: Int32Array
  /** P(a chosen), the truth: [pairs]. */
  readonly probabilities: Float32Array
}

/**
 * A simulated log of two groups with orthogonal rewards w_0 and w_1: P(a chosen) = σ(w_g·(a − b)), with a − b standard
 * normal. The topic equals the group with probability `topicTells`.
 *
 * @param random `people` draws the rewards, `log` the pairs: two logs of the same people share the first
 */
export function opposedGroupsWorld(
  options: OpposedGroupsOptions,
  random: { readonly people: Random; readonly log: Random },
): OpposedGroupsWorld {
  const { pairs = 6000, dimensions = 8, strength = 3, topicTells = 0.85 } = options
  if (!Number.isInteger(dimensions) || dimensions < 2)
    throw new RangeError(`opposedGroupsWorld: dimensions is ${dimensions}, expected a whole number of at least 2`)
  if (!(topicTells >= 0 && topicTells <= 1))
    throw new RangeError(`opposedGroupsWorld: topicTells is ${topicTells}, expected a number from 0 to 1`)
  const normals = (stream: Random): number[] => Array.from({ length: dimensions }, () => stream.normal())
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
    Array.from(x).reduce((total, number, d) => total + number * (y[d] as number), 0)
  const scaled = (x: readonly number[]): number[] => x.map((number) => (strength * number) / Math.sqrt(dot(x, x)))
  const first = scaled(normals(random.people))
  const other = normals(random.people)
  const along = dot(other, first) / dot(first, first)
  const second = scaled(other.map((number, d) => number - along * (first[d] as number)))
  const world = {
    dimensions,
    a: new Float32Array(pairs * dimensions),
    b: new Float32Array(pairs * dimensions),
    targets: new Float32Array(pairs),
    topic: new Int32Array(pairs),
    group: new Int32Array(pairs),
    probabilities: new Float32Array(pairs),
  }
  for (let pair = 0; pair < pairs; pair++) {
    const group = random.log.integer(2)
    world.group[pair] = group
    world.topic[pair] = random.log.chance(topicTells) ? group : 1 - group
    const [a, b] = [normals(random.log), normals(random.log)]
    // Each side has half the variance, so that their difference is standard normal.
    world.a.set(
      a.map((number) => number * Math.SQRT1_2),
      pair * dimensions,
    )
    world.b.set(
      b.map((number) => number * Math.SQRT1_2),
      pair * dimensions,
    )
    const lead = (dot(a, group === 0 ? first : second) - dot(b, group === 0 ? first : second)) * Math.SQRT1_2
    const probability = sigmoid(lead)
    world.probabilities[pair] = probability
    world.targets[pair] = random.log.chance(probability) ? 1 : 0
  }
  return world
}
