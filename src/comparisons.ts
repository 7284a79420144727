/** An experiment that sets many methods against each other, beside those of single methods in the catalogue. */
export interface ComparisonRow {
  /** The argument of `penchant reproduce`. */
  readonly id: string
  readonly title: string
  /** Module below `experiments/`, without its ending. */
  readonly experiment: string
}

/** The comparisons that can be run. */
export const comparisons: readonly ComparisonRow[] = [
  {
    id: 'eurovision',
    title: 'What Eurovision’s jurors and countries prefer, against two lines of arithmetic',
    experiment: 'eurovision',
  },
]
