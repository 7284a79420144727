import type { SignalFilter } from '../../collect/index.ts'

export type TieModel = 'bradley-terry' | 'davidson' | 'rao-kupper' | 'plackett-luce'

/** Which signals make a leaderboard, and how it is fitted. Stored in the collection `leaderboards` under its name. */
export interface LeaderboardDefinition {
  /** Lower-case letters, digits and hyphens; the address of the board. */
  readonly name: string
  readonly title: string
  readonly description?: string
  readonly filter: SignalFilter
  /** Default `bradley-terry`. */
  readonly model?: TieModel
  /** Candidate features whose effect is estimated beside the ratings. */
  readonly features?: readonly string[]
  /** How a feature's two values become one covariate: `a − b`, or `(a − b) / (a + b + 1)` for amounts; default difference. */
  readonly featureScale?: 'difference' | 'relative'
  /** Standardise covariates; default true for relative ones, false for plain differences. */
  readonly standardise?: boolean
  /** Default `sandwich`. */
  readonly intervals?: 'sandwich' | 'bootstrap'
  /** What becomes of "both bad": counted as a tie, or left out. Default tie. */
  readonly bothBad?: 'tie' | 'drop'
  /** Attribution line for shipped data. */
  readonly attribution?: string
}

export interface Competitor {
  readonly name: string
  /** 1000 + (400 / ln 10)·θ, θ with mean 0. */
  readonly rating: number
  /** Ends of the 95 % interval. */
  readonly lower: number
  readonly upper: number
  /** 1 + how many competitors' lower ends lie above this one's upper end. */
  readonly rank: number
  /** Votes the competitor took part in. */
  readonly votes: number
  readonly wins: number
  readonly losses: number
  readonly ties: number
  readonly bothBad: number
  /** Unweighted mean over opponents of the share of decisive votes won; null without decisive votes. */
  readonly averageWinRate: number | null
}

export interface FeatureEffect {
  readonly name: string
  /** On the logit scale, per unit (or per standard deviation when standardised). */
  readonly coefficient: number
  readonly lower: number
  readonly upper: number
}

export interface Leaderboard {
  readonly name: string
  readonly title: string
  readonly description?: string
  readonly attribution?: string
  readonly model: TieModel
  readonly intervals: 'sandwich' | 'bootstrap'
  /** From best to worst. */
  readonly competitors: readonly Competitor[]
  readonly features: readonly FeatureEffect[]
  /** The fitted tie parameter of Davidson (ν) or Rao–Kupper (θ), where the model has one. */
  readonly tieParameter?: number
  readonly votes: number
  /** Votes by outcome. */
  readonly outcomes: {
    readonly a: number
    readonly b: number
    readonly tie: number
    readonly bothBad: number
    readonly skipped: number
  }
  /** `wins[i][j]`: decisive votes `names[i]` won against `names[j]`, in the order of `competitors`, at most the first 100. */
  readonly winMatrix: { readonly names: readonly string[]; readonly wins: readonly (readonly number[])[] }
  /** Votes per period; `start` in milliseconds since 1970. */
  readonly votesOverTime: readonly { readonly start: number; readonly votes: number }[]
  /** What a reader must know: parts that were never compared, competitors that never lost, what was left out. */
  readonly warnings: readonly string[]
  /** Version of the data it was fitted to. */
  readonly dataVersion: string
}
