import { candidate, type Signal } from '../signal.ts'
import type { SignalFilter, SignalSource } from '../store.ts'

/** Everything a source reads. */
export async function all(source: SignalSource, filter?: SignalFilter): Promise<Signal[]> {
  const signals: Signal[] = []
  for await (const signal of source.read(filter)) signals.push(signal)
  return signals
}

export const ids = (signals: readonly Signal[]): string[] => signals.map(({ id }) => id)

let made = 0
/** A comparison with an id of its own, and whatever is said about it. */
export function comparison(about: Partial<Extract<Signal, { kind: 'comparison' }>> = {}): Signal {
  return {
    kind: 'comparison',
    id: `s${++made}`,
    rater: { id: 'ada', kind: 'human' },
    context: { id: 'c' },
    time: 1_000,
    source: 'test',
    a: candidate({ modality: 'text', text: 'tea' }),
    b: candidate({ modality: 'text', text: 'coffee' }),
    outcome: 'a',
    ...about,
  }
}
