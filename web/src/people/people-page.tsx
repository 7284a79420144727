import { lazy, Suspense, useMemo, useState } from 'react'
import { type PeopleMap, type Person, personAddress, readPeople } from '../api/people.ts'
import { formatCount, formatCounted, formatNumber, formatShare } from '../ui/format.ts'
import { JobProgress } from '../ui/job-progress.tsx'
import { Part } from '../ui/part.tsx'
import { useResource } from '../ui/resource.ts'
import { Link, useQuery } from '../ui/router.tsx'
import { Empty, Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import { leansOf } from './axes.ts'
import { traitsInWords } from './traits.ts'
import './people-page.css'
import { TasteTable } from './taste-table.tsx'

const TasteMap = lazy(() => import('./taste-map.tsx'))

const listed = 40

function Figures({ people }: { readonly people: PeopleMap }) {
  const { raters, groups, groupBy, map, reliability, clusters, silhouette, leftOut } = people
  const left = Object.entries(leftOut)
  return (
    <dl className="figures">
      <div>
        <dt>People</dt>
        <dd>{formatCount(raters.length)}</dd>
      </div>
      {groups.length > 0 && (
        <div>
          <dt>Groups by {groupBy}</dt>
          <dd>{formatCount(groups.length)}</dd>
        </div>
      )}
      <div>
        <dt>Shown by the map</dt>
        <dd>
          {formatShare(map.shares[0] + map.shares[1])}{' '}
          <span className="soft small">
            of the variance: {formatShare(map.shares[0])} across, {formatShare(map.shares[1])} up
          </span>
        </dd>
      </div>
      <div>
        <dt>Known</dt>
        <dd>
          {formatShare(reliability)} <span className="soft small">of what sets people apart</span>
        </dd>
      </div>
      <div>
        <dt>Clusters</dt>
        <dd>
          {clusters.length}{' '}
          {clusters.length > 1 && <span className="soft small">silhouette {formatNumber(silhouette)}</span>}
        </dd>
      </div>
      {left.length > 0 && (
        <div>
          <dt>Left out</dt>
          <dd>
            {left.map(([reason, count]) => (
              <span key={reason}>
                {formatCount(count)} <span className="soft small">{reason}</span>
              </span>
            ))}
          </dd>
        </div>
      )}
    </dl>
  )
}

function Clusters({
  people,
  chosen,
  choose,
}: {
  people: PeopleMap
  chosen: number | undefined
  choose: (cluster: number | undefined) => void
}) {
  return (
    <ul className="clusters">
      {people.clusters.map(({ size, lean }, cluster) => {
        const leans = leansOf(lean, people.columns)
        return (
          <li key={cluster}>
            <button
              type="button"
              aria-pressed={chosen === cluster}
              onClick={() => choose(chosen === cluster ? undefined : cluster)}
            >
              <span className={`swatch cluster-${(cluster % 6) + 1}`} aria-hidden="true" />
              Cluster {cluster + 1}: {formatCounted(size, 'person', 'people')}
            </button>
            <p className="soft small">
              {leans.length > 0
                ? `More than others: ${leans.map(({ text }) => text).join('; ')}.`
                : 'Leans nowhere in particular.'}
            </p>
          </li>
        )
      })}
    </ul>
  )
}

/** Everyone by name, with a search: the map for those who do not see it. */
function Everyone({ people, raters }: { readonly people: PeopleMap; readonly raters: readonly Person[] }) {
  const [find, setFind] = useState('')
  const wanted = find.toLowerCase()
  const found = raters.filter((person) =>
    `${person.name} ${person.id} ${traitsInWords(person.traits)}`.toLowerCase().includes(wanted),
  )
  return (
    <>
      <div className="row">
        <input
          type="search"
          className="find-person"
          aria-label="Find a person"
          placeholder="Find by name or trait …"
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
        <span className="soft small" role="status">
          {found.length > listed
            ? `${listed} of ${formatCounted(found.length, 'person', 'people')}`
            : formatCounted(found.length, 'person', 'people')}
        </span>
      </div>
      <ul className="everyone">
        {found.slice(0, listed).map((person) => (
          <li key={person.id}>
            <span className={`swatch cluster-${(person.cluster % 6) + 1}`} aria-hidden="true" />
            <Link href={personAddress(people.source, person.id)}>{person.name}</Link>{' '}
            {person.name === person.id && <span className="soft small">{traitsInWords(person.traits)}</span>}
          </li>
        ))}
      </ul>
    </>
  )
}

function Found({ people }: { readonly people: PeopleMap }) {
  const [query, change] = useQuery()
  const cluster = query.get('cluster')
  const chosen = cluster === null ? undefined : Number(cluster) - 1
  const groupName = query.get('group') ?? ''
  const group = people.groups.find(({ name }) => name === groupName)
  const bright = useMemo(
    () =>
      (person: Person): boolean =>
        (chosen === undefined || person.cluster === chosen) && (groupName === '' || person.group === groupName),
    [chosen, groupName],
  )
  const raters = useMemo(() => people.raters.filter(bright), [people, bright])
  const common = people.columns.map((column) => column.common)
  return (
    <>
      <Part
        title="Map of tastes"
        about="A dot is a person. Who stands near has a like taste, as far as it is known; who said little stands near the middle of their group. Choose a dot to see what moves that person."
      >
        <Suspense fallback={<Loading what="the map" rows={8} />}>
          <TasteMap people={people} bright={bright} shown={query.get('show') ?? undefined} />
        </Suspense>
        {people.clusters.length > 1 && (
          <Clusters
            people={people}
            chosen={chosen}
            choose={(next) => change({ cluster: next === undefined ? undefined : `${next + 1}` }, { replace: true })}
          />
        )}
      </Part>
      <Figures people={people} />
      {people.warnings.length > 0 && (
        <section className="notice" aria-label="What to know before reading this">
          <ul>
            {people.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </section>
      )}
      <Part
        title={group ? `What moves ${group.name}` : 'What moves everyone'}
        about={
          group
            ? `What the ${formatCounted(group.raters, 'person', 'people')} of ${group.name} have in common; the ring is what everyone has in common.`
            : 'What all have in common: the log-odds that a candidate is preferred to another that is like it in all else.'
        }
      >
        {people.groups.length > 0 && (
          <label className="field choose-group">
            {`By ${people.groupBy ?? 'group'}`}
            <select value={groupName} onChange={(event) => change({ group: event.target.value }, { replace: true })}>
              <option value="">Everyone</option>
              {people.groups.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        <TasteTable
          caption="Columns of the taste with log-odds, 95 % intervals and odds ratios"
          columns={people.columns}
          effects={group?.effects ?? common}
          {...(group && { reference: { title: 'Everyone', effects: common } })}
        />
      </Part>
      <Part title="Who they are">
        <Everyone people={people} raters={raters} />
      </Part>
      <p className="soft small">
        {people.attribution} Data version <code>{people.dataVersion}</code>.
      </p>
    </>
  )
}

/** The raters of a source on a map of tastes. */
export function PeoplePage() {
  const [query, change] = useQuery()
  const source = query.get('source') ?? undefined
  const answer = useResource(`people ${source ?? ''}`, (signal) => readPeople(source, signal))
  const { data } = answer
  const people = data?.people
  useTitle(people?.title ?? 'People')
  const chosen = source ?? people?.source ?? data?.sources[0]?.source ?? ''
  return (
    <article className="people">
      <header className="head">
        <h1>People</h1>
        <p className="lead">{people?.description ?? 'Whom the signals come from, and what moves them.'}</p>
      </header>
      {data && data.sources.length > 1 && (
        <label className="field choose-source">
          Whose
          <select
            value={chosen}
            onChange={(event) =>
              change({ source: event.target.value, cluster: undefined, group: undefined, show: undefined })
            }
          >
            {data.sources.map((one) => (
              <option key={one.source} value={one.source}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
      )}
      {answer.error && <Failure error={answer.error} retry={answer.reload} />}
      {!data && answer.loading && <Loading what="people" rows={8} />}
      {data && data.sources.length === 0 && (
        <Empty title="Nobody yet">
          <p>
            <Link href="/import">Import a file</Link> in which people choose, rank or rate, and they appear here.
          </p>
        </Empty>
      )}
      {data?.job && (
        <JobProgress key={data.job} id={data.job} what="tastes" onDone={answer.reload} brief={people !== undefined} />
      )}
      {people &&
        (people.raters.length === 0 ? (
          <Empty title="No map of tastes can be drawn">
            {people.warnings.map((warning) => (
              <p key={warning}>{warning}</p>
            ))}
          </Empty>
        ) : (
          <Found people={people} />
        ))}
    </article>
  )
}
