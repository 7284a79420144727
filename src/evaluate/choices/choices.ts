import type { InteractionLog } from '../../recommend/index.ts'

type Attributes = { readonly [name: string]: string | number }

/** An item of a catalogue as people read of it. */
export interface CatalogueItem {
  /** Its id in the log. */
  readonly id: string
  readonly title: string
  /** What stands under the title, such as who made it. */
  readonly about?: string
  readonly attributes: Attributes
}

/** Somebody who chose. */
export interface Chooser {
  /** Their id in the log. */
  readonly id: string
  readonly name: string
  readonly attributes: Attributes
}

/** What sets of choices are told apart by, and how to speak of them. */
export interface ChoicesDefinition {
  readonly name: string
  readonly title: string
  /** What a choice is, in one or two sentences. */
  readonly description: string
  readonly attribution?: string
  /** Whether nobody real chose. */
  readonly simulated: boolean
  /** What an item is called, as in `9 songs`. */
  readonly noun: { readonly one: string; readonly many: string }
}

/** Who chose what from a catalogue, and what everything in it is called. */
export interface Choices extends ChoicesDefinition {
  readonly log: InteractionLog
  /** By the item's number in the log. */
  readonly items: readonly CatalogueItem[]
  /** By the user's number in the log. */
  readonly choosers: readonly Chooser[]
}

/**
 * Items as vectors of their attributes, so that the distance within a list can be measured: a column for each value of
 * each attribute, 1 where the item has it. With a attributes each, the cosine of two items is the share of them in which
 * they agree.
 *
 * @param names the attributes that count
 * @param valueAs what an attribute's value is taken for, such as the decade of a year. Default: itself
 */
export function attributeVectors(
  items: readonly CatalogueItem[],
  names: readonly string[],
  valueAs: (name: string, value: string | number) => string | number = (_, value) => value,
): { readonly data: Float32Array; readonly width: number } {
  const columns = new Map<string, number>()
  const held = items.map(({ attributes }) =>
    names.flatMap((name) => {
      const value = attributes[name]
      if (value === undefined) return []
      const key = `${name} ${valueAs(name, value)}`
      const column = columns.get(key) ?? columns.size
      columns.set(key, column)
      return [column]
    }),
  )
  const width = columns.size
  const data = new Float32Array(items.length * width)
  for (const [item, own] of held.entries()) for (const column of own) data[item * width + column] = 1
  return { data, width }
}
