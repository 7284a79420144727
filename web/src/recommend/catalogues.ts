import type { Attributes, Recommender, RecommenderKinds } from '../api/recommend.ts'

/** A method of a catalogue, as it stands beside others. */
export interface Method {
  readonly recommender: Recommender
  /** What the method is called; unlike all others of the catalogue. */
  readonly title: string
  readonly description: string
  /** Its hue, 1 to 6. */
  readonly hue: number
}

/** All that learned from the same choices. */
export interface Catalogue {
  /** Names it in addresses. */
  readonly id: string
  readonly title: string
  readonly description: string
  readonly methods: readonly Method[]
}

const hues = 6

/** What tells the choices that somebody learned from: equal for equal ones, whatever the order of its parts. */
function sameness(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** Recommenders by what they learned from, in the order in which they came; of each, methods in the order of kinds. */
export function cataloguesOf(recommenders: readonly Recommender[], kinds: RecommenderKinds): readonly Catalogue[] {
  const rank = new Map(kinds.map(({ kind }, at) => [kind, at]))
  const place = ({ kind }: Recommender): number => rank.get(kind) ?? rank.size
  return [...Map.groupBy(recommenders, ({ data }) => sameness(data)).values()].map((all) => {
    const [first] = all
    const own = all.toSorted((a, b) => place(a) - place(b))
    const { choices } = first?.data ?? {}
    return {
      id: typeof choices === 'string' ? choices : (first?.name ?? ''),
      title: first?.title ?? '',
      description: first?.description ?? '',
      methods: own.map((recommender, at) => {
        const kind = kinds.find((one) => one.kind === recommender.kind)
        const alone = all.filter((other) => other.kind === recommender.kind).length === 1
        const title = kind?.title ?? recommender.kind
        return {
          recommender,
          title: alone ? title : `${title} (${recommender.name})`,
          description: kind?.description ?? '',
          hue: (at % hues) + 1,
        }
      }),
    }
  })
}

/** How many methods stand side by side at first. */
const atFirst = 4
/** Those that differ most in what they are come before their kin. */
const first = ['popularity', 'item-neighbours', 'ease', 'light-gcn']

/** The names of the methods that are shown: those that were chosen, or a few that are unlike each other. */
export function shownMethods(catalogue: Catalogue, chosen: readonly string[]): ReadonlySet<string> {
  const names = catalogue.methods.map(({ recommender }) => recommender.name)
  const known = chosen.filter((name) => names.includes(name))
  if (known.length > 0) return new Set(known)
  const rank = ({ kind }: Recommender): number => (first.includes(kind) ? first.indexOf(kind) : first.length)
  return new Set(
    catalogue.methods
      .map(({ recommender }) => recommender)
      .toSorted((a, b) => rank(a) - rank(b))
      .slice(0, atFirst)
      .map(({ name }) => name),
  )
}

/** What stands under a title: the most telling attributes. */
export function aboutItem(attributes: Attributes, most = 3): string {
  return Object.values(attributes ?? {})
    .slice(0, most)
    .map((value) => (Array.isArray(value) ? value.join(', ') : String(value)))
    .join('\u00a0· ')
}
