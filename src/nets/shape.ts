import { type Dim, reshape, type Tensor } from '../tensor/index.ts'

/** The size along an axis, which may be counted from the end. @throws {RangeError} when there is no such axis */
export function sizeAt(x: Tensor, axis: number): Dim {
  const size = x.shape.at(axis)
  if (size === undefined) throw new RangeError(`[${x.shape.join(', ')}] has no axis ${axis}`)
  return size
}

/** All leading axes as rows: [..., n] → [rows, n]. */
export function rowsOf(x: Tensor): Tensor {
  return reshape(x, [-1, sizeAt(x, -1)])
}

/** Rank and sizes that an input must have. @throws {RangeError} naming the input, its shape and what is expected */
export function assertShape(name: string, x: Tensor, expected: readonly (Dim | undefined)[]): void {
  const fits =
    x.shape.length === expected.length && expected.every((size, axis) => size === undefined || size === x.shape[axis])
  if (!fits)
    throw new RangeError(
      `${name} is [${x.shape.join(', ')}], expected [${expected.map((size) => size ?? '·').join(', ')}]`,
    )
}
