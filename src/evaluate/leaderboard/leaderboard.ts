import type { SignalFilter } from '../../collect/index.ts'

/** Models of paired votes. */
export type PairModel = 'bradley-terry' | 'davidson' | 'rao-kupper'

/** Models of paired and ranked votes. */
export type TieModel = PairModel | 'plackett-luce'

/** What a board can be fitted with: a model of paired or ranked votes, or the rating-scale model of scores. */
export type LeaderboardModel = TieModel | 'rating-scale'

/** What tells candidates apart on a board. */
export type CompetitorKey = 'producer' | 'candidate' | { readonly feature: string }

/** Votes that are left out before a board is fitted, in the order of the fields. */
export interface VoteCleaning {
  /**
   * Leaves out votes on candidates whose text names a maker: `true` for a list of well-known companies and models, or
   * the words themselves. Matched in lower case, anywhere in the text of either side.
   */
  readonly identityLeak?: boolean | readonly string[]
  /**
   * Caps how often one prompt counts: at the number of votes that this share of the prompts do not exceed, such as
   * 0.9999. Which of its votes stay is drawn from the run's seed.
   */
  readonly duplicatePrompts?: number
  /** Leaves out raters whose votes would be this unlikely if they voted like the others, such as 0.05. */
  readonly outlierRaters?: number
}

/** Which signals make a leaderboard, and how it is fitted. Stored in the collection `leaderboards` under its name. */
export interface LeaderboardDefinition {
  /** Lower-case letters, digits and hyphens; the address of the board. */
  readonly name: string
  readonly title: string
  readonly description?: string
  readonly filter: SignalFilter
  /**
   * What competes: the producers of candidates (where there is none, the catalogue item or the content), the candidates
   * themselves, whoever made them, or what they share, such as the country of songs. Default producer.
   */
  readonly competitor?: CompetitorKey
  /** The aspect that is judged; default the outcome or rating as a whole. */
  readonly aspect?: string
  /** Default `bradley-terry`. */
  readonly model?: LeaderboardModel
  /** Candidate features whose effect is estimated beside the ratings. */
  readonly features?: readonly string[]
  /** How a feature's two values become one covariate: `a − b`, or `(a − b) / (a + b + 1)` for amounts; default difference. */
  readonly featureScale?: 'difference' | 'relative'
  /** Standardise covariates; default true for relative ones, false for plain differences. */
  readonly standardise?: boolean
  /**
   * Whether standardising also subtracts the mean. It then matters who stands left: a covariate's mean becomes a hidden
   * advantage of one side. Default false.
   */
  readonly centre?: boolean
  /**
   * How ratings and coefficients are penalised: `none` (default), or one of two published conventions of style control,
   * which give different coefficients: `search-arena` (summed loss, ½·½ on the squares of both) and `arena-rank` (mean
   * loss, pairs reweighted by how often they met, ½ on the squares of coefficients only).
   */
  readonly penalty?: 'none' | 'search-arena' | 'arena-rank'
  /** Default `sandwich`. */
  readonly intervals?: 'sandwich' | 'bootstrap'
  /** What becomes of "both bad": counted as a tie, or left out. Default tie. */
  readonly bothBad?: 'tie' | 'drop'
  /** A competitor whose rating is set, so that boards can be compared: all others move along. */
  readonly anchor?: { readonly competitor: string; readonly rating: number }
  /** What is left out before fitting; default nothing. */
  readonly clean?: VoteCleaning
  /**
   * What a candidate without a rank means in a ranking: left out of it, or behind all ranked ones in no order, as in a
   * list of the best. Default absent.
   */
  readonly unranked?: 'absent' | 'below'
  /**
   * For the rating-scale model on rankings: the points of rank 1, 2, …; later ranks get 0. Ratings carry their own.
   */
  readonly points?: readonly number[]
  /**
   * For the rating-scale model: what competitors have in common beyond one occasion, which links occasions that share
   * no competitor. Default producer.
   */
  readonly group?: CompetitorKey
  /** For the rating-scale model: whether the board lists the competitors or their groups. Default competitors. */
  readonly lists?: 'competitors' | 'groups'
  /** Attribution line for shipped data. */
  readonly attribution?: string
}

export interface Competitor {
  readonly name: string
  /** 1000 + (400 / ln 10)·θ, θ with mean 0; moved as a whole where the board has an anchor. */
  readonly rating: number
  /** Ends of the 95 % interval. */
  readonly lower: number
  readonly upper: number
  /** 1 + how many competitors' lower ends lie above this one's upper end. */
  readonly rank: number
  /** Votes of the fit that the competitor took part in; a ranking or a rating counts as one. */
  readonly votes: number
  /** Votes won, or places before another in a ranking. */
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

/** How many votes were left out, and why. */
export interface RemovedVotes {
  readonly identityLeak: number
  readonly duplicatePrompts: number
  readonly outlierRaters: number
}

export interface Leaderboard {
  readonly name: string
  readonly title: string
  readonly description?: string
  readonly attribution?: string
  readonly model: LeaderboardModel
  /** How the intervals were found; the rating-scale model has its own, of the Laplace approximation. */
  readonly intervals: 'sandwich' | 'bootstrap' | 'laplace'
  /** From best to worst. */
  readonly competitors: readonly Competitor[]
  readonly features: readonly FeatureEffect[]
  /** The fitted tie parameter of Davidson (ν) or Rao–Kupper (θ), where the model has one. */
  readonly tieParameter?: number
  /** Votes that the fit used. */
  readonly votes: number
  /** Comparisons by outcome, including those that the fit leaves out as skipped or both bad. Rankings are not among them. */
  readonly outcomes: {
    readonly a: number
    readonly b: number
    readonly tie: number
    readonly bothBad: number
    readonly skipped: number
  }
  /** `wins[i][j]`: decisive votes `names[i]` won against `names[j]`, in the order of `competitors`, at most the first 100. */
  readonly winMatrix: { readonly names: readonly string[]; readonly wins: readonly (readonly number[])[] }
  /** Votes per day, week, month or year, whichever suits the span; `start` in milliseconds since 1970, UTC. */
  readonly votesOverTime: readonly { readonly start: number; readonly votes: number }[]
  /** Present when the definition cleans votes. */
  readonly removed?: RemovedVotes
  /** What a reader must know: parts that were never compared, competitors that never lost, what was left out. */
  readonly warnings: readonly string[]
  /** Version of the data it was fitted to. */
  readonly dataVersion: string
}
