import { type Choice, candidate, type Rating } from '../signal.ts'
import { type About, aboutReader, withoutUndefined } from './about.ts'
import { idCell, isAbsent, numberCell, writeRater } from './cells.ts'
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

const names = {
  user: ['user_id', 'userId', 'user', 'uid', 'reviewerID', '1'],
  item: ['item_id', 'itemId', 'item', 'movieId', 'movie_id', 'iid', 'asin', '2'],
  rating: ['rating', 'stars', '3'],
  time: ['timestamp', '4'],
} as const

const positions = ['1', '2', '3', '4']

/** Column names of typed headers, such as `user_id:token`, lose their type. */
const untyped = (column: string): string => column.replace(/:(?:token|float|token_seq|float_seq)$/, '')

function untypedFields(fields: Fields): Fields {
  const columns = Object.keys(fields)
  return columns.some((column) => untyped(column) !== column)
    ? Object.fromEntries(columns.map((column) => [untyped(column), fields[column]]))
    : fields
}

const columnIn = (columns: readonly string[], wanted: readonly string[]): string | undefined =>
  wanted.find((name) => columns.includes(name))

/** A rating without a header that is larger than this is a time in all likelihood. */
const largestRating = 1e8

function readInteraction(given: Fields, about: (fields: Fields) => About, options: ReadOptions): Draft {
  const fields = untypedFields(given)
  const columns = Object.keys(fields)
  const column = (which: keyof typeof names): string | undefined => columnIn(columns, names[which])
  const itemColumn = column('item') ?? 'item'
  const item = idCell(itemColumn, fields[itemColumn])
  if (item === undefined) throw unexpected(itemColumn, undefined, 'the key of an item')
  const userColumn = column('user') ?? 'user'
  if (isAbsent(fields[userColumn])) throw unexpected(userColumn, undefined, 'the id of a user')
  const ratingColumn = column('rating')
  const rating = ratingColumn === undefined ? undefined : numberCell(ratingColumn, fields[ratingColumn])
  if (ratingColumn === '3' && rating !== undefined && rating > largestRating)
    throw new RowFault(
      '3',
      `column 3 is ${rating}, expected a rating; for a time give columns {"3": {"as": "timestamp"}}`,
    )
  const { base, context } = about(fields)
  const chosen = candidate({ modality: 'item', item })
  if (rating === undefined)
    return { ...base, kind: 'choice', context: context(), shown: [chosen], chosen: [0], action: options.action }
  return {
    ...base,
    kind: 'rating',
    context: context(),
    candidate: chosen,
    aspects: { overall: rating },
    ...(options.scale && { scale: options.scale }),
  }
}

function writeInteraction(signal: Rating | Choice, action: string): OutRow | Inexpressible {
  const one = signal.kind === 'rating' ? signal.candidate : signal.shown[0]
  if (signal.kind === 'choice') {
    if (signal.shown.length !== 1 || signal.chosen.length !== 1) return new Inexpressible('a choice among several')
    if (signal.action !== action) return new Inexpressible(`a choice by ${signal.action}`)
  } else if (Object.keys(signal.aspects).join() !== 'overall') return new Inexpressible('a rating by aspect')
  if (one?.content.modality !== 'item') return new Inexpressible('a candidate that is no item')
  const seconds = signal.time / 1000
  if (Math.round(seconds * 1000) !== signal.time || Math.abs(seconds) > 1e11)
    return new Inexpressible('a time that seconds cannot say')
  return withoutUndefined({
    user_id: writeRater({ id: signal.rater.id, kind: 'human' }),
    item_id: one.content.item,
    rating: signal.kind === 'rating' ? signal.aspects['overall'] : undefined,
    timestamp: seconds,
  })
}

/**
 * What people rated or took, a row each: user, item, and where they are rating and timestamp. Tabs, `::`, commas or
 * spaces between; with the usual headers (`userId,movieId,rating,timestamp`; typed ones such as `user_id:token`) or
 * without one, in that order. With a rating it is a rating (`overall`), without one a choice of that item alone.
 */
export const interactions: Format = {
  name: 'interactions',
  title: 'user, item, and perhaps rating and time',
  containers: ['delimited', 'jsonl', 'json', 'parquet'],
  detect({ container, columns, header }) {
    const plain = columns.map(untyped)
    if (container === 'delimited' && !header) return columns.length >= 2 && columns.length <= 4
    return columnIn(plain, names.user) !== undefined && columnIn(plain, names.item) !== undefined
  },
  reader(options) {
    const about = aboutReader(
      { id: ['id'], rater: names.user, time: names.time, own: [...names.item, ...names.rating, ...positions] },
      options,
    )
    return rowByRow((row) => [readInteraction(row.fields, about, options)])
  },
  write: {
    containers: ['delimited', 'jsonl', 'json', 'parquet'],
    types: () => ({ user_id: 'VARCHAR', item_id: 'VARCHAR', rating: 'DOUBLE', timestamp: 'DOUBLE' }),
    keeps: () => ['rater', 'time', 'action'],
    writer: ({ action }) =>
      signalBySignal((signal) =>
        signal.kind === 'rating' || signal.kind === 'choice'
          ? writeInteraction(signal, action)
          : new Inexpressible(`a ${signal.kind}`),
      ),
  },
}
