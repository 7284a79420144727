import type { ModelAspect } from '../api/model.ts'
import { formatNumber } from '../ui/format.ts'
import { useMovingList } from '../ui/moving-list.ts'

/** A candidate with its scores. */
export interface RankedCandidate {
  readonly id: string
  readonly text: string
  /** What it is about. */
  readonly about: string
  /** `[aspects]` */
  readonly scores: readonly number[]
  /** v · r; undefined without a wish. */
  readonly worth: number | undefined
}

const words = (name: string): string => name.replaceAll('-', ' ')
/** Scores go from 0 to 5. */
const highest = 5

function Scores({
  aspects,
  scores,
  weights,
}: {
  aspects: readonly ModelAspect[]
  scores: readonly number[]
  weights: readonly number[]
}) {
  return (
    <dl className="scores-by-aspect">
      {aspects.map(({ name }, k) => {
        const weight = weights[k] ?? 0
        const score = scores[k] ?? 0
        return (
          <div key={name} className={weight > 0 ? 'to' : weight < 0 ? 'from' : 'neither'}>
            <dt>{words(name)}</dt>
            <dd>
              {formatNumber(score, 1)}
              <span className="bar" aria-hidden="true">
                <span style={{ inlineSize: `${Math.min(100, Math.max(0, (100 * score) / highest))}%` }} />
              </span>
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

export interface RankingProps {
  readonly aspects: readonly ModelAspect[]
  readonly weights: readonly number[]
  /** Best first. */
  readonly candidates: readonly RankedCandidate[]
}

/** Candidates from best to worst; when their order changes, each goes to its new place before one’s eyes. */
export function Ranking({ aspects, weights, candidates }: RankingProps) {
  const list = useMovingList(candidates.map(({ id }) => id).join())
  return (
    <ol className="ranking-by-wish" ref={list}>
      {candidates.map(({ id, text, about, scores, worth }, place) => (
        <li key={id} data-id={id}>
          <span className="place" aria-hidden="true">
            {place + 1}
          </span>
          <div>
            <p className="soft small about-reviews">
              Reviews beginning “{about}”
              {worth !== undefined && <span className="worth"> worth {formatNumber(worth)}</span>}
            </p>
            <p className="summary">{text}</p>
            <Scores aspects={aspects} scores={scores} weights={weights} />
          </div>
        </li>
      ))}
    </ol>
  )
}
