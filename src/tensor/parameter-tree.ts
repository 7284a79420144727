import { isTensor, type Tensor } from './graph/tensor.ts'
import { isTensorValue, type TensorValue } from './graph/value.ts'

/** Nested arrays and objects with leaves of one kind. */
export type Tree<Leaf> = Leaf | readonly Tree<Leaf>[] | { readonly [name: string]: Tree<Leaf> | undefined }

/** Parameters as numbers: what `init` functions make, what training updates and what files hold. */
export type ParameterTree = Tree<TensorValue>

/** A tree of numbers as the graph sees it: every leaf a symbolic tensor. */
export type Symbolic<T> = T extends TensorValue
  ? Tensor
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Symbolic<T[K]> }
    : T extends object
      ? { readonly [K in keyof T]: Symbolic<T[K]> }
      : T

/** The tree of numbers that a tree of symbolic tensors is computed to. */
export type Concrete<T> = T extends Tensor
  ? TensorValue
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Concrete<T[K]> }
    : T extends object
      ? { readonly [K in keyof T]: Concrete<T[K]> }
      : T

export interface PathLeaf<Leaf> {
  /** Names and positions joined by dots, as safetensors files name parameters: `layers.0.weight`. */
  readonly path: string
  readonly leaf: Leaf
}

/** The leaves of a tree in order of its keys, with their paths. Undefined branches are left out. */
export function leaves<Leaf>(
  tree: unknown,
  isLeaf: (candidate: unknown) => candidate is Leaf,
): readonly PathLeaf<Leaf>[] {
  const found: PathLeaf<Leaf>[] = []
  const visit = (branch: unknown, path: string): void => {
    if (branch === undefined) return
    if (isLeaf(branch)) found.push({ path, leaf: branch })
    else if (Array.isArray(branch)) for (const [index, item] of branch.entries()) visit(item, join(path, String(index)))
    else if (typeof branch === 'object' && branch !== null && !ArrayBuffer.isView(branch))
      for (const [name, item] of Object.entries(branch)) visit(item, join(path, name))
    else
      throw new TypeError(
        `${path === '' ? 'the tree' : path} is ${describeBranch(branch)}, expected a tensor or a tree of them`,
      )
  }
  visit(tree, '')
  return found
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function describeBranch(branch: unknown): string {
  return ArrayBuffer.isView(branch)
    ? `a bare ${branch.constructor.name} (wrap it with value(data, shape))`
    : String(branch)
}

/** A tree of the same form with every leaf replaced. */
export function mapTree<Leaf, To>(
  tree: unknown,
  isLeaf: (candidate: unknown) => candidate is Leaf,
  replace: (leaf: Leaf, path: string) => To,
): unknown {
  const visit = (branch: unknown, path: string): unknown => {
    if (branch === undefined) return undefined
    if (isLeaf(branch)) return replace(branch, path)
    if (Array.isArray(branch)) return branch.map((item, index) => visit(item, join(path, String(index))))
    if (typeof branch === 'object' && branch !== null)
      return Object.fromEntries(Object.entries(branch).map(([name, item]) => [name, visit(item, join(path, name))]))
    return branch
  }
  return visit(tree, '')
}

/** The numbers of a parameter tree by path. */
export function parameterLeaves(tree: unknown): readonly PathLeaf<TensorValue>[] {
  return leaves(tree, isTensorValue)
}

/** The symbolic tensors of a tree by path. */
export function tensorLeaves(tree: unknown): readonly PathLeaf<Tensor>[] {
  return leaves(tree, isTensor)
}

/** How many numbers a parameter tree holds. */
export function parameterCount(tree: unknown): number {
  return parameterLeaves(tree).reduce((count, { leaf }) => count + leaf.data.length, 0)
}
