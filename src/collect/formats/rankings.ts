import { z } from 'zod'
import { canonicalJson, type Json } from '../../run/index.ts'
import type { Candidate, Ranking } from '../signal.ts'
import { type About, aboutReader, keptAbout, withoutUndefined, writeAbout, writeContext } from './about.ts'
import { candidateCell, cellOf, isAbsent, numberCell, writeCandidate, writeRater } from './cells.ts'
import { RowFault, unexpected } from './fault.ts'
import {
  type Draft,
  type Fields,
  type Format,
  Inexpressible,
  type OutRow,
  type Reading,
  type ReadOptions,
  type Row,
  type RowReader,
  type RowWriter,
} from './format.ts'
import { HashTable, hashText } from './hash-table.ts'

const listColumns = ['ranking', 'ranks', 'ties', 'unranked']
const longColumns = ['item', 'rank']
const common = { id: ['id'], rater: ['rater', 'judge', 'user'], time: ['timestamp'] }

const list = z.array(z.unknown())
const rankList = z.array(z.int().min(1).nullable())

/** Ranks of a best-first list in which some neighbours share a place: equal ranks, and the next as if none were. */
function tiedRanks(count: number, ranking: readonly unknown[], ties: readonly unknown[] | undefined): number[] {
  const keys = ranking.map((entry) => canonicalJson(entry as Json))
  const group = new Map<string, number>()
  for (const [number, tie] of (ties ?? []).entries()) {
    const members = cellOf(list, 'ties', tie) ?? []
    for (const member of members) {
      const key = canonicalJson(member as Json)
      if (!keys.includes(key)) throw unexpected('ties', member, 'only entries of the ranking')
      if (group.has(key)) throw new RowFault('ties', `ties names ${key} twice`)
      group.set(key, number)
    }
    const places = members.map((member) => keys.indexOf(canonicalJson(member as Json)))
    if (places.length > 0 && Math.max(...places) - Math.min(...places) !== places.length - 1)
      throw unexpected('ties', tie, 'neighbours in the ranking')
  }
  const ranks: number[] = []
  for (let i = 0; i < count; i++) {
    const tie = group.get(keys[i] as string)
    const tied = i > 0 && tie !== undefined && tie === group.get(keys[i - 1] as string)
    ranks.push(tied ? (ranks[i - 1] as number) : i + 1)
  }
  return ranks
}

function readList(fields: Fields, about: (fields: Fields) => About): Draft {
  const ranking = cellOf(list, 'ranking', fields['ranking'])
  if (!ranking) throw unexpected('ranking', undefined, 'a list, the best first')
  const unranked = cellOf(list, 'unranked', fields['unranked']) ?? []
  const given = cellOf(rankList, 'ranks', fields['ranks'])
  const ties = cellOf(list, 'ties', fields['ties'])
  if (given && given.length !== ranking.length)
    throw unexpected('ranks', given, `one rank per entry of the ranking (${ranking.length})`)
  if (given && ties) throw new RowFault('ties', 'ties and ranks say the same twice; give one of them')
  const ranks = given ?? tiedRanks(ranking.length, ranking, ties)
  const { base, context } = about(fields)
  return {
    ...base,
    kind: 'ranking',
    context: context(),
    candidates: [
      ...ranking.map((entry, index) => candidateCell(`ranking.${index}`, entry)),
      ...unranked.map((entry, index) => candidateCell(`unranked.${index}`, entry)),
    ],
    ranks: [...ranks, ...unranked.map(() => null)],
  }
}

/** Rows of one ranking, spread over a row per item. */
interface Group {
  readonly key: string
  readonly about: About
  readonly rows: Row[]
  readonly candidates: Candidate[]
  readonly ranks: (number | null)[]
  fault?: { readonly row: Row; readonly fault: RowFault }
}

function rankCell(cell: unknown): number | null {
  const rank = numberCell('rank', cell)
  if (rank === undefined) return null
  if (!Number.isInteger(rank) || rank < 1) throw unexpected('rank', cell, 'a whole number from 1, or nothing')
  return rank
}

/**
 * Rows of one rater and context that follow each other are one ranking. What they say beside item and rank must be the
 * same in all of them; a fault in one of them is a fault of all.
 */
function longReader(about: (fields: Fields) => About): RowReader {
  let group: Group | undefined
  const seen = new HashTable()

  const close = (): Reading[] => {
    const closed = group
    group = undefined
    if (!closed) return []
    const { rows, fault, about: said, candidates, ranks } = closed
    const [first] = rows as [Row, ...Row[]]
    if (fault) {
      const also = (row: Row): RowFault =>
        row === fault.row ? fault.fault : new RowFault('', `belongs to a ranking whose row ${fault.row.at} is rejected`)
      return rows.map((row) => ({ row, fault: also(row) }))
    }
    return [{ row: first, draft: { ...said.base, kind: 'ranking', context: said.context(), candidates, ranks } }]
  }

  return {
    read(row) {
      const { item, rank, ...rest } = row.fields
      const key = canonicalJson(rest as Json)
      const done = group?.key === key ? [] : close()
      try {
        if (!group) {
          group = { key, about: about(rest), rows: [], candidates: [], ranks: [] }
          const { base, context } = group.about
          const identity = canonicalJson([base.id, base.rater, context().id, base.time] as Json)
          if (seen.add(hashText(identity)))
            throw new RowFault(
              'rater',
              'the ranking was already read: its rows must follow each other, and agree in every column but item and rank',
            )
        }
        group.rows.push(row)
        group.candidates.push(candidateCell('item', item))
        group.ranks.push(rankCell(rank))
      } catch (error) {
        if (!(error instanceof RowFault)) throw error
        // Without a group of its own the row itself is at fault, after whatever was finished before it.
        if (!group) return [...done, { row, fault: error }]
        if (group.rows.at(-1) !== row) group.rows.push(row)
        group.fault ??= { row, fault: error }
      }
      return done
    },
    end: close,
  }
}

/** Reads lists and long rows alike; which it is, each row says by its columns. */
function reader(options: ReadOptions): RowReader {
  const lists = aboutReader({ ...common, own: listColumns }, options)
  const long = longReader(aboutReader({ ...common, own: longColumns }, options))
  return {
    read: (row) =>
      isAbsent(row.fields['ranking']) && 'item' in row.fields
        ? long.read(row)
        : [{ row, draft: readList(row.fields, lists) }],
    end: () => long.end(),
  }
}

function commonRow(signal: Ranking): OutRow {
  return {
    id: signal.id,
    rater: writeRater(signal.rater),
    context: writeContext(signal.context, []),
    time: signal.time,
    ...writeAbout(signal),
  }
}

function listRow(signal: Ranking): OutRow {
  const inOrder = signal.ranks.every((rank, index) => rank === index + 1)
  return withoutUndefined({
    ...commonRow(signal),
    ranking: signal.candidates.map(writeCandidate),
    ranks: inOrder ? undefined : signal.ranks,
  })
}

function longRows(signal: Ranking): OutRow[] {
  const row = commonRow(signal)
  return signal.candidates.map((one, index) =>
    withoutUndefined({ ...row, item: writeCandidate(one), rank: signal.ranks[index] ?? undefined }),
  )
}

function writer(toRows: (signal: Ranking) => readonly OutRow[]): RowWriter {
  return {
    write: (signal) => (signal.kind === 'ranking' ? toRows(signal) : new Inexpressible(`a ${signal.kind}`)),
    end: () => [],
  }
}

/**
 * Rankings: `rater`, `context` and `ranking`, a list with the best first of items (by key) or candidates; with `ties`,
 * lists of neighbours that share a place, or `ranks`, a number for each entry (1 for the best, equal for ties, null for
 * unranked), and `unranked`, a list of what was seen and not ranked. Or long: a row per item, `rater`, `context`,
 * `item`, `rank` (empty for unranked), the rows of a ranking following each other.
 *
 * Delimited text is written long, everything else as lists.
 */
export const rankings: Format = {
  name: 'rankings',
  title: 'ranked lists, or a rank per item',
  containers: ['jsonl', 'json', 'delimited', 'parquet'],
  detect: ({ columns }) => columns.includes('ranking') || (columns.includes('item') && columns.includes('rank')),
  reader,
  write: {
    containers: ['jsonl', 'json', 'delimited', 'parquet'],
    types: () => ({ time: 'BIGINT', ranks: 'BIGINT[]', ranking: 'JSON' }),
    keeps: () => [...keptAbout],
    writer: ({ container }) => writer(container === 'delimited' ? longRows : (signal) => [listRow(signal)]),
  },
}
