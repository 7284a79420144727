import { expect, it } from 'vitest'
import { pearson } from '../../measure/index.ts'
import { type Random, seeded, startRun } from '../../run/index.ts'
import { fitTastes, type TasteRater } from './fit-tastes.ts'
import { orderList } from './rank-ordered-logit.ts'

/** An order drawn from the rank-ordered logit: utilities and Gumbel noise. */
function drawnList(taste: readonly number[], random: Random, candidates: number) {
  const width = taste.length
  const features = Float64Array.from({ length: candidates * width }, () => random.normal())
  const worth = Array.from({ length: candidates }, (_, i) =>
    taste.reduce(
      (sum, value, k) => sum + value * (features[i * width + k] as number),
      -Math.log(-Math.log(random.uniform())),
    ),
  )
  const ranks = worth.map((own) => 1 + worth.filter((other) => other > own).length)
  return orderList({ features, ranks }, width)
}

const [groups, perGroup] = [12, 8]
const truth = (() => {
  const random = seeded('tastes')
  const ofGroups = Array.from({ length: groups }, () => [0.5 + 0.6 * random.normal(), 0.1 * random.normal()])
  const raters = ofGroups.flatMap((centre, group) =>
    Array.from({ length: perGroup }, () => ({
      group,
      taste: [(centre[0] as number) + 0.3 * random.normal(), (centre[1] as number) + 0.5 * random.normal()],
    })),
  )
  return { ofGroups, raters }
})()
const raters = (() => {
  const random = seeded('words')
  return truth.raters.map(
    ({ group, taste }): TasteRater => ({ group, lists: [drawnList(taste, random, 15), drawnList(taste, random, 15)] }),
  )
})()

it('finds what all have in common, how much groups and raters differ, and who likes what', () => {
  const found = fitTastes(raters, { width: 2 }, startRun())
  expect(found.settled).toBe(true)
  const within95 = (k: number, value: number): void => {
    const deviation = Math.sqrt(found.common.covariance[k * 3] as number)
    expect(Math.abs((found.common.mean[k] as number) - value)).toBeLessThan(2.5 * deviation)
  }
  within95(0, 0.5)
  within95(1, 0)
  // τ of 12 groups and 84 degrees of freedom within: true 0.6 and 0.1; 0.3 and 0.5.
  const tau = (values: Float64Array, k: number): number => Math.sqrt(values[k] as number)
  expect(tau(found.betweenGroups, 0)).toBeGreaterThan(0.35)
  expect(tau(found.betweenGroups, 0)).toBeLessThan(0.95)
  expect(tau(found.betweenGroups, 1)).toBeLessThan(0.35)
  expect(Math.abs(tau(found.withinGroups, 0) - 0.3)).toBeLessThan(0.15)
  expect(Math.abs(tau(found.withinGroups, 1) - 0.5)).toBeLessThan(0.15)
  for (const k of [0, 1]) {
    const estimates = found.raters.map(({ mean }) => mean[k] as number)
    const true_ = truth.raters.map(({ taste }) => taste[k] as number)
    expect(pearson(estimates, true_)).toBeGreaterThan(0.75)
    // 95 % intervals hold 95 % of the truths: of 96, fewer than 84 or all of them would be chance of one in thousands.
    const held = found.raters.filter(
      ({ covariance }, at) =>
        Math.abs((estimates[at] as number) - (true_[at] as number)) < 1.96 * Math.sqrt(covariance[k * 3] as number),
    ).length
    expect(held).toBeGreaterThanOrEqual(84)
  }
})

it('gives who said nothing the taste of their group, with the spread of its raters', () => {
  const silent = fitTastes([...raters, { group: 3, lists: [] }], { width: 2 }, startRun())
  const [group, one] = [silent.groups[3], silent.raters.at(-1)]
  expect(one?.mean[0]).toBeCloseTo(group?.mean[0] as number, 8)
  expect(one?.covariance[3]).toBeCloseTo((group?.covariance[3] as number) + (silent.withinGroups[1] as number), 6)
})

it('stops when told to, and refuses what cannot be', () => {
  const stop = new AbortController()
  stop.abort(new Error('stopped'))
  expect(() => fitTastes(raters, { width: 2 }, startRun({ signal: stop.signal }))).toThrow('stopped')
  expect(() => fitTastes([{ lists: [] }], { width: 2 }, startRun())).toThrow('no rater said anything')
  expect(() => fitTastes([{ lists: raters[0]?.lists ?? [], group: 1 }], { width: 2 }, startRun())).toThrow(
    'group 0 of 2 has no rater',
  )
})
