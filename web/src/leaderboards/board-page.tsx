import { lazy, Suspense } from 'react'
import { type BoardQuery, intervalKinds, type Leaderboard, listBoards, models, readBoard } from '../api/leaderboard.ts'
import { ApiError } from '../api/request.ts'
import { readFacets } from '../api/signal.ts'
import { csv, saveFile } from '../ui/download.ts'
import { formatCount, formatCounted, formatNumber, formatShare } from '../ui/format.ts'
import { Part } from '../ui/part.tsx'
import { useResource } from '../ui/resource.ts'
import { Link, useQuery } from '../ui/router.tsx'
import { Empty, Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import './board-page.css'
import { Effects } from './effects.tsx'
import { BoardFilters, chooses } from './filters.tsx'
import { Standings } from './standings.tsx'
import { WinMatrix } from './win-matrix.tsx'

const VotesOverTime = lazy(() => import('./votes-over-time.tsx'))

function boardQuery(query: URLSearchParams): BoardQuery {
  const one = (name: string): string | undefined => query.get(name) || undefined
  return {
    model: one('model'),
    intervals: one('intervals'),
    tag: query.getAll('tag'),
    language: query.getAll('language'),
    trait: query.getAll('trait'),
    from: one('from'),
    to: one('to'),
    features: query.has('adjust') ? '' : undefined,
  }
}

/** The standings as CSV, one competitor per line. */
export function standingsCsv({ competitors }: Leaderboard): string {
  return csv([
    ['rank', 'name', 'rating', 'lower', 'upper', 'votes', 'wins', 'losses', 'ties', 'both_bad', 'average_win_rate'],
    ...competitors.map((c) => [
      c.rank,
      c.name,
      c.rating,
      c.lower,
      c.upper,
      c.votes,
      c.wins,
      c.losses,
      c.ties,
      c.bothBad,
      c.averageWinRate,
    ]),
  ])
}

function Figures({ board }: { readonly board: Leaderboard }) {
  const { outcomes, votes } = board
  const undecided = outcomes.tie + outcomes.bothBad
  const { identityLeak = 0, duplicatePrompts = 0, outlierRaters = 0 } = board.removed ?? {}
  const reasons = {
    'maker named': identityLeak,
    'repeated prompts': duplicatePrompts,
    'outlying raters': outlierRaters,
  }
  const left = identityLeak + duplicatePrompts + outlierRaters
  return (
    <dl className="figures">
      <div>
        <dt>Votes</dt>
        <dd>{formatCount(votes)}</dd>
      </div>
      <div>
        <dt>Competitors</dt>
        <dd>{formatCount(board.competitors.length)}</dd>
      </div>
      {undecided > 0 && (
        <div>
          <dt>Ties and both bad</dt>
          <dd>
            {formatCount(undecided)} <span className="soft small">{formatShare(undecided / votes)}</span>
          </dd>
        </div>
      )}
      {outcomes.skipped > 0 && (
        <div>
          <dt>Skipped</dt>
          <dd>{formatCount(outcomes.skipped)}</dd>
        </div>
      )}
      {left > 0 && (
        <div>
          <dt>Left out</dt>
          <dd>
            {formatCount(left)}{' '}
            <span className="soft small">
              {Object.entries(reasons)
                .filter(([, count]) => count > 0)
                .map(([reason, count]) => `${reason} ${formatCount(count)}`)
                .join(', ')}
            </span>
          </dd>
        </div>
      )}
      <div>
        <dt>Model</dt>
        <dd>
          {models[board.model] ?? board.model}
          {board.tieParameter !== undefined && (
            <span className="soft small"> tie parameter {formatNumber(board.tieParameter)}</span>
          )}
        </dd>
      </div>
      <div>
        <dt>Intervals</dt>
        <dd>{intervalKinds[board.intervals] ?? board.intervals}, 95 %</dd>
      </div>
    </dl>
  )
}

function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  if (warnings.length === 0) return null
  return (
    <section className="notice" aria-label="What to know before reading this">
      <p>
        <strong>Before you read this</strong>
      </p>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </section>
  )
}

function Downloads({ board }: { readonly board: Leaderboard }) {
  return (
    <div className="row downloads">
      <span className="soft small">Download</span>
      <button type="button" onClick={() => saveFile(`${board.name}.csv`, standingsCsv(board), 'text/csv')}>
        CSV
      </button>
      <button
        type="button"
        onClick={() => saveFile(`${board.name}.json`, `${JSON.stringify(board, null, 2)}\n`, 'application/json')}
      >
        JSON
      </button>
    </div>
  )
}

/** One leaderboard: who stands where and how surely, who beats whom, what else moves votes, and when they came. */
export function BoardPage({ name }: { readonly name: string }) {
  const [query] = useQuery()
  const asked = boardQuery(query)
  const narrowed = chooses(query)
  const board = useResource(`${name} ${JSON.stringify(asked)}`, (signal) => readBoard(name, asked, signal))
  const { model, intervals, features } = asked
  const everyone = useResource(narrowed ? `${name} ${model} ${intervals} ${features}` : undefined, (signal) =>
    readBoard(name, { model, intervals, features }, signal),
  )
  const list = useResource('boards', listBoards)
  // A board's group is the source of its signals; boards of several sources offer what there is anywhere.
  const entry = list.data?.find((board) => board.name === name)
  const facets = useResource(entry && `facets ${entry.group}`, (signal) => readFacets({ source: entry?.group }, signal))
  const shown = board.data
  useTitle(shown?.title ?? 'Leaderboard')
  if (board.error instanceof ApiError && board.error.status === 404)
    return (
      <Empty title={`There is no leaderboard called “${name}”`}>
        <p>
          <Link href="/">All leaderboards</Link>
        </p>
      </Empty>
    )

  return (
    <article className="board">
      <header className="head">
        <p className="crumb">
          <Link href="/">Leaderboards</Link>
        </p>
        <h1>{shown?.title ?? (board.error ? 'Leaderboard' : ' ')}</h1>
        {shown?.description && <p className="lead">{shown.description}</p>}
        {shown?.attribution && <p className="soft small attribution">{shown.attribution}</p>}
      </header>
      <BoardFilters
        facets={facets.data}
        own={entry?.model}
        model={shown?.model}
        intervals={shown?.intervals}
        adjustable={(shown?.features.length ?? 0) > 0}
        dated={(shown?.votesOverTime.length ?? 0) > 1}
      />
      {board.error && <Failure error={board.error} retry={board.reload} />}
      {!shown && board.loading && <Loading what="the leaderboard" rows={14} />}
      {shown && !board.error && (
        <div className={board.loading ? 'stale' : ''} aria-busy={board.loading}>
          {shown.competitors.length === 0 ? (
            <Empty title="No votes match">
              <p>Choose fewer things above, or another span of time.</p>
            </Empty>
          ) : (
            <>
              <Figures board={shown} />
              <Warnings warnings={shown.warnings} />
              <Part
                title="Standings"
                about={`Higher is preferred${shown.model === 'rating-scale' ? '' : ': 400 points more mean ten to one odds'}. The bar is the 95 % interval; whose intervals overlap may share a rank.`}
              >
                <Standings
                  competitors={shown.competitors}
                  reference={narrowed ? everyone.data?.competitors : undefined}
                />
                <Downloads board={shown} />
              </Part>
              {shown.features.length > 0 && (
                <Part
                  title="What else moves votes"
                  about="Estimated beside the ratings, which are therefore what remains when these are equal."
                >
                  <Effects effects={shown.features} />
                </Part>
              )}
              {shown.winMatrix.names.length > 1 && (
                <Part
                  title="Who beats whom"
                  about="Each row against each column: the share of decisive votes that the row won."
                >
                  <WinMatrix matrix={shown.winMatrix} />
                </Part>
              )}
              {shown.votesOverTime.length > 1 && (
                <Part title="When the votes came">
                  <Suspense fallback={<Loading what="the chart" rows={3} />}>
                    <VotesOverTime periods={shown.votesOverTime} />
                  </Suspense>
                </Part>
              )}
              <p className="soft small">
                {formatCounted(shown.votes, 'vote')}, data version <code>{shown.dataVersion}</code>.
              </p>
            </>
          )}
        </div>
      )}
    </article>
  )
}
