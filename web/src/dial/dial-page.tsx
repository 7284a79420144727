import { useMemo, useState } from 'react'
import { listModels, type Model, type ModelCandidates, modelFile, readCandidates, readModel } from '../api/model.ts'
import { readFile } from '../api/request.ts'
import { saveFile } from '../ui/download.ts'
import { formatCount, formatNumber, formatShare } from '../ui/format.ts'
import { JobProgress } from '../ui/job-progress.tsx'
import { Part } from '../ui/part.tsx'
import { useResource } from '../ui/resource.ts'
import { Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import './dial-page.css'
import { Ranking } from './ranking.tsx'
import { type ScorerAnswer, scoreHere } from './scorer.ts'
import { Sliders, sliderStep } from './sliders.tsx'
import { agreement, asSliders, floatsIn, ranked, shareInterval, wishOf, worth } from './wish.ts'

/** Products whose candidates are shown together; there are two candidates for each. */
const productsShown = 6

interface Scored {
  readonly given: ModelCandidates
  /** By candidate: `[aspects]`, computed in this browser. */
  readonly scores: readonly (readonly number[])[]
  readonly ms: number
  /** The largest difference from the server's scores. */
  readonly difference: number
}

function compared(given: ModelCandidates, { scores: all, aspects, ms }: ScorerAnswer): Scored {
  const scores = given.candidates.map((_, row) => [...all.subarray(row * aspects, (row + 1) * aspects)])
  const difference = given.candidates.reduce(
    (most, { scores: server }, row) =>
      server.reduce((larger, score, k) => Math.max(larger, Math.abs(score - (scores[row]?.[k] ?? Number.NaN))), most),
    0,
  )
  return { given, scores, ms, difference }
}

async function scored(id: string, signal: AbortSignal): Promise<Scored> {
  const [given, model] = await Promise.all([readCandidates(id, signal), readModel(id, signal)])
  const answer = await scoreHere({ model, features: floatsIn(given.features), width: given.width }, signal)
  return compared(given, answer)
}

/** What scores may differ by and still be the same: 32-bit sums in another order. */
const sameWithin = 1e-4

function Check({ model, found }: { readonly model: Model; readonly found: Scored }) {
  const same = found.difference <= sameWithin
  const download = async (name: string): Promise<void> => saveFile(name, await readFile(modelFile(model.id, name)))
  return (
    <Part title="The model">
      <p role="status" className={same ? 'soft' : 'notice bad'}>
        {same
          ? `Scored in this browser: ${formatCount(found.scores.length)} summaries in ${formatNumber(found.ms, found.ms < 10 ? 1 : 0)} ms, the same as on the server to ${found.difference.toExponential(0)} points.`
          : `This browser’s scores differ from the server’s by up to ${formatNumber(found.difference, 4)} points. Do not trust them.`}
      </p>
      <p className="soft">
        {model.description} It learned from {formatCount(model.learnedFrom)} other summaries, each scored by a language
        model. On the summaries here, which it has not seen, its scores correlate with those given by{' '}
        {model.aspects.map(({ name, correlation }, k) => (
          <span key={name}>
            {k > 0 && (k === model.aspects.length - 1 ? ' and ' : ', ')}
            {formatNumber(correlation)} ({name.replaceAll('-', ' ')})
          </span>
        ))}
        . The aspects go together: who writes well in one way mostly does in others.
      </p>
      <p className="soft small attribution">{model.attribution}</p>
      <div className="row downloads">
        <span className="soft small">Download</span>
        {['score.onnx', 'model.safetensors'].map((name) => (
          <button key={name} type="button" onClick={() => void download(name)}>
            {name}
          </button>
        ))}
      </div>
    </Part>
  )
}

function Agreement({ found, weights }: { readonly found: Scored; readonly weights: readonly number[] }) {
  const { choices } = found.given
  const wish = wishOf(weights)
  if (!wish) return <p className="soft agreement">No wish yet: the summaries stand as they come. Move a slider.</p>
  const right = agreement(found.scores, choices, wish)
  const [low, high] = shareInterval(right, choices.length)
  return (
    <p className="agreement">
      This wish chooses as people did in <strong>{formatShare(right / choices.length)}</strong> of{' '}
      {formatCount(choices.length)} pairs{' '}
      <span className="soft small">
        95 % interval {formatShare(low)} to {formatShare(high)}
      </span>
    </p>
  )
}

function Dial({ model, found }: { readonly model: Model; readonly found: Scored }) {
  const { aspects } = model
  const [weights, setWeights] = useState<readonly number[]>(() => aspects.map(() => 0))
  const [shelf, setShelf] = useState(0)
  const shelves = Math.ceil(found.given.contexts.length / productsShown)
  const places = useMemo(
    () =>
      found.given.candidates.flatMap(({ context }, place) =>
        Math.floor(context / productsShown) === shelf ? [place] : [],
      ),
    [found, shelf],
  )
  const wish = wishOf(weights)
  const order = ranked(
    places.map((place) => found.scores[place] ?? []),
    wish,
  ).map((at) => places[at] ?? 0)
  const chosen = asSliders(
    // What may as well be nothing is left at nothing.
    aspects.map(({ chosen: { value, lower, upper } }) => (lower > 0 || upper < 0 ? value : 0)),
    sliderStep,
  )
  return (
    <>
      <div className="dial">
        <section aria-labelledby="wish-title">
          <h2 id="wish-title">What you wish for</h2>
          <Sliders aspects={aspects} weights={weights} onChange={setWeights} />
          <div className="row">
            <button type="button" onClick={() => setWeights(chosen)}>
              As people chose
            </button>
            <button type="button" onClick={() => setWeights(aspects.map(() => 0))}>
              No wish
            </button>
          </div>
          <Agreement found={found} weights={weights} />
          <details>
            <summary>What people chose by</summary>
            <p className="soft small">
              Log-odds of being chosen for each point more of a given score, from the choices of people between two
              summaries of the same reviews, with 95 % intervals. What may be nothing is left out of “As people chose”.
            </p>
            <table className="chosen-by small">
              <tbody>
                {aspects.map(({ name, chosen: { value, lower, upper } }) => (
                  <tr key={name}>
                    <th scope="row">{name.replaceAll('-', ' ')}</th>
                    <td className="number">{formatNumber(value)}</td>
                    <td className="number soft">
                      {formatNumber(lower)} to {formatNumber(upper)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        </section>
        <section aria-labelledby="order-title">
          <div className="row order-head">
            <h2 id="order-title">What it puts first</h2>
            <button type="button" onClick={() => setShelf((shelf + 1) % shelves)}>
              Other products
            </button>
          </div>
          <Ranking
            aspects={aspects}
            weights={weights}
            candidates={order.map((place) => {
              const { id = '', text = '', context = 0 } = found.given.candidates[place] ?? {}
              const scores = found.scores[place] ?? []
              return {
                ...{ id: `${place} ${id}`, text, scores },
                about: found.given.contexts[context] ?? '',
                worth: wish && worth(scores, wish),
              }
            })}
          />
        </section>
      </div>
      <Check model={model} found={found} />
    </>
  )
}

/** Choose a direction among aspects, and see candidates ranked by it at once. */
export function DialPage() {
  useTitle('Preference dial')
  const list = useResource('models', listModels)
  const [model] = list.data?.models ?? []
  const job = list.data?.jobs[0]
  const found = useResource(model && `dial ${model.id}`, (signal) => scored(model?.id ?? '', signal))
  return (
    <article>
      <header className="head">
        <h1>Preference dial</h1>
        <p className="lead">
          Say which aspects you wish for, or away from, and summaries of product reviews are ranked by that wish.
        </p>
      </header>
      {list.error && <Failure error={list.error} retry={list.reload} />}
      {!model && job && <JobProgress key={job} id={job} what="model" onDone={list.reload} />}
      {found.error && <Failure error={found.error} retry={found.reload} />}
      {((!list.data && list.loading) || (model && !found.data && found.loading)) && (
        <Loading what="the dial" rows={10} />
      )}
      {model && found.data && <Dial model={model} found={found.data} />}
    </article>
  )
}
