import { normalisedWeights } from './weighted-contexts.ts'

export interface ContextBeliefs {
  /** p(z) in truth: [contexts]; made to sum to 1. */
  readonly truth: ArrayLike<number>
  /** q(z) as believed: [contexts]; made to sum to 1. */
  readonly believed: ArrayLike<number>
  /** p_z = P(a preferred | z) in truth: [contexts]. */
  readonly truePreference: ArrayLike<number>
  /** q_z by the model: [contexts]. */
  readonly modelPreference: ArrayLike<number>
}

/** Where an error about a preference comes from. */
export interface ContextError {
  /** |P − Q|, with P = Σ p(z) p_z and Q = Σ q(z) q_z. */
  readonly error: number
  /** Σ p(z) |p_z − q_z|: from judging wrongly in a known context. */
  readonly contextSpecific: number
  /** Σ |p(z) − q(z)| |q_z − ½|: from taking the wrong context; free where contexts do not matter. */
  readonly contextChoice: number
  /** ½ Σ |p(z) − q(z)|, at least `contextChoice`. */
  readonly totalVariation: number
  /** `contextSpecific` + `contextChoice`, at least `error`. */
  readonly bound: number
}

/**
 * Bounds what is wrong about a preference by what is wrong given the context and what is wrong about the context:
 *
 *     |P − Q| ≤ Σ_z p(z)|p_z − q_z| + Σ_z |p(z) − q(z)| |q_z − ½| ≤ (context-specific error) + TV(p, q)
 *
 * because P − Q = Σ p(z)(p_z − q_z) + Σ (p(z) − q(z)) q_z and Σ (p(z) − q(z)) = 0 lets ½ be taken from q_z. So with the
 * context supplied only the first term remains. The bound is of the kind that arXiv 2407.14916 gives; this form and
 * proof are this project's.
 *
 * @throws {RangeError} when counts differ, or a number is no probability
 */
export function contextError({ truth, believed, truePreference, modelPreference }: ContextBeliefs): ContextError {
  const lengths = [truth.length, believed.length, truePreference.length, modelPreference.length]
  if (new Set(lengths).size > 1) throw new RangeError(`there are ${lengths.join(', ')} contexts, expected as many`)
  const [p, q] = [normalisedWeights(truth, 'truth'), normalisedWeights(believed, 'believed')]
  let [difference, specific, choice, variation] = [0, 0, 0, 0]
  for (let z = 0; z < p.length; z++) {
    const [pz, qz] = [truePreference[z] as number, modelPreference[z] as number]
    for (const probability of [pz, qz])
      if (!(probability >= 0 && probability <= 1))
        throw new RangeError(`a preference in context ${z} is ${probability}, expected a number from 0 to 1`)
    const [here, there] = [p[z] as number, q[z] as number]
    difference += here * pz - there * qz
    specific += here * Math.abs(pz - qz)
    choice += Math.abs(here - there) * Math.abs(qz - 0.5)
    variation += Math.abs(here - there) / 2
  }
  return {
    error: Math.abs(difference),
    contextSpecific: specific,
    contextChoice: choice,
    totalVariation: variation,
    bound: specific + choice,
  }
}
