import { describe, expect, it } from 'vitest'
import { denseMdp, deterministicMdp, expectedFeatures, isDeterministic, sparseMdp } from './mdp.ts'

const outcome = { state: 0, action: 0, next: 1, probability: 1, phi: [1] }
const sizes = { states: 2, actions: 1, features: 1, terminal: [1] }

describe('an MDP', () => {
  it('is the same from a list of outcomes, from a full table and from certain transitions', () => {
    const table = { states: 3, actions: 2, features: 2, terminal: [2] }
    const next = [1, 0, 2, 0, 2, 2]
    const phi = [1, 0, 2, 0, 3, 1, 4, 0, 9, 9, 9, 9]
    const certain = deterministicMdp({ ...table, next, phi })
    const probabilities = next.flatMap((to) => [0, 1, 2].map((state) => Number(state === to)))
    expect(denseMdp({ ...table, probabilities, phi })).toEqual(certain)
    const outcomes = next.map((to, row) => ({
      state: Math.floor(row / 2),
      action: row % 2,
      next: to,
      probability: 1,
      phi: phi.slice(2 * row, 2 * row + 2),
    }))
    expect(sparseMdp({ ...table, outcomes: outcomes.toReversed() })).toEqual(certain)
    expect(isDeterministic(certain)).toBe(true)
  })

  it('stays in terminal states for nothing, whatever is given for them', () => {
    const mdp = deterministicMdp({ ...sizes, next: [1, 0], phi: [5, 7] })
    expect([...mdp.successors]).toEqual([1, 1])
    expect([...mdp.phi]).toEqual([5, 0])
  })

  it('averages features over what can follow, also where they depend on it', () => {
    const mdp = denseMdp({ ...sizes, probabilities: [0.25, 0.75, 0, 1], phi: [8, 4, 0, 0] })
    expect([...expectedFeatures(mdp)]).toEqual([0.25 * 8 + 0.75 * 4, 0])
    expect(isDeterministic(mdp)).toBe(false)
  })

  it.each([
    [[{ ...outcome, state: 2 }], 'outcome 0: state is 2, expected an integer from 0 to 1'],
    [[{ ...outcome, action: -1 }], 'outcome 0: action is -1'],
    [[{ ...outcome, next: 0.5 }], 'outcome 0: next is 0.5'],
    [[{ ...outcome, probability: Number.NaN }], 'outcome 0: probability is NaN'],
    [[{ ...outcome, probability: 0.5 }], 'state 0, action 0: the probabilities sum to 0.5, expected 1'],
    [[], 'state 0, action 0: there is no outcome'],
    [[{ ...outcome, phi: [1, 2] }], 'outcome 0: phi has 2 numbers, expected 1'],
    [[{ ...outcome, phi: [Number.NaN] }], 'state 0, action 0: feature 0 is NaN'],
  ])('refuses %j', (outcomes, message) => {
    expect(() => sparseMdp({ ...sizes, outcomes })).toThrow(message)
  })

  it('refuses tables of another size and terminal states that there are not', () => {
    expect(() => deterministicMdp({ ...sizes, next: [1], phi: [1, 1] })).toThrow('next has 1 numbers, expected 2')
    expect(() => denseMdp({ ...sizes, probabilities: [0, 1, 0, 1], phi: [1] })).toThrow('phi has 1 numbers, expected 2')
    expect(() => sparseMdp({ ...sizes, terminal: [2], outcomes: [outcome] })).toThrow('a terminal state is 2')
    expect(() => sparseMdp({ ...sizes, states: 0, outcomes: [] })).toThrow('states is 0')
  })
})
