import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { chainDiagnostics } from './chains.ts'
import peers from './fixtures/peers.json' with { type: 'json' }

describe('chainDiagnostics', () => {
  it('gives R̂ and the effective size of ArviZ 0.23', () => {
    const found = chainDiagnostics(peers.chains.chains)
    expect(found.rHat).toBeCloseTo(peers.chains.rHat, 10)
    expect(found.effectiveSize).toBeCloseTo(peers.chains.effectiveSize, 8)
  })

  it('finds independent draws all effective, and chains apart not mixed', () => {
    const random = seeded('chains')
    const drawn = Array.from({ length: 4 }, () => Float64Array.from({ length: 1000 }, () => random.normal()))
    const together = chainDiagnostics(drawn)
    expect(together.rHat).toBeLessThan(1.01)
    expect(together.effectiveSize).toBeGreaterThan(3000)
    const apart = chainDiagnostics(drawn.map((chain, k) => chain.map((value) => value + 3 * k)))
    expect(apart.rHat).toBeGreaterThan(2)
    expect(apart.effectiveSize).toBeLessThan(20)
  })

  it('takes what never changes, and refuses chains too short', () => {
    expect(chainDiagnostics([new Float64Array(8), new Float64Array(8)])).toEqual({ rHat: 1, effectiveSize: 16 })
    expect(() => chainDiagnostics([])).toThrow('no draws')
    expect(() => chainDiagnostics([[1, 2, 3]])).toThrow('the chains have 3 draws')
  })
})
