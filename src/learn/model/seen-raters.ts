import { isTensorValue, mapTree } from '../../tensor/index.ts'
import { type PairData, takeRows } from '../pairs/pair-data.ts'
import type { ModelKind, ModelParameters } from './model-kind.ts'

/** Places of the raters that have a pair, in order. */
export function seenRaters({ rater, raters }: PairData): Int32Array {
  const seen = new Uint8Array(raters.length)
  for (let pair = 0; pair < rater.length; pair++) if ((rater[pair] as number) >= 0) seen[rater[pair] as number] = 1
  return Int32Array.from(raters.keys()).filter((place) => seen[place] === 1)
}

/** Pairs of raters that are not among those seen, as pairs of unknown ones. */
export function unseenAsUnknown(data: PairData, seen: ArrayLike<number>): PairData {
  const known = new Set(Array.from(seen))
  return { ...data, rater: data.rater.map((place) => (known.has(place) ? place : -1)) }
}

/**
 * A model's numbers without those of raters that nothing was learned of, which are as they were drawn: such a rater is
 * to be judged as an unknown one.
 *
 * @param seen places of the raters to keep; at least one
 */
export function withSeenRaters<P>(
  { raterParameters = [] }: Pick<ModelKind, 'raterParameters'>,
  parameters: ModelParameters<P>,
  seen: Int32Array,
): ModelParameters<P> {
  const paths = new Set(raterParameters.map((path) => `model.${path}`))
  return mapTree(parameters, isTensorValue, (leaf, path) =>
    paths.has(path) ? takeRows(leaf, seen) : leaf,
  ) as ModelParameters<P>
}
