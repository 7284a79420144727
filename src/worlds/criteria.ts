import type { Random } from '../run/index.ts'

export interface CriteriaWorldOptions {
  /** How many criteria there are, default 8. */
  readonly criteria?: number
  /** Columns of candidates, default 10. */
  readonly width?: number
  /** By how much each of a pair must be ahead by its criterion, default 1. */
  readonly lead?: number
}

/** A simulated reversal: two candidates, and a criterion that favours each. */
export interface CriteriaReversal {
  readonly a: readonly number[]
  readonly b: readonly number[]
  /** Numbers of criteria. */
  readonly favoursA: number
  readonly favoursB: number
}

/** A simulated world in which what is better depends on the criterion. */
export interface CriteriaWorld {
  /** Unit vectors: [criteria][width]. */
  readonly directions: readonly (readonly number[])[]
  reversals(count: number, random: Random): readonly CriteriaReversal[]
  /** Pairs of standard normal candidates: [count]. */
  pairs(count: number, random: Random): readonly { readonly a: readonly number[]; readonly b: readonly number[] }[]
  /** By how much a is ahead of b by a criterion. */
  lead(criterion: number, a: readonly number[], b: readonly number[]): number
}

/**
 * A simulated world of criteria: random directions in a space of standard normal candidates. A reversal is a pair of
 * candidates of which one criterion puts a ahead by at least `lead`, and another b.
 *
 * @throws {RangeError} when a number is out of range
 */
export function criteriaWorld(options: CriteriaWorldOptions, random: Random): CriteriaWorld {
  const { criteria = 8, width = 10, lead: least = 1 } = options
  for (const [name, number] of Object.entries({ criteria, width }))
    if (!Number.isInteger(number) || number < 2)
      throw new RangeError(`criteriaWorld: ${name} is ${number}, expected a whole number of at least 2`)
  if (!(least >= 0 && least <= 2)) throw new RangeError(`criteriaWorld: lead is ${least}, expected from 0 to 2`)
  const directions = Array.from({ length: criteria }, () => {
    const drawn = Array.from({ length: width }, () => random.normal())
    const length = Math.hypot(...drawn)
    return drawn.map((x) => x / length)
  })
  const lead = (criterion: number, a: readonly number[], b: readonly number[]): number =>
    (directions[criterion] ?? []).reduce((sum, x, k) => sum + x * ((a[k] as number) - (b[k] as number)), 0)
  const draw = (stream: Random) => ({
    a: Array.from({ length: width }, () => stream.normal()),
    b: Array.from({ length: width }, () => stream.normal()),
  })
  return {
    directions,
    lead,
    pairs: (count, stream) => Array.from({ length: count }, () => draw(stream)),
    reversals(count, stream) {
      const found: CriteriaReversal[] = []
      while (found.length < count) {
        const { a, b } = draw(stream)
        const leads = directions.map((_, criterion) => lead(criterion, a, b))
        const [forA, forB] = [1, -1].map((side) => leads.flatMap((one, at) => (side * one >= least ? [at] : [])))
        if (forA?.length && forB?.length) found.push({ a, b, favoursA: stream.pick(forA), favoursB: stream.pick(forB) })
      }
      return found
    },
  }
}
