import type { InteractionLog } from '../../recommend/index.ts'

/** An item of a catalogue as people read of it. */
export interface CatalogueItem {
  /** Its id in the log. */
  readonly id: string
  readonly title: string
  /** What tells it best comes first. */
  readonly attributes: { readonly [name: string]: string | number }
}

/** Who chose what from a catalogue, and what everything in it is called. Ids of users can be read by people. */
export interface Choices {
  readonly log: InteractionLog
  /** By the item's number in the log. */
  readonly items: readonly CatalogueItem[]
}
