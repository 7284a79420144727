import type { Safetensors, TensorValue } from '../tensor/index.ts'
import type { LinearParameters, NormParameters } from './linear.ts'
import type { FloatType } from './parameters.ts'

/** Where a parameter lies in a checkpoint, and the shape it must have there. */
export interface Stored {
  readonly stored: string
  readonly shape: readonly number[]
  /** Its shape in the tree, of as many elements. Default: as stored. */
  readonly shapeInTree?: readonly number[]
}

/** A parameter tree with the place in a checkpoint instead of each tensor. */
export type Layout<T> = T extends TensorValue
  ? Stored
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Layout<T[K]> }
    : T extends object
      ? { readonly [K in keyof T]: Layout<T[K]> }
      : T

/** The place of one tensor, which may have axes of size 1 that the tree does without. */
export function storedAs(stored: string, shape: readonly number[], shapeInTree = shape): Stored {
  return { stored, shape, shapeInTree }
}

/** The places of a linear map, `name.weight` and `name.bias`. */
export function storedLinear(name: string, inputs: number, outputs: number, bias: boolean): Layout<LinearParameters> {
  const weight = storedAs(`${name}.weight`, [outputs, inputs])
  return bias ? { weight, bias: storedAs(`${name}.bias`, [outputs]) } : { weight }
}

/** The places of a normalisation, `name.weight` and `name.bias`. */
export function storedNorm(name: string, features: number, bias: boolean): Layout<NormParameters> {
  const weight = storedAs(`${name}.weight`, [features])
  return bias ? { weight, bias: storedAs(`${name}.bias`, [features]) } : { weight }
}

function isStored(branch: unknown): branch is Stored {
  return typeof branch === 'object' && branch !== null && 'stored' in branch
}

/** Every place of a layout, with its path in the parameter tree. */
export function storedLeaves(layout: unknown, path = ''): readonly { readonly path: string; readonly leaf: Stored }[] {
  if (isStored(layout)) return [{ path, leaf: layout }]
  if (typeof layout !== 'object' || layout === null) return []
  return Object.entries(layout).flatMap(([key, branch]) => storedLeaves(branch, path === '' ? key : `${path}.${key}`))
}

/**
 * Reads a parameter tree from a checkpoint.
 *
 * @param dtype the type of all parameters. Default float32
 * @throws {RangeError} when a tensor is missing, or has another shape than the configuration asks for
 */
export async function readParameters<T>(
  checkpoint: Safetensors,
  layout: Layout<T>,
  dtype: FloatType = 'float32',
): Promise<T> {
  const visit = async (branch: unknown): Promise<unknown> => {
    if (isStored(branch)) {
      const found = checkpoint.shape(branch.stored)
      if (found.length !== branch.shape.length || found.some((size, axis) => size !== branch.shape[axis]))
        throw new RangeError(
          `"${branch.stored}" is [${found.join(', ')}] in the checkpoint, the configuration asks for [${branch.shape.join(', ')}]`,
        )
      const read = await checkpoint.read(branch.stored, dtype)
      return { ...read, shape: branch.shapeInTree ?? branch.shape }
    }
    if (Array.isArray(branch)) {
      const items: unknown[] = []
      for (const item of branch) items.push(await visit(item))
      return items
    }
    if (typeof branch !== 'object' || branch === null) return branch
    const read: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(branch)) if (item !== undefined) read[key] = await visit(item)
    return read
  }
  return (await visit(layout)) as T
}

/**
 * The tensors of a parameter tree by their names in a checkpoint, ready to be written.
 *
 * @throws {RangeError} when the tree lacks one
 */
export function namedParameters<T>(parameters: T, layout: Layout<T>): Readonly<Record<string, TensorValue>> {
  const named: Record<string, TensorValue> = {}
  for (const { path, leaf } of storedLeaves(layout)) {
    let branch: unknown = parameters
    for (const key of path.split('.')) branch = (branch as Readonly<Record<string, unknown>> | undefined)?.[key]
    if (branch === undefined) throw new RangeError(`the parameters have no ${path}, stored as "${leaf.stored}"`)
    named[leaf.stored] = { ...(branch as TensorValue), shape: leaf.shape }
  }
  return named
}
