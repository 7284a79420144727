import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { expressedPreferences, type MeasuredPairs, selectAxes } from './expressed-preferences.ts'
import { axisSubjectivity, personalSlopes, tellingPairs } from './personal-axes.ts'
import { relabelAlong } from './relabel.ts'

const column = (
  values: readonly number[],
  lengths: readonly number[],
  preferred: readonly number[],
): MeasuredPairs => ({
  activations: { rows: values.length, columns: 1, data: Float32Array.from(values) },
  lengths,
  preferred,
})

describe('expressedPreferences', () => {
  it('is a difference of winning rates where length says nothing: by hand', () => {
    // More of it: 3 of 4 preferred; less: 1 of 4; level: left out of the change.
    const z = [1, 1, 1, 1, -1, -1, -1, -1, 0, 0]
    const [found] = expressedPreferences(column(z, new Array<number>(10).fill(7), [1, 1, 1, 0, 1, 0, 0, 0, 1, 0]))
    expect(found?.winChange).toBeCloseTo(0.5, 5)
    expect(found?.prevalence).toBeCloseTo(0.8, 12)
    expect(found?.separable).toBe(false)
    // Standard deviation of z is √.8; log odds ln 3 at 1, −ln 3 at −1: β = √.8·ln 3 at the same maximum.
    expect(found?.coefficient).toBeCloseTo(Math.sqrt(0.8) * Math.log(3), 4)
  })

  it('turns its sign with the axis', () => {
    const random = seeded('sign')
    const z = Array.from({ length: 200 }, () => random.normal())
    const lengths = z.map(() => random.normal())
    const preferred = z.map((value, row) => (random.chance(1 / (1 + Math.exp(-value - (lengths[row] ?? 0)))) ? 1 : 0))
    const [there] = expressedPreferences(column(z, lengths, preferred))
    const [back] = expressedPreferences(
      column(
        z.map((value) => -value),
        lengths,
        preferred,
      ),
    )
    expect(back?.coefficient).toBeCloseTo(-(there?.coefficient ?? 0), 6)
    expect(back?.winChange).toBeCloseTo(-(there?.winChange ?? 0), 6)
    expect(back?.pValue).toBeCloseTo(there?.pValue ?? 0, 9)
  })

  it('says that an axis separates the choices, and nothing of one that is never active', () => {
    const z = [1, 2, 1.5, -1, -2, -0.5]
    const [apart] = expressedPreferences(column(z, [0, 1, 0, 1, 0, 1], [1, 1, 1, 0, 0, 0]))
    expect(apart?.separable).toBe(true)
    expect(apart?.winChange).toBeGreaterThan(0.99)
    const [never] = expressedPreferences(column([0, 0, 0, 0], [1, -1, 2, -2], [1, 0, 0, 1]))
    expect(never).toMatchObject({ prevalence: 0, coefficient: 0, pValue: 1, separable: false })
    expect(never?.winChange).toBeNaN()
  })

  it('names what does not fit', () => {
    expect(() => expressedPreferences(column([1, 2], [1], [1, 0]))).toThrow('lengths has 1 entries, expected 2')
    expect(() => expressedPreferences(column([1, 2], [1, 2], [1, 0.5]))).toThrow('pair 1: preferred is 0.5')
    expect(() => selectAxes(column([1, 2], [1, 2], [1, 0]), 2)).toThrow('count is 2')
  })
})

describe('relabelAlong', () => {
  it('turns the choices that go along, the strongest first, and leaves ties', () => {
    const { preferred, turned } = relabelAlong([1, 1, 0, 0.5, 0, 1], [2, 0.5, -3, 9, 4, -1], 2)
    expect(turned).toEqual([2, 0])
    expect([...preferred]).toEqual([0, 1, 1, 0.5, 0, 1])
    expect(relabelAlong([1, 1, 0, 0.5, 0, 1], [2, 0.5, -3, 9, 4, -1], 9, -1).turned).toEqual([4, 5])
    expect(() => relabelAlong([1], [1, 2], 1)).toThrow('1 choices and 2 activations')
    expect(() => relabelAlong([1], [1], -1)).toThrow('count is -1')
  })
})

describe('personalSlopes', () => {
  it('is the slope of everyone without choices or spread, and leaves it with choices', () => {
    const none = { rows: 0, columns: 1, data: new Float32Array(0) }
    expect([...personalSlopes(none, [], [], [{ mean: 0.4, deviation: 1 }])]).toEqual([0.4])
    const all = { rows: 3, columns: 1, data: Float32Array.of(1, 1, -1) }
    expect([...personalSlopes(all, [0, 0, 0], [1, 1, 0], [{ mean: 0.4, deviation: 0 }])]).toEqual([0.4])
    const [near] = personalSlopes(all, [0, 0, 0], [1, 1, 0], [{ mean: 0.4, deviation: 0.3 }])
    const [far] = personalSlopes(all, [0, 0, 0], [1, 1, 0], [{ mean: 0.4, deviation: 3 }])
    expect(near).toBeGreaterThan(0.4)
    expect(far).toBeGreaterThan(near ?? 0)
    // (β − .4)/.09 = 3·σ(−β): the slope of the prior against that of three wins.
    expect(((near ?? 0) - 0.4) / 0.09).toBeCloseTo(3 / (1 + Math.exp(near ?? 0)), 6)
  })

  it('holds axes without spread at everyone’s slope while others move', () => {
    const both = { rows: 2, columns: 2, data: Float32Array.of(1, 1, 1, -1) }
    const found = personalSlopes(
      both,
      [0, 0],
      [1, 1],
      [
        { mean: 2, deviation: 0 },
        { mean: 0, deviation: 1 },
      ],
    )
    expect(found[0]).toBe(2)
    expect(found[1]).toBeCloseTo(0, 9)
    expect(() => personalSlopes(both, [0, 0], [1, 1], [])).toThrow('0 priors for 2 axes')
  })

  it('asks about the strongest pairs first', () => {
    expect(tellingPairs([0.1, -3, 2, 3], 3)).toEqual([1, 3, 2])
  })
})

describe('axisSubjectivity', () => {
  it('leaves out features that no rater has a slope for', () => {
    const pairs = column([1, -1, 1, -1], [0, 1, 1, 0], [1, 0, 1, 0])
    expect(axisSubjectivity(pairs, ['a', 'a', 'b', 'b'])).toEqual([])
  })
})
