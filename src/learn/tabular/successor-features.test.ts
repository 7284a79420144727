import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { deterministicMdp } from './mdp.ts'
import { fixedPolicy, greedyPolicy, uniformPolicy } from './policy.ts'
import { bestKnownValues, improvePolicy, randomPolicyFeatures } from './policy-improvement.ts'
import { randomMdp } from './random-mdp.fixture.ts'
import { scaledReturn } from './scaled-return.ts'
import { dotRows, policyValues, successorFeatures } from './successor-features.ts'
import { valueIteration } from './value-iteration.ts'

// 0 – 1 – 2(end), left or right; features: left, right.
const corridor = deterministicMdp({
  states: 3,
  actions: 2,
  features: 2,
  terminal: [2],
  next: [0, 1, 0, 2, 2, 2],
  phi: [1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0],
})

describe('successor features', () => {
  it('count discounted features, as worked out by hand', () => {
    const right = fixedPolicy(corridor, [1, 1, 0])
    expect([...successorFeatures(corridor, right, { discount: 0.5 })]).toEqual([0, 1.5, 0, 1, 0, 0])
    // Chance: x₀ = 1 + (x₀ + x₁)/2 moves, x₁ = 1 + x₀/2: 6 and 4 moves, half of them right.
    const chance = successorFeatures(corridor, uniformPolicy(corridor), { discount: 1 })
    for (const [at, expected] of [3, 3, 2, 2, 0, 0].entries()) expect(chance[at]).toBeCloseTo(expected, 12)
  })

  it('are the same by sweeps as by a linear system', () => {
    for (let seed = 0; seed < 3; seed++) {
      const mdp = randomMdp(seeded(seed))
      for (const discount of [0, 0.9, 0.999, 1]) {
        const direct = successorFeatures(mdp, uniformPolicy(mdp), { discount })
        const swept = successorFeatures(mdp, uniformPolicy(mdp), { discount, directLimit: 0 })
        direct.forEach((value, at) => {
          expect(Math.abs(value - (swept[at] as number))).toBeLessThan(1e-8)
        })
      }
    }
  })

  it('give every policy’s values for every reward', () => {
    const random = seeded(3)
    const mdp = randomMdp(random)
    const weights = [1, -2, 0.5, 3]
    const psi = successorFeatures(mdp, uniformPolicy(mdp), { discount: 0.95 })
    const values = policyValues(mdp, uniformPolicy(mdp), weights, { discount: 0.95 })
    dotRows(psi, weights).forEach((value, state) => {
      expect(value).toBeCloseTo(values[state] as number, 10)
    })
  })

  it('refuse a policy that never ends when nothing is discounted, and what is no policy', () => {
    const left = fixedPolicy(corridor, [0, 0, 0])
    expect(() => successorFeatures(corridor, left, { discount: 1 })).toThrow(
      'discount is 1, but under this policy no terminal state follows 2 states (0, 1)',
    )
    expect(() => successorFeatures(corridor, new Float64Array(5))).toThrow('the policies have 5 numbers')
    expect(() => successorFeatures(corridor, Float64Array.of(1, 0, 0.5, 0.6, 1, 0))).toThrow('policy 0, state 1')
    expect(() => successorFeatures(corridor, Float64Array.of(1, 0, 2, -1, 1, 0))).toThrow('policy 0, state 1')
    expect(() => fixedPolicy(corridor, [0, 2, 0])).toThrow('state 1: action is 2')
  })
})

describe('greedy policies', () => {
  it('share what is equally good', () => {
    expect([...greedyPolicy(corridor, [1, 1, 0, 2, 0, 0])]).toEqual([0.5, 0.5, 0, 1, 0.5, 0.5])
    expect(() => greedyPolicy(corridor, [1, 1, Number.NaN, 2, 0, 0])).toThrow('action value 2 is NaN')
  })
})

describe('generalised policy improvement', () => {
  it('is nowhere worse than any policy it knows, and never better than the optimum', () => {
    for (let seed = 0; seed < 5; seed++) {
      const random = seeded(`improvement/${seed}`)
      const mdp = randomMdp(random)
      const psi = randomPolicyFeatures(mdp, 6, random, { discount: 0.95 })
      const weights = Float64Array.from({ length: mdp.features }, () => random.normal())
      const known = bestKnownValues(mdp, psi, weights)
      const { policy, values } = improvePolicy(mdp, psi, weights, { discount: 0.95 })
      expect(values).toEqual(known)
      const improved = policyValues(mdp, policy, weights, { discount: 0.95 })
      const optimal = valueIteration(mdp, weights, { discount: 0.95 }).values
      improved.forEach((value, state) => {
        expect(value).toBeGreaterThanOrEqual((known[state] as number) - 1e-6)
        expect(value).toBeLessThanOrEqual((optimal[state] as number) + 1e-6)
      })
    }
  })

  it('is optimal when the optimal policy is known', () => {
    const mdp = randomMdp(seeded(11))
    const weights = [1, 1, -1, 0.3]
    const optimal = valueIteration(mdp, weights, { discount: 0.9 })
    const psi = successorFeatures(mdp, greedyPolicy(mdp, optimal.actionValues), { discount: 0.9 })
    bestKnownValues(mdp, psi, weights).forEach((value, state) => {
      expect(value).toBeCloseTo(optimal.values[state] as number, 6)
    })
  })

  it('refuses ψ of another size', () => {
    expect(() => improvePolicy(corridor, new Float64Array(5), [1, 1])).toThrow('psi has 5 numbers')
    expect(() => bestKnownValues(corridor, new Float64Array(6), [1])).toThrow('weights has 1 numbers')
    expect(() => randomPolicyFeatures(corridor, 0, seeded(1))).toThrow('the number of policies is 0')
  })
})

describe('scaled return', () => {
  const right = fixedPolicy(corridor, [1, 1, 0])
  const left = fixedPolicy(corridor, [0, 0, 0])

  it('is 1 for the optimum, 0 for chance, and below 0 for what is worse', () => {
    expect(scaledReturn(corridor, right, [-1, -1])).toBeCloseTo(1, 12)
    expect(scaledReturn(corridor, uniformPolicy(corridor), [-1, -1])).toBeCloseTo(0, 12)
    // Without discount J is −1.5 for the best and −5 for chance; left for ever is −1/(1 − γ).
    const discount = 0.99
    const chance0 = policyValues(corridor, uniformPolicy(corridor), [-1, -1], { discount })
    const chance = ((chance0[0] as number) + (chance0[1] as number)) / 2
    const best = (-1 - discount + -1) / 2
    expect(scaledReturn(corridor, left, [-1, -1], { discount })).toBeCloseTo((-100 - chance) / (best - chance), 8)
  })

  it('averages over the start states that are asked for', () => {
    const mixed = fixedPolicy(corridor, [0, 1, 0])
    expect(scaledReturn(corridor, mixed, [-1, -1], { starts: [1] })).toBeCloseTo(1, 12)
    expect(scaledReturn(corridor, mixed, [-1, -1], { starts: [0] })).toBeLessThan(0)
  })

  it('is not defined when nothing matters', () => {
    expect(() => scaledReturn(corridor, right, [0, 0])).toThrow('there is nothing to scale by')
    expect(() => scaledReturn(corridor, right, [-1, -1], { starts: [] })).toThrow('no state to start from')
    expect(() => scaledReturn(corridor, right, [-1, -1], { starts: [3] })).toThrow('start state is 3')
  })
})
