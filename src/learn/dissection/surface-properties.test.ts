import { describe, expect, it } from 'vitest'
import { answerProperties } from './answer-properties.ts'
import { compareSurfaces, surfaceRatings } from './surface-properties.ts'

describe('surfaceRatings', () => {
  it('counts lists, steps and a question at the end', () => {
    const listed = surfaceRatings('Do this:\n1. Boil water.\n2. Add tea.\n3. Wait.\n\nWould you like more detail?')
    expect(listed).toMatchObject({ interactive: 3, 'well formatted': 2, 'step-by-step': 2, 'informal expressions': 0 })
    expect(surfaceRatings('Boil water, add tea, wait.')).toMatchObject({
      interactive: 0,
      'well formatted': 0,
      'step-by-step': 0,
      'non-repetitive': 3,
      words: 5,
    })
  })

  it('hears slang and sees repetition', () => {
    expect(surfaceRatings('Yeah that is awesome, gonna try it lol 😀')['informal expressions']).toBe(3)
    // 6 words, 4 trigrams, all different; then the same 3 words four times: 10 trigrams, 3 different.
    expect(surfaceRatings('a b c d e f')['non-repetitive']).toBe(3)
    expect(surfaceRatings('a b c a b c a b c a b c')['non-repetitive']).toBe(0)
  })
})

describe('compareSurfaces', () => {
  it('fills the places of the counted properties and leaves the rest 0', () => {
    const short = 'Boil water.'
    const long = `${'Many different plain words follow one another here without any list at all '.repeat(1)}${Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ')}`
    const vector = compareSurfaces(long, short)
    expect(vector[28]).toBe(1)
    expect(compareSurfaces(short, long)[28]).toBe(-1)
    expect(vector.filter((value) => value !== 0)).toHaveLength(1)
    const place = answerProperties.findIndex(({ name }) => name === 'well formatted')
    expect(compareSurfaces('- a\n- b\n- c', 'a b c')[place]).toBe(1)
    expect(compareSurfaces('- a\n- b\n- c', 'a b c', 'linear')[place]).toBeCloseTo(2 / 3, 14)
  })
})
