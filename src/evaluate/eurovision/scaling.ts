import { mean, standardDeviation } from '../../measure/index.ts'

/** Row `at` of some rows, standardised. */
export type Scaling = (rows: ArrayLike<number>, at?: number) => number[]

/**
 * Features with mean 0 and spread 1 by column over some rows; a column that never changes stays as it is.
 *
 * @param blocks rows of `width` numbers each, row after row, in as many blocks as one likes
 */
export function scalingOf(blocks: readonly ArrayLike<number>[], width: number): Scaling {
  const columns = Array.from({ length: width }, (_, k) => {
    const values = blocks.flatMap((rows) =>
      Array.from({ length: rows.length / width }, (_, at) => rows[at * width + k] as number),
    )
    const spread = standardDeviation(values)
    return spread > 0 ? { centre: mean(values), spread } : { centre: 0, spread: 1 }
  })
  return (rows, at = 0) => columns.map(({ centre, spread }, k) => ((rows[at * width + k] as number) - centre) / spread)
}
