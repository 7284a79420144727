import { useState } from 'react'
import { type BoardEntry, listBoards, readBoard } from '../api/leaderboard.ts'
import { readCounts } from '../api/signal.ts'
import { formatCount, formatCounted } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { Link } from '../ui/router.tsx'
import { Empty, Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import './boards-page.css'
import { Preview } from './preview.tsx'

/** Boards under one heading. */
export interface BoardGroup {
  readonly title: string
  readonly boards: readonly BoardEntry[]
  /** The year of each board when each is about another year, newest first; undefined otherwise. */
  readonly years: readonly (readonly [year: string, board: BoardEntry])[] | undefined
}

const yearIn = (title: string): string | undefined => /\b(?:19|20)\d\d\b/.exec(title)?.[0]

/** This many boards of a year each are years and no longer single boards. */
const yearsFrom = 6

/** Boards of as many different years, newest first, if there are enough of them. */
function yearsAmong(boards: readonly BoardEntry[]): BoardGroup['years'] {
  const dated = boards.flatMap((board) => {
    const year = yearIn(board.title)
    return year ? [[year, board] as const] : []
  })
  const distinct = new Set(dated.map(([year]) => year)).size === dated.length
  return distinct && dated.length >= yearsFrom ? dated.toSorted(([a], [b]) => (a < b ? 1 : -1)) : undefined
}

/** A heading for boards: the words that their titles begin with, else the name of their group. */
export function heading(titles: readonly string[], group: string): string {
  const [first = [], ...others] = titles.map((title) => title.split(' '))
  const differs = first.findIndex((word, place) => others.some((other) => other[place] !== word))
  const common = others.length > 0 ? first.slice(0, differs < 0 ? first.length : differs).join(' ') : ''
  const words = common.replace(/[,:;–(].*$/, '').trim() || group.replaceAll(/[-_]+/g, ' ')
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}

/** Boards by their group, in order of appearance; what is about one year each goes last, as years. */
export function grouped(boards: readonly BoardEntry[]): readonly BoardGroup[] {
  const groups = [...Map.groupBy(boards, ({ group }) => group ?? 'Others')].map(([name, members]) => {
    const years = yearsAmong(members)
    const yearly = new Set(years?.map(([, board]) => board))
    const title = heading(
      members.map((board) => board.title),
      name,
    )
    return { title, years, others: members.filter((board) => !yearly.has(board)) }
  })
  return [
    ...groups.flatMap(({ title, others }) => (others.length > 0 ? [{ title, boards: others, years: undefined }] : [])),
    ...groups.flatMap(({ title, years }) =>
      years ? [{ title: `${title} by year`, boards: years.map(([, board]) => board), years }] : [],
    ),
  ]
}

const addressOf = ({ name }: BoardEntry): string => `/leaderboards/${encodeURIComponent(name)}`

/** A board with its first few, so that the list itself says something. */
function Card({ board, kicker }: { readonly board: BoardEntry; readonly kicker?: string }) {
  const fitted = useResource(board.name, (signal) => readBoard(board.name, {}, signal))
  return (
    <li className="card">
      {kicker && <p className="kicker">{kicker}</p>}
      <h3>
        <Link href={addressOf(board)}>{board.title}</Link>
      </h3>
      {board.description && <p className="about soft small">{board.description}</p>}
      {fitted.data ? (
        <>
          <Preview competitors={fitted.data.competitors} />
          <p className="soft small tail">
            {formatCounted(fitted.data.competitors.length, 'competitor')}, {formatCounted(fitted.data.votes, 'vote')}
          </p>
        </>
      ) : fitted.error ? (
        <p className="soft small">{fitted.error.message}</p>
      ) : (
        <Loading what={board.title} rows={5} />
      )}
    </li>
  )
}

function Years({ years }: { readonly years: NonNullable<BoardGroup['years']> }) {
  const decades = Map.groupBy(years, ([year]) => `${year.slice(0, 3)}0s`)
  return (
    <dl className="decades">
      {[...decades].map(([decade, members]) => (
        <div key={decade}>
          <dt>{decade}</dt>
          <dd>
            <ul>
              {members.map(([year, board]) => (
                <li key={board.name}>
                  <Link className="year" href={addressOf(board)} title={board.title} aria-label={board.title}>
                    {year}
                  </Link>
                </li>
              ))}
            </ul>
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** Boards that get a card each; beyond that a group is a plain list. */
const cardsPerGroup = 6

/** Groups this small stand side by side, their titles above their cards. */
const smallGroup = 2
const isSmall = (group: BoardGroup): boolean => !group.years && group.boards.length <= smallGroup

function Group({ group }: { readonly group: BoardGroup }) {
  return (
    <section className="board-group">
      <h2>{group.title}</h2>
      {group.years ? (
        <Years years={group.years} />
      ) : (
        <>
          <ul className="cards">
            {group.boards.slice(0, cardsPerGroup).map((board) => (
              <Card key={board.name} board={board} />
            ))}
          </ul>
          {group.boards.length > cardsPerGroup && (
            <ul className="plain-list">
              {group.boards.slice(cardsPerGroup).map((board) => (
                <li key={board.name}>
                  <Link href={addressOf(board)}>{board.title}</Link>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  )
}

function Counts() {
  const { data } = useResource('counts', readCounts)
  if (!data || data.total === 0) return <p className="lead"> </p>
  return (
    <p className="lead">
      {formatCounted(data.total, 'signal')} from {formatCounted(data.raters, 'rater')} about{' '}
      {formatCounted(data.candidates, 'candidate')}.
    </p>
  )
}

/** Every leaderboard there is. */
export function BoardsPage() {
  useTitle('Leaderboards')
  const list = useResource('boards', listBoards)
  const [find, setFind] = useState('')
  const boards = (list.data ?? []).filter(({ title }) => title.toLowerCase().includes(find.toLowerCase()))
  const groups = grouped(boards)
  const small = groups.filter(isSmall)
  return (
    <>
      <header className="head">
        <h1>What people prefer</h1>
        <Counts />
      </header>
      {list.error && <Failure error={list.error} retry={list.reload} />}
      {!list.data && list.loading && <Loading what="leaderboards" />}
      {list.data?.length === 0 && (
        <Empty title="No leaderboards yet">
          <p>
            <Link href="/import">Import a file of votes</Link>, and its leaderboard appears here.
          </p>
        </Empty>
      )}
      {list.data && list.data.length > 12 && (
        <input
          type="search"
          className="find-board"
          aria-label="Find a leaderboard"
          placeholder={`Find among ${formatCount(list.data.length)} leaderboards …`}
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
      )}
      {small.length > 0 && (
        <ul className="cards first">
          {small.flatMap((group) =>
            group.boards.map((board) => <Card key={board.name} board={board} kicker={group.title} />),
          )}
        </ul>
      )}
      {groups
        .filter((group) => !isSmall(group))
        .map((group) => (
          <Group key={group.title} group={group} />
        ))}
      {list.data && list.data.length > 0 && boards.length === 0 && (
        <p className="soft">No leaderboard’s title holds “{find}”.</p>
      )}
    </>
  )
}
