import { bindDim, type Dim, divideDims, formatShape, multiplyDims } from './graph/dimension.ts'
import { holds } from './graph/dtype.ts'
import type { TensorType } from './graph/tensor.ts'
import { isTensorValue, sizeOf, type TensorValue, toValue, type ValueLike } from './graph/value.ts'

/**
 * Matches what a caller feeds to the declared inputs: element types are converted (plain numbers to the declared type),
 * a flat array takes the declared shape where its length settles the sizes, and every named size has one value.
 *
 * @throws {RangeError | TypeError} naming the input, what it is and what was declared
 */
export function matchInputs(
  declared: readonly { readonly name: string; readonly type: TensorType }[],
  given: Readonly<Record<string, ValueLike>>,
): { readonly values: ReadonlyMap<string, TensorValue>; readonly sizes: ReadonlyMap<string, number> } {
  const known = new Set(declared.map(({ name }) => name))
  for (const name of Object.keys(given))
    if (!known.has(name))
      throw new TypeError(`input "${name}" is not declared; declared: ${[...known].join(', ') || 'none'}`)
  const sizes = new Map<string, number>()
  const values = new Map<string, TensorValue>()
  const flat: { readonly name: string; readonly type: TensorType; readonly value: TensorValue }[] = []

  for (const { name, type } of declared) {
    const like = given[name]
    if (like === undefined) throw new TypeError(`input "${name}" (${type.dtype} ${formatShape(type.shape)}) is missing`)
    const read = readValue(name, like, type)
    const bare = !isTensorValue(like) && ArrayBuffer.isView(like)
    if (bare && type.shape.length !== 1) flat.push({ name, type, value: read })
    else {
      bind(name, type.shape, read.shape, sizes)
      values.set(name, read)
    }
  }
  // Flat arrays last, when the others have told the named sizes.
  for (const { name, type, value } of flat) {
    const shape = unflatten(name, type, value.data.length, sizes)
    bind(name, type.shape, shape, sizes)
    values.set(name, { ...value, shape })
  }
  return { values, sizes }
}

function readValue(name: string, like: ValueLike, type: TensorType): TensorValue {
  try {
    if (!isTensorValue(like) && ArrayBuffer.isView(like) && holds(like, type.dtype)) return toValue(like, type.dtype)
    return toValue(like, type.dtype)
  } catch (error) {
    throw new TypeError(`input "${name}" (${type.dtype} ${formatShape(type.shape)}): ${(error as Error).message}`)
  }
}

function unflatten(name: string, type: TensorType, length: number, sizes: ReadonlyMap<string, number>): number[] {
  const bound = type.shape.map((dim) => bindDim(dim, sizes))
  const open = [...new Set(bound.filter((dim) => typeof dim === 'string'))]
  const fixed = bound.filter((dim) => typeof dim === 'number').reduce<number>((product, dim) => product * dim, 1)
  const [only] = open
  if (open.length > 1 || (only !== undefined && bound.filter((dim) => dim === only).length > 1))
    throw new RangeError(
      `input "${name}": a flat array does not settle the sizes ${open.join(', ')} of ${formatShape(type.shape)}; wrap it with value(data, shape)`,
    )
  const missing: Dim | undefined = only === undefined ? undefined : fixed === 0 ? 0 : divideDims(length, fixed)
  const shape = bound.map((dim) => (dim === only ? (missing ?? -1) : dim)).map(Number)
  if (multiplyDims(sizeOf(shape), 1) !== length)
    throw new RangeError(`input "${name}": ${length} elements do not fill ${formatShape(type.shape)}`)
  return shape
}

function bind(name: string, declared: readonly Dim[], actual: readonly number[], sizes: Map<string, number>): void {
  const wrong = (why: string): RangeError =>
    new RangeError(`input "${name}" has shape ${formatShape(actual)}, declared as ${formatShape(declared)}: ${why}`)
  if (declared.length !== actual.length) throw wrong(`its rank is ${actual.length}, expected ${declared.length}`)
  declared.forEach((dim, axis) => {
    const size = actual[axis] ?? 0
    if (typeof dim === 'number') {
      if (dim !== size) throw wrong(`axis ${axis} has size ${size}, expected ${dim}`)
      return
    }
    const before = sizes.get(dim) ?? bindDim(dim, sizes)
    if (typeof before === 'string') sizes.set(dim, size)
    else if (before !== size) throw wrong(`"${dim}" is ${size} here and ${before} in another input`)
  })
}
