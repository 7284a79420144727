import { availableParallelism } from 'node:os'
import type { Tensor as RuntimeTensor } from 'onnxruntime-node'
import { bindDim, formatShape } from '../graph/dimension.ts'
import type { Node, Tensor, TensorType } from '../graph/tensor.ts'
import { type TensorValue, zeros } from '../graph/value.ts'
import { emit } from '../onnx/emit.ts'
import { encodeModel } from '../onnx/model.ts'
import { fromRuntime, openSession, type Session, type SessionOptions, stopName, toRuntime } from '../session.ts'
import { elementsOf } from './choose.ts'
import type { KernelMemory } from './kernel-memory.ts'
import { type Merged, mergeGraph } from './merge.ts'
import { type KernelOperation, kernelOperations, usesOf } from './operations.ts'
import { crossingName, type Part, type Partition, partGraph, partitionGraph } from './partition.ts'
import { type Moment, placeTensors, plainReads, readInPlace, writtenInPlace } from './place-tensors.ts'
import { keptBytes, type LoadedOperations, loadOperations, type OperationContext } from './run-operation.ts'

/** A graph to be run in parts. */
export interface KernelGraph {
  /** All nodes that the outputs depend on, in an order of computation. */
  readonly nodes: readonly Node[]
  readonly outputs: readonly { readonly name: string; readonly tensor: Tensor }[]
  /** What is fed. */
  readonly inputs: readonly { readonly name: string; readonly type: TensorType }[]
  /** Numbers that lie in the kernels' memory, by the name of their input; the output `new/NAME` replaces them. */
  readonly resident: ReadonlyMap<string, TensorValue>
}

/** The part of a run that one ONNX graph does. */
interface GraphMoment extends Moment {
  readonly session: Session
  /** Names of the outputs that are results of the whole. */
  readonly results: readonly { readonly name: string; readonly tensor: Tensor }[]
  /** What it reads of other parts, and leaves to them. */
  readonly reads: readonly Tensor[]
  readonly leaves: readonly Tensor[]
}

/** How names of outputs that replace what is fed begin. */
const replacing = 'new/'

/** Elements from which on a tensor's memory is worth using again. */
const leastPlaced = 1 << 14

const nameOfInput = ({ node }: Tensor): string => String(node.attributes['name'])
const isInput = ({ node }: Tensor): boolean => node.op.name === 'input'

/**
 * Opens a graph as a session whose sparse products, and what goes with them, are done by kernels, and all else by ONNX
 * Runtime, part after part. What both work on lies in memory that they share.
 *
 * @returns undefined where the graph does not fit into the kernels' memory
 */
export async function openKernelSession(
  graph: KernelGraph,
  memory: KernelMemory,
  options: SessionOptions,
): Promise<Session | undefined> {
  const { merged, partition } = divided(graph)
  const outputs = graph.outputs.map(({ name }, index) => ({ name, tensor: merged.outputs[index] as Tensor }))
  const uses = usesOf(merged.nodes, merged.outputs)
  const parts = partition.parts.map((part) => ({
    part,
    operations: part.kind === 'kernels' ? kernelOperations(part.nodes, uses) : [],
  }))
  const operations = parts.flatMap((each) => each.operations)
  const written = new Set(operations.flatMap(writtenInPlace))
  const ofKernels = new Set(
    operations.flatMap((operation) => [...readInPlace(operation), ...writtenInPlace(operation)]),
  )
  // Large tensors that go from one ONNX graph to another have their places beside those of kernels.
  const inMemory = (tensor: Tensor): boolean =>
    ofKernels.has(tensor) || (tensor.dtype === 'float32' && (elementsOf(tensor) ?? 0) >= leastPlaced)

  // Which part computes a result that no kernel does; what is there without any part comes from the last.
  const results = outputs.filter(({ tensor }) => !written.has(tensor))
  const computedBy = new Map<Node, Part>()
  for (const part of partition.parts) for (const node of part.nodes) computedBy.set(node, part)
  const lastGraph = partition.parts.findLast(({ kind }) => kind === 'onnx')
  const resultsOf = (part: Part) => results.filter(({ tensor }) => (computedBy.get(tensor.node) ?? lastGraph) === part)
  const rest = lastGraph ? [] : results.filter(({ tensor }) => !computedBy.has(tensor.node))
  // Free tensors that kernels read and nobody feeds are computed first.
  const constants = [...new Set([...ofKernels, ...operations.flatMap(plainReads)])].filter(
    (tensor) => partition.isFree(tensor) && !isInput(tensor),
  )
  // Numbers that stay in the kernels' memory are replaced there, which must wait for graphs that read them.
  const resident = merged.nodes
    .flatMap(({ outputs: [tensor] }) => (tensor && isInput(tensor) ? [tensor] : []))
    .filter((tensor) => memory.addressOf(graph.resident.get(nameOfInput(tensor))?.data) !== undefined)
  const all: readonly (typeof parts)[number][] =
    rest.length > 0 || constants.length > 0 ? [{ part: { kind: 'onnx', nodes: [] }, operations: [] }, ...parts] : parts

  const moments: (Moment | GraphMoment)[] = []
  const sessions: Session[] = []
  const disposeAll = async (): Promise<void> => {
    for (const session of sessions) await session.dispose()
  }
  try {
    for (const { part, operations: own } of all) {
      if (part.kind === 'kernels') {
        moments.push(...own.map((operation) => ({ operation, fed: [], left: [] })))
        continue
      }
      const first = part.nodes.length === 0
      const wanted = first ? rest : resultsOf(part)
      const leaves = first ? constants : leavesOf(part, partition, uses.readers, computedBy)
      const made = await openPart(part, partition, wanted, leaves, graph.inputs, options)
      sessions.push(made.session)
      moments.push({
        ...made,
        fed: [
          ...made.reads.filter(inMemory),
          ...resident.filter((tensor) => made.session.inputNames.includes(nameOfInput(tensor))),
        ],
        left: leaves.filter(inMemory),
      })
    }
    const opened = assemble(graph, outputs, moments, operations, memory, options)
    if (opened)
      return {
        ...opened,
        async dispose() {
          opened.free()
          await disposeAll()
        },
      }
  } catch (error) {
    await disposeAll()
    throw error
  }
  await disposeAll()
  return undefined
}

/**
 * The graph in parts. Where kernels compute all that replaces what is fed, nothing has to be held back until what was fed
 * is read: kernels work on copies, which are handed over at the end.
 */
function divided({ nodes, outputs }: KernelGraph): { readonly merged: Merged; readonly partition: Partition } {
  const tensors = outputs.map(({ tensor }) => tensor)
  const merged = mergeGraph(nodes, tensors, false)
  const partition = partitionGraph(merged)
  const ofKernels = new Set(partition.parts.flatMap(({ kind, nodes: own }) => (kind === 'kernels' ? own : [])))
  const replaces = outputs.flatMap(({ name }, at) => (name.startsWith(replacing) ? (merged.outputs[at] ?? []) : []))
  if (replaces.every(({ node }) => ofKernels.has(node))) return { merged, partition }
  const held = mergeGraph(nodes, tensors, true)
  return { merged: held, partition: partitionGraph(held) }
}

/** What other parts read of a part. */
function leavesOf(
  part: Part,
  { isFree }: Partition,
  readers: (tensor: Tensor) => readonly Node[],
  computedBy: ReadonlyMap<Node, Part>,
): readonly Tensor[] {
  return part.nodes
    .flatMap(({ outputs }) => outputs)
    .filter((tensor) => !isFree(tensor) && readers(tensor).some((reader) => computedBy.get(reader) !== part))
}

async function openPart(
  part: Part,
  partition: Partition,
  wanted: readonly { readonly name: string; readonly tensor: Tensor }[],
  leaves: readonly Tensor[],
  inputs: KernelGraph['inputs'],
  options: SessionOptions,
): Promise<Omit<GraphMoment, 'fed' | 'left'>> {
  const named = [...wanted, ...leaves.map((tensor) => ({ name: crossingName(tensor), tensor }))]
  const { nodes, outputs, reads } = partGraph(
    part,
    named.map(({ tensor }) => tensor),
    partition,
  )
  const emitted = emit(
    nodes,
    named.map(({ name }, index) => ({ name, tensor: outputs[index] as Tensor })),
    [...inputs, ...reads.map(({ name, tensor }) => ({ name, type: tensor }))],
  )
  const session = await openSession(encodeModel({ ...emitted.graph, stop: stopName }), {
    ...options,
    // Threads of ONNX Runtime that spin would take the cores that kernels are to run on.
    spinning: options.spinning ?? false,
    doubles: emitted.doubles,
  })
  const read = new Set(session.inputNames)
  return {
    session,
    results: wanted,
    reads: reads.filter(({ name }) => read.has(name)).map(({ tensor }) => tensor),
    leaves,
  }
}

function isGraph(moment: Moment | GraphMoment): moment is GraphMoment {
  return 'session' in moment
}

function assemble(
  graph: KernelGraph,
  outputs: KernelGraph['outputs'],
  moments: readonly (Moment | GraphMoment)[],
  operations: readonly KernelOperation[],
  memory: KernelMemory,
  options: SessionOptions,
): (Omit<Session, 'dispose'> & { free(): void }) | undefined {
  const fedHere = operations.flatMap(readInPlace).filter(isInput)
  const lasting = new Map(
    fedHere.flatMap((tensor) => {
      const address = memory.addressOf(graph.resident.get(nameOfInput(tensor))?.data)
      return address === undefined ? [] : [[tensor, address] as const]
    }),
  )
  const byName = new Map(outputs.map(({ name, tensor }) => [name, tensor]))
  const kernelResults = new Set(operations.flatMap(writtenInPlace))
  const { places, takenOver } = placeTensors(
    moments,
    new Set(lasting.keys()),
    (tensor) => byName.get(`${replacing}${nameOfInput(tensor)}`),
    new Set(outputs.map(({ tensor }) => tensor)),
  )
  if (places.size + keptBytes(operations) + (1 << 20) > memory.left) return undefined
  const space = places.size === 0 ? 0 : memory.reserve(places.size)
  const loaded: LoadedOperations = loadOperations(operations, memory, options.threads ?? availableParallelism())

  const rooms = new Map<object, { readonly address: number; readonly bytes: number }>()
  const addressOf = (tensor: Tensor): number => {
    const from = takenOver.get(tensor)
    const own = lasting.get(tensor) ?? (from && lasting.get(from))
    if (own !== undefined) return own
    const offset = places.offsets.get(tensor)
    const address = offset === undefined ? rooms.get(tensor)?.address : space + offset
    if (address === undefined) throw new Error(`the ${tensor.node.op.name} tensor has no place in the kernels' memory`)
    return address
  }
  const viewOf = (tensor: Tensor, length: number): Float32Array =>
    new Float32Array(memory.memory.buffer, addressOf(tensor), length)
  const known = new Map<Tensor, RuntimeTensor>()
  const runtimeOf = (tensor: Tensor, shape: readonly number[]): RuntimeTensor => {
    const before = elementsOf(tensor) === undefined ? undefined : known.get(tensor)
    if (before) return before
    const length = shape.reduce((product, size) => product * size, 1)
    const made = toRuntime({ dtype: 'float32', shape, data: viewOf(tensor, length) })
    known.set(tensor, made)
    return made
  }

  /** Memory for what one graph leaves to another; results have new memory each time. */
  const kept = new Map<Tensor, RuntimeTensor>()
  const crossingOf = (tensor: Tensor, shape: readonly number[]): RuntimeTensor => {
    const before = kept.get(tensor)
    if (before && before.dims.join() === shape.join()) return before
    const made = toRuntime(zeros(shape, tensor.dtype))
    kept.set(tensor, made)
    return made
  }

  const run: Session['run'] = async (feeds, into = {}) => {
    const sizes = new Map<string, number>()
    for (const { name, type } of graph.inputs) {
      const dims = feeds[name]?.dims
      if (dims)
        type.shape.forEach((dim, axis) => {
          if (typeof dim === 'string') sizes.set(dim, dims[axis] ?? 0)
        })
    }
    const shapeOf = (tensor: Tensor): readonly number[] => {
      const shape = tensor.shape.map((dim) => bindDim(dim, sizes))
      const open = shape.find((dim) => typeof dim !== 'number')
      if (open !== undefined) throw new RangeError(`the size "${open}" of ${formatShape(tensor.shape)} is not known`)
      return shape.map(Number)
    }
    const crossing = new Map<Tensor, RuntimeTensor>()
    const found: Record<string, RuntimeTensor> = {}
    const inside = new Set<Tensor>()
    const bringIn = (tensor: Tensor): void => {
      if (!isInput(tensor) || inside.has(tensor)) return
      inside.add(tensor)
      const fed = feeds[nameOfInput(tensor)]
      if (fed === undefined) throw new Error(`nothing is fed as "${nameOfInput(tensor)}"`)
      const data = fed.data as Float32Array
      if (memory.addressOf(data) !== addressOf(tensor)) viewOf(tensor, data.length).set(data)
    }
    const context: OperationContext = {
      address: addressOf,
      array: (tensor) => {
        const given = isInput(tensor) ? feeds[nameOfInput(tensor)] : crossing.get(tensor)
        return (given ?? runtimeOf(tensor, shapeOf(tensor))).data as unknown as ArrayLike<number | bigint>
      },
      room(key, bytes) {
        const offset = places.offsets.get(key as Tensor)
        if (offset !== undefined) return space + offset
        const room = rooms.get(key)
        if (room && room.bytes >= bytes) return room.address
        // Twice the old size at least, so that what is left behind stays less than what is used.
        const wanted = Math.max(bytes, 2 * (room?.bytes ?? 0))
        const address = memory.reserve(wanted)
        rooms.set(key, { address, bytes: wanted })
        return address
      },
    }
    for (const moment of moments) {
      const { operation } = moment
      if (operation) {
        readInPlace(operation).forEach(bringIn)
        loaded.run(operation, context)
      } else if (isGraph(moment)) {
        const { session, reads, leaves, results } = moment
        const given: Record<string, RuntimeTensor> = {}
        for (const name of session.inputNames) {
          const fed = feeds[name]
          if (fed) given[name] = fed
        }
        for (const tensor of reads)
          given[crossingName(tensor)] = crossing.get(tensor) ?? runtimeOf(tensor, shapeOf(tensor))
        const places: Record<string, RuntimeTensor> = {}
        for (const tensor of leaves)
          places[crossingName(tensor)] = moment.left.includes(tensor)
            ? runtimeOf(tensor, shapeOf(tensor))
            : crossingOf(tensor, shapeOf(tensor))
        for (const { name, tensor } of results)
          places[name] = into[name] ?? toRuntime(zeros(shapeOf(tensor), tensor.dtype))
        const made = await session.run(given, places)
        for (const tensor of leaves) {
          const left = made[crossingName(tensor)]
          if (left && !moment.left.includes(tensor)) crossing.set(tensor, left)
        }
        for (const { name } of results) {
          const result = made[name]
          if (result) found[name] = result
        }
      }
    }
    for (const { name, tensor } of outputs) {
      if (!kernelResults.has(tensor)) continue
      const shape = shapeOf(tensor)
      const place = into[name] ?? toRuntime(zeros(shape))
      const { data } = fromRuntime(place)
      if (memory.addressOf(data) !== addressOf(tensor)) data.set(viewOf(tensor, data.length) as never)
      found[name] = place
    }
    return found
  }
  // Runs share the memory, so one waits for the other.
  let before: Promise<unknown> = Promise.resolve()
  const read = new Set([
    ...moments.flatMap((moment) => (isGraph(moment) ? moment.session.inputNames : [])),
    ...[...fedHere, ...operations.flatMap(plainReads).filter(isInput)].map(nameOfInput),
  ])
  const declared = graph.inputs.filter(({ name }) => read.has(name))
  return {
    run(feeds, into) {
      const own = before.then(() => run(feeds, into))
      before = own.catch(() => undefined)
      return own
    },
    inputNames: declared.map(({ name }) => name),
    outputNames: outputs.map(({ name }) => name),
    inputTypes: Object.fromEntries(declared.map(({ name, type }) => [name, type])),
    outputTypes: Object.fromEntries(outputs.map(({ name, tensor: { dtype, shape } }) => [name, { dtype, shape }])),
    endProfiling() {
      for (const moment of moments) if (isGraph(moment)) moment.session.endProfiling()
    },
    free: () => loaded.dispose(),
  }
}
