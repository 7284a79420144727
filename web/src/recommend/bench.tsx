import { useCallback, useEffect, useReducer, useState } from 'react'
import { type Aim, findItems, findUsers, readHistory, type Wish } from '../api/recommend.ts'
import { useResource } from '../ui/resource.ts'
import { useQuery } from '../ui/router.tsx'
import { type Catalogue, shownMethods } from './catalogues.ts'
import { List } from './lists.tsx'
import { noPicks, type Pick, type PickChange, picksAfter } from './picks.ts'
import { aims } from './trade.ts'
import { TradePanel } from './trade-panel.tsx'
import { type Mode, Whom } from './whom.tsx'

/** Users of whom the one with the longest history is shown first. */
const lookedThrough = 1_000

/** The items that an address names, with their titles. */
function itemsNamed(name: string, ids: readonly string[], signal: AbortSignal): Promise<readonly Pick[]> {
  return Promise.all(
    ids.map(async (id) => {
      const { items } = await findItems(name, id, 20, signal)
      return { id, title: items.find((item) => item.id === id)?.title ?? id }
    }),
  )
}

async function longestHistory(name: string, signal: AbortSignal): Promise<string | undefined> {
  const { users } = await findUsers(name, '', lookedThrough, signal)
  return users.toSorted((a, b) => b.items - a.items)[0]?.id
}

interface MethodsProps {
  readonly catalogue: Catalogue
  readonly shown: ReadonlySet<string>
  readonly choose: (names: readonly string[]) => void
}

function Methods({ catalogue, shown, choose }: MethodsProps) {
  const toggle = (name: string, on: boolean): void =>
    choose(
      catalogue.methods
        .map(({ recommender }) => recommender.name)
        .filter((other) => (other === name ? on : shown.has(other))),
    )
  return (
    <fieldset className="methods-shown">
      <legend className="hidden">Methods side by side</legend>
      {catalogue.methods.map(({ recommender: { name }, title, hue }) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={shown.has(name)}
            // A page without any list would say nothing.
            disabled={shown.size === 1 && shown.has(name)}
            onChange={(event) => toggle(name, event.target.checked)}
          />
          <span className={`swatch cluster-${hue}`} aria-hidden="true" />
          {title}
        </label>
      ))}
    </fieldset>
  )
}

/** A history that is put together here and kept in the address. */
function usePicks(searched: string | undefined) {
  const [query, change] = useQuery()
  const [picks, dispatch] = useReducer(picksAfter, noPicks)
  const [named] = useState(() => query.getAll('pick'))
  const opened = useResource(named.length > 0 && searched !== undefined ? named.join('\n') : undefined, (signal) =>
    itemsNamed(searched ?? '', named, signal),
  )
  const [settled, setSettled] = useState(named.length === 0)
  useEffect(() => {
    if (settled || !opened.data) return
    dispatch({ kind: 'open', picks: opened.data })
    setSettled(true)
  }, [opened.data, settled])
  useEffect(() => {
    if (settled) change({ pick: picks.held.map(({ id }) => id) }, { replace: true })
  }, [picks.held, settled, change])
  const act = useCallback((next: PickChange): void => {
    setSettled(true)
    dispatch(next)
  }, [])
  return { picks, act, settled }
}

export interface BenchProps {
  readonly catalogue: Catalogue
  /** Called when a job has fitted a method. */
  readonly onFitted: () => void
}

/** The methods of a catalogue side by side: for whom, what else lists are to be, and the lists. */
export function Bench({ catalogue, onFitted }: BenchProps) {
  const [query, change] = useQuery()
  const shown = shownMethods(catalogue, query.getAll('method'))
  const methods = catalogue.methods.filter(({ recommender }) => shown.has(recommender.name))
  const ready = catalogue.methods.filter(({ recommender }) => recommender.fitted !== undefined)
  const searched = ready[0]?.recommender.name
  const mode: Mode = query.get('mode') === 'own' ? 'own' : 'someone'
  const { picks, act, settled } = usePicks(searched)
  const longest = useResource(
    mode === 'someone' && query.get('user') === null ? searched && `longest ${catalogue.id}` : undefined,
    (signal) => longestHistory(searched ?? '', signal),
  )
  const user = query.get('user') ?? longest.data
  const history = useResource(
    mode === 'someone' && searched !== undefined && user !== undefined ? user : undefined,
    (signal) => readHistory(searched ?? '', user ?? '', signal),
  )
  const aim: Aim = query.get('aim') === 'diversity' ? 'diversity' : 'fairness'
  const step = Math.min(aims[aim].weights.length - 1, Math.max(0, Math.trunc(Number(query.get('step') ?? 0)) || 0))
  const whom: Wish['whom'] | undefined =
    mode === 'own' ? { history: picks.held.map(({ id }) => id) } : user === undefined ? undefined : { user }

  const [held, setHeld] = useState<{ readonly [name: string]: readonly string[] }>({})
  const onItems = useCallback(
    (name: string, ids: readonly string[]) => setHeld((before) => ({ ...before, [name]: ids })),
    [],
  )
  const elsewhere = (name: string, id: string): number =>
    methods.filter(({ recommender }) => recommender.name !== name && held[recommender.name]?.includes(id)).length

  return (
    <div className="bench">
      <div className="wishes">
        {searched !== undefined && (
          <Whom
            name={searched}
            mode={mode}
            choose={(next) => change({ mode: next === 'own' ? 'own' : undefined })}
            user={user}
            chooseUser={(next) => change({ user: next }, { replace: true })}
            history={history}
            picks={picks}
            change={act}
          />
        )}
        <TradePanel
          methods={methods}
          aim={aim}
          step={step}
          choose={(next) =>
            change(
              {
                aim: (next.aim ?? aim) === 'diversity' ? 'diversity' : undefined,
                // The weights of another aim are others.
                step: next.aim !== undefined ? undefined : `${next.step || ''}`,
              },
              { replace: true },
            )
          }
        />
      </div>
      <section aria-labelledby="lists-title" className="side-by-side">
        <div className="lists-head">
          <h2 id="lists-title">What each method recommends</h2>
          <p className="soft small about">
            Under an item stands what of the history speaks for it, with its share in the score.
          </p>
          <Methods
            catalogue={catalogue}
            shown={shown}
            choose={(names) => change({ method: names }, { replace: true })}
          />
        </div>
        <div className="lists">
          {methods.map((method) => (
            <List
              key={method.recommender.name}
              method={method}
              whom={settled ? whom : undefined}
              aim={aim}
              weight={aims[aim].weights[step] ?? 0}
              onItems={onItems}
              elsewhere={elsewhere}
              onFitted={onFitted}
              {...(mode === 'own' && { take: (pick: Pick) => act({ kind: 'take', pick }) })}
            />
          ))}
        </div>
      </section>
    </div>
  )
}
