import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { groupSlopes } from './group-slopes.ts'
import { mean, standardDeviation } from './moments.ts'
import { sigmoid } from './sigmoid.ts'

/** Raters whose slopes on the first of two columns vary by τ around 0.5, the slope on the second being 1 for all. */
function raters(count: number, each: number, tau: number, seed: string) {
  const random = seeded(seed)
  const truth = Array.from({ length: count }, () => 0.5 + tau * random.normal())
  const rows = truth.flatMap((slope, rater) =>
    Array.from({ length: each }, () => {
      const [x, control] = [random.normal(), random.normal()]
      return { rater: `rater-${rater}`, x, control, y: random.chance(sigmoid(slope * x + control)) ? 1 : 0 }
    }),
  )
  return {
    truth,
    groups: rows.map(({ rater }) => rater),
    data: {
      design: Float64Array.from(rows.flatMap(({ x, control }) => [x, control])),
      columns: 2,
      outcomes: rows.map(({ y }) => y),
    },
  }
}

describe('groupSlopes', () => {
  it('finds how much raters differ, and none where they do not', () => {
    const apart = raters(60, 150, 0.6, 'apart')
    const found = groupSlopes(apart.data, apart.groups, { column: 0 })
    expect(found.groups).toHaveLength(60)
    expect(Math.sqrt(found.pooled.betweenVariance)).toBeCloseTo(standardDeviation(apart.truth), 0.8)
    expect(found.pooled.interval[0]).toBeLessThan(0.5)
    expect(found.pooled.interval[1]).toBeGreaterThan(0.5)
    const alike = raters(60, 150, 0, 'alike')
    const same = groupSlopes(alike.data, alike.groups, { column: 0 })
    expect(Math.sqrt(same.pooled.betweenVariance)).toBeLessThan(0.12)
  })

  it('shrinks slopes towards the pooled one, which brings them nearer to the truth', () => {
    const { data, groups, truth } = raters(60, 60, 0.3, 'shrink')
    const found = groupSlopes(data, groups, { column: 0 })
    const effect = found.pooled.effect
    const truthOf = (group: string): number => truth[Number(group.slice(6))] as number
    for (const { slope, shrunken } of found.groups)
      expect(Math.abs(shrunken - effect)).toBeLessThanOrEqual(Math.abs(slope - effect))
    const error = (of: 'slope' | 'shrunken'): number =>
      mean(found.groups.map((group) => (group[of] - truthOf(group.group)) ** 2))
    expect(error('shrunken')).toBeLessThan(0.7 * error('slope'))
  })

  it('is the closed form for one balanced column: slope ln(odds), variance 1/(n·p·q)', () => {
    // Rater a: 6 of 8 ones; rater b: 5 of 8. Weights 8·¾·¼ = 1.5 and 8·⅝·⅜ = 1.875; Q < 1, so τ² is 0.
    const found = groupSlopes(
      { design: new Float64Array(16).fill(1), columns: 1, outcomes: [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0] },
      [...'aaaaaaaabbbbbbbb'],
      { column: 0 },
    )
    expect(found.groups[0]?.slope).toBeCloseTo(Math.log(3), 5)
    expect(found.groups[0]?.standardError).toBeCloseTo(Math.sqrt(1 / 1.5), 5)
    expect(found.groups[1]?.slope).toBeCloseTo(Math.log(5 / 3), 5)
    expect(found.pooled.betweenVariance).toBe(0)
    expect(found.groups[0]?.shrunken).toBeCloseTo((1.5 * Math.log(3) + 1.875 * Math.log(5 / 3)) / 3.375, 5)
  })

  it('leaves out raters without a finite slope and names them', () => {
    const { data, groups } = raters(3, 40, 0, 'left')
    const more = {
      design: Float64Array.from([...data.design, 1, 0, 2, 0, 1, 1, -1, 0.5, 2, -1]),
      columns: 2,
      outcomes: [...data.outcomes, 1, 1, 1, 1, 1],
    }
    const names = [...groups, ...new Array<string>(5).fill('always')]
    const found = groupSlopes(more, names, { column: 0 })
    expect(found.left).toEqual(['always'])
    expect(found.pooled).toEqual(groupSlopes(data, groups, { column: 0 }).pooled)
    const only = { design: more.design.slice(-10), columns: 2, outcomes: [1, 1, 1, 1, 1] }
    expect(() => groupSlopes(only, [1, 1, 1, 1, 1], { column: 0 })).toThrow('none of 1 groups has a finite slope')
    expect(() => groupSlopes(data, groups, { column: 2 })).toThrow('column is 2, expected an integer from 0 to 1')
    expect(() => groupSlopes(data, ['a'], { column: 0 })).toThrow('groups has 1 entries')
  })
})
