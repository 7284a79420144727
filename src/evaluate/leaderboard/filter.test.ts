import { describe, expect, it } from 'vitest'
import { type Comparison, candidate } from '../../collect/index.ts'
import { jointFilter } from './filter.ts'

const signal: Comparison = {
  kind: 'comparison',
  id: '1',
  rater: { id: 'r', kind: 'human' },
  context: { id: 'c', tags: ['maths', 'hard'] },
  time: 0,
  source: 's',
  a: candidate({ modality: 'item', item: 'x' }, { producer: 'ann' }),
  b: candidate({ modality: 'item', item: 'y' }),
  outcome: 'a',
}

describe('jointFilter', () => {
  it('takes what only one demands, and what both demand of a field', () => {
    expect(
      jointFilter({ kinds: ['comparison', 'ranking'], sources: ['a'] }, { kinds: ['ranking'], from: 5 })?.filter,
    ).toEqual({
      kinds: ['ranking'],
      sources: ['a'],
      from: 5,
    })
    expect(jointFilter({ from: 1, to: 9 }, { from: 3, to: 12 })?.filter).toEqual({ from: 3, to: 9 })
    expect(jointFilter({ raterTraits: { sex: 'f' } }, { raterTraits: { age: 30 } })?.filter).toEqual({
      raterTraits: { sex: 'f', age: 30 },
    })
  })

  it('knows when nothing can match both', () => {
    expect(jointFilter({ languages: ['en'] }, { languages: ['de'] })).toBeUndefined()
    expect(jointFilter({ from: 5 }, { to: 5 })).toBeUndefined()
    expect(jointFilter({ raterTraits: { sex: 'f' } }, { raterTraits: { sex: 'm' } })).toBeUndefined()
  })

  it('checks by itself what does not fold: two demands on tags or producers', () => {
    const joint = jointFilter({ tags: ['maths'], producers: ['ann'] }, { tags: ['hard'], producers: ['bob', 'ann'] })
    expect(joint?.filter).toEqual({ tags: ['hard'], producers: ['bob', 'ann'] })
    expect(joint?.passes(signal)).toBe(true)
    expect(jointFilter({ tags: ['easy'] }, { tags: ['hard'] })?.passes(signal)).toBe(false)
    expect(jointFilter({ producers: ['bob'] }, { producers: ['ann'] })?.passes(signal)).toBe(false)
    expect(jointFilter({}, {})?.passes(signal)).toBe(true)
  })
})
