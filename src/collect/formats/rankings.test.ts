import { describe, expect, it } from 'vitest'
import { rankings } from './rankings.ts'
import { readWith, writeWith } from './reading.fixture.ts'

const items = (signal: unknown): string[] =>
  (signal as { candidates: { content: { item: string } }[] }).candidates.map(({ content }) => content.item)

describe('rankings', () => {
  it('reads lists, the best first, with ties and what was not ranked', () => {
    const { signals, faults } = readWith(rankings, [
      { rater: 'ada', context: 'lunch', ranking: ['soup', 'bread', 'fish', 'rice'] },
      { rater: 'bo', ranking: ['soup', 'bread', 'fish', 'rice'], ties: [['bread', 'fish']], unranked: ['eel'] },
      { rater: 'cy', ranking: ['a', { text: 'b', producer: 'm' }], ranks: [2, 1] },
    ])
    expect(faults).toEqual([])
    expect(signals.map((signal) => signal.kind === 'ranking' && signal.ranks)).toEqual([
      [1, 2, 3, 4],
      [1, 2, 2, 4, null],
      [2, 1],
    ])
    expect(items(signals[1])).toEqual(['soup', 'bread', 'fish', 'rice', 'eel'])
    expect(signals[0]).toMatchObject({ rater: { id: 'ada' }, context: { id: 'lunch' } })
    expect(signals[2]).toMatchObject({ candidates: [{}, { content: { modality: 'text', text: 'b' }, producer: 'm' }] })
  })

  it('reads long rows: those of a rater and context that follow each other are one ranking', () => {
    const row = (rater: string, item: string, rank: unknown) => ({ rater, context: 'lunch', item, rank })
    const { signals, faults } = readWith(rankings, [
      row('ada', 'soup', '2'),
      row('ada', 'bread', '1'),
      row('ada', 'eel', undefined),
      row('bo', 'soup', '1'),
      row('bo', 'bread', '1'),
    ])
    expect(faults).toEqual([])
    expect(signals.map((signal) => signal.kind === 'ranking' && signal.ranks)).toEqual([
      [2, 1, null],
      [1, 1],
    ])
  })

  it('rejects a whole ranking for one bad row, and says which', () => {
    const row = (rater: string, item: string, rank: unknown) => ({ rater, item, rank })
    const { signals, faults } = readWith(rankings, [
      row('ada', 'soup', '1'),
      row('ada', 'bread', 'second'),
      row('ada', 'eel', '3'),
      row('bo', 'soup', '1'),
      row('bo', 'bread', '2'),
      row('ada', 'fish', '4'),
    ])
    expect(signals.map(({ rater }) => rater.id)).toEqual(['bo'])
    expect(faults).toEqual([
      'row 1: belongs to a ranking whose row 2 is rejected',
      'row 2: rank is "second", expected a number',
      'row 3: belongs to a ranking whose row 2 is rejected',
      'row 6: the ranking was already read: its rows must follow each other, and agree in every column but item and rank',
    ])
  })

  it('rejects lists that make no sense', () => {
    const { faults } = readWith(rankings, [
      { rater: 'r', ranking: ['a', 'b'], ranks: [1] },
      { rater: 'r', ranking: ['a', 'b'], ties: [['a', 'z']] },
      { rater: 'r', ranking: ['a', 'b', 'c'], ties: [['a', 'c']] },
      { rater: 'r', ranking: ['a', 'b'], ranks: [0.5, 1] },
      { rater: 'r', ranking: 'a' },
      { rater: 'r', item: 'a', rank: 1.5 },
    ])
    expect(faults).toEqual([
      'row 1: ranks is [1], expected one rank per entry of the ranking (2)',
      'row 2: ties is "z", expected only entries of the ranking',
      'row 3: ties is ["a","c"], expected neighbours in the ranking',
      'row 4: ranks[0] is 0.5, expected a whole number',
      'row 5: ranking is "a", expected an array',
      'row 6: rank is 1.5, expected a whole number from 1, or nothing',
    ])
  })

  it('writes lists, and a row per item into delimited text', () => {
    const { signals } = readWith(rankings, [
      { rater: 'bo', context: 'lunch', ranking: ['soup', 'bread'], ties: [['soup', 'bread']] },
    ])
    expect(writeWith(rankings, signals).rows).toEqual([
      { id: '0', rater: 'bo', context: 'lunch', time: 0, ranking: ['soup', 'bread'], ranks: [1, 1] },
    ])
    expect(writeWith(rankings, signals, { container: 'delimited' }).rows).toEqual([
      { id: '0', rater: 'bo', context: 'lunch', time: 0, item: 'soup', rank: 1 },
      { id: '0', rater: 'bo', context: 'lunch', time: 0, item: 'bread', rank: 1 },
    ])
  })
})
