import { ancestors } from '../graph/ancestors.ts'
import { isTensor, type Node, type Tensor } from '../graph/tensor.ts'
import type { TensorValue } from '../graph/value.ts'
import { matrixOf } from '../ops/sparse.ts'
import { leaves, mapTree } from '../parameter-tree.ts'
import type { Session, SessionOptions } from '../session.ts'
import { isKernelProduct } from './choose.ts'
import { type KernelMemory, kernelMemory } from './kernel-memory.ts'
import { type KernelGraph, openKernelSession } from './kernel-session.ts'
import { narrowRows } from './narrow.ts'

/** How a graph's large sparse products, and what goes with them, come to be done by kernels beside ONNX Runtime. */
export interface Kernels {
  /**
   * Decides by what a graph function gave whether there will be kernels, and if so computes no rows of products that
   * nobody reads. To be called before gradients are taken.
   */
  prepare<R>(result: R): R
  /** Whether there will be kernels. */
  readonly chosen: boolean
  /** Moves numbers that a graph carries along into the kernels' memory, where they are used there. */
  place(value: TensorValue): TensorValue
  /** A session of several parts, or undefined where ONNX Runtime is to do all. */
  open(graph: Omit<KernelGraph, 'resident'>, carried?: ReadonlyMap<string, TensorValue>): Promise<Session | undefined>
}

/** Below this many products of two numbers, one ONNX graph is done as soon as several parts are. */
const leastWork = 1 << 15

/** Tables of fewer numbers are not carried along by kernels. */
const leastCarried = 1 << 14

function work({ op, outputs: [result] }: Node): number {
  return (matrixOf(op)?.entries ?? 0) * Number(result?.shape[1] ?? 0)
}

/** @param options of the session and the graph; graphs that are debugged or run elsewhere have no kernels */
export function kernelsFor(options: SessionOptions & { readonly debug?: boolean | undefined }): Kernels {
  const { sparse = 'auto', provider = 'cpu', debug = false } = options
  const none = sparse === 'onnx' || provider !== 'cpu' || debug
  const least = none ? Number.POSITIVE_INFINITY : sparse === 'kernels' ? 0 : leastWork
  let memory: KernelMemory | undefined
  const decide = (nodes: readonly Node[]): boolean => nodes.some((node) => isKernelProduct(node) && work(node) >= least)
  return {
    get chosen() {
      return memory !== undefined
    },
    prepare(result) {
      const tensors = leaves(result, isTensor).map(({ leaf }) => leaf)
      if (none || !decide(ancestors(tensors))) return result
      memory = kernelMemory()
      const now = narrowRows(tensors)
      return mapTree(result, isTensor, (tensor: Tensor) => now(tensor)) as typeof result
    },
    place(value) {
      const { dtype, shape, data } = value
      const isTable = dtype === 'float32' && shape.length > 1 && data.length >= leastCarried
      return memory && isTable && data.byteLength < memory.left / 4 ? memory.hold(value) : value
    },
    async open(graph, carried = new Map()) {
      const own = memory
      if (own === undefined) return undefined
      const session = await openKernelSession({ ...graph, resident: carried }, own, options)
      if (session)
        return {
          ...session,
          async dispose() {
            await session.dispose()
            own.release()
          },
        }
      own.release()
      memory = undefined
      return undefined
    },
  }
}
