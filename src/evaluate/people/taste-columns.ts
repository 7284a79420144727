import { competitorOf } from '../../collect/index.ts'
import type { JudgedList, JudgingRater } from './judged-lists.ts'

/** A number that a taste weighs candidates by. */
export interface TasteColumn {
  readonly name: string
  /** What it means that a rater's number is above 0, such as `prefers songs sung late`. */
  readonly more: string
  readonly less: string
  /** `deviation`: per standard deviation within a list; `yes`: of a candidate that has it, against one that has not. */
  readonly unit: 'deviation' | 'yes'
  /** Columns of one block are the values of one feature; what counts is how they differ from each other. */
  readonly block?: string
  /** `[candidates]` of a list. */
  readonly of: (list: JudgedList, rater: JudgingRater) => ArrayLike<number>
}

/** Values of a feature that get a column each; a feature with more is left out. */
const mostValues = 8
/** Up to this many different candidates have a column each, and features are not looked at. */
const mostCandidates = 12
/** A feature must vary in this share of the lists. */
const varyingShare = 0.3
/** Where fewer raters met a context, the others' opinion of it is none. */
const fewestOthers = 3

/**
 * Worths of a list with mean 0 and variance 1, higher is preferred, from its ranks; unranked candidates share the place
 * behind all others.
 */
export function standardisedWorths({ ranks }: Pick<JudgedList, 'ranks'>): Float64Array {
  const last = Math.max(0, ...ranks.filter((rank) => !Number.isNaN(rank))) + 1
  const worths = Float64Array.from(ranks, (rank) => -(Number.isNaN(rank) ? last : rank))
  const mean = worths.reduce((sum, value) => sum + value, 0) / worths.length
  const deviation = Math.sqrt(worths.reduce((sum, value) => sum + (value - mean) ** 2, 0) / worths.length)
  return worths.map((value) => (deviation > 0 ? (value - mean) / deviation : 0))
}

/**
 * What others thought of the candidates of a list: the mean of their standardised worths in the same context, without
 * the rater's own group (or the rater, where there are no groups).
 */
export function opinionOfOthers(
  raters: readonly JudgingRater[],
  groupOf: (rater: JudgingRater) => string,
): (list: JudgedList, rater: JudgingRater) => Float64Array {
  interface Sum {
    sum: number
    count: number
  }
  const everyone = new Map<string, Sum>()
  const own = new Map<string, Sum>()
  const add = (sums: Map<string, Sum>, key: string, worth: number): void => {
    const sum = sums.get(key)
    if (sum) {
      sum.sum += worth
      sum.count++
    } else sums.set(key, { sum: worth, count: 1 })
  }
  for (const rater of raters)
    for (const list of rater.lists) {
      const worths = standardisedWorths(list)
      list.candidates.forEach(({ id }, i) => {
        const key = `${list.context}\0${id}`
        add(everyone, key, worths[i] as number)
        add(own, `${groupOf(rater)}\0${key}`, worths[i] as number)
      })
    }
  return (list, rater) =>
    Float64Array.from(list.candidates, ({ id }) => {
      const key = `${list.context}\0${id}`
      const all = everyone.get(key) ?? { sum: 0, count: 0 }
      const mine = own.get(`${groupOf(rater)}\0${key}`) ?? { sum: 0, count: 0 }
      const count = all.count - mine.count
      return count >= fewestOthers ? (all.sum - mine.sum) / count : 0
    })
}

type Scalar = string | number | boolean

function featureValues(
  raters: readonly JudgingRater[],
): ReadonlyMap<string, { readonly values: Map<Scalar, number>; varying: number }> {
  const features = new Map<string, { readonly values: Map<Scalar, number>; varying: number }>()
  for (const { lists } of raters)
    for (const { candidates } of lists) {
      const names = new Set(candidates.flatMap(({ features }) => Object.keys(features ?? {})))
      for (const name of names) {
        const found = features.get(name) ?? { values: new Map<Scalar, number>(), varying: 0 }
        features.set(name, found)
        const here = new Set<Scalar | undefined>(candidates.map(({ features }) => features?.[name]))
        if (here.size > 1) found.varying++
        for (const value of here) if (value !== undefined) found.values.set(value, (found.values.get(value) ?? 0) + 1)
      }
    }
  return features
}

const words = (name: string): string =>
  name
    .replaceAll(/[-_]+/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()

function numberColumn(name: string): TasteColumn {
  return {
    name: words(name),
    more: `prefers more ${words(name)}`,
    less: `prefers less ${words(name)}`,
    unit: 'deviation',
    of: ({ candidates }) => {
      const given = candidates.map(({ features }) => Number(features?.[name] ?? Number.NaN))
      const known = given.filter((value) => Number.isFinite(value))
      const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length)
      // What is not known counts as the mean of what is.
      return given.map((value) => (Number.isFinite(value) ? value : mean))
    },
  }
}

const holds =
  (name: string, value: Scalar): TasteColumn['of'] =>
  ({ candidates }) =>
    candidates.map(({ features }) => (features?.[name] === value ? 1 : 0))

function valueColumns(name: string, values: readonly Scalar[]): TasteColumn[] {
  const column = (value: Scalar, more: Partial<TasteColumn> = {}): TasteColumn => ({
    name: typeof value === 'boolean' ? words(name) : `${words(name)}: ${value}`,
    more: typeof value === 'boolean' ? `prefers ${words(name)}` : `prefers ${value} (${words(name)})`,
    less: typeof value === 'boolean' ? `prefers no ${words(name)}` : `avoids ${value} (${words(name)})`,
    unit: 'yes',
    of: holds(name, value),
    ...more,
  })
  if (values.length === 2 && values.every((value) => typeof value === 'boolean')) return [column(true)]
  return values.map((value) => column(value, { block: name }))
}

/** Whether a feature has the value of the rater's own trait of that name. */
function matchColumn(name: string): TasteColumn {
  return {
    name: `the same ${words(name)}`,
    more: `favours the same ${words(name)} as their own`,
    less: `avoids the same ${words(name)} as their own`,
    unit: 'yes',
    of: ({ candidates }, rater) => candidates.map(({ features }) => (features?.[name] === rater.traits[name] ? 1 : 0)),
  }
}

/** A few candidates that all raters judge: a column each. */
function candidateColumns(names: readonly string[]): TasteColumn[] {
  return names.map((name) => ({
    name,
    more: `prefers ${name}`,
    less: `passes over ${name}`,
    unit: 'yes',
    block: 'candidate',
    of: ({ candidates }) => candidates.map((candidate) => (competitorOf(candidate) === name ? 1 : 0)),
  }))
}

/**
 * What tastes can be told by: a column per candidate where there are few, else what others think of the candidates,
 * their numbers, their features of few values, and whether they share a trait with the rater.
 */
export function tasteColumns(
  raters: readonly JudgingRater[],
  groupOf: (rater: JudgingRater) => string,
): readonly TasteColumn[] {
  const lists = raters.flatMap((rater) => rater.lists)
  const candidates = new Set<string>()
  for (const list of lists) {
    for (const candidate of list.candidates) candidates.add(competitorOf(candidate))
    if (candidates.size > mostCandidates) break
  }
  if (candidates.size <= mostCandidates) return candidateColumns([...candidates].toSorted())
  const columns: TasteColumn[] = []
  const others = opinionOfOthers(raters, groupOf)
  const shared = raters.some((rater) => rater.lists.some((list) => others(list, rater).some((value) => value !== 0)))
  if (shared)
    columns.push({
      name: 'the others’ favourites',
      more: 'goes with the others’ favourites',
      less: 'goes against the others’ favourites',
      unit: 'deviation',
      of: others,
    })
  for (const [name, { values, varying }] of featureValues(raters)) {
    if (varying < varyingShare * lists.length) continue
    const all = [...values.keys()]
    const traits = new Set<Scalar>(raters.flatMap(({ traits }) => traits[name] ?? []))
    const numbers = all.every((value) => typeof value === 'number')
    // Where all raters share the trait, having it in common is having that value.
    if (!numbers && traits.size > 1 && all.some((value) => traits.has(value))) columns.push(matchColumn(name))
    if (numbers && all.length > 2) columns.push(numberColumn(name))
    else if (all.length <= mostValues) columns.push(...valueColumns(name, all.toSorted()))
  }
  return columns
}
