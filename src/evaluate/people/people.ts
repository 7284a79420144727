import type { Rater } from '../../collect/index.ts'

/** How the people of a source are looked at. */
export interface PeopleDefinition {
  /** The source of their signals; names the people too. */
  readonly source: string
  readonly title: string
  readonly description?: string
  readonly attribution?: string
  /** A trait whose values are groups that raters vary about, such as a country. */
  readonly groupBy?: string
  /** Columns beside those that are found in the data, and names for the raters: those of the contest's jurors. */
  readonly columns?: 'eurovision'
}

/** A number of a taste with its 95 % interval. */
export interface TasteEffect {
  readonly value: number
  readonly lower: number
  readonly upper: number
}

/** What tastes are told by, and what is common in it. */
export interface PeopleColumn {
  readonly name: string
  readonly more: string
  readonly less: string
  /** `deviation`: effects are per standard deviation within a list; `yes`: of having it against not having it. */
  readonly unit: 'deviation' | 'yes'
  /** What all have in common, in log-odds of being preferred. */
  readonly common: TasteEffect
  /** Standard deviation of the raters' own numbers about what is common. */
  readonly spread: number
}

/** Where somebody is on the map, and what they like: a number per column, in the columns' units. */
export interface PlacedTaste {
  readonly x: number
  readonly y: number
  readonly cluster: number
  readonly effects: readonly TasteEffect[]
}

export interface Person extends PlacedTaste {
  readonly id: string
  /** For people: the id, or what is known of a juror. */
  readonly name: string
  readonly kind: Rater['kind']
  readonly traits: NonNullable<Rater['traits']>
  readonly group?: string
  /** Signals by kind. */
  readonly signals: Readonly<Record<string, number>>
  /** Candidates that were preferred to something. */
  readonly choices: number
}

export interface PeopleGroup extends PlacedTaste {
  readonly name: string
  readonly raters: number
}

export interface PeopleCluster {
  readonly size: number
  /** Mean of its raters' numbers less what is common, by column. */
  readonly lean: readonly number[]
}

/** The raters of a source on a map of tastes. */
export interface People {
  readonly source: string
  readonly title: string
  readonly description?: string
  readonly attribution?: string
  readonly groupBy?: string
  readonly columns: readonly PeopleColumn[]
  readonly raters: readonly Person[]
  /** Empty without `groupBy`. */
  readonly groups: readonly PeopleGroup[]
  readonly clusters: readonly PeopleCluster[]
  /** Of the clusters in all dimensions; below about 0.5 they mostly divide what has no gaps. */
  readonly silhouette: number
  readonly map: {
    /** Share of the variance of the tastes that each axis shows. */
    readonly shares: readonly [number, number]
    /** What an axis is made of, by column. */
    readonly axes: readonly [readonly number[], readonly number[]]
  }
  /**
   * How much of what tells raters apart is known from what they said: 1 − the mean variance of what is not known, over
   * that of tastes. Near 0 the map is of guesses.
   */
  readonly reliability: number
  /** Raters that are not on the map, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
  readonly warnings: readonly string[]
  readonly dataVersion: string
}
