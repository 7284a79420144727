import { describe, expect, it } from 'vitest'
import type { ContainerName } from './format.ts'
import { detectFormat } from './formats.ts'

const detect = (
  columns: readonly string[],
  row: object = {},
  container: ContainerName = 'jsonl',
  header = true,
): string => detectFormat({ container, columns, header, rows: [row as { [column: string]: unknown }] }, 'file')

describe('detectFormat', () => {
  it('tells every format by the columns its files have', () => {
    expect(detect(['kind', 'id', 'rater', 'context', 'time', 'source', 'a', 'b', 'outcome'])).toBe('signals')
    expect(detect(['question_id', 'model_a', 'model_b', 'winner', 'judge', 'turn', 'tstamp'])).toBe('arena')
    expect(detect(['rater', 'a', 'b', 'winner'], {}, 'delimited')).toBe('arena')
    expect(detect(['prompt', 'chosen', 'rejected'], { chosen: '\n\nHuman: x' })).toBe('preference-pairs')
    expect(detect(['chosen', 'rejected'], { chosen: [] })).toBe('preference-pairs')
    expect(detect(['prompt', 'completion', 'label'])).toBe('preference-pairs')
    expect(detect(['chosen', 'rejected'], { chosen: '\n\nHuman: x' })).toBe('hh-rlhf')
    expect(detect(['source', 'instruction', 'models', 'completions'])).toBe('ultrafeedback')
    expect(detect(['rater', 'context', 'ranking'])).toBe('rankings')
    expect(detect(['rater', 'context', 'item', 'rank'], {}, 'delimited')).toBe('rankings')
    expect(detect(['rater', 'item', 'score'])).toBe('ratings')
    expect(detect(['rater', 'item', 'taste', 'smell'])).toBe('ratings')
    expect(detect(['userId', 'movieId', 'rating', 'timestamp'], {}, 'delimited')).toBe('interactions')
    expect(detect(['user_id:token', 'item_id:token'], {}, 'delimited')).toBe('interactions')
    expect(detect(['1', '2', '3'], {}, 'delimited', false)).toBe('interactions')
  })

  it('lists the names when several could be meant, and when none is', () => {
    expect(() => detect(['user', 'item', 'score'], {}, 'delimited')).toThrow(
      'file could be of several formats (its columns are "user", "item", "score"); give the format: one of ratings, interactions',
    )
    expect(() => detect(['x', 'y'])).toThrow(
      'file looks like none of the formats known (its columns are "x", "y"); give the format: one of signals, arena, preference-pairs, hh-rlhf, ultrafeedback, rankings, ratings, interactions',
    )
  })
})
