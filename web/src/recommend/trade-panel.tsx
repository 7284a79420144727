import { lazy, Suspense, useMemo } from 'react'
import { type Aim, type Curve, readCurve } from '../api/recommend.ts'
import { formatCount, formatNumber, formatShare } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { Failure, Loading } from '../ui/state.tsx'
import type { Method } from './catalogues.ts'
import { type AimInWords, aims, places, pointAt } from './trade.ts'

const TradeCurve = lazy(() => import('./trade-curve.tsx'))

interface Measured extends Method {
  readonly curve: Curve
}

/** What a method’s lists are worth at the slider’s place, and what they were without it. */
function Here({
  curves,
  aim,
  weight,
}: {
  readonly curves: readonly Measured[]
  readonly aim: AimInWords
  readonly weight: number
}) {
  const cell = (
    of: (point: Curve['points'][number]) => number,
    { points }: Curve,
    format: (value: number) => string,
  ) => {
    const [now, before] = [pointAt(points, weight), pointAt(points, 0)]
    if (!now || Number.isNaN(of(now))) return <td className="number">–</td>
    return (
      <td className="number">
        {format(of(now))}
        {weight > 0 && before && <span className="soft before"> from {format(of(before))}</span>}
      </td>
    )
  }
  return (
    <table className="here-now small">
      <caption className="hidden">What lists are worth at the slider’s place</caption>
      <thead>
        <tr>
          <th scope="col">Method</th>
          <th scope="col" className="number">
            Recall@{places}
          </th>
          <th scope="col" className="number">
            {aim.gain}
          </th>
          <th scope="col" className="number">
            Shown
          </th>
        </tr>
      </thead>
      <tbody>
        {curves.map(({ recommender, title, hue, curve }) => (
          <tr key={recommender.name}>
            <th scope="row">
              <span className={`swatch cluster-${hue}`} aria-hidden="true" />
              {title}
            </th>
            {cell(
              ({ recall }) => recall,
              curve,
              (value) => formatNumber(value, 3),
            )}
            {cell(aim.of, curve, (value) => formatNumber(value))}
            {cell(({ coverage }) => coverage, curve, formatShare)}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export interface TradePanelProps {
  /** The methods that are shown and ready. */
  readonly methods: readonly Method[]
  readonly aim: Aim
  readonly step: number
  readonly choose: (change: { readonly aim?: Aim; readonly step?: number }) => void
}

/** The slider of what lists are to be beside relevant, and what that costs. */
export function TradePanel({ methods, aim, step, choose }: TradePanelProps) {
  const words = aims[aim]
  const weight = words.weights[step] ?? 0
  const measured = methods.filter(({ recommender }) => recommender.fitted?.quality)
  const key =
    measured.length > 0
      ? [aim, ...measured.map(({ recommender: { name, fitted } }) => `${name} ${fitted?.at}`)].join()
      : undefined
  const answer = useResource(key, (signal) =>
    Promise.all(
      measured.map(async (method): Promise<Measured> => {
        const curve = await readCurve(method.recommender.name, aim, places, words.weights, signal)
        return { ...method, curve }
      }),
    ),
  )
  // What came for another aim is not what the slider is about.
  const curves = answer.data?.[0]?.curve.over === aim ? answer.data : undefined
  const drawn = useMemo(() => curves?.map(({ title, hue, curve }) => ({ title, hue, points: curve.points })), [curves])
  return (
    <section className="trade" aria-labelledby="trade-title">
      <h2 id="trade-title">Beyond relevance</h2>
      <fieldset className="modes">
        <legend className="hidden">What lists are to be beside relevant</legend>
        {(Object.keys(aims) as Aim[]).map((one) => (
          <label key={one}>
            <input type="radio" name="aim" checked={aim === one} onChange={() => choose({ aim: one })} />
            <span className="mode">{aims[one].title}</span>
          </label>
        ))}
      </fieldset>
      <div className="slider">
        <input
          type="range"
          min={0}
          max={words.weights.length - 1}
          step={1}
          value={step}
          aria-label={words.title}
          aria-valuetext={step === 0 ? words.least : `weight ${weight}`}
          onChange={(event) => choose({ step: Number(event.target.value) })}
        />
        <p className="ends soft small" aria-hidden="true">
          <span>{words.least}</span>
          <output>{step === 0 ? '' : `weight ${weight}`}</output>
          <span>{words.most}</span>
        </p>
      </div>
      {answer.error && <Failure error={answer.error} retry={answer.reload} />}
      {key !== undefined && !curves && !answer.error && <Loading what="the curve" rows={5} />}
      {curves && (
        <div className={answer.loading ? 'stale' : ''}>
          <Suspense fallback={<Loading what="the curve" rows={5} />}>
            <TradeCurve curves={drawn ?? []} aim={words} weight={weight} />
          </Suspense>
          <Here curves={curves} aim={words} weight={weight} />
          <p className="soft small">
            Measured on what was held out of {formatCount(curves[0]?.curve.users ?? 0)} users’ choices before fitting.
            Recall is the share of it that a list of {places} holds. {words.about} Shown is the share of the catalogue
            that is in somebody’s list.
          </p>
        </div>
      )}
    </section>
  )
}
