import type { Random } from '../run/index.ts'
import { type TensorValue, type TypedArray, value } from '../tensor/index.ts'

/*
 * How every architecture of this room holds its parameters:
 *
 * - `initX(random, config)` makes a tree of numbers: plain objects and arrays with `TensorValue` leaves.
 * - `applyX(parameters, inputs…, config)` builds the graph from the same tree with symbolic leaves, `Symbolic<…>`.
 * - Linear maps are stored as [out, in], the layout of the checkpoints people have.
 * - Biases and other parts that a variant lacks are absent from the tree, not zero.
 */

export type FloatType = 'float32' | 'float64'

/** Independent normal numbers with mean 0 and the given standard deviation. */
export function normalValue(
  random: Random,
  shape: readonly number[],
  deviation: number,
  dtype: FloatType = 'float32',
): TensorValue {
  return drawn(shape, dtype, () => deviation * random.normal())
}

/** Independent numbers, uniform between −bound and bound. */
export function uniformValue(
  random: Random,
  shape: readonly number[],
  bound: number,
  dtype: FloatType = 'float32',
): TensorValue {
  return drawn(shape, dtype, () => bound * (2 * random.uniform() - 1))
}

function drawn(shape: readonly number[], dtype: FloatType, draw: () => number): TensorValue {
  const count = shape.reduce((product, size) => product * size, 1)
  const data: TypedArray = dtype === 'float32' ? new Float32Array(count) : new Float64Array(count)
  for (let at = 0; at < count; at++) data[at] = draw()
  return value(data, shape)
}
