import { describe, expect, it } from 'vitest'
import { pooledEffect } from './pooling.ts'

const effects = [0.1, 0.3, 0.35, 0.65, 0.45, 0.15]
const variances = [0.03, 0.03, 0.05, 0.01, 0.05, 0.02]
const studies = effects.map((effect, i) => ({ effect, standardError: Math.sqrt(variances[i] as number) }))

describe('pooledEffect', () => {
  it('gives what statsmodels 0.15 (combine_effects, "dl") gives', () => {
    const pooled = pooledEffect(studies)
    expect(pooled.effect).toBeCloseTo(0.34424967841900606, 13)
    expect(pooled.standardError).toBeCloseTo(0.10675419027375892, 13)
    expect(pooled.betweenVariance).toBeCloseTo(0.039785966460723785, 13)
    expect(pooled.heterogeneity).toBeCloseTo(12.805627705627714, 12)
    expect(pooled.inconsistency).toBeCloseTo(0.609546668469626, 13)
    expect(pooled.interval[0]).toBeCloseTo(0.135015, 6)
    expect(pooled.interval[1]).toBeCloseTo(0.553484, 6)
  })

  it('is the inverse-variance mean when studies differ no more than chance', () => {
    const pooled = pooledEffect([
      { effect: 1, standardError: 1 },
      { effect: 2, standardError: 0.5 },
    ])
    expect(pooled.betweenVariance).toBe(0)
    expect(pooled.effect).toBeCloseTo(9 / 5, 15)
    expect(pooled.standardError).toBeCloseTo(1 / Math.sqrt(5), 15)
  })

  it('passes a single study through and rejects what is no study', () => {
    expect(pooledEffect([{ effect: 3, standardError: 2 }])).toMatchObject({ effect: 3, standardError: 2 })
    expect(() => pooledEffect([])).toThrow('there are no studies')
    expect(() => pooledEffect([{ effect: 1, standardError: 0 }])).toThrow('study 0: standard error is 0')
  })
})
