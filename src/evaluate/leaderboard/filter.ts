import { candidatesOf, type Signal, type SignalFilter } from '../../collect/index.ts'

/** A filter for the store to apply, and what it leaves to check. */
export interface JointFilter {
  readonly filter: SignalFilter
  readonly passes: (signal: Signal) => boolean
}

const oneOf = ['kinds', 'raters', 'raterKinds', 'sources', 'languages'] as const

const tagged = (signal: Signal, tags: readonly string[] | undefined): boolean =>
  tags === undefined || (signal.context.tags ?? []).some((tag) => tags.includes(tag))

const producedBy = (signal: Signal, producers: readonly string[] | undefined): boolean =>
  producers === undefined ||
  candidatesOf(signal).some(({ producer }) => producer !== undefined && producers.includes(producer))

/**
 * One filter for the signals that match both of two. Tags and producers can match in more than one way at once, so that
 * two demands on them do not fold into one; the first's is then left to `passes`.
 *
 * @returns undefined when nothing can match both
 */
export function jointFilter(first: SignalFilter, second: SignalFilter): JointFilter | undefined {
  const joint: { -readonly [Key in keyof SignalFilter]: SignalFilter[Key] } = { ...first, ...second }
  for (const field of oneOf) {
    const [mine, yours]: readonly (readonly string[] | undefined)[] = [first[field], second[field]]
    if (!mine || !yours) continue
    const both = mine.filter((value) => yours.includes(value))
    if (both.length === 0) return undefined
    Object.assign(joint, { [field]: both })
  }
  if (first.raterTraits && second.raterTraits) {
    for (const [trait, value] of Object.entries(second.raterTraits))
      if (Object.hasOwn(first.raterTraits, trait) && first.raterTraits[trait] !== value) return undefined
    joint.raterTraits = { ...first.raterTraits, ...second.raterTraits }
  }
  if (first.from !== undefined && second.from !== undefined) joint.from = Math.max(first.from, second.from)
  if (first.to !== undefined && second.to !== undefined) joint.to = Math.min(first.to, second.to)
  if (joint.from !== undefined && joint.to !== undefined && joint.from >= joint.to) return undefined
  const tags = second.tags && first.tags
  const producers = second.producers && first.producers
  return { filter: joint, passes: (signal) => tagged(signal, tags) && producedBy(signal, producers) }
}
