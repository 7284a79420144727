import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { deterministicMdp } from './mdp.ts'
import { greedyPolicy } from './policy.ts'
import { randomMdp } from './random-mdp.fixture.ts'
import { policyValues } from './successor-features.ts'
import { valueIteration } from './value-iteration.ts'

// 0 – 1 – 2 – 3(end): left or right; features: a step, the end.
const corridor = deterministicMdp({
  states: 4,
  actions: 2,
  features: 2,
  terminal: [3],
  next: [0, 1, 0, 2, 1, 3, 3, 3],
  phi: [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0],
})

describe('value iteration', () => {
  it('finds the values of a corridor worked out by hand, with and without discount', () => {
    expect([...valueIteration(corridor, [-1, 10], { discount: 1 }).values]).toEqual([7, 8, 9, 0])
    const { values, actionValues } = valueIteration(corridor, [-1, 10], { discount: 0.5 })
    const expected = [-1 + 0.5 * (-1 + 0.5 * 9), -1 + 0.5 * 9, 9, 0]
    for (const [state, value] of expected.entries()) expect(values[state]).toBeCloseTo(value, 9)
    expect(actionValues[2 * 2]).toBeCloseTo(-1 + 0.5 * (-1 + 0.5 * 9), 9)
  })

  it('stays away for ever from an end that costs more than discounted steps', () => {
    const { values } = valueIteration(corridor, [-1, -1000], { discount: 0.9 })
    for (const state of [0, 1, 2]) expect(values[state]).toBeCloseTo(-10, 8)
  })

  it('puts up with a bad end without discount when staying away costs without bound', () => {
    expect([...valueIteration(corridor, [-1, -1000], { discount: 1 }).values]).toEqual([-1003, -1002, -1001, 0])
  })

  it('satisfies the optimality equation, and no other policy is better, in random processes', () => {
    for (let seed = 0; seed < 5; seed++) {
      const random = seeded(seed)
      const mdp = randomMdp(random)
      const weights = Float64Array.from({ length: mdp.features }, () => random.normal())
      for (const discount of [0.3, 0.9, 0.999]) {
        const { values, actionValues } = valueIteration(mdp, weights, { discount })
        for (let state = 0; state < mdp.states; state++) {
          const best = Math.max(...actionValues.slice(state * mdp.actions, (state + 1) * mdp.actions))
          expect(Math.abs((values[state] as number) - best)).toBeLessThan(2e-9)
        }
        const own = policyValues(mdp, greedyPolicy(mdp, actionValues), weights, { discount })
        own.forEach((value, state) => {
          expect(value).toBeCloseTo(values[state] as number, 5)
        })
      }
    }
  })

  it('gives many reward vectors what each gets alone', () => {
    const random = seeded(7)
    const mdp = randomMdp(random)
    const weights = Float64Array.from({ length: 30 * mdp.features }, () => random.normal())
    const together = valueIteration(mdp, weights, { discount: 0.99 })
    expect(together.vectors).toBe(30)
    for (let vector = 0; vector < 30; vector++) {
      const alone = valueIteration(mdp, weights.slice(vector * mdp.features, (vector + 1) * mdp.features), {
        discount: 0.99,
      })
      for (let state = 0; state < mdp.states; state++)
        expect(together.values[vector * mdp.states + state]).toBeCloseTo(alone.values[state] as number, 8)
    }
  })

  it('is the same with states above the limit of its linear systems', () => {
    // 500 corridors of one state each: 500 states and an end.
    const states = 501
    const mdp = deterministicMdp({
      states,
      actions: 2,
      features: 2,
      terminal: [500],
      next: Array.from({ length: states * 2 }, (_, row) => (row % 2 === 0 ? Math.floor(row / 2) : 500)),
      phi: Array.from({ length: states * 2 }, (_, row) => (row % 2 === 0 ? [1, 0] : [0, Math.floor(row / 2)])).flat(),
    })
    const { values } = valueIteration(mdp, [1, 0.1], { discount: 0.95 })
    for (const state of [0, 100, 201, 300, 499]) expect(values[state]).toBeCloseTo(Math.max(20, 0.1 * state), 8)
  })

  it('values the best of at most so many steps with a horizon, though nothing ends', () => {
    const endless = deterministicMdp({ states: 1, actions: 1, features: 1, next: [0], phi: [1] })
    expect([...valueIteration(endless, [3], { discount: 1, horizon: 5 }).values]).toEqual([15])
    expect([...valueIteration(corridor, [-1, 10], { discount: 1, horizon: 2 }).values]).toEqual([-2, 8, 9, 0])
    expect([...valueIteration(endless, [3], { discount: 1, horizon: 0 }).values]).toEqual([0])
  })

  it('says which states have no end within reach when the discount is 1', () => {
    const endless = deterministicMdp({
      states: 3,
      actions: 1,
      features: 1,
      terminal: [2],
      next: [2, 1, 2],
      phi: [0, 0, 0],
    })
    expect(() => valueIteration(endless, [-1], { discount: 1 })).toThrow(
      'discount is 1, but no terminal state follows state 1, whose values are therefore not defined',
    )
    expect(valueIteration(endless, [-1]).values[1]).toBe(0)
  })

  it('says that a cycle pays without end', () => {
    expect(() => valueIteration(corridor, [1, 0], { discount: 1, maxSweeps: 1000 })).toThrow(
      'with discount 1 a cycle whose rewards sum to more than 0 has no finite value',
    )
  })

  it('refuses discounts, tolerances, horizons and weights that make no sense', () => {
    expect(() => valueIteration(corridor, [-1, 1], { discount: 1.1 })).toThrow('discount is 1.1')
    expect(() => valueIteration(corridor, [-1, 1], { discount: Number.NaN })).toThrow('discount is NaN')
    expect(() => valueIteration(corridor, [-1, 1], { tolerance: 0 })).toThrow('tolerance is 0')
    expect(() => valueIteration(corridor, [-1, 1], { horizon: 1.5 })).toThrow('horizon is 1.5')
    expect(() => valueIteration(corridor, [-1], {})).toThrow('weights has 1 numbers, expected 2')
    expect(() => valueIteration(corridor, [-1, Number.NaN])).toThrow('weight 1 is NaN')
    expect(() => valueIteration(corridor, [])).toThrow('weights has 0 numbers')
  })
})
