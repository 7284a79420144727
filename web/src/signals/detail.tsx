import type { ReactNode } from 'react'
import { type Candidate, kinds, type Outcome, type Signal } from '../api/signal.ts'
import { languageName } from '../leaderboards/filters.tsx'
import { formatMoment, formatNumber, formatShare } from '../ui/format.ts'
import { Bubbles, CandidateView, candidateTitle, Properties } from './candidate.tsx'
import './detail.css'
import { EraseRater } from './erase-rater.tsx'
import { answerInWords, inRankOrder, outcomeInWords } from './summary.ts'

type OfKind<Kind extends Signal['kind']> = Extract<Signal, { kind: Kind }>

function Sides({ left, right }: { readonly left: ReactNode; readonly right: ReactNode }) {
  return (
    <div className="sides">
      {left}
      {right}
    </div>
  )
}

const verdicts: { readonly [outcome in Outcome]: string } = {
  a: 'A is preferred',
  b: 'B is preferred',
  tie: 'A tie',
  'both-bad': 'Both are bad',
  skipped: 'Skipped without a verdict',
}

function ComparisonView({ signal: { a, b, outcome, strength, aspects } }: { readonly signal: OfKind<'comparison'> }) {
  const fate = (side: 'a' | 'b') =>
    outcome === side ? ('preferred' as const) : outcome === 'a' || outcome === 'b' ? ('passed' as const) : undefined
  return (
    <>
      <p className="verdict">
        {verdicts[outcome]}
        {strength !== undefined && <span className="soft"> with strength {formatShare(strength)}</span>}
      </p>
      <Sides
        left={<CandidateView candidate={a} label="A" fate={fate('a')} />}
        right={<CandidateView candidate={b} label="B" fate={fate('b')} />}
      />
      {aspects && (
        <Properties
          title="By aspect"
          of={Object.fromEntries(Object.entries(aspects).map(([name, one]) => [name, outcomeInWords(one, 'A', 'B')]))}
        />
      )}
    </>
  )
}

function RankingView({ signal }: { readonly signal: OfKind<'ranking'> }) {
  return (
    <ul className="ranking">
      {inRankOrder(signal).map(({ candidate, rank }) => (
        <li key={candidate.id}>
          <span className="rank">{rank ?? '–'}</span>
          {candidate.content.modality === 'item' ? (
            <ItemLine candidate={candidate} />
          ) : (
            <CandidateView candidate={candidate} />
          )}
          {rank === null && <span className="soft"> not ranked</span>}
        </li>
      ))}
    </ul>
  )
}

/** A catalogue item needs no more than a line, with what is known of it behind it. */
function ItemLine({ candidate }: { readonly candidate: Candidate }) {
  const features = Object.entries(candidate.features ?? {})
  return (
    <span>
      {candidateTitle(candidate)}
      {features.length > 0 && (
        <span className="soft small"> {features.map(([name, value]) => `${name} ${value}`).join(', ')}</span>
      )}
    </span>
  )
}

function RatingView({ signal: { candidate, aspects, scale, rationales } }: { readonly signal: OfKind<'rating'> }) {
  return (
    <>
      <CandidateView candidate={candidate} />
      <table className="scores">
        <caption className="hidden">Scores by aspect</caption>
        <tbody>
          {Object.entries(aspects).map(([aspect, score]) => (
            <tr key={aspect}>
              <th scope="row">{aspect}</th>
              <td className="number">
                {Number.isInteger(score) ? score : formatNumber(score)}
                {scale && <span className="soft"> of {scale.max}</span>}
              </td>
              <td className="meter">
                {scale && scale.max > scale.min && (
                  <span
                    aria-hidden="true"
                    style={{ inlineSize: `${((score - scale.min) / (scale.max - scale.min)) * 100}%` }}
                  />
                )}
              </td>
              {rationales && <td>{rationales[aspect]}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

function ChoiceView({ signal: { shown, chosen, action, value } }: { readonly signal: OfKind<'choice'> }) {
  return (
    <>
      <p className="verdict">
        {action}
        {value !== undefined && <span className="soft"> {value}</span>}: {chosen.length} of {shown.length} shown
      </p>
      <ol className="shown">
        {shown.map((candidate, position) => (
          <li key={position}>
            <CandidateView
              candidate={candidate}
              label={chosen.includes(position) ? 'chosen' : undefined}
              fate={chosen.includes(position) ? 'preferred' : 'passed'}
            />
          </li>
        ))}
      </ol>
    </>
  )
}

function Expressed({ signal }: { readonly signal: Signal }): ReactNode {
  switch (signal.kind) {
    case 'comparison':
      return <ComparisonView signal={signal} />
    case 'ranking':
      return <RankingView signal={signal} />
    case 'rating':
      return <RatingView signal={signal} />
    case 'choice':
      return <ChoiceView signal={signal} />
    case 'edit':
      return (
        <Sides
          left={<CandidateView candidate={signal.before} label="Before" fate="passed" />}
          right={<CandidateView candidate={signal.after} label="After" fate="preferred" />}
        />
      )
    case 'reply':
      return (
        <>
          <CandidateView candidate={signal.to} label="To" />
          <Bubbles messages={[{ role: 'user', content: signal.text }]} />
        </>
      )
    case 'instruction':
      return (
        <>
          <blockquote>{signal.text}</blockquote>
          <p className="soft">Applies {signal.scope ? `to ${signal.scope}` : 'everywhere'}.</p>
        </>
      )
    case 'answer':
      return (
        <>
          <Bubbles
            messages={[
              { role: 'assistant', content: signal.question },
              { role: 'user', content: answerInWords(signal.answer) },
            ]}
          />
          {signal.options && <p className="soft">Offered: {signal.options.join(', ')}</p>}
        </>
      )
  }
}

function ContextView({ context }: { readonly context: Signal['context'] }) {
  const { messages, history, tags, language, features } = context
  if (!messages?.length && !history?.length && !tags?.length && !language && !features) return null
  return (
    <section>
      <h3>In this context</h3>
      {messages && <Bubbles messages={messages} />}
      <Properties
        of={{
          ...(tags?.length && { tags: tags.join(', ') }),
          ...(language && { language: languageName(language) }),
          ...(history?.length && { 'seen before': `${history.length} candidates` }),
          ...features,
        }}
      />
    </section>
  )
}

export interface DetailProps {
  readonly signal: Signal
  readonly onErased: (rater: string, signals: number) => void
}

/** A signal, readable: what was expressed, in which context, by whom, and where it came from. */
export function Detail({ signal, onErased }: DetailProps) {
  const { kind, rater, time, source, weight, rationale, metadata, id } = signal
  return (
    <>
      <h2>{kinds[kind]}</h2>
      <p className="soft small">
        {formatMoment(time)} UTC, from {source}
      </p>
      <Expressed signal={signal} />
      {rationale && (
        <section>
          <h3>Why</h3>
          <blockquote>{rationale}</blockquote>
        </section>
      )}
      <ContextView context={signal.context} />
      <section>
        <h3>By {rater.kind === 'human' ? 'a person' : rater.kind === 'model' ? 'a model' : 'a simulated person'}</h3>
        <Properties of={{ rater: rater.id, ...rater.traits }} />
        <EraseRater rater={rater.id} onErased={(count) => onErased(rater.id, count)} />
      </section>
      <details>
        <summary>As it is stored</summary>
        <Properties of={{ id, ...(weight !== undefined && { weight }), ...metadata }} />
        <pre className="scroller">{JSON.stringify(signal, null, 2)}</pre>
      </details>
    </>
  )
}
