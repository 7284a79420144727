import { cast, expandDims, gather, greaterOrEqual, maximum, type Tensor, where } from '../../tensor/index.ts'

/**
 * Each row's own numbers from a table with a row per rater, and a common row for raters that are not known.
 *
 * @param table [raters, k]; at least one row, even if nobody is known
 * @param rater int64 [rows], −1 for an unknown one
 * @param fallback [k], or [rows, k]
 * @returns [rows, k]
 */
export function raterRows(table: Tensor, rater: Tensor, fallback: Tensor): Tensor {
  const place = cast(rater, 'int64')
  return where(expandDims(greaterOrEqual(place, 0), -1), gather(table, maximum(place, 0)), fallback)
}
