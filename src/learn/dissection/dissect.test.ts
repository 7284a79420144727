import { describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { type DissectionRows, dissect } from './dissect.ts'

/** Votes of one judge with known weights on properties that are ahead, level or behind by chance. */
function votes(truth: readonly number[], count: number, seed: string, lean = 0): DissectionRows {
  const random = seeded(seed)
  const width = truth.length
  const comparisons = Float64Array.from({ length: count * width }, () => random.integer(3) - 1)
  const chosen = Array.from({ length: count }, (_, row) => {
    const odds = truth.reduce((sum, weight, k) => sum + weight * (comparisons[row * width + k] as number), lean)
    return random.chance(1 / (1 + Math.exp(-odds))) ? 1 : 0
  })
  return {
    properties: truth.map((_, k) => `property ${k}`),
    comparisons,
    chosen,
    judges: chosen.map(() => 'judge'),
  }
}

const quick = { folds: 1, chains: 2, warmup: 50, draws: 150 } as const
const planted = Array.from({ length: 29 }, (_, k) => ({ 4: 0.9, 9: -0.7, 22: 0.5 })[k] ?? 0)

describe('dissect', () => {
  it('finds the three properties that matter among 29, and shrinks all by its prior', () => {
    const rows = votes(planted, 400, 'planted')
    for (const estimate of ['posterior-mean', 'mode'] as const) {
      const [found] = dissect(rows, { ...quick, estimate }, startRun())
      if (!found) throw new Error('nothing was found')
      const order = [...found.weights.keys()].sort(
        (k, l) => Math.abs(found.weights[l] as number) - Math.abs(found.weights[k] as number),
      )
      expect(order.slice(0, 3).sort((k, l) => k - l)).toEqual([4, 9, 22])
      expect(found.weights[9]).toBeLessThan(0)
      expect(found.rows).toBe(400)
    }
  })

  it('tells apart the posterior mean, which is small where little was seen, from the mode, which is 0', () => {
    const rows: DissectionRows = {
      properties: ['a', 'b'],
      comparisons: Float64Array.of(1, 0, 1, 0, -1, 0, 1, 0),
      chosen: [1, 1, 0, 1],
      judges: ['j', 'j', 'j', 'j'],
    }
    const [mean] = dissect(rows, { folds: 1, draws: 4000 }, startRun())
    const [mode] = dissect(rows, { folds: 1, estimate: 'mode' }, startRun())
    // Four votes won out of four on a Laplace prior of scale 0.1: ∫ α·σ(α)⁴·e^{−10|α|} / ∫ σ(α)⁴·e^{−10|α|}.
    let [mass, first] = [0, 0]
    for (let i = 0; i < 20_000; i++) {
      const alpha = -2 + (i + 0.5) / 5000
      const density = (1 / (1 + Math.exp(-alpha))) ** 4 * Math.exp(-10 * Math.abs(alpha))
      mass += density
      first += density * alpha
    }
    expect(mean?.weights[0]).toBeCloseTo(first / mass, 2)
    expect(mean?.weights[1]).toBe(0)
    expect(mode?.weights[0]).toBe(0)
    expect(mode && 'intervals' in mode).toBe(false)
  })

  it('does not change when answers are swapped', () => {
    const rows = votes(planted, 200, 'swap')
    const turned = seeded('which')
    const swapped = rows.judges.map(() => turned.chance(0.5))
    const other: DissectionRows = {
      ...rows,
      comparisons: rows.comparisons.map((value, at) => (swapped[Math.floor(at / 29)] ? -value : value)),
      chosen: Array.from(rows.chosen, (value, row) => (swapped[row] ? 1 - value : value)),
    }
    const mode = { estimate: 'mode', folds: 4 } as const
    const [one, two] = [rows, other].map((given) => dissect(given, mode, startRun())[0])
    one?.weights.forEach((weight, k) => {
      expect(two?.weights[k]).toBeCloseTo(weight, 6)
    })
    expect(two?.accuracy).toBe(one?.accuracy)
  })

  it('holds the truth in its intervals about as often as it says', () => {
    // Weights drawn from the prior itself, so that 95 % intervals hold 95 % of them.
    let [held, total] = [0, 0]
    for (let round = 0; round < 12; round++) {
      const random = seeded(`prior/${round}`)
      const truth = Array.from(
        { length: 10 },
        () => (random.chance(0.5) ? 1 : -1) * -0.3 * Math.log1p(-random.uniform()),
      )
      const [found] = dissect(votes(truth, 150, `cover/${round}`), { ...quick, scale: 0.3 }, startRun({ seed: round }))
      truth.forEach((weight, k) => {
        const [lower, upper] = found?.intervals?.[k] ?? [0, 0]
        if (lower <= weight && weight <= upper) held++
        total++
      })
    }
    expect(held / total).toBeGreaterThan(0.88)
    expect(held / total).toBeLessThan(0.995)
  })

  it('measures accuracy on votes it has not seen', () => {
    const [learned] = dissect(votes([3, 0, 0], 300, 'clear'), { estimate: 'mode', folds: 5 }, startRun())
    // Level a third of the time, else decided by σ(3) = .953: about .953·⅔ + ½·⅓ or a little off with ties broken.
    expect(learned?.accuracy).toBeGreaterThan(0.72)
    expect(learned?.accuracy).toBeLessThan(0.88)
    const [noise] = dissect(votes([0, 0, 0], 300, 'noise'), { estimate: 'mode', folds: 5 }, startRun())
    expect(noise?.accuracy).toBeGreaterThan(0.4)
    expect(noise?.accuracy).toBeLessThan(0.6)
  })

  it('does not let a fit see the votes that it is measured on', () => {
    // 20 weak priors on 40 votes of no meaning: seen votes would be told nearly all.
    const rows = votes(new Array<number>(20).fill(0), 40, 'leak')
    const [found] = dissect(rows, { estimate: 'mode', folds: 5, scale: 5 }, startRun())
    expect(found?.accuracy).toBeLessThan(0.75)
  })

  it('diagnoses a judge that prefers the first answer', () => {
    const rows = votes([0.5, 0], 600, 'position', 0.8)
    const [found] = dissect(rows, { ...quick, intercept: true }, startRun())
    expect(found?.intercept).toBeGreaterThan(0.5)
    expect(found?.weights).toHaveLength(2)
    expect(dissect(rows, quick, startRun())[0]).not.toHaveProperty('intercept')
  })

  it('fits every judge and scenario apart, the same for the same seed', () => {
    const base = votes([1, -1], 120, 'groups')
    const rows: DissectionRows = {
      ...base,
      judges: base.judges.map((_, row) => `judge-${row % 2}`),
      scenarios: base.judges.map((_, row) => (row < 60 ? 'code' : 'advice')),
    }
    const found = dissect(rows, quick, startRun({ seed: 5 }))
    expect(found.map(({ judge, scenario, rows: count }) => [judge, scenario, count])).toEqual([
      ['judge-0', 'code', 30],
      ['judge-1', 'code', 30],
      ['judge-0', 'advice', 30],
      ['judge-1', 'advice', 30],
    ])
    expect(dissect(rows, quick, startRun({ seed: 5 }))).toEqual(found)
  })

  it('names what does not fit, and stops when told to', () => {
    const rows = votes([1, 1], 4, 'bad')
    expect(() => dissect({ ...rows, comparisons: new Float64Array(3) }, {}, startRun())).toThrow(
      '4 rows × 2 properties',
    )
    expect(() => dissect({ ...rows, comparisons: new Float64Array(8).fill(2) }, {}, startRun())).toThrow(
      'row 0: "property 0" is 2, expected −1 to 1',
    )
    expect(() => dissect({ ...rows, chosen: [1, 0, 0.5, 1] }, {}, startRun())).toThrow('row 2: chosen is 0.5')
    expect(() => dissect({ ...rows, scenarios: ['x'] }, {}, startRun())).toThrow('scenarios has 1 entries, expected 4')
    expect(() => dissect(rows, { scale: -1 }, startRun())).toThrow()
    const stopped = new AbortController()
    stopped.abort(new Error('enough'))
    expect(() => dissect(rows, {}, startRun({ signal: stopped.signal }))).toThrow('enough')
  })
})
