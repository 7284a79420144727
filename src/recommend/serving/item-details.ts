import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { IdMap } from '../interactions/id-map.ts'

export type AttributeValue = string | number | boolean

/** What is known of an item beside who took it. */
export interface ItemDetails {
  /** What it is called. */
  readonly title?: string
  /** Such as genres and a year; several values in a list. */
  readonly attributes?: Readonly<Record<string, AttributeValue | readonly AttributeValue[]>>
}

/** An item's details with its id. */
export interface NamedDetails extends ItemDetails {
  readonly id: string
}

/** What an attribute must be. All that is said must hold; an item without the attribute meets `noneOf` alone. */
export interface AttributeCondition {
  /** The item has at least one of these values. */
  readonly anyOf?: readonly AttributeValue[]
  readonly noneOf?: readonly AttributeValue[]
  /** The item has a number of at least this. */
  readonly least?: number
  readonly most?: number
}

/** Which items may be recommended: all that is said must hold. */
export interface ItemFilter {
  /** Only these, by id. */
  readonly items?: readonly string[]
  /** A value stands for `{ anyOf: [value] }`. */
  readonly attributes?: Readonly<Record<string, AttributeValue | AttributeCondition>>
}

/** What is known of the values of an attribute. */
export interface AttributeSummary {
  readonly name: string
  readonly type: 'text' | 'number' | 'boolean' | 'mixed'
  /** Items that have it. */
  readonly items: number
  /** Most frequent values, at most 50, of attributes that are not numbers. */
  readonly values: readonly { readonly value: AttributeValue; readonly count: number }[]
  readonly least?: number
  readonly most?: number
}

/** Titles and attributes of items by their numbers. */
export interface DetailsTable {
  of(item: number): ItemDetails
  /** Replaces what some items had, and appends it to the file. Returns the ids that are no item. */
  put(details: readonly NamedDetails[]): readonly string[]
  /** Every item, 1 where it meets the conditions: [items]. */
  meeting(conditions: NonNullable<ItemFilter['attributes']>): Uint8Array
  attributes(): readonly AttributeSummary[]
}

function listOf(value: AttributeValue | readonly AttributeValue[] | undefined): readonly AttributeValue[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as AttributeValue]
}

function meets(values: readonly AttributeValue[], condition: AttributeValue | AttributeCondition): boolean {
  if (typeof condition !== 'object') return values.includes(condition)
  const { anyOf, noneOf, least, most } = condition
  if (noneOf && values.some((value) => noneOf.includes(value))) return false
  if (anyOf && !values.some((value) => anyOf.includes(value))) return false
  if (least === undefined && most === undefined) return true
  return values.some(
    (value) =>
      typeof value === 'number' &&
      value >= (least ?? Number.NEGATIVE_INFINITY) &&
      value <= (most ?? Number.POSITIVE_INFINITY),
  )
}

const shownValues = 50

/** Summaries of all attributes, by name. */
export function summarise(details: Iterable<ItemDetails>): readonly AttributeSummary[] {
  const columns = new Map<string, { items: number; readonly counts: Map<AttributeValue, number> }>()
  for (const { attributes } of details)
    for (const [name, value] of Object.entries(attributes ?? {})) {
      const column = columns.get(name) ?? { items: 0, counts: new Map() }
      columns.set(name, column)
      column.items++
      for (const one of new Set(listOf(value))) column.counts.set(one, (column.counts.get(one) ?? 0) + 1)
    }
  return [...columns]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { items, counts }]): AttributeSummary => {
      const sorts = new Set([...counts.keys()].map((value) => typeof value))
      const [sort] = sorts
      const type = sorts.size !== 1 ? 'mixed' : sort === 'string' ? 'text' : (sort as 'number' | 'boolean')
      if (type === 'number') {
        let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
        for (const number of counts.keys()) {
          least = Math.min(least, number as number)
          most = Math.max(most, number as number)
        }
        return { name, type, items, values: [], least, most }
      }
      const values = [...counts]
        .toSorted(([a, m], [b, n]) => n - m || (String(a) < String(b) ? -1 : 1))
        .slice(0, shownValues)
        .map(([value, count]) => ({ value, count }))
      return { name, type, items, values }
    })
}

/** The details that a file has, of the items of a catalogue. */
export function openDetails(path: string, itemIds: IdMap): DetailsTable {
  const known = new Map<number, ItemDetails>()
  let summaries: readonly AttributeSummary[] | undefined
  const set = ({ id, ...details }: NamedDetails): boolean => {
    const item = itemIds.find(id)
    if (item !== undefined) known.set(item, details)
    return item !== undefined
  }
  if (existsSync(path))
    for (const line of readFileSync(path, 'utf8').split('\n')) if (line !== '') set(JSON.parse(line) as NamedDetails)
  return {
    of: (item) => known.get(item) ?? {},
    put(details) {
      const there = details.filter(({ id }) => itemIds.find(id) !== undefined)
      if (there.length > 0) writeDetails(path, there)
      const unknown = details.filter((one) => !set(one)).map(({ id }) => id)
      summaries = undefined
      return unknown
    },
    meeting(conditions) {
      const allowed = new Uint8Array(itemIds.size)
      const all = Object.entries(conditions)
      for (let item = 0; item < allowed.length; item++) {
        const { attributes } = known.get(item) ?? {}
        allowed[item] = all.every(([name, condition]) => meets(listOf(attributes?.[name]), condition)) ? 1 : 0
      }
      return allowed
    },
    attributes() {
      summaries ??= summarise(known.values())
      return summaries
    },
  }
}

/** Adds details to a file. */
export function writeDetails(path: string, details: Iterable<NamedDetails>): void {
  let lines = ''
  for (const one of details) {
    lines += `${JSON.stringify(one)}\n`
    if (lines.length > 1 << 22) {
      appendFileSync(path, lines)
      lines = ''
    }
  }
  if (lines) appendFileSync(path, lines, { flush: true })
}
