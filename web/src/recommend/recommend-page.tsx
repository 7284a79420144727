import { useEffect } from 'react'
import { type Job, listJobs } from '../api/job.ts'
import { listKinds, listRecommenders } from '../api/recommend.ts'
import { formatCount, formatShare } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { useQuery } from '../ui/router.tsx'
import { Empty, Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import { Bench } from './bench.tsx'
import { type Catalogue, cataloguesOf } from './catalogues.ts'
import './recommend-page.css'

/** How often the list of recommenders is read: while there are none or some are being fitted, and else. */
const lookAgainMs = { soon: 1_500, later: 6_000 }

function Figures({ catalogue }: { readonly catalogue: Catalogue }) {
  const fitted = catalogue.methods.find(({ recommender }) => recommender.fitted)?.recommender.fitted
  if (!fitted) return null
  const figures = [
    ['Users', fitted.users],
    ['Items', fitted.items],
    ['Choices', fitted.interactions],
    ['Methods', catalogue.methods.length],
  ] as const
  return (
    <dl className="figures">
      {figures.map(([title, value]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{formatCount(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

const inWords: { readonly [kind: string]: string } = {
  people: 'tastes of people',
  dial: 'a preference dial',
  import: 'an import',
  recommender: 'the first recommender',
}

/** Nothing is there yet: what the server does meanwhile, and how there comes to be something. */
function Nothing({ job }: { readonly job: Job | undefined }) {
  const { label = '', done = 0, total = 0 } = job?.progress ?? {}
  return (
    <Empty title="Nothing to recommend from yet">
      {job && (
        <p role="status">
          The server is busy with {inWords[job.kind] ?? 'other work'}: {label}
          {total > 0 && ` ${formatShare(done / total)}`}. This page follows by itself.
        </p>
      )}
      <p>
        What comes with the package is learned from in the background after the server’s start.{' '}
        <code>POST /v1/recommenders</code> fits a method to choices of your own.
      </p>
    </Empty>
  )
}

/** What several methods recommend from the same choices, side by side, and what fairness and diversity cost. */
export function RecommendPage() {
  useTitle('Recommend')
  const [query, change] = useQuery()
  const list = useResource('recommenders', listRecommenders)
  const kinds = useResource('kinds', listKinds)
  const catalogues = list.data && kinds.data ? cataloguesOf(list.data, kinds.data) : undefined
  const catalogue = catalogues?.find(({ id }) => id === query.get('from')) ?? catalogues?.[0]
  const unsettled = list.data && (list.data.length === 0 || list.data.some(({ state }) => state === 'fitting'))
  const none = catalogues?.length === 0
  const jobs = useResource(none ? 'jobs' : undefined, listJobs)
  useEffect(() => {
    // Others come one after the other, so that what is fitted now may not be the last.
    const look = (): void => {
      if (document.hidden) return
      list.reload()
      jobs.reload()
    }
    const timer = setInterval(look, unsettled ? lookAgainMs.soon : lookAgainMs.later)
    return () => clearInterval(timer)
  }, [unsettled, list.reload, jobs.reload])
  const error = list.error ?? kinds.error
  // The first paragraph is what one must know to read the page; whom to thank can stand below.
  const [about, ...more] = (catalogue?.description ?? '').split('\n\n')
  return (
    <article className="recommend">
      <header className="head">
        <h1>Recommend</h1>
        <p className="lead">
          What several methods would recommend from the same choices, why, and what it costs to be fair to items or to
          vary.
        </p>
      </header>
      {error && <Failure error={error} retry={list.error ? list.reload : kinds.reload} />}
      {!catalogues && !error && <Loading what="the recommenders" rows={10} />}
      {none && <Nothing job={jobs.data?.find(({ state }) => state === 'running')} />}
      {catalogues && catalogue && (
        <>
          <div className="catalogue">
            {catalogues.length > 1 && (
              <label className="field">
                From
                <select
                  value={catalogue.id}
                  onChange={(event) =>
                    change({ from: event.target.value, user: undefined, pick: undefined, method: undefined })
                  }
                >
                  {catalogues.map(({ id, title }) => (
                    <option key={id} value={id}>
                      {title}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <p className="soft small">{about}</p>
            <Figures catalogue={catalogue} />
          </div>
          <Bench key={catalogue.id} catalogue={catalogue} onFitted={list.reload} />
          {more.map((paragraph) => (
            <p key={paragraph} className="soft small">
              {paragraph}
            </p>
          ))}
        </>
      )}
    </article>
  )
}
