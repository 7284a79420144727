/** An item that was taken into a history. */
export interface Pick {
  readonly id: string
  readonly title: string
}

/** A history that somebody makes, and what it was before each change. */
export interface Picks {
  /** Oldest first, each once. */
  readonly held: readonly Pick[]
  readonly past: readonly { readonly held: readonly Pick[]; readonly change: string }[]
}

export type PickChange =
  | { readonly kind: 'take'; readonly pick: Pick }
  | { readonly kind: 'drop'; readonly id: string }
  | { readonly kind: 'begin'; readonly picks: readonly Pick[]; readonly change: string }
  | { readonly kind: 'undo' }
  /** What an address named: there is nothing before it. */
  | { readonly kind: 'open'; readonly picks: readonly Pick[] }

/** How many steps back there are. */
const mostSteps = 100

export const noPicks: Picks = { held: [], past: [] }

/** The history after a change. What changes nothing leaves no step. */
export function picksAfter(picks: Picks, change: PickChange): Picks {
  const { held, past } = picks
  const next = (after: readonly Pick[], what: string): Picks => ({
    held: after,
    past: [...past, { held, change: what }].slice(-mostSteps),
  })
  switch (change.kind) {
    case 'take':
      if (held.some(({ id }) => id === change.pick.id)) return picks
      return next([...held, change.pick], `taking “${change.pick.title}”`)
    case 'drop': {
      const gone = held.find(({ id }) => id === change.id)
      return gone
        ? next(
            held.filter(({ id }) => id !== change.id),
            `dropping “${gone.title}”`,
          )
        : picks
    }
    case 'begin':
      return next(change.picks, change.change)
    case 'open':
      return { held: change.picks, past: [] }
    case 'undo': {
      const before = past.at(-1)
      return before ? { held: before.held, past: past.slice(0, -1) } : picks
    }
  }
}
