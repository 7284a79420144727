import { intervalKinds, models } from '../api/leaderboard.ts'
import { type Facets, traitParameter } from '../api/signal.ts'
import { formatCount } from '../ui/format.ts'
import { useQuery } from '../ui/router.tsx'

/** The parameters that choose among a board's votes. */
export const choosing = ['tag', 'language', 'trait', 'from', 'to'] as const

/** The parameters that choose how it is fitted. */
const fitting = ['model', 'intervals', 'adjust'] as const

/** Whether a query chooses among a board's votes. */
export const chooses = (query: URLSearchParams): boolean => choosing.some((name) => query.has(name))

interface SelectProps {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, title: string])[]
  readonly onChange: (value: string) => void
}

function Select({ label, value, options, onChange }: SelectProps) {
  // A value from the address that is not among the options stays choosable, so that the page says what it shows.
  const known = options.some(([option]) => option === value)
  return (
    <label className="field">
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {!known && <option value={value}>{value}</option>}
        {options.map(([option, title]) => (
          <option key={option} value={option}>
            {title}
          </option>
        ))}
      </select>
    </label>
  )
}

const languageNames = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' })

/** A language's name in English, or the tag itself where it is none. */
export function languageName(tag: string): string {
  try {
    return languageNames.of(tag) ?? tag
  } catch {
    return tag
  }
}

const inWords = (name: string): string => name.replaceAll('_', ' ')

export interface BoardFiltersProps {
  readonly facets: Facets | undefined
  /** The model of the board's definition. */
  readonly own: string | undefined
  /** As the board was fitted. */
  readonly model: string | undefined
  readonly intervals: string | undefined
  /** Whether there are effects beside the ratings, which can be left out. */
  readonly adjustable: boolean
  /** Whether the votes are of different times. */
  readonly dated: boolean
}

/** Chooses among a board's votes and how it is fitted. What is chosen stands in the address. */
export function BoardFilters({ facets, own, model, intervals, adjustable, dated }: BoardFiltersProps) {
  const [query, change] = useQuery()
  const set = (name: string) => (value: string) => change({ [name]: value })
  const counted = (values: readonly { readonly value: string; readonly count: number }[] = []) =>
    values.map(({ value, count }) => [value, `${value} (${formatCount(count)})`] as const)
  const traits = Object.entries(facets?.traits ?? {})
  const chosen = query.getAll('trait')
  const without = (name: string): readonly string[] => chosen.filter((trait) => !trait.startsWith(`${name}:`))
  const choose = (trait: string): void => {
    if (trait) change({ trait: [...without(trait.slice(0, trait.indexOf(':'))), trait] })
  }

  return (
    <form className="filters" aria-label="Choose votes and model" onSubmit={(event) => event.preventDefault()}>
      <div className="fields">
        {((facets?.tags.length ?? 0) > 1 || query.has('tag')) && (
          <Select
            label="Category"
            value={query.get('tag') ?? ''}
            options={[['', 'All'], ...counted(facets?.tags)]}
            onChange={set('tag')}
          />
        )}
        {((facets?.languages.length ?? 0) > 1 || query.has('language')) && (
          <Select
            label="Language"
            value={query.get('language') ?? ''}
            options={[
              ['', 'All'],
              ...(facets?.languages ?? []).map(
                ({ value, count }) => [value, `${languageName(value)} (${formatCount(count)})`] as const,
              ),
            ]}
            onChange={set('language')}
          />
        )}
        {(traits.length > 0 || chosen.length > 0) && (
          <label className="field">
            Rater group
            <select value="" onChange={(event) => choose(event.target.value)}>
              <option value="">{chosen.length > 0 ? 'Narrow …' : 'Everyone'}</option>
              {traits.map(([name, values]) => (
                <optgroup key={name} label={inWords(name)}>
                  {values.map(({ value, count }) => (
                    <option key={String(value)} value={traitParameter(name, value)}>
                      {inWords(name)}: {String(value)} ({formatCount(count)})
                    </option>
                  ))}
                </optgroup>
              ))}
            </select>
          </label>
        )}
        {(dated || query.has('from') || query.has('to')) && (
          <>
            <label className="field">
              From
              <input
                type="date"
                value={query.get('from') ?? ''}
                onChange={(event) => set('from')(event.target.value)}
              />
            </label>
            <label className="field">
              Before
              <input type="date" value={query.get('to') ?? ''} onChange={(event) => set('to')(event.target.value)} />
            </label>
          </>
        )}
        <Select
          label="Model"
          value={query.get('model') ?? model ?? ''}
          options={Object.entries(models).filter(([name]) => name !== 'rating-scale' || own === name)}
          onChange={(value) => change({ model: value === own ? undefined : value })}
        />
        <Select
          label="Intervals"
          value={query.get('intervals') ?? intervals ?? ''}
          options={Object.entries(intervalKinds).filter(([kind]) => kind !== 'laplace' || intervals === 'laplace')}
          onChange={set('intervals')}
        />
        {(adjustable || query.has('adjust')) && (
          <label className="check">
            <input
              type="checkbox"
              checked={!query.has('adjust')}
              onChange={({ target }) => change({ adjust: target.checked ? undefined : 'no' })}
            />
            Adjust for features
          </label>
        )}
        {[...choosing, ...fitting].some((name) => query.has(name)) && (
          <button
            type="button"
            onClick={() => change(Object.fromEntries([...choosing, ...fitting].map((name) => [name, undefined])))}
          >
            Reset
          </button>
        )}
      </div>
      {chosen.length > 0 && (
        <ul className="chips" aria-label="Rater groups chosen">
          {chosen.map((trait) => (
            <li key={trait}>
              <button
                type="button"
                aria-label={`Remove ${inWords(trait)}`}
                onClick={() => change({ trait: chosen.filter((other) => other !== trait) })}
              >
                {inWords(trait).replace(':', ': ')} <span aria-hidden="true">×</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </form>
  )
}
