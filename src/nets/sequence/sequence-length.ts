import { type Dim, formatShape, type Tensor } from '../../tensor/index.ts'
import { sizeAt } from '../shape.ts'

/**
 * How many of its `length` positions a net is given: any number of the last ones, or a named size.
 *
 * @throws {RangeError} when the ids are no matrix, or have more positions than the net
 */
export function recentLength(net: string, ids: Tensor, length: number): Dim {
  const recent = ids.shape.length === 2 ? sizeAt(ids, 1) : undefined
  if (recent === undefined || (typeof recent === 'number' && recent > length))
    throw new RangeError(`${net}: ids are ${formatShape(ids.shape)}, expected [batch, at most ${length}]`)
  return recent
}
