import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { capDuplicates, identityLeak, outlierRaters, type RaterVote } from './vote-filters.ts'

describe('identityLeak', () => {
  it('finds a word anywhere, in any case, and names it', () => {
    expect(identityLeak(['Hello', 'I am ACME-chat, made by …'], ['other', 'Acme'])).toBe('Acme')
    expect(identityLeak(['nothing here'], ['acme'])).toBeUndefined()
  })
})

describe('capDuplicates', () => {
  const prompts = [...Array.from({ length: 60 }, () => 'hello'), ...Array.from({ length: 40 }, (_, i) => `prompt ${i}`)]

  it('caps the commonest prompt at a quantile of the counts', () => {
    // Counts 60 and forty ones: the .98 quantile lies at place 39.2 of 0…40, between 1 and 60: 1 + .2·59 = 12.8.
    const { cap, kept } = capDuplicates(prompts, { percentile: 0.98, random: seeded(42) })
    expect(cap).toBe(12)
    expect(kept.slice(0, 60).filter(Boolean)).toHaveLength(12)
    expect(kept.slice(60).every(Boolean)).toBe(true)
  })

  it('repeats itself for a seed, samples anew for another, and does nothing to an empty list', () => {
    const sample = (seed: number) => capDuplicates(prompts, { percentile: 0.98, random: seeded(seed) }).kept
    expect(sample(42)).toEqual(sample(42))
    expect(sample(42)).not.toEqual(sample(43))
    expect(capDuplicates([], { random: seeded(1) })).toEqual({ cap: 0, kept: [] })
  })
})

describe('outlierRaters', () => {
  const vote = (rater: string, a: string, b: string, outcome: 0 | 0.5 | 1): RaterVote => ({ rater, a, b, outcome })
  // x beat y in 9 of 10 votes of the crowd.
  const history = Array.from({ length: 10 }, (_, i) => vote('crowd', 'x', 'y', i === 0 ? 0 : 1))

  it('multiplies evidence as the formula says, by hand', () => {
    // A vote against: v = 0, p⁺ = share(r ≤ 0) = .1, M⁺ = 1/(2·.1) = 5; after two it is 25 > 20.
    const contrary = Array.from({ length: 6 }, () => vote('contrary', 'x', 'y', 0))
    expect(outlierRaters(contrary, { history })).toEqual([
      { rater: 'contrary', votes: 2, evidence: expect.closeTo(25, 9) },
    ])
    // A tie: v = ½, p⁺ = .1 and p⁻ = .9, so the same evidence.
    const undecided = Array.from({ length: 6 }, () => vote('undecided', 'x', 'y', 0.5))
    expect(outlierRaters(undecided, { history })[0]?.votes).toBe(2)
    // With the crowd: p⁺ = 1 and p⁻ = .9; M⁻ shrinks from .556, M⁺ from .5.
    expect(
      outlierRaters(
        Array.from({ length: 50 }, () => vote('follower', 'x', 'y', 1)),
        { history },
      ),
    ).toEqual([])
  })

  it('does not care which side was called a', () => {
    const turned = Array.from({ length: 6 }, () => vote('contrary', 'y', 'x', 1))
    expect(outlierRaters(turned, { history })[0]?.votes).toBe(2)
  })

  it('looks at enough votes and not at too many', () => {
    const contrary = Array.from({ length: 4 }, () => vote('contrary', 'x', 'y', 0))
    expect(outlierRaters(contrary, { history })).toEqual([])
    expect(outlierRaters(contrary, { history, minimumVotes: 4 })).toHaveLength(1)
    const late = [
      ...Array.from({ length: 8 }, () => vote('late', 'x', 'y', 1)),
      ...Array.from({ length: 9 }, () => vote('late', 'x', 'y', 0)),
    ]
    expect(outlierRaters(late, { history, maximumVotes: 8 })).toEqual([])
  })

  it('passes over pairs that nobody decided', () => {
    const strange = Array.from({ length: 9 }, () => vote('strange', 'p', 'q', 0.5))
    expect(outlierRaters(strange)).toEqual([])
  })

  it('flags one who votes by coin or against the crowd, and hardly anyone of the crowd', () => {
    const random = seeded('raters')
    const share = (pair: number): number => 0.75 + 0.05 * (pair % 5)
    const cast = (rater: string, decide: (pair: number) => 0 | 0.5 | 1): RaterVote[] =>
      Array.from({ length: 60 }, () => {
        const pair = random.integer(10)
        return vote(rater, `a${pair}`, `b${pair}`, decide(pair))
      })
    const crowd = Array.from({ length: 100 }, (_, i) =>
      cast(`fair ${i}`, (pair) => (random.chance(share(pair)) ? 1 : 0)),
    )
    const coin = cast('coin', () => (random.chance(0.5) ? 1 : 0))
    const contrary = cast('contrary', (pair) => (random.chance(share(pair)) ? 0 : 1))
    const flagged = outlierRaters([...crowd.flat(), ...coin, ...contrary]).map(({ rater }) => rater)
    expect(flagged).toContain('contrary')
    expect(flagged.filter((rater) => rater.startsWith('fair')).length).toBeLessThanOrEqual(5)
    expect(() => outlierRaters([], { alpha: 0 })).toThrow('alpha is 0')
  })
})
