import { type ReactNode, useId } from 'react'

export interface PartProps {
  readonly title: string
  /** What one must know to read it. */
  readonly about?: ReactNode
  readonly children: ReactNode
}

/** A part of a page under a heading. */
export function Part({ title, about, children }: PartProps) {
  const id = useId()
  return (
    <section className="part" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {about && <p className="soft about">{about}</p>}
      {children}
    </section>
  )
}
