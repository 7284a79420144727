import type { Run } from '../../run/index.ts'
import { RowFault, unexpected } from '../formats/fault.ts'
import {
  type Candidate,
  type Comparison,
  type Context,
  candidate,
  contextId,
  type Outcome,
  type Rater,
} from '../signal.ts'
import { tableRows } from './data-files.ts'

const item = (key: string, features?: NonNullable<Candidate['features']>): Candidate =>
  candidate({ modality: 'item', item: key }, features ? { features } : {})

/** A context that is no more than its tags. Its id follows from them, so that no file of a person's can take it. */
const contextOf = (...tags: string[]): Context => ({ id: contextId({ tags }), tags })

const schoolOutcomes: { readonly [winner: string]: Outcome } = { a: 'a', b: 'b', tie: 'tie' }

/**
 * Paired comparisons of six European management schools by 303 students; a missing answer is a skipped comparison. The
 * start of the year of publication stands for the time, which the data do not have.
 */
export async function* cems(run: Run): AsyncGenerator<Comparison> {
  const raters = new Map<string, Rater>()
  const traits = ['field', 'english', 'french', 'spanish', 'italian', 'full_time_work', 'degree', 'sex']
  const people = tableRows('votes/cems-raters.csv', run, (row): [string, Rater] => [
    row.text('rater'),
    {
      id: `cems/${row.text('rater')}`,
      kind: 'human',
      traits: Object.fromEntries(
        traits.flatMap((trait): [string, string][] => {
          const value = row.maybeText(trait)
          return value === undefined ? [] : [[trait, value]]
        }),
      ),
    },
  ])
  for await (const [id, rater] of people) raters.set(id, rater)
  yield* tableRows('votes/cems.csv', run, (row): Comparison => {
    const rater = raters.get(row.text('rater'))
    if (!rater) throw new RowFault('rater', `rater is ${row.text('rater')}, which cems-raters.csv does not have`)
    const winner = row.maybeText('winner')
    const outcome = winner === undefined ? 'skipped' : schoolOutcomes[winner]
    if (!outcome) throw unexpected('winner', winner, 'one of "a", "b", "tie", or nothing')
    const [a, b] = [row.text('a'), row.text('b')]
    return {
      kind: 'comparison',
      id: `${rater.id}/${a}/${b}`,
      rater,
      context: contextOf('cems'),
      time: Date.UTC(1998, 0, 1),
      source: 'cems',
      metadata: { time: 'the day is not known; the year of publication stands for it' },
      a: item(a),
      b: item(b),
      outcome,
    }
  })
}

const gameOutcomes: { readonly [result: string]: Outcome } = { '1': 'a', '0': 'b', '0.5': 'tie' }

function dayOf(text: string): number {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined)
    throw unexpected('date', text, 'a day such as 20091008')
  return Date.UTC(Number(year), Number(month) - 1, Number(day))
}

/**
 * Ice hockey games between American colleges, 2009–10: the visitor (a) against its opponent (b), who was at home, with
 * the feature `home` 1, unless the game was on neutral ice. Goals are in the metadata, the conference is a tag.
 */
export async function* iceHockey(run: Run): AsyncGenerator<Comparison> {
  const played = new Map<string, number>()
  yield* tableRows('votes/icehockey.csv', run, (row): Comparison => {
    const [visitor, opponent, date] = [row.text('visitor'), row.text('opponent'), row.text('date')]
    const outcome = gameOutcomes[row.text('result')]
    if (!outcome) throw unexpected('result', row.text('result'), 'one of "1", "0", "0.5"')
    const home = row.text('home_ice')
    if (home !== 'TRUE' && home !== 'FALSE') throw unexpected('home_ice', home, '"TRUE" or "FALSE"')
    const game = `ice-hockey/${date}/${visitor}/${opponent}`
    const before = played.get(game) ?? 0
    played.set(game, before + 1)
    const conference = row.text('conference')
    return {
      kind: 'comparison',
      id: before === 0 ? game : `${game}/${before + 1}`,
      rater: { id: 'ice-hockey/games', kind: 'human' },
      context: contextOf('ice-hockey', conference),
      time: dayOf(date),
      source: 'ice-hockey',
      metadata: { visitorGoals: row.number('visitor_goals'), opponentGoals: row.number('opponent_goals') },
      a: item(visitor, { home: 0 }),
      b: item(opponent, { home: home === 'TRUE' ? 1 : 0 }),
      outcome,
    }
  })
}

/**
 * Citations between four statistics journals, 1987–88, as comparisons: a journal is preferred to those that cite it, so
 * often as they do (the weight). A journal's citations of itself say nothing here.
 */
export async function* journalCitations(run: Run): AsyncGenerator<Comparison> {
  const rows = tableRows('votes/citations.csv', run, (row) => {
    const [cited, citing, weight] = [row.text('cited'), row.text('citing'), row.number('count')]
    if (cited === citing || weight === 0) return undefined
    const comparison: Comparison = {
      kind: 'comparison',
      id: `journal-citations/${cited}/${citing}`,
      rater: { id: `journal-citations/${citing}`, kind: 'human' },
      context: contextOf('journal-citations'),
      time: Date.UTC(1988, 0, 1),
      source: 'journal-citations',
      weight,
      a: item(cited),
      b: item(citing),
      outcome: 'a',
    }
    return comparison
  })
  for await (const comparison of rows) if (comparison) yield comparison
}
