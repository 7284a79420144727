import { useState } from 'react'
import { findItems, findUsers, type UserHistory } from '../api/recommend.ts'
import { formatCount, formatCounted } from '../ui/format.ts'
import type { Resource } from '../ui/resource.ts'
import { Failure, Loading } from '../ui/state.tsx'
import { aboutItem } from './catalogues.ts'
import { Find } from './find.tsx'
import type { Pick, PickChange, Picks } from './picks.ts'

const found = 40
const latest = 8

export type Mode = 'someone' | 'own'

function History({ items, drop }: { readonly items: readonly Pick[]; readonly drop?: (pick: Pick) => void }) {
  const [all, setAll] = useState(false)
  const newest = items.toReversed()
  const shown = all ? newest : newest.slice(0, latest)
  const more = newest.length - shown.length
  return (
    <>
      <ol className="history" aria-label="The history, newest first">
        {shown.map((pick) => (
          <li key={pick.id}>
            <span>{pick.title}</span>
            {drop && (
              <button type="button" className="drop" aria-label={`Drop ${pick.title}`} onClick={() => drop(pick)}>
                ×
              </button>
            )}
          </li>
        ))}
      </ol>
      {more > 0 && (
        <button type="button" className="plain small" onClick={() => setAll(true)}>
          and {formatCount(more)} more
        </button>
      )}
    </>
  )
}

export interface WhomProps {
  /** A recommender of the catalogue to search with. */
  readonly name: string
  readonly mode: Mode
  readonly choose: (mode: Mode) => void
  readonly user: string | undefined
  readonly chooseUser: (user: string) => void
  readonly history: Resource<UserHistory>
  readonly picks: Picks
  readonly change: (change: PickChange) => void
}

function Someone({ name, user, chooseUser, history, change, choose }: WhomProps) {
  const own = history.data?.id === user ? history.data : undefined
  const held = (own?.history ?? []).map(({ id, title = id }) => ({ id, title }))
  return (
    <>
      <Find
        label="Find who chose"
        placeholder="Part of a name …"
        within={`${name} ${user ?? ''}`}
        choice="one"
        nothing="Nobody is called so."
        find={async (search, signal) => {
          const { users, total } = await findUsers(name, search, found, signal)
          return {
            total,
            items: users.map(({ id, items }) => ({
              id,
              title: id,
              count: formatCount(items),
              held: id === user,
            })),
          }
        }}
        choose={({ id }) => chooseUser(id)}
      />
      {history.error && <Failure error={history.error} retry={history.reload} />}
      {user !== undefined && !own && history.loading && <Loading what="the history" rows={4} />}
      {own && (
        <div className="held">
          <h3>
            {own.id} <span className="soft small">chose {formatCount(held.length)}</span>
          </h3>
          <History key={own.id} items={held} />
          <div className="row">
            <button
              type="button"
              onClick={() => {
                change({ kind: 'begin', picks: held, change: `going on from ${own.id}` })
                choose('own')
              }}
            >
              Change this history
            </button>
          </div>
        </div>
      )}
    </>
  )
}

function Own({ name, picks, change }: WhomProps) {
  const { held, past } = picks
  const last = past.at(-1)
  const ids = new Set(held.map(({ id }) => id))
  return (
    <>
      <Find
        label="Find what to take"
        placeholder="A title, or part of one …"
        within={`${name} ${held.map(({ id }) => id).join()}`}
        choice="taken"
        nothing="Nothing is called so."
        find={async (search, signal) => {
          const { items, total } = await findItems(name, search, found, signal)
          return {
            total,
            items: items.map(({ id, title = id, attributes, users }) => ({
              id,
              title,
              about: aboutItem(attributes),
              count: `${formatCount(users)}×`,
              held: ids.has(id),
            })),
          }
        }}
        choose={({ id, title }) => change({ kind: 'take', pick: { id, title } })}
      />
      <div className="held">
        <h3>
          Your history <span className="soft small">{formatCounted(held.length, 'item')}</span>
        </h3>
        {held.length === 0 ? (
          <p className="soft small">Take something, and the lists follow. Until then they hold what most took.</p>
        ) : (
          <History items={held} drop={({ id }) => change({ kind: 'drop', id })} />
        )}
        <div className="row">
          <button
            type="button"
            disabled={!last}
            title={last ? `Undo ${last.change}` : undefined}
            onClick={() => change({ kind: 'undo' })}
          >
            Undo
            {last && <span className="hidden"> {last.change}</span>}
          </button>
          <button
            type="button"
            disabled={held.length === 0}
            onClick={() => change({ kind: 'begin', picks: [], change: 'beginning anew' })}
          >
            Begin anew
          </button>
        </div>
        <p className="hidden" role="status">
          {last ? `After ${last.change}: ${formatCounted(held.length, 'item')}` : ''}
        </p>
      </div>
    </>
  )
}

const modes: readonly (readonly [Mode, string])[] = [
  ['someone', 'Someone'],
  ['own', 'Your own'],
]

/** Whom to recommend to: somebody from the data, or whoever has the history that is put together here. */
export function Whom(props: WhomProps) {
  const { mode, choose } = props
  return (
    <section className="whom" aria-labelledby="whom-title">
      <h2 id="whom-title">For whom</h2>
      <fieldset className="modes">
        <legend className="hidden">For whom</legend>
        {modes.map(([value, title]) => (
          <label key={value}>
            <input type="radio" name="mode" checked={mode === value} onChange={() => choose(value)} />
            <span className="mode">{title}</span>
          </label>
        ))}
      </fieldset>
      {mode === 'someone' ? <Someone {...props} /> : <Own {...props} />}
    </section>
  )
}
