import type { ReactNode } from 'react'

export interface ScrollerProps {
  /** What lies inside, for those who do not see it. */
  readonly label: string
  readonly className?: string
  readonly children: ReactNode
}

/** Something wider or taller than its place: it scrolls by itself, also with the keyboard, and the page does not. */
export function Scroller({ label, className = '', children }: ScrollerProps) {
  return (
    <section
      className={`scroller ${className}`}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a pointer
      tabIndex={0}
    >
      {children}
    </section>
  )
}
