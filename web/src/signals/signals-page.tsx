import { type MouseEvent, useEffect, useRef, useState } from 'react'
import { currentKey } from '../api/key.ts'
import { readFile } from '../api/request.ts'
import { exportAddress, kinds, readCounts, readFacets, readSignal, readSignals, type Signal } from '../api/signal.ts'
import { languageName } from '../leaderboards/filters.tsx'
import { saveFile } from '../ui/download.ts'
import { formatCount, formatCounted, formatDay } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { useQuery } from '../ui/router.tsx'
import { Empty, Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import { Detail } from './detail.tsx'
import './signals-page.css'
import { summary } from './summary.ts'

const pageSize = 50
const filters = ['kind', 'rater', 'raterKind', 'tag', 'language', 'producer', 'source', 'from', 'to'] as const

/** The filters that are put away until they are wanted. */
const further = ['tag', 'language', 'raterKind', 'from', 'to', 'order'] as const

const byCount = (values: { readonly [value: string]: number } = {}): readonly (readonly [string, number])[] =>
  Object.entries(values).toSorted(([, a], [, b]) => b - a)

function Choice(props: {
  readonly label: string
  readonly name: string
  readonly options: readonly (readonly [value: string, title: string, count?: number])[]
}) {
  const { label, name, options } = props
  const [query, change] = useQuery()
  const value = query.get(name) ?? ''
  return (
    <label className="field">
      {label}
      <select value={value} onChange={(event) => change({ [name]: event.target.value, id: undefined })}>
        <option value="">Any</option>
        {value && !options.some(([option]) => option === value) && <option value={value}>{value}</option>}
        {options.map(([option, title, count]) => (
          <option key={option} value={option}>
            {title}
            {count !== undefined ? ` (${formatCount(count)})` : ''}
          </option>
        ))}
      </select>
    </label>
  )
}

/** A filter that is typed: it counts once the person has finished, so that not every letter is a request. */
function Typed({
  label,
  name,
  type,
}: {
  readonly label: string
  readonly name: string
  readonly type: 'search' | 'date'
}) {
  const [query, change] = useQuery()
  const value = query.get(name) ?? ''
  return (
    <label className="field">
      {label}
      <input
        key={value}
        type={type}
        defaultValue={value}
        onBlur={({ target }) => target.value !== value && change({ [name]: target.value, id: undefined })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') change({ [name]: event.currentTarget.value, id: undefined })
        }}
      />
    </label>
  )
}

function Filters() {
  const [query, change] = useQuery()
  const counts = useResource('counts', readCounts)
  const facets = useResource('facets', (signal) => readFacets({}, signal))
  const facet = (values: readonly { readonly value: string; readonly count: number }[] = []) =>
    values.slice(0, 200).map(({ value, count }) => [value, value, count] as const)
  return (
    <form className="filters" aria-label="Filter signals" onSubmit={(event) => event.preventDefault()}>
      <div className="fields">
        <Choice
          label="Kind"
          name="kind"
          options={byCount(counts.data?.kinds).map(([kind, count]) => [
            kind,
            kinds[kind as keyof typeof kinds] ?? kind,
            count,
          ])}
        />
        <Choice
          label="Source"
          name="source"
          options={byCount(counts.data?.sources).map(([source, count]) => [source, source, count])}
        />
        <Choice label="Producer" name="producer" options={facet(facets.data?.producers)} />
        <Typed label="Rater’s id" name="rater" type="search" />
        {filters.some((name) => query.has(name)) && (
          <button
            type="button"
            onClick={() => change(Object.fromEntries([...filters, 'id'].map((name) => [name, undefined])))}
          >
            Reset
          </button>
        )}
      </div>
      <details className="more-filters" open={further.some((name) => query.has(name))}>
        <summary>More</summary>
        <div className="fields">
          <Choice label="Category" name="tag" options={facet(facets.data?.tags)} />
          <Choice
            label="Language"
            name="language"
            options={(facets.data?.languages ?? []).map(({ value, count }) => [value, languageName(value), count])}
          />
          <Choice
            label="Rater is"
            name="raterKind"
            options={[
              ['human', 'A person'],
              ['model', 'A model'],
              ['simulated', 'Simulated'],
            ]}
          />
          <Typed label="From" name="from" type="date" />
          <Typed label="Before" name="to" type="date" />
          <label className="field">
            Order
            <select
              value={query.get('order') ?? 'newest'}
              onChange={({ target }) =>
                change({ order: target.value === 'newest' ? undefined : target.value, id: undefined })
              }
            >
              <option value="newest">Newest first</option>
              <option value="oldest">Oldest first</option>
            </select>
          </label>
        </div>
      </details>
    </form>
  )
}

/** All signals that match, as a file. A browser sends no key with a link, so with one the file is fetched here. */
function ExportLink({ query }: { readonly query: URLSearchParams }) {
  const href = exportAddress(Object.fromEntries(filters.map((name) => [name, query.getAll(name)])))
  const [error, setError] = useState<Error>()
  const fetchIt = (event: MouseEvent): void => {
    if (!currentKey()) return
    event.preventDefault()
    readFile(href).then((file) => saveFile('signals.jsonl', file), setError)
  }
  return (
    <>
      <a href={href} download="signals.jsonl" onClick={fetchIt}>
        Download them all
      </a>
      {error && <Failure error={error} />}
    </>
  )
}

interface Listed {
  readonly signals: readonly Signal[]
  readonly next: string | undefined
  readonly total: number | undefined
}

/** Pages of signals one after another, begun anew when the query changes. */
function useSignals(query: URLSearchParams, version: number) {
  const asked = Object.fromEntries([...filters, 'order'].map((name) => [name, query.getAll(name)]))
  const first = useResource(`${JSON.stringify(asked)} ${version}`, async (signal): Promise<Listed> => {
    const { signals, next, total } = await readSignals({ ...asked, limit: pageSize }, signal)
    return { signals, next, total }
  })
  const [more, setMore] = useState<{ of: Listed; listed: Listed }>()
  const [state, setState] = useState<{ loading: boolean; error?: Error }>({ loading: false })
  const current = more && more.of === first.data ? more.listed : first.data
  const readMore = async (): Promise<void> => {
    if (!first.data || !current?.next) return
    const of = first.data
    setState({ loading: true })
    try {
      const page = await readSignals({ ...asked, limit: pageSize, after: current.next }, new AbortController().signal)
      setMore({ of, listed: { signals: [...current.signals, ...page.signals], next: page.next, total: current.total } })
      setState({ loading: false })
    } catch (error) {
      setState({ loading: false, error: error instanceof Error ? error : new Error(String(error)) })
    }
  }
  return { first, current, readMore, more: state }
}

/** Everything that was said and done, one by one. */
export function SignalsPage() {
  useTitle('Signals')
  const [query, change] = useQuery()
  const [version, setVersion] = useState(0)
  const [erased, setErased] = useState<string>()
  const { first, current, readMore, more } = useSignals(query, version)
  const id = query.get('id') ?? undefined
  const listed = current?.signals.find((signal) => signal.id === id)
  const fetched = useResource(id && current && !listed ? id : undefined, (signal) => readSignal(id ?? '', signal))
  const open = listed ?? (fetched.of === id ? fetched.data : undefined)
  const pane = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!id) return
    pane.current?.focus({ preventScroll: true })
    if (matchMedia('(max-width: 60rem)').matches) pane.current?.scrollIntoView({ block: 'start' })
  }, [id])
  const close = (): void => {
    change({ id: undefined })
    document.getElementById(`signal-${id}`)?.focus()
  }

  return (
    <>
      <header className="head">
        <h1>Signals</h1>
        <p className="lead">What people said and did, one by one.</p>
      </header>
      <Filters />
      {erased && (
        <p className="notice" role="status">
          {erased}
        </p>
      )}
      {first.error && <Failure error={first.error} retry={first.reload} />}
      {!current && first.loading && <Loading what="signals" rows={12} />}
      {current?.signals.length === 0 && (
        <Empty title="No signal matches">
          <p>{filters.some((name) => query.has(name)) ? 'Choose fewer things above.' : 'Nothing was collected yet.'}</p>
        </Empty>
      )}
      {current && current.signals.length > 0 && (
        <div className={`signals${id ? ' open' : ''}${first.loading ? ' stale' : ''}`}>
          <section aria-label="Signals" className="list">
            <div className="row small above">
              <span className="soft" role="status">
                {formatCount(current.signals.length)} of{' '}
                {formatCounted(current.total ?? current.signals.length, 'signal')}
              </span>
              <ExportLink query={query} />
            </div>
            <ol>
              {current.signals.map((signal) => (
                <li key={signal.id}>
                  <button
                    type="button"
                    id={`signal-${signal.id}`}
                    aria-expanded={signal.id === id}
                    aria-controls="signal-detail"
                    onClick={() => change({ id: signal.id })}
                  >
                    <span className="kind">{kinds[signal.kind]}</span>
                    <span className="what">{summary(signal)}</span>
                    <span className="soft small who">
                      {signal.rater.id} · {formatDay(signal.time)}
                    </span>
                  </button>
                </li>
              ))}
            </ol>
            {more.error && <Failure error={more.error} />}
            {current.next && (
              <button type="button" onClick={readMore} disabled={more.loading}>
                {more.loading ? 'Fetching …' : `Show ${pageSize} more`}
              </button>
            )}
          </section>
          <section ref={pane} id="signal-detail" className="detail" aria-label="Signal in full" tabIndex={-1}>
            {id && (
              <button type="button" className="close" onClick={close}>
                Close
              </button>
            )}
            {open ? (
              <Detail
                signal={open}
                onErased={(rater, count) => {
                  setErased(`${formatCounted(count, 'signal')} of ${rater} erased.`)
                  change({ id: undefined })
                  setVersion(version + 1)
                }}
              />
            ) : fetched.error && id ? (
              <Failure error={fetched.error} />
            ) : (
              <p className="soft hint">Choose a signal to read it in full.</p>
            )}
          </section>
        </div>
      )}
    </>
  )
}
