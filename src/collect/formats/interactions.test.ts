import { describe, expect, it } from 'vitest'
import { interactions } from './interactions.ts'
import { readWith, writeWith } from './reading.fixture.ts'

describe('interactions', () => {
  it('reads ratings under the usual names, typed or not, and by position without a header', () => {
    const rows = [
      { userId: '1', movieId: '31', rating: '2.5', timestamp: '1260759144' },
      { 'user_id:token': '1', 'item_id:token': '31', 'rating:float': '2.5', 'timestamp:float': '1260759144' },
      { 1: '1', 2: '31', 3: '2.5', 4: '1260759144' },
    ]
    for (const row of rows) {
      const { signals } = readWith(interactions, [row])
      expect(signals).toMatchObject([
        {
          kind: 'rating',
          rater: { id: '1', kind: 'human' },
          candidate: { content: { modality: 'item', item: '31' } },
          aspects: { overall: 2.5 },
          time: 1260759144000,
          context: { id: 'test' },
        },
      ])
      expect(signals[0]?.metadata).toBeUndefined()
    }
  })

  it('reads rows without a rating as choices of that item', () => {
    const { signals } = readWith(interactions, [{ user: 'u', item: 7, timestamp: 5 }], { action: 'play' })
    expect(signals).toMatchObject([
      { kind: 'choice', shown: [{ content: { item: '7' } }], chosen: [0], action: 'play', time: 5000 },
    ])
  })

  it('rejects a missing user, a missing item, words for a rating, and a time where a rating is meant', () => {
    const { faults } = readWith(interactions, [
      { user: '', item: 'i' },
      { user: 'u', item: '' },
      { user: 'u', item: 'i', rating: 'five' },
      { 1: 'u', 2: 'i', 3: '881250949' },
    ])
    expect(faults).toEqual([
      'row 1: user is missing, expected the id of a user',
      'row 2: item is missing, expected the key of an item',
      'row 3: rating is "five", expected a number',
      'row 4: column 3 is 881250949, expected a rating; for a time give columns {"3": {"as": "timestamp"}}',
    ])
  })

  it('writes single choices and overall ratings of items, and counts the rest', () => {
    const { signals } = readWith(interactions, [{ user: 'u', item: 'i', rating: 4, timestamp: 1.5 }])
    const [rating] = signals
    if (rating?.kind !== 'rating') throw new Error('expected a rating')
    const { rows, reasons } = writeWith(interactions, [rating, { ...rating, aspects: { taste: 1 } }])
    expect(rows).toEqual([{ user_id: 'u', item_id: 'i', rating: 4, timestamp: 1.5 }])
    expect(reasons).toEqual(['a rating by aspect'])
  })
})
