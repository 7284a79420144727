import { type Compiled, compile, spec } from './compile.ts'
import type { DType } from './graph/dtype.ts'
import { isFloat } from './graph/dtype.ts'
import type { Tensor } from './graph/tensor.ts'
import { isTensorValue, type Nested, toNested, toValue, type ValueLike } from './graph/value.ts'
import { mapTree } from './parameter-tree.ts'

/** A result as plain arrays: a number for a scalar, nested arrays otherwise, in the form of the function's result. */
export type Plain<R> = R extends Tensor
  ? Nested
  : R extends readonly unknown[]
    ? { readonly [K in keyof R]: Plain<R[K]> }
    : R extends object
      ? { readonly [K in keyof R]: Plain<R[K]> }
      : R

export interface EvaluateOptions {
  /** Type that plain numbers and floating arrays are computed in. Default float64. */
  readonly dtype?: DType
}

const compiled = new WeakMap<object, Map<string, Promise<Compiled<Record<string, ReturnType<typeof spec>>, unknown>>>>()

/**
 * Runs a graph function on plain numbers, to check a formula by hand. Numbers become float64 (see options); booleans,
 * bigints and integer arrays keep their types. The compiled graph is kept with the function, by shapes.
 *
 * @example
 * await evaluate(({ x }) => sum(mul(x, x)), { x: [1, 2, 3] }) // 14
 */
export async function evaluate<const V extends Readonly<Record<string, ValueLike>>, R>(
  fn: (inputs: { readonly [K in keyof V]: Tensor }) => R,
  inputs: V,
  options: EvaluateOptions = {},
): Promise<Plain<R>> {
  const floats = options.dtype ?? 'float64'
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, like]) => {
      const read = toValue(like)
      return [name, isFloat(read.dtype) ? toValue(read, floats) : read]
    }),
  )
  const specs = Object.fromEntries(Object.entries(values).map(([name, { shape, dtype }]) => [name, spec(shape, dtype)]))
  const key = JSON.stringify(specs)
  const known = compiled.get(fn) ?? new Map()
  compiled.set(fn, known)
  const ready =
    known.get(key) ??
    compile(fn as unknown as (inputs: Readonly<Record<string, Tensor>>) => unknown, { inputs: specs, threads: 1 })
  known.set(key, ready)
  const result = await (await ready)(values)
  return mapTree(result, isTensorValue, toNested) as Plain<R>
}
