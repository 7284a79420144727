import type { Candidate, Context, Rater, Rating, Signal } from '../../collect/index.ts'
import { canonicalJson, type Json } from '../../run/index.ts'
import type { Judgement } from '../contract.ts'
import type { PairData } from './pair-data.ts'

/** Numbers things by key in order of appearance. */
export function numbering<Item>(): { readonly items: Item[]; of(key: string, make: () => Item): number } {
  const places = new Map<string, number>()
  const items: Item[] = []
  return {
    items,
    of(key, make) {
      const known = places.get(key)
      if (known !== undefined) return known
      places.set(key, items.length)
      return items.push(make()) - 1
    },
  }
}

/** Tells judgements apart: features belong to an appearance, so one content may have several. */
export function judgementKey(context: Context, candidate: Candidate, rater: Rater | undefined): string {
  const features = candidate.features === undefined ? '' : canonicalJson(candidate.features as Json)
  return JSON.stringify([context.id, candidate.id, rater?.id ?? null, features])
}

/** Collects pairs; judgements, contexts, raters and sources are held once each. */
export function pairBuilder(): {
  add(signal: Signal, a: Candidate, b: Candidate, target: number, weight: number): void
  data(): PairData & { readonly rows: readonly Judgement[]; readonly contexts: readonly Judgement[] }
} {
  const rows = numbering<Judgement>()
  const contexts = numbering<Judgement>()
  const raters = numbering<string>()
  const sources = numbering<string>()
  const columns = { a: [] as number[], b: [] as number[], context: [] as number[], rater: [] as number[] }
  const source: number[] = []
  const targets: number[] = []
  const weights: number[] = []
  return {
    add({ context, rater, source: from }, a, b, target, weight) {
      const row = (candidate: Candidate): number =>
        rows.of(judgementKey(context, candidate, rater), () => ({ context, candidate, rater }))
      columns.a.push(row(a))
      columns.b.push(row(b))
      columns.context.push(contexts.of(context.id, () => ({ context, candidate: a, rater })))
      columns.rater.push(raters.of(rater.id, () => rater.id))
      source.push(sources.of(from, () => from))
      targets.push(target)
      weights.push(weight)
    },
    data: () => ({
      rows: rows.items,
      a: Int32Array.from(columns.a),
      b: Int32Array.from(columns.b),
      targets: Float32Array.from(targets),
      weights: Float32Array.from(weights),
      contexts: contexts.items,
      context: Int32Array.from(columns.context),
      raters: raters.items,
      rater: Int32Array.from(columns.rater),
      sources: sources.items,
      source: Int32Array.from(source),
      columns: {},
    }),
  }
}

/** One rater's ratings in one context. */
export interface RatedGroup {
  /** One of the signals, for context, rater and source. */
  readonly signal: Rating
  readonly candidates: readonly Candidate[]
  /** Mean rating of each candidate. */
  readonly values: readonly number[]
  /** Mean weight of the ratings. */
  readonly weight: number
}

/** Gathers ratings that can be compared with each other. */
export function ratedGroups(): { add(signal: Rating, value: number): void; groups(): readonly RatedGroup[] } {
  interface Entry {
    readonly candidate: Candidate
    total: number
    count: number
  }
  const groups = new Map<string, { signal: Rating; entries: Map<string, Entry>; weight: number; count: number }>()
  return {
    add(signal, value) {
      const key = JSON.stringify([signal.context.id, signal.rater.id, signal.source])
      const group = groups.get(key) ?? { signal, entries: new Map<string, Entry>(), weight: 0, count: 0 }
      groups.set(key, group)
      group.weight += signal.weight ?? 1
      group.count++
      const entry = group.entries.get(signal.candidate.id) ?? { candidate: signal.candidate, total: 0, count: 0 }
      group.entries.set(signal.candidate.id, entry)
      entry.total += value
      entry.count++
    },
    groups: () =>
      [...groups.values()].map(({ signal, entries, weight, count }) => {
        const list = [...entries.values()]
        return {
          signal,
          candidates: list.map(({ candidate }) => candidate),
          values: list.map((entry) => entry.total / entry.count),
          weight: weight / count,
        }
      }),
  }
}
