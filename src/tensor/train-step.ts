import { contentHash } from '../run/index.ts'
import { type InputSpecs, type InputValues, openTraced } from './compile.ts'
import type { ExampleColumn } from './examples.ts'
import { matchInputs } from './feed.ts'
import { ancestors } from './graph/ancestors.ts'
import { graphDigest } from './graph/digest.ts'
import { formatShape } from './graph/dimension.ts'
import { isTensor, type Node, type Tensor } from './graph/tensor.ts'
import { isTensorValue, type TensorValue, zeros } from './graph/value.ts'
import { kernelsFor } from './kernel/kernels.ts'
import { assertFinite } from './onnx/probe.ts'
import { type Concrete, mapTree } from './parameter-tree.ts'
import { fromRuntime, type SessionOptions, toRuntime } from './session.ts'
import { keysName, type LossFunction, type LossResult, type StepOptions, scalarsName, stepGraph } from './step-graph.ts'
import { stepLoops } from './step-loop.ts'

export interface TrainOptions<I extends InputSpecs, P> extends SessionOptions, StepOptions<I, P> {
  /** Check every intermediate value and report the first operation that gives NaN or infinity. Slow. Default false. */
  readonly debug?: boolean
}

/**
 * Takes a step for each batch.
 *
 * @param batches numbers of examples, one batch after another
 * @param size examples in each
 * @returns the loss of each step before its update
 */
export type StepLoop = (batches: Uint32Array, size: number) => Promise<readonly number[]>

/** A compiled training step: forward, backward and update in one run. */
export interface TrainStep<I extends InputSpecs, P, R> {
  /** One update. The numbers in `parameters` change; the loss is that before the update. */
  (inputs: InputValues<I>): Promise<{ readonly loss: number; readonly metrics: Concrete<Omit<R, 'loss'>> }>
  readonly parameters: P
  /** Averaged parameters, with `averageDecay`; otherwise the parameters. */
  readonly averaged: P
  /** What the optimiser carries, by name; updated where it lies. Together with `updates` and the parameters it is all. */
  readonly state: Readonly<Record<string, TensorValue>>
  /** How many updates were made; set it when restoring a checkpoint. */
  updates: number
  /**
   * Many steps in one run of the session, on examples held as arrays: the same numbers at less cost a step (see `fit`,
   * which uses it). Undefined where the step is too large to gain, debugs, or would have to convert the arrays.
   */
  loop?(examples: Readonly<Record<string, ExampleColumn>>): Promise<StepLoop | undefined>
  /**
   * Names what a step does: another loss, optimiser, schedule, seed or choice of what is trained has another digest.
   * The numbers it starts from are no part of it.
   */
  digest(): string
  dispose(): Promise<void>
}

/** Steps whose scalars tell schedules apart: powers of two. */
const sampledSteps = Array.from({ length: 24 }, (_, power) => 2 ** power)

const overwriting = new Set(['add', 'sub', 'mul', 'div', 'where'])

/**
 * Whether a new value may be written over the old one: its node works element by element, and every other reader of
 * the old value is done before it.
 */
function mayOverwrite(
  before: Tensor,
  after: Tensor,
  all: readonly Node[],
  barrier: Node | undefined,
  done: ReadonlySet<Node>,
): boolean {
  if (!overwriting.has(after.node.op.name) || formatShape(before.shape) !== formatShape(after.shape)) return false
  const own = new Set(ancestors([after]))
  // Another shape may lie over the same memory.
  const views = new Set([before])
  for (const { op, inputs, outputs } of all)
    if (op.name === 'reshape' && inputs.some((from) => views.has(from))) for (const view of outputs) views.add(view)
  return all.every(
    (node) =>
      !node.inputs.some((from) => views.has(from)) ||
      own.has(node) ||
      (barrier !== undefined && own.has(barrier) && done.has(node)),
  )
}

/**
 * Compiles one training step. Parameters and optimiser state are read and written where they lie, so a step copies
 * nothing and needs no second set of them.
 *
 * @param lossFn builds the loss (a scalar) and whatever else is to be reported
 * @example
 * const step = await trainStep(({ x, y }, { w }) => mean(square(sub(matmul(x, w), y))), {
 *   inputs: { x: spec(['batch', 3]), y: spec(['batch', 1]) },
 *   parameters: { w: zeros([3, 1]) },
 *   optimizer: adam({ learningRate: 1e-2 }),
 * })
 * const { loss } = await step({ x: [[1, 2, 3]], y: [[1]] })
 */
export async function trainStep<const I extends InputSpecs, P, R extends LossResult>(
  lossFn: LossFunction<I, P, R>,
  options: TrainOptions<I, P>,
): Promise<TrainStep<I, P, R>> {
  const kernels = kernelsFor(options)
  const graph = stepGraph(lossFn, options, { kernels })
  const { traced, metrics, reported, carried, averages } = graph
  const outputs = [...reported, ...carried.map(({ name, after }) => ({ name: `new/${name}`, tensor: after }))]
  const values = new Map(carried.map(({ name, value }) => [name, value]))
  const { session, emitted, simplified } = await openTraced(traced, outputs, options, kernels, values)

  const held = new Map(traced.parameters.map(({ name, value }) => [name, toRuntime(value)]))
  for (const { name, value } of carried) if (!held.has(name)) held.set(name, toRuntime(value))
  const { nodes, of } = simplified
  const done = new Set(ancestors(graph.awaited.flatMap((tensor) => of(tensor) ?? [])))
  const barrier = of(graph.barrier)?.node
  // While debugging old numbers stay until all new ones are found to be finite.
  const places = carried.map(({ name, value, before, after }) => {
    const place = held.get(name)
    const inPlace = !options.debug && mayOverwrite(before, of(after) ?? after, nodes, barrier, done)
    return inPlace && place
      ? ({ name: `new/${name}`, place } as const)
      : ({ name: `new/${name}`, place: toRuntime(zeros(value.shape, value.dtype)), copied: value } as const)
  })
  const copies = places.flatMap(({ name, copied }) => (copied ? [{ name, value: copied }] : []))
  const fed = Object.fromEntries([...held].filter(([name]) => session.inputNames.includes(name)))
  const into = Object.fromEntries(places.map(({ name, place }) => [name, place]))
  // What is reported is written to new memory each time, so that earlier numbers stay; sizes must be known for that.
  const reportedShapes = reported.flatMap(({ name, tensor: { shape, dtype } }) => {
    const known = shape.filter((dim) => typeof dim === 'number')
    return known.length === shape.length ? [{ name, shape: known, dtype }] : []
  })
  const declared = Object.entries(options.inputs).map(([name, type]) => ({ name, type }))
  const read = new Set(session.inputNames)
  const nameOf = new Map(reported.map(({ name, tensor }) => [tensor, name]))

  const loops = stepLoops(lossFn, options, carried)

  const run = async (inputs: InputValues<I>): Promise<{ loss: number; metrics: Concrete<Omit<R, 'loss'>> }> => {
    const { values } = matchInputs(declared, inputs)
    const number = step.updates + 1
    const feeds: Record<string, ReturnType<typeof toRuntime>> = { ...fed }
    const numbers = graph.scalarsAt(number)
    if (read.has(scalarsName))
      feeds[scalarsName] = toRuntime({ dtype: 'float32', shape: [numbers.length], data: numbers })
    if (graph.draws) {
      const words = graph.keysAt(number)
      feeds[keysName] = toRuntime({ dtype: 'uint32', shape: [words.length / 2, 2], data: words })
    }
    for (const [name, value] of values) if (read.has(name)) feeds[name] = toRuntime(value)
    const places = { ...into }
    for (const { name, shape, dtype } of reportedShapes) places[name] = toRuntime(zeros(shape, dtype))
    const results = await session.run(feeds, places)
    if (options.debug && emitted) assertFinite(emitted, results)
    for (const { name, value } of copies) {
      const fresh = results[name]
      if (fresh) value.data.set(fromRuntime(fresh).data as never)
    }
    step.updates = number
    const found = (name: string): TensorValue => {
      const tensor = results[name]
      if (tensor === undefined) throw new Error(`the result "${name}" was not computed`)
      return fromRuntime(tensor)
    }
    return {
      loss: Number(found('result/loss').data[0]),
      metrics: mapTree(metrics, isTensor, (tensor) => found(nameOf.get(tensor) ?? '')) as Concrete<Omit<R, 'loss'>>,
    }
  }
  const step: TrainStep<I, P, R> = Object.assign(run, {
    parameters: options.parameters,
    averaged: (averages.size === 0
      ? options.parameters
      : mapTree(options.parameters, isTensorValue, (leaf) => averages.get(leaf) ?? leaf)) as P,
    state: graph.state,
    updates: 0,
    async loop(examples: Readonly<Record<string, ExampleColumn>>) {
      if (options.debug || (options.provider ?? 'cpu') !== 'cpu') return undefined
      // A loop is one graph of ONNX Runtime.
      const repeated = kernels.chosen ? undefined : await loops(examples)
      if (repeated === undefined) return undefined
      const take = repeated.on(examples)
      return async (batches: Uint32Array, size: number) => {
        const losses = await take(batches, size, step.updates)
        step.updates += losses.length
        return losses
      }
    },
    digest() {
      const outputs = [...reported.map(({ tensor }) => tensor), ...carried.map(({ after }) => after)]
      const fed = sampledSteps.map((number) => [...graph.scalarsAt(number)])
      const drawn = graph.draws ? [...graph.keysAt(1)] : []
      return contentHash(JSON.stringify([graphDigest(outputs), fed, drawn]))
    },
    async dispose() {
      await session.dispose()
      await loops.dispose()
    },
  })
  return step
}
