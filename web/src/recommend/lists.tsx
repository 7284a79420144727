import { type Aim, type Recommended, recommend, type Wish } from '../api/recommend.ts'
import { formatNumber, formatShare } from '../ui/format.ts'
import { JobProgress } from '../ui/job-progress.tsx'
import { useMovingList } from '../ui/moving-list.ts'
import { useResource } from '../ui/resource.ts'
import { Failure, Loading } from '../ui/state.tsx'
import { aboutItem, type Method } from './catalogues.ts'
import type { Pick } from './picks.ts'
import { places, recallOf } from './trade.ts'

/** Reasons that are asked for, and of these as many are shown as speak for at least a part of the score. */
const reasonsAsked = 3
const leastShare = 0.02

/** What of the history speaks for an item: each reason’s share in its score. */
function Why({ item }: { readonly item: Recommended }) {
  const reasons = (item.reasons ?? []).filter(({ weight }) => weight > leastShare * Math.abs(item.score))
  if (reasons.length === 0) return null
  const whole = Math.max(item.score, ...reasons.map(({ weight }) => weight))
  return (
    <ul className="why small" aria-label={`Why ${item.title ?? item.id}`}>
      {reasons.map(({ id, title, weight }) => (
        <li key={id}>
          <span>{title ?? id}</span>
          <span className="number">{item.score > 0 ? formatShare(weight / item.score) : formatNumber(weight)}</span>
          <span className="share" aria-hidden="true">
            <span style={{ inlineSize: `${(100 * weight) / whole}%` }} />
          </span>
        </li>
      ))}
    </ul>
  )
}

interface ItemsProps {
  readonly items: readonly Recommended[]
  /** How many of the other lists have an item. */
  readonly elsewhere: (id: string) => number
  /** Takes an item into the history; absent where there is none to take it into. */
  readonly take?: (pick: Pick) => void
}

function Items({ items, elsewhere, take }: ItemsProps) {
  const list = useMovingList(items.map(({ id }) => id).join())
  return (
    <ol className="recommended" ref={list}>
      {items.map((item) => {
        const { id, title = id, attributes } = item
        const others = elsewhere(id)
        return (
          <li key={id} data-id={id}>
            <div className="item-head">
              <p className="item-title">{title}</p>
              {take && (
                <button
                  type="button"
                  className="take"
                  aria-label={`Take ${title}`}
                  title="Take it into the history"
                  onClick={() => take({ id, title })}
                >
                  +
                </button>
              )}
            </div>
            <p className="soft small">
              {aboutItem(attributes)}
              {others > 0 && <span className="elsewhere"> also in {others}</span>}
            </p>
            <Why item={item} />
          </li>
        )
      })}
    </ol>
  )
}

function Quality({ method }: { readonly method: Method }) {
  const { fitted } = method.recommender
  const recall = recallOf(fitted?.quality?.metrics ?? [])
  return (
    <>
      {recall && (
        <p className="soft small measured">
          Recall@{recall.at} <strong>{formatNumber(recall.value)}</strong>, {formatNumber(recall.lower)} to{' '}
          {formatNumber(recall.upper)}
        </p>
      )}
      {fitted && !fitted.explains && <p className="soft small">Gives no reasons.</p>}
    </>
  )
}

export interface ListProps {
  readonly method: Method
  /** Nobody yet while undefined. */
  readonly whom: Wish['whom'] | undefined
  readonly aim: Aim
  readonly weight: number
  readonly take?: (pick: Pick) => void
  /** Tells the others what this list holds. */
  readonly onItems: (name: string, ids: readonly string[]) => void
  readonly elsewhere: (name: string, id: string) => number
  /** Called when a job has fitted the method. */
  readonly onFitted: () => void
}

/** What one method recommends, and why. */
export function List({ method, whom, aim, weight, take, onItems, elsewhere, onFitted }: ListProps) {
  const { recommender, title, description, hue } = method
  const { name, state, job, error: failed } = recommender
  const key =
    state === 'ready' && whom
      ? JSON.stringify([name, recommender.fitted?.at, whom, weight === 0 ? '' : aim, weight])
      : undefined
  const answer = useResource(key, async (signal) => {
    if (!whom) return undefined
    const found = await recommend(name, { whom, count: places, aim, weight, explain: reasonsAsked }, signal)
    onItems(
      name,
      found.items.map(({ id }) => id),
    )
    return found
  })
  const { data } = answer
  return (
    <section className="list" aria-labelledby={`list-${name}`} data-method={recommender.kind}>
      <header>
        <h3 id={`list-${name}`}>
          <span className={`swatch cluster-${hue}`} aria-hidden="true" />
          {title}
        </h3>
        <p className="soft small">{description}</p>
        <Quality method={method} />
      </header>
      <div>
        {state === 'fitting' && job && (
          <JobProgress key={job} id={job} what="lists" onDone={onFitted} brief={recommender.fitted !== undefined} />
        )}
        {state === 'failed' && (
          <p className="notice bad" role="alert">
            It could not be fitted: {failed ?? 'the server’s log says why'}
          </p>
        )}
        {answer.error && <Failure error={answer.error} retry={answer.reload} />}
        {key !== undefined && !data && answer.loading && <Loading what={`the list by ${title}`} rows={8} />}
        {data && (
          <div className={answer.loading ? 'stale' : ''}>
            {data.basis === 'popularity' && recommender.kind !== 'popularity' && (
              <p className="soft small">Nothing is known yet: this is what most took.</p>
            )}
            {data.notes?.map((note) => (
              <p key={note} className="soft small">
                {note}
              </p>
            ))}
            {data.items.length === 0 && <p className="soft">Nothing is left to recommend.</p>}
            <Items items={data.items} elsewhere={(id) => elsewhere(name, id)} {...(take && { take })} />
          </div>
        )}
      </div>
    </section>
  )
}
