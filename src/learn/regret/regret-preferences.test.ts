import { describe, expect, it } from 'vitest'
import type { Signal, SignalSource } from '../../collect/index.ts'
import { signalSchema } from '../../collect/index.ts'
import { sigmoid } from '../../measure/index.ts'
import { type Random, seeded, startRun } from '../../run/index.ts'
import { gridMdp } from '../tabular/grid.ts'
import { deterministicMdp, type Mdp } from '../tabular/mdp.ts'
import { optimalPolicies } from '../tabular/policy-improvement.ts'
import { randomMdp } from '../tabular/random-mdp.fixture.ts'
import { scaledReturn } from '../tabular/scaled-return.ts'
import { successorFeatures } from '../tabular/successor-features.ts'
import { valueIteration } from '../tabular/value-iteration.ts'
import { fitSegmentReward } from './fit-segment-reward.ts'
import { partialReturn, preferenceLoss, segmentRegret } from './regret.ts'
import { greedyInReward, regretPreferences, segmentRewardModel } from './regret-preferences.ts'
import { followActions, type Segment } from './segment.ts'
import { segmentCandidate, segmentComparison, segmentOf } from './segment-signal.ts'

const source = (signals: readonly Signal[]): SignalSource => ({
  async *read(filter = {}) {
    for (const signal of signals)
      if ((filter.kinds?.includes(signal.kind) ?? true) && (filter.sources?.includes(signal.source) ?? true))
        yield signal
  },
  count: async () => signals.length,
})

/** 4 × 4, the end in a corner, two hazards; features: a step, the end, a hazard. */
const { mdp } = gridMdp(
  [
    [1, 0, 0, 0],
    [2, 0, 2, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  {
    features: 3,
    blocked: () => false,
    terminal: (code) => code === 1,
    entering: (code) => [1, Number(code === 1), Number(code === 2)],
    staying: () => [1, 0, 0],
  },
)
const truth = [-1, 10, -4]
const world = 'corner'

const randomSegment = (random: Random, length = 3): Segment =>
  followActions(
    mdp,
    1 + random.integer(mdp.states - 1),
    Array.from({ length }, () => random.integer(4)),
  )

function simulated(count: number, random: Random): Signal[] {
  const optimal = valueIteration(mdp, truth, { discount: 0.99 })
  return Array.from({ length: count }, (_, k) => {
    const [first, second] = [randomSegment(random), randomSegment(random)]
    const ahead = segmentRegret(mdp, second, optimal) - segmentRegret(mdp, first, optimal)
    return segmentComparison({
      id: `simulated/${k}`,
      world,
      rater: { id: 'simulated', kind: 'simulated' },
      source: 'simulated',
      time: k,
      first,
      second,
      firstPreferred: Number(random.chance(sigmoid(ahead))),
    })
  })
}

const quick = { mdp, world, discount: 0.99, policies: 20, rounds: 4, steps: 60 }

describe('segments as candidates', () => {
  const segment = { states: [5, 4, 0], actions: [2, 0] }

  it('come back as they were, and are valid signals', () => {
    expect(segmentOf(segmentCandidate(world, segment), world)).toEqual(segment)
    for (const signal of simulated(3, seeded(1))) expect(signalSchema.parse(signal)).toEqual(signal)
  })

  it('are told apart by their world, and from what is no segment', () => {
    const candidate = segmentCandidate('other', segment)
    expect(candidate.id).not.toBe(segmentCandidate(world, segment).id)
    expect(() => segmentOf(candidate, world)).toThrow('is a segment of the world "other", expected "corner"')
    const text = (text: string) => ({ ...candidate, content: { modality: 'text' as const, text } })
    expect(() => segmentOf(text('Hello'), world)).toThrow('is the text "Hello", expected a segment in JSON')
    expect(() => segmentOf(text('{"world":"corner","states":[0.5],"actions":[]}'), world)).toThrow('states.0')
    expect(() => segmentOf(text('{"world":"corner","states":[0]}'), world)).toThrow('actions')
    expect(() => segmentOf({ ...candidate, content: { modality: 'item', item: 'x' } }, world)).toThrow('is item')
  })

  it('have one of three labels', () => {
    const told = { id: 'x', world, rater: { id: 'r', kind: 'human' as const }, source: 's', time: 0 }
    const of = (firstPreferred: number) =>
      segmentComparison({ ...told, first: segment, second: segment, firstPreferred }).outcome
    expect([0, 0.5, 1].map(of)).toEqual(['b', 'tie', 'a'])
    expect(() => of(Number.NaN)).toThrow('x: the label is NaN, expected 0, 0.5 or 1')
    expect(() => of(0.4)).toThrow('x: the label is 0.4')
  })
})

describe('the regret preference model', () => {
  it('finds a reward whose policy is near optimal, and says of comparisons what the truth says', async () => {
    const signals = simulated(600, seeded('people'))
    const model = await regretPreferences(source(signals), quick, startRun())
    expect(model.pairs).toBe(600)
    expect(scaledReturn(mdp, model.policy, truth, { discount: 0.99 })).toBeGreaterThan(0.95)
    const optimal = valueIteration(mdp, truth, { discount: 0.99 })
    const fresh = simulated(200, seeded('others')).flatMap((signal) => (signal.kind === 'comparison' ? [signal] : []))
    const said = await model.prefer(fresh)
    const scores = await model.score(fresh.map(({ context, a }) => ({ context, candidate: a })))
    expect(scores).toMatchObject({ rows: 200, columns: 1 })
    fresh.forEach(({ a, b }, k) => {
      const [one, other] = [segmentOf(a, world), segmentOf(b, world)]
      const ahead = segmentRegret(mdp, other, optimal) - segmentRegret(mdp, one, optimal)
      expect(Math.abs((said[k] as number) - sigmoid(ahead))).toBeLessThan(0.25)
      expect(said[k]).toBeCloseTo(sigmoid(model.scoreSegment(one) - model.scoreSegment(other)), 6)
      expect(scores.data[k]).toBeCloseTo(model.scoreSegment(one), 4)
    })
    // The loss told is the loss there is.
    const pairs = signals.flatMap((signal) => (signal.kind === 'comparison' ? [signal] : []))
    const logOdds = pairs.map(
      ({ a, b }) => model.scoreSegment(segmentOf(a, world)) - model.scoreSegment(segmentOf(b, world)),
    )
    const labels = pairs.map(({ outcome }) => Number(outcome === 'a'))
    expect(model.loss).toBeCloseTo(preferenceLoss(logOdds, labels), 6)
    // Kept as numbers, it comes back the same.
    const back = segmentRewardModel(mdp, JSON.parse(JSON.stringify([...model.weights])), quick)
    expect(await back.prefer(fresh)).toEqual(said)
  })

  it('gives the same numbers again, and the same for swapped pairs', async () => {
    const signals = simulated(60, seeded('again'))
    const fit = async (given: readonly Signal[]) =>
      (await regretPreferences(source(given), { ...quick, rounds: 2, steps: 20 }, startRun({ seed: 3 }))).weights
    const once = await fit(signals)
    expect(await fit(signals)).toEqual(once)
    const swapped = signals.map((signal) =>
      signal.kind === 'comparison'
        ? { ...signal, a: signal.b, b: signal.a, outcome: signal.outcome === 'a' ? ('b' as const) : ('a' as const) }
        : signal,
    )
    const other = await fit(swapped)
    other.forEach((weight, k) => {
      expect(weight).toBeCloseTo(once[k] as number, 6)
    })
  })

  it('counts ties half for each, leaves out what nobody judged, and weighs what is weighted', async () => {
    const [one] = simulated(1, seeded('weights')) as [Extract<Signal, { kind: 'comparison' }>]
    const [first, second] = [segmentOf(one.a, world), segmentOf(one.b, world)]
    const moved = partialReturn(mdp, first, [1, 0, 0]) - partialReturn(mdp, second, [1, 0, 0])
    const features = [0, 1, 2].map(
      (k) =>
        partialReturn(
          mdp,
          first,
          [0, 1, 2].map((at) => Number(at === k)),
        ) -
        partialReturn(
          mdp,
          second,
          [0, 1, 2].map((at) => Number(at === k)),
        ),
    )
    expect(features.some((value) => value !== 0)).toBe(true)
    expect(features[0]).toBe(moved)
    const of = async (...signals: readonly Signal[]) =>
      regretPreferences(source(signals), { ...quick, model: 'partial-return', steps: 200 }, startRun())
    const tied = await of(
      { ...one, outcome: 'tie' },
      { ...one, id: '2', outcome: 'both-bad' },
      { ...one, id: '3', outcome: 'skipped' },
    )
    expect(tied).toMatchObject({ pairs: 2, skipped: 1 })
    expect(tied.loss).toBeCloseTo(Math.log(2), 12)
    // Three to one: the best probability is 3/4, whose cost is the entropy.
    const weighed = await of({ ...one, outcome: 'a', weight: 3 }, { ...one, id: '2', outcome: 'b' })
    expect((await weighed.prefer([one]))[0]).toBeCloseTo(0.75, 3)
    expect(weighed.loss).toBeCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 6)
  })

  it('keeps the lowest loss seen, of all updates and of all rounds', async () => {
    const pairs = simulated(40, seeded('wild')).flatMap((signal) => (signal.kind === 'comparison' ? [signal] : []))
    const preferences = {
      first: pairs.map(({ a }) => segmentOf(a, world)),
      second: pairs.map(({ b }) => segmentOf(b, world)),
      firstPreferred: pairs.map(({ outcome }) => Number(outcome === 'a')),
    }
    // A wild learning rate throws the weights about.
    const wild = { learningRate: 30, steps: 12, policies: 5, discount: 0.9 }
    const fit = (options: object) => fitSegmentReward(mdp, preferences, { ...wild, ...options }, startRun())
    const partial = await fit({ model: 'partial-return', rounds: 1 })
    expect(partial.losses.length).toBe(13)
    expect(partial.losses[0]).toBeCloseTo(Math.log(2), 6)
    expect(Math.max(...partial.losses.slice(1))).toBeGreaterThan(Math.log(2))
    expect(partial.loss).toBeCloseTo(Math.min(...partial.losses), 9)
    const byRounds: number[] = []
    // So soft a maximum that the second round's reward explains people worse than the first's.
    const soft = { temperature: 30, steps: 6, learningRate: 1 }
    for (const rounds of [1, 2, 3, 4]) byRounds.push((await fit({ ...soft, rounds })).loss)
    expect(byRounds).toEqual(byRounds.toSorted((one, other) => other - one))
  })

  it('learns from chance too, by what was decided', async () => {
    const random = seeded('chance')
    const chancy = randomMdp(random, 10, 3, 3)
    const weights = [3, -2, 1]
    const optimal = valueIteration(chancy, weights, { discount: 0.95 })
    const segment = (): Segment => {
      const states = [random.integer(9)]
      const actions: number[] = []
      for (let step = 0; step < 3; step++) {
        const action = random.integer(3)
        const row = (states[step] as number) * 3 + action
        const [from, to] = [chancy.first[row] as number, chancy.first[row + 1] as number]
        actions.push(action)
        states.push(chancy.successors[from + random.weighted(chancy.probabilities.subarray(from, to))] as number)
      }
      return { states, actions }
    }
    const first = Array.from({ length: 500 }, segment)
    const second = Array.from({ length: 500 }, segment)
    const firstPreferred = first.map((one, k) =>
      sigmoid(segmentRegret(chancy, second[k] as Segment, optimal) - segmentRegret(chancy, one, optimal)),
    )
    const fitted = await fitSegmentReward(chancy, { first, second, firstPreferred }, { discount: 0.95 }, startRun())
    expect(fitted.form).toBe('general')
    // Soft labels have the truth's entropy as their least loss.
    const entropy =
      firstPreferred.reduce(
        (sum, p) => sum - (p > 0 ? p * Math.log(p) : 0) - (p < 1 ? (1 - p) * Math.log(1 - p) : 0),
        0,
      ) / 500
    expect(fitted.loss).toBeLessThan(entropy + 0.005)
    expect(
      scaledReturn(chancy, optimalPolicies(chancy, fitted.weights, 0.95), weights, { discount: 0.95 }),
    ).toBeGreaterThan(0.98)
  })

  it('says which signal, pair or option is wrong', async () => {
    const [one] = simulated(1, seeded('wrong')) as [Extract<Signal, { kind: 'comparison' }>]
    const fit = (signals: readonly Signal[], options: object = {}) =>
      regretPreferences(source(signals), { ...quick, ...options }, startRun())
    await expect(fit([{ ...one, a: segmentCandidate('else', { states: [1], actions: [] }) }])).rejects.toThrow(
      'signal simulated/0: candidate',
    )
    await expect(fit([])).rejects.toThrow('there are no preferences')
    await expect(fit([one], { filter: { sources: ['elsewhere'] } })).rejects.toThrow('there are no preferences')
    await expect(fit([{ ...one, a: segmentCandidate(world, { states: [1, 15], actions: [0] }) }])).rejects.toThrow(
      'pair 0: step 0: action 0 of state 1 never leads to state 15',
    )
    await expect(fit([one], { discount: 1 })).rejects.toThrow('discount: expected below 1')
    await expect(fit([one], { steps: 0, temperature: 0 })).rejects.toThrow(/temperature: .*; steps: /)
    await expect(fit([one], { initial: [1] })).rejects.toThrow('initial: expected 3 finite numbers')
    await expect(fit([one], { psi: new Float64Array(4) })).rejects.toThrow('psi has 4 numbers')
    const unknown = new Float64Array(mdp.states * mdp.features).fill(Number.NaN)
    await expect(fit([one], { psi: unknown })).rejects.toThrow('psi[0] is NaN, expected finite numbers')
    const segment = { states: [1], actions: [] }
    const preferences = { first: [segment], second: [segment], firstPreferred: [Number.NaN] }
    await expect(fitSegmentReward(mdp, preferences, {}, startRun())).rejects.toThrow('pair 0: the label is NaN')
    await expect(fitSegmentReward(mdp, { ...preferences, firstPreferred: [1, 0] }, {}, startRun())).rejects.toThrow(
      'firstPreferred has 2 entries, expected 1',
    )
    await expect(
      fitSegmentReward(mdp, { ...preferences, firstPreferred: [1], weights: [0] }, {}, startRun()),
    ).rejects.toThrow('pair 0: the weight is 0')
  })

  it('uses the policies it is given', async () => {
    const signals = simulated(100, seeded('given'))
    const psi = successorFeatures(mdp, optimalPolicies(mdp, truth, 0.99), { discount: 0.99 })
    const options = { ...quick, psi, rounds: 1 }
    const one = await regretPreferences(source(signals), options, startRun({ seed: 1 }))
    const other = await regretPreferences(source(signals), options, startRun({ seed: 2 }))
    // No chance is left: the policies are given and the start is 0.
    expect(one.weights).toEqual(other.weights)
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const run = startRun({ signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })
    await expect(regretPreferences(source(simulated(5, seeded(1))), quick, run)).rejects.toThrow('enough')
  })
})

/** 0 – 1 – 2(end), left or right, with a feature of its own for every decision. */
const decisions: Mdp = deterministicMdp({
  states: 3,
  actions: 2,
  features: 4,
  terminal: [2],
  next: [0, 1, 0, 2, 2, 2],
  phi: Array.from({ length: 6 }, (_, row) => [0, 1, 2, 3].map((k) => Number(k === row))).flat(),
})

describe('an advantage taken for a reward', () => {
  const discount = 0.99
  // −1 a step, 5 at the end.
  const reward = [-1, -1, -1, 4]
  const { values, actionValues } = valueIteration(decisions, reward, { discount })
  const advantage = [0, 1, 2, 3].map((row) => (actionValues[row] as number) - (values[Math.floor(row / 2)] as number))
  const plan = (weights: readonly number[]) =>
    scaledReturn(decisions, optimalPolicies(decisions, weights, discount), reward, { discount })
  const act = (weights: readonly number[]) =>
    scaledReturn(decisions, greedyInReward(decisions, weights), reward, { discount })

  // Staying in state 0 loses −1.03: more than that a step, and it pays to stay for ever.
  it('is right to act by whatever constant is added, but wrong to plan with when wandering pays', () => {
    for (const constant of [-1, 0, 0.5, 3]) expect(act(advantage.map((value) => value + constant))).toBeCloseTo(1, 9)
    expect(plan(advantage.map((value) => value - 0.5))).toBeCloseTo(1, 9)
    expect(plan(advantage.map((value) => value + 1.5))).toBeLessThan(0)
  })

  it('is what partial return learns from people who follow regret, up to a constant that only ends tell', async () => {
    const all = (early: boolean): Segment[] =>
      [0, 1]
        .flatMap((start) => [0, 1, 2, 3].map((bits) => followActions(decisions, start, [bits >> 1, bits & 1])))
        .filter(({ states }) => early || states[1] !== 2)
    const learn = async (early: boolean) => {
      const segments = all(early)
      const pairs = segments.flatMap((first) => segments.map((second) => ({ first, second })))
      const optimal = valueIteration(decisions, reward, { discount })
      const fitted = await fitSegmentReward(
        decisions,
        {
          first: pairs.map(({ first }) => first),
          second: pairs.map(({ second }) => second),
          firstPreferred: pairs.map(({ first, second }) =>
            sigmoid(segmentRegret(decisions, second, optimal) - segmentRegret(decisions, first, optimal)),
          ),
        },
        // From a start at which every step pays something.
        { model: 'partial-return', rounds: 1, steps: 3000, initial: [2, 2, 2, 2] },
        startRun(),
      )
      return [...fitted.weights]
    }
    // Segments that all take two steps: a constant stays open, and planning wanders.
    const open = await learn(false)
    const constant = (open[0] as number) - (advantage[0] as number)
    expect(constant).toBeGreaterThan(0.5)
    open.forEach((weight, row) => {
      expect(weight - (advantage[row] as number)).toBeCloseTo(constant, 1)
    })
    expect(act(open)).toBeCloseTo(1, 9)
    expect(plan(open)).toBeLessThan(0)
    // With segments that end after one step, and stay there for nothing, the constant is told.
    const told = await learn(true)
    told.forEach((weight, row) => {
      expect(weight).toBeCloseTo(advantage[row] as number, 1)
    })
    expect(act(told)).toBeCloseTo(1, 9)
  })
})
