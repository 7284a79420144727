import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { type FeedbackWorld, feedbackWorld } from '../../worlds/index.ts'
import { expressedPreferences, selectAxes } from './expressed-preferences.ts'
import { axisSubjectivity } from './personal-axes.ts'
import { type Axes, encodeAxes, trainAxes } from './train-axes.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-axes-'))
afterAll(() => rmSync(folder, { recursive: true }))
const runNamed = (name: string) => startRun({ seed: 1, folder: join(folder, name) })

const options = { features: 12, active: 3, prefixes: [12], learningRate: 0.004, batchSize: 128, epochs: 25 } as const

describe('trainAxes', () => {
  let world: FeedbackWorld
  let axes: Axes
  const pairs = 2400
  const differences = () => ({ rows: pairs, columns: 24, data: world.differences })
  /** For each planted direction: the axis nearest to it, and their cosine. */
  const nearest = () =>
    Array.from({ length: 8 }, (_, k) =>
      Array.from({ length: axes.features }, (_axis, feature) => ({
        feature,
        cosine: Array.from({ length: 24 }, (_column, i) => i).reduce(
          (sum, i) => sum + (axes.directions[feature * 24 + i] ?? 0) * (world.directions[k * 24 + i] ?? 0),
          0,
        ),
      })).reduce((best, one) => (Math.abs(one.cosine) > Math.abs(best.cosine) ? one : best)),
    )
  beforeAll(async () => {
    world = feedbackWorld({ axes: 8, width: 24, pairs, raters: 12, taste: 1.5 }, seeded('axes'))
    axes = await trainAxes(differences(), options, runNamed('one'))
  })

  it('finds every planted direction, with as many active as there are', () => {
    for (const { cosine } of nearest()) expect(Math.abs(cosine)).toBeGreaterThan(0.97)
    const z = encodeAxes(axes, differences())
    const active = z.data.filter((value) => value !== 0).length / pairs
    expect(active).toBeGreaterThan(2.7)
    expect(active).toBeLessThan(3.3)
    expect(axes.heldOutError).toBeLessThan(0.1)
    for (let k = 0; k < axes.features; k++)
      expect(Math.hypot(...axes.directions.subarray(k * 24, (k + 1) * 24))).toBeCloseTo(1, 5)
  })

  it('says which of them are rewarded, and not the one that only makes answers longer', () => {
    const measured = {
      activations: encodeAxes(axes, differences()),
      lengths: world.lengths,
      preferred: world.preferred,
    }
    const { rewarded, lengthy, slopes, taste } = world.truth
    const of = nearest()
    const expressed = expressedPreferences(measured)
    for (const k of rewarded) {
      const found = expressed[of[k]?.feature ?? -1]
      expect(found?.pValue).toBeLessThan(1e-6)
      // The axis may point the other way; then its slope does too.
      expect(Math.sign((found?.coefficient ?? 0) * (of[k]?.cosine ?? 0))).toBe(Math.sign(slopes[k] ?? 0))
      expect(Math.sign(found?.winChange ?? 0)).toBe(Math.sign(found?.coefficient ?? 0))
    }
    const long = of[lengthy]?.feature ?? -1
    const coefficientOf = (given: typeof measured): number =>
      Math.abs(expressedPreferences(given)[long]?.coefficient ?? 0)
    expect(coefficientOf(measured)).toBeLessThan(0.15)
    expect(coefficientOf({ ...measured, lengths: new Float64Array(pairs) })).toBeGreaterThan(0.3)
    expect(selectAxes(measured, 3)).toEqual(rewarded.map((k) => of[k]?.feature).sort((x, y) => (x ?? 0) - (y ?? 0)))
    const taus = axisSubjectivity(measured, world.raters)
    const most = [...taus].sort((x, y) => y.tau - x.tau)[0]
    expect(most?.feature).toBe(of[taste]?.feature)
    expect(most?.raters.length).toBeGreaterThan(8)
  })

  it('lets a short prefix explain more on its own when it must', async () => {
    /** Share of the differences that the first three axes leave, by the axes' own threshold. */
    const leftBy = (found: Axes): number => {
      const z = encodeAxes(found, differences())
      let [left, all] = [0, 0]
      for (let at = 0; at < world.differences.length; at++) {
        const [row, i] = [Math.floor(at / 24), at % 24]
        const told = [0, 1, 2].reduce(
          (sum, k) => sum + (z.data[row * found.features + k] ?? 0) * (found.directions[k * 24 + i] ?? 0),
          found.center[i] ?? 0,
        )
        left += ((world.differences[at] ?? 0) - told) ** 2
        all += (world.differences[at] ?? 0) ** 2
      }
      return left / all
    }
    const nested = await trainAxes(differences(), { ...options, prefixes: [3, 12] }, runNamed('nested'))
    expect(leftBy(nested)).toBeLessThan(leftBy(axes) - 0.05)
  })

  it('turns its signs with the pair, but near the threshold', () => {
    const there = encodeAxes(axes, differences())
    const back = encodeAxes(axes, { ...differences(), data: world.differences.map((x) => -x) })
    const apart = there.data.filter((value, at) => Math.abs(value + (back.data[at] ?? 0)) > 0.1).length
    expect(apart / there.data.filter((value) => value !== 0).length).toBeLessThan(0.02)
  })

  it('learns from opposites too, so that which answer came first leaves no trace', async () => {
    const shifted = world.differences.map((x, at) => x + (at % 24 === 0 ? 2 : 0))
    const found = await trainAxes(
      { rows: pairs, columns: 24, data: shifted },
      { ...options, epochs: 2, leastEpochs: 1 },
      runNamed('shifted'),
    )
    expect(Math.hypot(...found.center)).toBeLessThan(0.2)
  })

  it('gives the same axes for the same seed', async () => {
    const quick = { ...options, epochs: 2, leastEpochs: 1 }
    const [one, two, three] = await Promise.all([
      trainAxes(differences(), quick, runNamed('two')),
      trainAxes(differences(), quick, runNamed('three')),
      trainAxes(differences(), quick, startRun({ seed: 2, folder: join(folder, 'four') })),
    ])
    expect(one).toEqual(two)
    expect(one.directions).not.toEqual(three.directions)
    expect(one.threshold).toBeGreaterThan(0)
  })

  it('names what does not fit', async () => {
    const bad = { rows: 3, columns: 2, data: Float32Array.of(1, 2, 3, Number.NaN, 5, 6) }
    await expect(trainAxes(bad, {}, runNamed('bad'))).rejects.toThrow('pair 1: column 1 is NaN')
    const few = { rows: 1, columns: 2, data: Float32Array.of(1, 2) }
    await expect(trainAxes(few, {}, runNamed('few'))).rejects.toThrow('expected at least two full rows')
    await expect(trainAxes(differences(), { features: 4, active: 5 }, runNamed('k'))).rejects.toThrow('k is 5')
    expect(() => encodeAxes(axes, { rows: 1, columns: 3, data: new Float32Array(3) })).toThrow('the axes expect 24')
  })
})
