import { z } from 'zod'
import { type Candidate, candidate, type Rating } from '../signal.ts'
import { type About, aboutReader, keptAbout, withoutUndefined, writeAbout, writeContext } from './about.ts'
import { candidateCell, cellOf, idCell, isAbsent, numberCell, textCell, writeCandidate, writeRater } from './cells.ts'
import { isColumnName } from './delimited.ts'
import { RowFault, unexpected } from './fault.ts'
import {
  type Draft,
  type Fields,
  type Format,
  Inexpressible,
  type OutRow,
  type ReadOptions,
  rowByRow,
  signalBySignal,
} from './format.ts'

const common = { id: ['id'], rater: ['rater', 'judge', 'user'], time: ['timestamp'] }
const own = ['item', 'text', 'producer', 'score', 'aspect', 'aspects', 'scale', 'rationales']
const reserved = new Set([
  ...common.id,
  ...common.rater,
  ...common.time,
  ...own,
  'time',
  'context',
  'weight',
  'rationale',
  'metadata',
])

const scores = z.record(z.string(), z.number())
const texts = z.record(z.string(), z.string())
const scaleSchema = z.strictObject({ min: z.number(), max: z.number() })

function ratedOf(fields: Fields): Candidate {
  if (!isAbsent(fields['item'])) return candidateCell('item', fields['item'])
  const text = textCell('text', fields['text'])
  if (text === undefined) throw unexpected('item', undefined, 'the key of an item, a candidate, or a column text')
  const producer = idCell('producer', fields['producer'])
  return candidate({ modality: 'text', text }, producer === undefined ? {} : { producer })
}

function readRating(fields: Fields, about: (fields: Fields) => About, options: ReadOptions): Draft {
  const aspects: Record<string, number> = { ...cellOf(scores, 'aspects', fields['aspects']) }
  const score = numberCell('score', fields['score'])
  const named = textCell('aspect', fields['aspect'])
  if (score !== undefined) aspects[named || 'overall'] = score
  const wide: string[] = []
  for (const [column, cell] of Object.entries(fields)) {
    if (reserved.has(column) || options.columns[column] !== undefined) continue
    wide.push(column)
    const value =
      isAbsent(cell) || typeof cell === 'number' ? cell : typeof cell === 'string' ? Number(cell) : Number.NaN
    if (isAbsent(value)) continue
    if (!Number.isFinite(value))
      throw new RowFault(
        column,
        `${unexpected(column, cell, 'a score').message}; a column that is no aspect needs a use of its own, such as "metadata"`,
      )
    aspects[column] = value
  }
  if (Object.keys(aspects).length === 0) throw unexpected('score', undefined, 'a score, or a column of an aspect')
  const rationales = cellOf(texts, 'rationales', fields['rationales'])
  const scale = cellOf(scaleSchema, 'scale', fields['scale']) ?? options.scale
  const { base, context } = about(
    Object.fromEntries(Object.entries(fields).filter(([column]) => !wide.includes(column))),
  )
  return withoutUndefined({
    ...base,
    kind: 'rating' as const,
    context: context(),
    candidate: ratedOf(fields),
    aspects,
    scale,
    rationales,
  }) as Draft
}

function writeRating(signal: Rating): OutRow {
  const { aspects, rationales, scale } = signal
  const wide: Record<string, number> = {}
  const rest: Record<string, number> = {}
  for (const [aspect, score] of Object.entries(aspects))
    if (aspect === 'overall') wide['score'] = score
    else if (reserved.has(aspect) || !isColumnName(aspect)) rest[aspect] = score
    else wide[aspect] = score
  return withoutUndefined({
    id: signal.id,
    rater: writeRater(signal.rater),
    context: writeContext(signal.context, []),
    item: writeCandidate(signal.candidate),
    ...wide,
    aspects: Object.keys(rest).length > 0 ? rest : undefined,
    scale,
    rationales,
    time: signal.time,
    ...writeAbout(signal),
  })
}

/**
 * Scores: `rater`, `item` (a key or a candidate; or `text` and `producer`) and `score`, which is the overall one, or that
 * of `aspect` where the column is there. Every other column is an aspect of its own and must hold numbers, unless a use
 * is given for it; `aspects` holds several as an object. `scale` is `{"min", "max"}`, `rationales` an object by aspect.
 */
export const ratings: Format = {
  name: 'ratings',
  title: 'scores of items or texts, overall or by aspect',
  containers: ['jsonl', 'json', 'delimited', 'parquet'],
  detect: ({ columns }) =>
    (columns.includes('item') || columns.includes('text')) &&
    !columns.includes('rank') &&
    (columns.includes('score') ||
      columns.includes('aspects') ||
      (columns.includes('rater') && columns.some((column) => !reserved.has(column)))),
  reader(options) {
    const about = aboutReader({ ...common, own }, options)
    return rowByRow((row) => [readRating(row.fields, about, options)])
  },
  write: {
    containers: ['jsonl', 'json', 'delimited', 'parquet'],
    types: () => ({ time: 'BIGINT', score: 'DOUBLE' }),
    keeps: () => [...keptAbout, 'scale', 'rationales'],
    writer: () =>
      signalBySignal((signal) =>
        signal.kind === 'rating' ? writeRating(signal) : new Inexpressible(`a ${signal.kind}`),
      ),
  },
}
