import { describe, expect, it } from 'vitest'
import { type Random, seeded } from '../../run/index.ts'
import { gridMdp } from '../tabular/grid.ts'
import { deterministicMdp, type Mdp, sparseMdp } from '../tabular/mdp.ts'
import { randomMdp } from '../tabular/random-mdp.fixture.ts'
import { valueIteration } from '../tabular/value-iteration.ts'
import {
  deterministicRegret,
  partialReturn,
  partialReturnPreference,
  preferenceLoss,
  regretDifference,
  regretPreference,
  segmentRegret,
} from './regret.ts'
import { followActions, type Segment, segmentFeatures } from './segment.ts'
import { scoreOf, segmentScore } from './segment-rows.ts'

/** A board with an end in a corner, a feature of its own for each cell entered. */
function randomBoard(random: Random, size = 4): Mdp {
  const board = Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => row * size + column),
  )
  const costs = board.flat().map(() => -0.1 - random.uniform())
  return gridMdp(board, {
    features: 2,
    blocked: () => false,
    terminal: (code) => code === 0,
    entering: (code) => [costs[code] as number, Number(code === 0)],
    staying: () => [-0.5, 0],
  }).mdp
}

const weights = [1, 4]
const randomSegment = (mdp: Mdp, random: Random, length = 3): Segment =>
  followActions(
    mdp,
    random.integer(mdp.states),
    Array.from({ length }, () => random.integer(mdp.actions)),
  )

/** The process with one more feature, Φ(s') − Φ(s). */
function shaped(mdp: Mdp, potential: ArrayLike<number>): Mdp {
  return deterministicMdp({
    states: mdp.states,
    actions: mdp.actions,
    features: mdp.features + 1,
    terminal: [...mdp.terminal.keys()].filter((state) => mdp.terminal[state] === 1),
    next: mdp.successors,
    phi: Array.from({ length: mdp.states * mdp.actions }, (_, row) => [
      ...mdp.phi.slice(row * mdp.features, (row + 1) * mdp.features),
      (potential[mdp.successors[row] as number] as number) - (potential[Math.floor(row / mdp.actions)] as number),
    ]).flat(),
  })
}

describe('regret', () => {
  it('is the same from what came out and from what was decided, where nothing is left to chance or discounted', () => {
    for (let seed = 0; seed < 5; seed++) {
      const random = seeded(seed)
      const mdp = randomBoard(random)
      const optimal = valueIteration(mdp, weights, { discount: 1 })
      for (let k = 0; k < 40; k++) {
        const segment = randomSegment(mdp, random)
        const values = {
          start: optimal.values[segment.states[0] as number] as number,
          end: optimal.values[segment.states[3] as number] as number,
        }
        const general = segmentRegret(mdp, segment, optimal)
        expect(deterministicRegret(partialReturn(mdp, segment, weights), values)).toBeCloseTo(general, 10)
        expect(general).toBeGreaterThanOrEqual(-1e-10)
        for (const form of ['deterministic', 'general'] as const)
          expect(
            scoreOf(segmentScore(mdp, segment, 'regret', { form, discount: 1 }), weights, optimal.values),
          ).toBeCloseTo(-general, 10)
      }
    }
  })

  it('is 0 exactly when every action is optimal, also under chance and a discount', () => {
    for (let seed = 0; seed < 3; seed++) {
      const random = seeded(`zero/${seed}`)
      const mdp = randomMdp(random)
      const reward = [1, -1, 0.5, 2]
      const optimal = valueIteration(mdp, reward, { discount: 0.9 })
      for (let k = 0; k < 60; k++) {
        const states = [random.integer(mdp.states)]
        const actions: number[] = []
        let best = true
        for (let step = 0; step < 3; step++) {
          const state = states[step] as number
          const own = [...optimal.actionValues.slice(state * mdp.actions, (state + 1) * mdp.actions)]
          const action = random.chance(0.6) ? own.indexOf(Math.max(...own)) : random.integer(mdp.actions)
          best &&= (own[action] as number) >= Math.max(...own) - 1e-7
          const from = mdp.first[state * mdp.actions + action] as number
          actions.push(action)
          states.push(mdp.successors[from] as number)
        }
        const regret = segmentRegret(mdp, { states, actions }, optimal)
        expect(regret).toBeGreaterThanOrEqual(-1e-8)
        expect(regret < 1e-6).toBe(best)
      }
    }
  })

  it('does not blame an action for bad luck', () => {
    // One action, an even chance of 10 or 0: what was drawn is luck.
    const outcome = { state: 0, action: 0, probability: 0.5 }
    const mdp = sparseMdp({
      states: 3,
      actions: 1,
      features: 1,
      terminal: [1, 2],
      outcomes: [
        { ...outcome, next: 1, phi: [10] },
        { ...outcome, next: 2, phi: [0] },
      ],
    })
    const optimal = valueIteration(mdp, [1], { discount: 1 })
    expect(optimal.values[0]).toBe(5)
    for (const next of [1, 2]) expect(segmentRegret(mdp, { states: [0, next], actions: [0] }, optimal)).toBe(0)
    expect(partialReturn(mdp, { states: [0, 2], actions: [0] }, [1])).toBe(0)
    expect(deterministicRegret(0, { start: 5, end: 0 })).toBe(5)
  })

  it('does not change under potential shaping, which changes partial return', () => {
    const random = seeded('shaping')
    const mdp = randomBoard(random)
    const potential = Array.from({ length: mdp.states }, (_, state) => (mdp.terminal[state] ? 0 : 5 * random.normal()))
    const other = shaped(mdp, potential)
    const plain = valueIteration(mdp, weights, { discount: 1 })
    const moved = valueIteration(other, [...weights, 1], { discount: 1 })
    let changed = 0
    for (let k = 0; k < 100; k++) {
      const segment = randomSegment(mdp, random)
      expect(segmentRegret(other, segment, moved)).toBeCloseTo(segmentRegret(mdp, segment, plain), 8)
      const difference = partialReturn(other, segment, [...weights, 1]) - partialReturn(mdp, segment, weights)
      // Telescopes to Φ(end) − Φ(start).
      const [start, end] = [segment.states[0] as number, segment.states[3] as number]
      expect(difference).toBeCloseTo((potential[end] as number) - (potential[start] as number), 8)
      if (Math.abs(difference) > 0.1) changed++
    }
    expect(changed).toBeGreaterThan(50)
  })

  it('feels a constant added to every reward, which partial return over equal lengths does not', () => {
    // 0 – 1 – 2(end), left or right: at −1 a step one hurries, at +1 a step one lingers.
    const mdp = deterministicMdp({
      states: 3,
      actions: 2,
      features: 1,
      terminal: [2],
      next: [0, 1, 0, 2, 2, 2],
      phi: [1, 1, 1, 1, 0, 0],
    })
    const hurry = { states: [0, 1], actions: [1] }
    const linger = { states: [0, 0], actions: [0] }
    const preference = (reward: number): { partial: number; regret: number } => {
      const optimal = valueIteration(mdp, [reward], { discount: 0.9 })
      return {
        partial: partialReturnPreference(partialReturn(mdp, hurry, [reward]), partialReturn(mdp, linger, [reward])),
        regret: regretPreference(segmentRegret(mdp, hurry, optimal), segmentRegret(mdp, linger, optimal)),
      }
    }
    expect(preference(-1).partial).toBe(0.5)
    expect(preference(1).partial).toBe(0.5)
    // −1 a step: V = (−1.9, −1), lingering loses −1.9 − (−1 − 1.71) = 0.81. +1 a step: V = (10, 10), nothing is lost.
    expect(preference(-1).regret).toBeCloseTo(1 / (1 + Math.exp(-0.81)), 8)
    expect(preference(1).regret).toBeCloseTo(0.5, 8)
    const loops = valueIteration(mdp, [1], { discount: 0.9 })
    expect(segmentRegret(mdp, { states: [1, 2], actions: [1] }, loops)).toBeCloseTo(9, 8)
  })

  it('refuses segments that cannot have been', () => {
    const mdp = randomBoard(seeded(1))
    const optimal = valueIteration(mdp, weights)
    expect(() => segmentRegret(mdp, { states: [5, 15], actions: [0] }, optimal)).toThrow(
      'step 0: action 0 of state 5 never leads to state 15',
    )
    expect(() => segmentFeatures(mdp, { states: [5], actions: [0] })).toThrow('the segment has 1 states and 1 actions')
    expect(() => segmentFeatures(mdp, { states: [16], actions: [] })).toThrow('step 0: state is 16')
    expect(() => segmentFeatures(mdp, { states: [5, 1], actions: [4] })).toThrow('step 0: action is 4')
    expect(() => followActions(mdp, Number.NaN, [])).toThrow('step 0: state is NaN')
    expect(() => followActions(randomMdp(seeded(1)), 0, [0])).toThrow('not deterministic')
    expect(() => partialReturn(mdp, { states: [5], actions: [] }, [1])).toThrow('weights has 1 numbers')
    expect(() => segmentRegret(mdp, { states: [5], actions: [] }, { values: [1], actionValues: [1] })).toThrow(
      'there are 1 values and 1 action values, expected 16 and 64',
    )
  })
})

describe('preference', () => {
  it('is an even chance between optimal segments, and wherever nothing is rewarded', () => {
    expect(regretPreference(0, 0)).toBe(0.5)
    const random = seeded('nothing')
    const mdp = randomBoard(random)
    const optimal = valueIteration(mdp, [0, 0])
    for (let k = 0; k < 20; k++) {
      const [first, second] = [randomSegment(mdp, random), randomSegment(mdp, random)]
      const [one, other] = [first, second].map((segment) => segmentRegret(mdp, segment, optimal))
      expect(regretPreference(one as number, other as number)).toBe(0.5)
      const [left, right] = [first, second].map((segment) => partialReturn(mdp, segment, [0, 0]))
      expect(partialReturnPreference(left as number, right as number)).toBe(0.5)
    }
  })

  it('is for less regret and for more return', () => {
    expect(regretPreference(1, 3)).toBeCloseTo(1 / (1 + Math.exp(-2)), 12)
    expect(partialReturnPreference(3, 1)).toBeCloseTo(1 / (1 + Math.exp(-2)), 12)
    // ΔΣr + ΔV(end) − ΔV(start)
    expect(regretDifference(2, 5, 11)).toBe(8)
  })

  it('costs what a table of entropies says, ties half for each', () => {
    expect(preferenceLoss([0], [1])).toBeCloseTo(Math.log(2), 12)
    expect(preferenceLoss([0, 0], [0.5, 0])).toBeCloseTo(Math.log(2), 12)
    // σ(ln 3) = 3/4
    expect(preferenceLoss([Math.log(3)], [1])).toBeCloseTo(-Math.log(0.75), 12)
    expect(preferenceLoss([Math.log(3)], [0.5])).toBeCloseTo(-(Math.log(0.75) + Math.log(0.25)) / 2, 12)
    // Swapping a pair with its label changes nothing.
    expect(preferenceLoss([-1.7, 0.3], [0.5, 0])).toBeCloseTo(preferenceLoss([1.7, -0.3], [0.5, 1]), 14)
    expect(preferenceLoss([800], [0])).toBe(800)
  })

  it('refuses labels that are none', () => {
    expect(() => preferenceLoss([0], [Number.NaN])).toThrow('pair 0: the label is NaN')
    expect(() => preferenceLoss([0, 0], [0, 2])).toThrow('pair 1: the label is 2')
    expect(() => preferenceLoss([Number.POSITIVE_INFINITY], [1])).toThrow('pair 0: the log odds are Infinity')
    expect(() => preferenceLoss([], [])).toThrow('there are no pairs')
    expect(() => preferenceLoss([0], [])).toThrow('1 log odds and 0 labels')
  })
})
