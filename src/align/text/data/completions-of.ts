import { at, dimAt, reshape, type Tensor } from '../../../tensor/index.ts'

/**
 * What was computed per row of a batch by `collateExamples`, flattened, by completion: for pairs `[chosen, rejected]`.
 *
 * @param rows [completions · examples, ...]
 * @param completions how many each example has
 * @returns one tensor [examples, ...] each
 */
export function completionsOf(rows: Tensor, completions: number): readonly Tensor[] {
  const rest = rows.shape.slice(1)
  const size = dimAt(rows.shape, 0)
  if (typeof size === 'number' && size % completions !== 0)
    throw new RangeError(`completionsOf: there are ${size} rows, expected a multiple of ${completions}`)
  const grouped = reshape(rows, [completions, -1, ...rest])
  return Array.from({ length: completions }, (_, index) => at(grouped, 0, index))
}
