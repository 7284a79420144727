import { describe, expect, it } from 'vitest'
import { ratings } from './ratings.ts'
import { readWith } from './reading.fixture.ts'

describe('ratings', () => {
  it('reads an overall score, the score of a named aspect, and a column per aspect', () => {
    const { signals, faults } = readWith(ratings, [
      { rater: 'ada', item: 'tea', score: '4' },
      { rater: 'ada', item: 'tea', aspect: 'taste', score: 3.5 },
      { rater: 'ada', item: 'tea', taste: '4', smell: undefined, price: '2' },
      { rater: 'ada', text: 'It rains.', producer: 'm1', aspects: { fluency: 5 }, score: 1 },
    ])
    expect(faults).toEqual([])
    expect(signals.map((signal) => signal.kind === 'rating' && signal.aspects)).toEqual([
      { overall: 4 },
      { taste: 3.5 },
      { taste: 4, price: 2 },
      { fluency: 5, overall: 1 },
    ])
    expect(signals[0]).toMatchObject({
      candidate: { content: { modality: 'item', item: 'tea' } },
      context: { id: 'test' },
    })
    expect(signals[3]).toMatchObject({
      candidate: { content: { modality: 'text', text: 'It rains.' }, producer: 'm1' },
    })
  })

  it('does not take words for an aspect, nor a score beyond its scale', () => {
    const { faults } = readWith(
      ratings,
      [
        { rater: 'ada', item: 'tea', score: 'good' },
        { rater: 'ada', item: 'tea', score: 1, town: 'Ulm' },
        { rater: 'ada', item: 'tea' },
        { rater: 'ada', score: 1 },
      ],
      { scale: { min: 0, max: 5 } },
    )
    expect(faults).toEqual([
      'row 1: score is "good", expected a number',
      'row 2: town is "Ulm", expected a score; a column that is no aspect needs a use of its own, such as "metadata"',
      'row 3: score is missing, expected a score, or a column of an aspect',
      'row 4: item is missing, expected the key of an item, a candidate, or a column text',
    ])
    expect(readWith(ratings, [{ rater: 'ada', item: 'tea', score: 9 }], { scale: { min: 0, max: 5 } }).faults).toEqual([
      'row 1: aspects is {"overall":9}: a score lies outside the scale',
    ])
    const { signals } = readWith(ratings, [{ rater: 'ada', item: 'tea', score: 1, town: 'Ulm' }], {
      columns: { town: 'metadata' },
    })
    expect(signals[0]?.metadata).toEqual({ town: 'Ulm' })
  })
})
