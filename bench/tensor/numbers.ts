import { seeded } from '../../src/run/index.ts'
import { type TensorValue, value } from '../../src/tensor/index.ts'

/** Standard normal numbers of a shape. */
export function normalValue(seed: string, shape: readonly number[]): TensorValue {
  const random = seeded(seed)
  const count = shape.reduce((product, size) => product * size, 1)
  return value(
    Float32Array.from({ length: count }, () => random.normal()),
    shape,
  )
}

/** Uniform whole numbers below a bound, as int64. */
export function indexValue(seed: string, shape: readonly number[], bound: number): TensorValue {
  const random = seeded(seed)
  const count = shape.reduce((product, size) => product * size, 1)
  return value(
    BigInt64Array.from({ length: count }, () => BigInt(random.integer(bound))),
    shape,
  )
}
