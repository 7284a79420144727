import {
  type Comparison,
  candidate,
  candidatesOf,
  type Outcome,
  type Ranking,
  type Signal,
  type SignalFilter,
  type SignalSource,
} from '../../collect/index.ts'

const holds = (signal: Signal, filter: SignalFilter): boolean =>
  (filter.kinds?.includes(signal.kind) ?? true) &&
  (filter.raters?.includes(signal.rater.id) ?? true) &&
  (filter.sources?.includes(signal.source) ?? true) &&
  (filter.tags?.some((tag) => signal.context.tags?.includes(tag)) ?? true) &&
  (filter.languages?.includes(signal.context.language ?? '') ?? true) &&
  (filter.producers?.some((name) => candidatesOf(signal).some(({ producer }) => producer === name)) ?? true) &&
  Object.entries(filter.raterTraits ?? {}).every(([trait, value]) => signal.rater.traits?.[trait] === value) &&
  signal.time >= (filter.from ?? Number.NEGATIVE_INFINITY) &&
  signal.time < (filter.to ?? Number.POSITIVE_INFINITY)

/** Signals in memory, for tests. */
export function memorySource(signals: readonly Signal[]): SignalSource & { readonly version: string } {
  return {
    version: 'memory',
    async *read(filter = {}) {
      for (const signal of signals) if (holds(signal, filter)) yield signal
    },
    count: async (filter = {}) => signals.filter((signal) => holds(signal, filter)).length,
  }
}

const base = (id: string) => ({
  id,
  rater: { id: 'rater', kind: 'human' as const },
  context: { id: 'context' },
  time: Date.UTC(2024, 0, 1),
  source: 'test',
})

let made = 0

/** A comparison of two items by name. */
export function comparison(a: string, b: string, outcome: Outcome, about: Partial<Comparison> = {}): Comparison {
  return {
    kind: 'comparison',
    ...base(`comparison-${made++}`),
    a: candidate({ modality: 'item', item: a }),
    b: candidate({ modality: 'item', item: b }),
    outcome,
    ...about,
  }
}

/** The same comparison several times. */
export function comparisons(
  count: number,
  a: string,
  b: string,
  outcome: Outcome,
  about: Partial<Comparison> = {},
): Comparison[] {
  return Array.from({ length: count }, () => comparison(a, b, outcome, about))
}

/** A ranking of items by name; default ranks 1, 2, … */
export function ranking(
  items: readonly string[],
  ranks?: readonly (number | null)[],
  about: Partial<Ranking> = {},
): Ranking {
  return {
    kind: 'ranking',
    ...base(`ranking-${made++}`),
    candidates: items.map((item) => candidate({ modality: 'item', item })),
    ranks: [...(ranks ?? items.map((_, place) => place + 1))],
    ...about,
  }
}
