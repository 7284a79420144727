import { describe, expect, it } from 'vitest'
import { leaderboardDefinitionSchema } from './definition.ts'

const minimal = { name: 'best-songs', title: 'Best songs', filter: {} }
const faultsOf = (definition: object): string[] =>
  leaderboardDefinitionSchema
    .safeParse(definition)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

describe('leaderboardDefinitionSchema', () => {
  it('takes a minimal definition and a full one as they are', () => {
    const full = {
      ...minimal,
      description: 'What people like.',
      filter: { kinds: ['comparison'], tags: ['maths'], raterTraits: { sex: 'f' }, from: 0, to: 10 },
      competitor: 'candidate',
      aspect: 'texture',
      model: 'bradley-terry',
      features: ['length'],
      featureScale: 'relative',
      standardise: true,
      centre: true,
      penalty: 'search-arena',
      intervals: 'bootstrap',
      bothBad: 'drop',
      anchor: { competitor: 'x', rating: 1114 },
      clean: { identityLeak: true, duplicatePrompts: 0.9999, outlierRaters: 0.05 },
      unranked: 'below',
      attribution: 'Somebody, 2024',
    }
    expect(leaderboardDefinitionSchema.parse(minimal)).toEqual(minimal)
    expect(leaderboardDefinitionSchema.parse(full)).toEqual(full)
  })

  it('refuses names that are no address, unknown fields and unknown values', () => {
    for (const name of ['Best', 'best songs', '-best', 'best-', 'a--b', '../x', ''])
      expect(faultsOf({ ...minimal, name })[0]).toMatch(/^name: /)
    expect(faultsOf({ ...minimal, colour: 'red' })[0]).toContain('colour')
    expect(faultsOf({ ...minimal, filter: { colour: 'red' } })[0]).toContain('colour')
    expect(faultsOf({ ...minimal, model: 'elo' })[0]).toMatch(/^model: /)
    expect(faultsOf({ ...minimal, clean: { outlierRaters: 1 } })[0]).toMatch(/^clean.outlierRaters: /)
    expect(faultsOf({ ...minimal, features: ['x', 'x'] })).toEqual(['features: a feature is named twice'])
  })

  it('refuses what does not go together', () => {
    expect(faultsOf({ ...minimal, model: 'plackett-luce', features: ['x'] })[0]).toContain('takes no features')
    expect(faultsOf({ ...minimal, points: [2, 1] })[0]).toContain('only the model rating-scale uses points')
    expect(faultsOf({ ...minimal, model: 'rating-scale', points: [1, 2] })[0]).toContain('points that fall')
    expect(faultsOf({ ...minimal, model: 'rating-scale', intervals: 'bootstrap' })[0]).toContain('Laplace')
    expect(faultsOf({ ...minimal, model: 'davidson', penalty: 'search-arena' })[0]).toContain('bradley-terry')
  })
})
