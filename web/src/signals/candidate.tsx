import { type ReactNode, useState } from 'react'
import type { Candidate, Content, Message } from '../api/signal.ts'

/** A conversation as bubbles: the person on one side, the assistant on the other. */
export function Bubbles({ messages }: { readonly messages: readonly Message[] }) {
  return (
    <ol className="bubbles">
      {messages.map(({ role, content }, position) => (
        <li key={position} className={`bubble ${role}`}>
          <span className="role">{role}</span>
          <p>{content}</p>
        </li>
      ))}
    </ol>
  )
}

/** Pictures and recordings lie on other machines, so they are fetched only when the person asks for them. */
function Media({ modality, uri, sha256 }: { modality: string; uri?: string | undefined; sha256: string }) {
  const [shown, setShown] = useState(false)
  const host = uri && URL.canParse(uri) ? new URL(uri).host : undefined
  return (
    <div className="media">
      <p className="small soft">
        {modality} <code title={sha256}>{sha256.slice(0, 12)}…</code>
      </p>
      {uri && host && !shown && modality !== 'mesh' && (
        <button type="button" onClick={() => setShown(true)}>
          Fetch from {host}
        </button>
      )}
      {shown && modality === 'image' && <img src={uri} alt="" referrerPolicy="no-referrer" />}
      {/* biome-ignore lint/a11y/useMediaCaption: recordings of candidates come without captions */}
      {shown && modality === 'audio' && <audio src={uri} controls />}
      {/* biome-ignore lint/a11y/useMediaCaption: recordings of candidates come without captions */}
      {shown && modality === 'video' && <video src={uri} controls />}
    </div>
  )
}

function ContentView({ content }: { readonly content: Content }): ReactNode {
  switch (content.modality) {
    case 'text':
      return <p className="text">{content.text}</p>
    case 'conversation':
      return <Bubbles messages={content.messages} />
    case 'item':
      return <p className="item">{content.item}</p>
    default:
      return <Media {...content} />
  }
}

/** Names with values, such as features or traits. */
export function Properties({
  of,
  title,
}: {
  readonly of: { readonly [name: string]: unknown }
  readonly title?: string
}) {
  const entries = Object.entries(of)
  if (entries.length === 0) return null
  return (
    <dl className="properties" aria-label={title}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What a candidate is called: its producer, else the item, else the beginning of what it says. */
export function candidateTitle({ producer, content, id }: Candidate): string {
  if (producer) return producer
  if (content.modality === 'item') return content.item
  if (content.modality === 'text') return content.text.slice(0, 80)
  if (content.modality === 'conversation') return content.messages.at(-1)?.content.slice(0, 80) ?? 'empty conversation'
  return `${content.modality} ${id.slice(0, 8)}`
}

export interface CandidateViewProps {
  readonly candidate: Candidate
  readonly label?: ReactNode
  /** What became of it. */
  readonly fate?: 'preferred' | 'passed' | undefined
}

/** A candidate: who made it, what it is, and what is known of it. */
export function CandidateView({ candidate, label, fate }: CandidateViewProps) {
  const { producer, content, features } = candidate
  const isItsName = content.modality === 'item' && (producer === undefined || producer === content.item)
  return (
    <section className={`candidate${fate ? ` ${fate}` : ''}`}>
      {(label || producer) && (
        <header>
          {label && <span className="label">{label}</span>}
          {producer && !isItsName && <strong>{producer}</strong>}
        </header>
      )}
      <ContentView content={content} />
      {features && <Properties of={features} title="Features" />}
    </section>
  )
}
