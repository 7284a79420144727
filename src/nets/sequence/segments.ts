import { equal, expandDims, pad, slice, type Tensor } from '../../tensor/index.ts'
import { sizeAt } from '../shape.ts'

/** Whether two positions of a row are of one segment: [batch, length] → bool [batch, length, length]. */
export function sameSegment(segments: Tensor): Tensor {
  return equal(expandDims(segments, 2), expandDims(segments, 1))
}

/**
 * What stands `by` positions earlier, zeros before the first: along axis 1.
 *
 * @param x [batch, length, …]
 */
export function earlier(x: Tensor, by: number): Tensor {
  if (by === 0) return x
  const others = x.shape.slice(2).map(() => [0, 0] as const)
  return slice(pad(x, [[by, 0], ...others]), 1, 0, sizeAt(x, 1))
}
