import { type PersonTaste, personAddress, readPerson } from '../api/people.ts'
import { ApiError } from '../api/request.ts'
import { formatCount, formatCounted, formatNumber } from '../ui/format.ts'
import { Part } from '../ui/part.tsx'
import { useResource } from '../ui/resource.ts'
import { Link } from '../ui/router.tsx'
import { Empty, Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import './people-page.css'
import { TasteTable } from './taste-table.tsx'
import { traitsInWords } from './traits.ts'

const mapAddress = (source: string, more = ''): string => `/people?source=${encodeURIComponent(source)}${more}`

function Reasons({ taste }: { readonly taste: PersonTaste }) {
  const { reasons, columns } = taste
  if (reasons.length === 0)
    return (
      <p className="soft">
        Nothing surely: what {taste.person.name} said leaves every number undecided, and no different from most
        people’s.
      </p>
    )
  const unitOf = (name: string): string =>
    columns.find((column) => column.name === name)?.unit === 'deviation' ? ' for each deviation more' : ''
  return (
    <ol className="reasons">
      {reasons.map(({ column, text, odds }) => (
        <li key={column}>
          {text.slice(0, 1).toUpperCase() + text.slice(1)}
          <span className="soft small">
            {' '}
            odds × {formatNumber(odds)}
            {unitOf(column)}
          </span>
        </li>
      ))}
    </ol>
  )
}

function Nearest({ taste }: { readonly taste: PersonTaste }) {
  return (
    <ol className="nearest">
      {taste.nearest.map(({ id, name, cluster, distance }) => (
        <li key={id}>
          <span className={`swatch cluster-${(cluster % 6) + 1}`} aria-hidden="true" />
          <Link href={personAddress(taste.source, id)}>{name}</Link>
          <span className="soft small"> {formatNumber(distance)} deviations away</span>
        </li>
      ))}
    </ol>
  )
}

/** One rater: their taste with intervals, what moves them, and whose taste is near. */
export function PersonPage({ source, id }: { readonly source: string; readonly id: string }) {
  const {
    data: taste,
    error,
    loading,
    reload,
  } = useResource(`${source} ${id}`, (signal) => readPerson(source, id, signal))
  useTitle(taste?.person.name ?? 'A person')
  const back = (
    <Link href={mapAddress(source, taste ? `&show=${encodeURIComponent(taste.person.id)}` : '')}>People</Link>
  )
  if (error instanceof ApiError && error.status === 404)
    return (
      <Empty title={`“${id}” is not on this map`}>
        <p>They said too little, or are not there. {back}</p>
      </Empty>
    )
  const { person, signals = {} } = taste ?? {}
  const counts = Object.entries(signals)
  return (
    <article className="person">
      <header className="head">
        <p className="crumb">
          {back}
          {taste && <span className="soft"> · {taste.title}</span>}
        </p>
        <h1>{person?.name ?? ' '}</h1>
        {person && <p className="lead">{traitsInWords(person.traits) || <span className="id">{person.id}</span>}</p>}
      </header>
      {error && <Failure error={error} retry={reload} />}
      {!taste && loading && <Loading what="the person" rows={10} />}
      {taste && person && (
        <>
          <dl className="figures">
            {counts.map(([kind, count]) => (
              <div key={kind}>
                <dt>{kind.slice(0, 1).toUpperCase() + kind.slice(1)} signals</dt>
                <dd>
                  <Link href={`/signals?rater=${encodeURIComponent(person.id)}`}>{formatCount(count)}</Link>
                </dd>
              </div>
            ))}
            <div>
              <dt>Choices in them</dt>
              <dd>{formatCount(person.choices)}</dd>
            </div>
            <div>
              <dt>Cluster</dt>
              <dd>
                <span className={`swatch cluster-${(person.cluster % 6) + 1}`} aria-hidden="true" />
                {person.cluster + 1}
              </dd>
            </div>
            {taste.group && (
              <div>
                <dt>Group</dt>
                <dd>
                  <Link href={mapAddress(source, `&group=${encodeURIComponent(taste.group.name)}`)}>
                    {taste.group.name}
                  </Link>{' '}
                  <span className="soft small">{formatCounted(taste.group.raters, 'person', 'people')}</span>
                </dd>
              </div>
            )}
          </dl>
          <Part title="What moves them">
            <Reasons taste={taste} />
          </Part>
          <Part
            title="Their taste"
            about={`The log-odds that a candidate is preferred to another that is like it in all else. The bar is the 95 % interval, the ring ${taste.group ? `what is common in ${taste.group.name}` : 'what all have in common'}.`}
          >
            <TasteTable
              caption="Columns of the taste with log-odds, 95 % intervals and odds ratios"
              columns={taste.columns}
              effects={taste.effects}
              reference={
                taste.group
                  ? { title: taste.group.name, effects: taste.group.effects }
                  : { title: 'Everyone', effects: taste.columns.map(({ common }) => common) }
              }
            />
          </Part>
          <Part title="Nearest tastes">
            <Nearest taste={taste} />
          </Part>
        </>
      )}
    </article>
  )
}
