import { type ReactNode, useId, useState } from 'react'
import { formatCount } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { Failure } from '../ui/state.tsx'

/** Something that a search found. */
export interface Found {
  readonly id: string
  readonly title: string
  readonly about?: string
  /** Said of it at the line’s end, such as how many took it. */
  readonly count: string
  /** Whether it was chosen already. */
  readonly held: boolean
}

export interface FindProps {
  readonly label: string
  readonly placeholder: string
  /** What it searches in; results of another are forgotten. */
  readonly within: string
  readonly find: (search: string, signal: AbortSignal) => Promise<{ items: readonly Found[]; total: number }>
  readonly choose: (found: Found) => void
  /** What becomes of what is chosen: `taken` stays where it was and can be taken once, `one` stands instead of another. */
  readonly choice: 'taken' | 'one'
  readonly nothing: ReactNode
}

/** A search whose results are buttons. Enter takes the first that was not taken. */
export function Find({ label, placeholder, within, find, choose, choice, nothing }: FindProps) {
  const [search, setSearch] = useState('')
  const id = useId()
  const { data, error, loading, reload } = useResource(`${within} ${search}`, (signal) => find(search.trim(), signal))
  const first = data?.items.find(({ held }) => !held)
  return (
    <div className="find">
      <label className="field" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        type="search"
        placeholder={placeholder}
        autoComplete="off"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !first || loading) return
          choose(first)
          if (choice === 'taken') setSearch('')
        }}
      />
      {error && <Failure error={error} retry={reload} />}
      {data && (
        <>
          <p className="hidden" role="status">
            {formatCount(data.total)} found
          </p>
          {data.items.length === 0 && <p className="soft small">{nothing}</p>}
          <ul className={`results${loading ? ' stale' : ''}`}>
            {data.items.map((found) => (
              <li key={found.id}>
                <button
                  type="button"
                  aria-pressed={found.held}
                  disabled={choice === 'taken' && found.held}
                  onClick={() => choose(found)}
                >
                  <span className="found">
                    {found.title}
                    {found.about && <span className="soft small"> {found.about}</span>}
                  </span>
                  <span className="soft small number">{found.held && choice === 'taken' ? 'taken' : found.count}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}
