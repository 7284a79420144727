import { type LinearParameters, normalValue } from '../../nets/index.ts'
import type { Json, Random } from '../../run/index.ts'
import { type Symbolic, type Tensor, type TensorValue, value, zeros } from '../../tensor/index.ts'
import type { InterestSet } from './interest-set.ts'

/** Numbers that every network has. */
export interface InterestParameters {
  /** [items + 1, width]: item i is row i + 1, row 0 stands for padding. Behaviours and candidates are of one table. */
  readonly items: TensorValue
}

/** A network that reads a history and gives several vectors; an item's score is its largest product with one of them. */
export interface InterestNetwork<P extends InterestParameters = InterestParameters> {
  /** Tells saved recommenders apart. */
  readonly kind: string
  /** Of the catalogue. */
  readonly items: number
  /** Most items of a history that are read: the last ones. */
  readonly length: number
  readonly width: number
  /** As they are at the start, float32. */
  readonly parameters: P
  /** Parameters that are not trained, by path. */
  readonly fixed?: (path: string) => boolean
  /** What the network can be made again from, but for the catalogue. */
  readonly settings: Json
  /**
   * @param table the vectors of the items, [items + 1, width]
   * @param ids whole numbers [batch, length]: an item's number plus 1, padded with 0 on the left
   */
  interests(parameters: Symbolic<P>, table: Tensor, ids: Tensor): InterestSet
}

/** Item vectors at the start: normal with standard deviation 1/√width. */
export function initItems(random: Random, items: number, width: number): TensorValue {
  return normalValue(random, [items + 1, width], 1 / Math.sqrt(width))
}

/** A map that only scales, where training starts: without a bias, [width, width]. */
export function scalingMap(width: number, scale: number): LinearParameters {
  const data = new Float32Array(width * width)
  for (let at = 0; at < width; at++) data[at * width + at] = scale
  return { weight: value(data, [width, width]) }
}

/** A map to zeros, for what is added to something: training decides what it adds. */
export function nothingYet(width: number, bias = true): LinearParameters {
  return { weight: zeros([width, width]), ...(bias && { bias: zeros([width]) }) }
}
