import { normalQuantile } from '../../measure/index.ts'
import type { People, Person } from './people.ts'

/** A column's number of somebody, set beside what is common. */
export interface Reason {
  readonly column: string
  readonly text: string
  /** Odds of being preferred per unit of the column. */
  readonly odds: number
}

const z95 = normalQuantile(0.975)

/**
 * What moves somebody, most telling first: columns whose number is surely not 0, or surely not that of most people.
 *
 * @param most reasons at most. Default 5
 */
export function reasonsOf(
  { effects }: Pick<Person, 'effects'>,
  { columns }: Pick<People, 'columns'>,
  most = 5,
): readonly Reason[] {
  const found = columns.flatMap((column, k) => {
    const effect = effects[k]
    if (!effect) return []
    const { value, lower, upper } = effect
    const deviation = (upper - lower) / (2 * z95)
    if (!(deviation > 0)) return []
    const { common, more, less, name } = column
    const [own, unlike] = [value / deviation, (value - common.value) / deviation]
    const [certain, different] = [lower > 0 || upper < 0, Math.abs(unlike) > z95]
    if (!certain && !different) return []
    const usual = common.lower > 0 || common.upper < 0
    const text = !certain
      ? `unlike most, hardly ${common.value > 0 ? more : less}`
      : !different
        ? `${value > 0 ? more : less}${usual && Math.sign(value) === Math.sign(common.value) ? ', as most do' : ''}`
        : Math.sign(value) !== Math.sign(common.value) || !usual
          ? `${value > 0 ? more : less}, unlike most`
          : `${value > 0 ? more : less}, ${Math.abs(value) > Math.abs(common.value) ? 'more' : 'less'} than most`
    return [
      { column: name, text, odds: Math.exp(value), weight: (different ? 10 : 0) + Math.abs(different ? unlike : own) },
    ]
  })
  return found
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, most)
    .map(({ weight: _, ...reason }) => reason)
}

/** How far apart two tastes are: root mean square over columns, in standard deviations of the people's own numbers. */
export function tasteDistance(
  a: Pick<Person, 'effects'>,
  b: Pick<Person, 'effects'>,
  { columns }: Pick<People, 'columns'>,
): number {
  let [sum, count] = [0, 0]
  for (const [k, { spread }] of columns.entries()) {
    if (!(spread > 0)) continue
    sum += (((a.effects[k]?.value ?? 0) - (b.effects[k]?.value ?? 0)) / spread) ** 2
    count++
  }
  return Math.sqrt(sum / Math.max(1, count))
}
