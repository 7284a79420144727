import type { Tensor } from '../graph/tensor.ts'
import { elementsOf } from './choose.ts'
import { roomFor, type SpacePlan, spacePlan } from './kernel-memory.ts'
import type { KernelOperation } from './operations.ts'

/** What happens at one moment of a run: an ONNX graph, or one operation of kernels. */
export interface Moment {
  /** The operation; absent where an ONNX graph is run. */
  readonly operation?: KernelOperation
  /** Tensors an ONNX graph is fed from kernels' memory, and those that it leaves there. */
  readonly fed: readonly Tensor[]
  readonly left: readonly Tensor[]
}

/** Where tensors lie in the kernels' memory, as offsets into a space. */
export interface Places {
  readonly offsets: ReadonlyMap<Tensor, number>
  /** Bytes of the space. */
  readonly size: number
}

/** The tensors that kernels read in their memory. */
export function readInPlace(operation: KernelOperation): readonly Tensor[] {
  switch (operation.kind) {
    case 'product':
      return [
        // The rows of a scattered product are brought together by the caller.
        ...(operation.rows === 'scattered' ? [] : [operation.x]),
        ...(operation.base ? [operation.base] : []),
      ]
    case 'scatter':
      return [operation.base]
    case 'elementwise':
      return operation.read
  }
}

/** The tensors that kernels write. */
export function writtenInPlace(operation: KernelOperation): readonly Tensor[] {
  switch (operation.kind) {
    case 'product':
      return [...(operation.product ? [operation.product] : []), ...(operation.sum ? [operation.sum] : [])]
    case 'scatter':
      return [operation.result]
    case 'elementwise':
      return operation.written
  }
}

/** The arrays whose place a result of an operation may take once nothing else reads them. */
function replaceable(operation: KernelOperation, result: Tensor): readonly Tensor[] {
  switch (operation.kind) {
    case 'product': {
      // What is multiplied is read row by row in any order, and the product is written before what is added is read.
      const { base, sum, x } = operation
      return base && result === sum && base !== x ? [base] : []
    }
    case 'scatter':
      return [operation.base]
    case 'elementwise':
      return operation.read.filter((tensor) => elementsOf(tensor) === operation.count)
  }
}

/**
 * Finds places for all tensors of known size that kernels read or write, in as little memory as their lives allow.
 *
 * @param lasting tensors that have places of their own, which stay
 * @param successor the tensor that is to take the place of a lasting one
 * @param results tensors that are needed after the last moment
 */
export function placeTensors(
  moments: readonly Moment[],
  lasting: ReadonlySet<Tensor>,
  successor: (tensor: Tensor) => Tensor | undefined,
  results: ReadonlySet<Tensor>,
): { readonly places: Places; readonly takenOver: ReadonlyMap<Tensor, Tensor> } {
  const lastRead = new Map<Tensor, number>()
  moments.forEach(({ operation, fed }, moment) => {
    const read = operation ? [...readInPlace(operation), ...plainReads(operation)] : fed
    for (const tensor of read) lastRead.set(tensor, moment)
  })
  const ends = (tensor: Tensor, moment: number): boolean =>
    !results.has(tensor) && (lastRead.get(tensor) ?? moment) <= moment

  const plan: SpacePlan = spacePlan()
  const spans = new Map<Tensor, { readonly address: number; readonly bytes: number }>()
  const offsets = new Map<Tensor, number>()
  const takenOver = new Map<Tensor, Tensor>()
  const live = new Set<Tensor>()
  const take = (tensor: Tensor): void => {
    const count = elementsOf(tensor)
    if (count === undefined || lasting.has(tensor) || offsets.has(tensor)) return
    const span = plan.take(4 * count)
    spans.set(tensor, span)
    offsets.set(tensor, span.address)
    live.add(tensor)
  }
  moments.forEach(({ operation, left }, moment) => {
    if (operation === undefined) for (const tensor of left) take(tensor)
    else {
      // What is fed is brought in when it is first read.
      for (const tensor of readInPlace(operation)) take(tensor)
      const gone = new Set<Tensor>()
      for (const tensor of writtenInPlace(operation)) {
        const open = replaceable(operation, tensor).filter((from) => ends(from, moment) && !gone.has(from))
        const own = open.findIndex((from) => lasting.has(from) && successor(from) === tensor)
        const size = roomFor(4 * (elementsOf(tensor) ?? 0))
        const index = own >= 0 ? own : open.findIndex((from) => !lasting.has(from) && spans.get(from)?.bytes === size)
        const from = index < 0 ? undefined : open[index]
        if (from === undefined || elementsOf(tensor) === undefined) {
          take(tensor)
          continue
        }
        gone.add(from)
        takenOver.set(tensor, from)
        const span = spans.get(from)
        if (span) {
          spans.set(tensor, span)
          offsets.set(tensor, span.address)
          live.delete(from)
          live.add(tensor)
        }
      }
    }
    for (const tensor of live)
      if (ends(tensor, moment)) {
        live.delete(tensor)
        const span = spans.get(tensor)
        if (span) plan.giveBack(span)
      }
  })
  return { places: { offsets, size: plan.size }, takenOver }
}

/** Tensors that the caller reads for an operation, wherever they lie. */
export function plainReads(operation: KernelOperation): readonly Tensor[] {
  if (operation.kind === 'scatter') return [operation.indices, operation.rows]
  if (operation.kind === 'elementwise') return []
  const { indices, rows, x } = operation
  return [...(indices ? [indices] : []), ...(rows === 'scattered' ? [x] : [])]
}
