import { emitTraced, type InputSpecs } from './compile.ts'
import { columnValue, type ExampleColumn, takeExamples } from './examples.ts'
import { matchInputs } from './feed.ts'
import type { DType, TypedArray } from './graph/dtype.ts'
import { type TensorValue, value } from './graph/value.ts'
import { encodeModel, type OnnxGraph, type OnnxNode, type OnnxValueType } from './onnx/model.ts'
import { fromRuntime, openSession, type SessionOptions, toRuntime } from './session.ts'
import { isShort, shortRows } from './short-rows.ts'
import {
  type Carried,
  keysName,
  type LossFunction,
  type LossResult,
  type StepOptions,
  scalarsName,
  stepGraph,
} from './step-graph.ts'

/**
 * Parameters and state of more bytes than this are better updated where they lie: a loop carries them along, and copies
 * them out when it is done.
 */
const carriedBytes = 4_000_000

/** Takes a step for each batch. */
export interface RepeatedStep {
  /**
   * Steps on some examples, whose arrays stay as they are meanwhile.
   *
   * @param columns the step's inputs for all examples
   */
  on(columns: Columns): StepsOn
  dispose(): Promise<void>
}

/**
 * @param batches numbers of examples, one batch after another
 * @param size examples in each batch
 * @param updates how many updates were made before
 * @returns the loss of each step before its update
 * @throws {RangeError | TypeError} as the step does for such a batch
 */
export type StepsOn = (batches: Uint32Array, size: number, updates: number) => Promise<readonly number[]>

type Columns = Readonly<Record<string, ExampleColumn>>

/** Repeated steps by the form of the examples. */
export interface StepLoops {
  /** Undefined where the step is too large to gain, or the arrays would have to be converted. */
  (columns: Columns): Promise<RepeatedStep | undefined>
  dispose(): Promise<void>
}

/**
 * Compiles a step into a loop over batches, when it is first asked for: one run of the session does any number of steps,
 * takes each batch's rows from the arrays itself, and leaves parameters and state where `trainStep` keeps them, with the
 * same bits. What a step costs beside its arithmetic is then paid once for many.
 *
 * @param carried parameters and state of the step
 */
export function stepLoops<I extends InputSpecs, P, R extends LossResult>(
  lossFn: LossFunction<I, P, R>,
  options: StepOptions<I, P> & SessionOptions,
  carried: readonly Carried[],
): StepLoops {
  const bytes = carried.reduce((total, { value }) => total + value.data.byteLength, 0)
  const made = new Map<string, Promise<RepeatedStep>>()
  const choose = async (columns: Columns): Promise<RepeatedStep | undefined> => {
    const types = Object.entries(options.inputs)
    const fits = ([name, { dtype }]: (typeof types)[number]): boolean => {
      const column = columns[name]
      return column !== undefined && columnValue(column).dtype === dtype
    }
    if (bytes > carriedBytes || !types.every(fits)) return undefined
    const kinds = Object.fromEntries(types.map(([name]) => [name, kindOf(columns[name])]))
    const key = JSON.stringify(kinds)
    const known = made.get(key) ?? repeatedStep(lossFn, options, carried, kinds)
    made.set(key, known)
    return known
  }
  return Object.assign(choose, {
    async dispose() {
      for (const step of await Promise.all(made.values())) await step.dispose()
      made.clear()
    },
  })
}

/**
 * How an input is found for a batch: by rows of its own, which are taken in the graph or, short ones, before it runs; by
 * those named of a table; or as it is.
 */
type Kind = 'rows' | 'taken' | 'table' | 'whole'

function kindOf(column: ExampleColumn | undefined): Kind {
  if (column === undefined) return 'rows'
  if ('whole' in column) return 'whole'
  if ('table' in column) return 'table'
  return isShort(column) ? 'taken' : 'rows'
}

async function repeatedStep<I extends InputSpecs, P, R extends LossResult>(
  lossFn: LossFunction<I, P, R>,
  options: StepOptions<I, P> & SessionOptions,
  carried: readonly Carried[],
  kinds: Readonly<Record<string, Kind>>,
): Promise<RepeatedStep> {
  const declared = Object.entries(options.inputs).map(([name, type]) => ({ name, type }))
  const held = new Map(carried.map(({ name, value }) => [name, value]))
  const graph = stepGraph(lossFn, options, { held, waits: false })
  const body = emitTraced(graph.traced, [
    { name: lossName, tensor: graph.loss },
    ...graph.carried.map(({ name, after }) => ({ name: `new/${name}`, tensor: after })),
  ])
  const read = new Set(body.graph.inputs.map(({ name }) => name))
  const inputs = declared.filter(({ name }) => read.has(name))
  const fixed = graph.traced.parameters.filter(({ name }) => read.has(name) && !held.has(name))
  const typed = ({ name, value }: { readonly name: string; readonly value: TensorValue }): OnnxValueType => ({
    name,
    dtype: value.dtype,
    shape: value.shape,
  })
  const model = loopModel(body.graph, {
    carried: graph.carried.map(typed),
    fixed: fixed.map(typed),
    columns: inputs.map(({ name, type }) => ({ name, ...type })),
    kinds,
    perStep: [
      ...(read.has(scalarsName) ? [{ name: scalarsName, dtype: 'float32', shape: ['steps', 'scalars'] } as const] : []),
      ...(graph.draws ? [{ name: keysName, dtype: 'uint32', shape: ['steps', 'keys', 2] } as const] : []),
    ],
  })
  const session = await openSession(encodeModel(model), { ...options, doubles: body.doubles })
  const fed = Object.fromEntries([
    ...graph.carried.map(({ name, value }) => [`before/${name}`, toRuntime(value)] as const),
    ...fixed.map(({ name, value }) => [name, toRuntime(value)] as const),
  ])
  const on = (columns: Columns): StepsOn => {
    const matched = new Set<number>()
    // What is taken of each example before a run: short rows, and which rows of tables.
    const short = inputs.flatMap(({ name }) => {
      const column = columns[name]
      if (column === undefined || 'whole' in column) return []
      if ('table' in column) return [{ name: `rows/${name}`, ...value(column.rows) }]
      return kinds[name] === 'taken' ? [{ name: outside(name, kinds), ...column }] : []
    })
    const take = shortRows(short)
    return async (batches, size, updates) => {
      if (!matched.has(size)) matchInputs(declared, takeExamples(columns, batches.subarray(0, size)))
      matched.add(size)
      const steps = batches.length / size
      const numbers = Array.from({ length: steps }, (_, index) => updates + 1 + index)
      const feeds = { ...fed }
      const feed = (name: string, dtype: DType, shape: readonly number[], data: TypedArray): void => {
        feeds[name] = toRuntime({ dtype, shape, data })
      }
      take(batches).forEach((data, at) => {
        const { name, shape, dtype } = short[at] as (typeof short)[number]
        feed(name, dtype, [steps, size, ...shape.slice(1)], data)
      })
      for (const { name } of inputs) {
        const column = columns[name]
        if (column === undefined || kinds[name] === 'taken') continue
        const { dtype, shape, data } = columnValue(column)
        feed(outside(name, kinds), dtype, shape, data)
      }
      feed('steps', 'int64', [], BigInt64Array.of(BigInt(steps)))
      feed('batches', 'int32', [steps, size], new Int32Array(batches.buffer, batches.byteOffset, batches.length))
      if (read.has(scalarsName)) {
        const data = Float32Array.from(numbers.flatMap((step) => [...graph.scalarsAt(step)]))
        feed(`all/${scalarsName}`, 'float32', [steps, data.length / steps], data)
      }
      if (graph.draws) {
        const data = Uint32Array.from(numbers.flatMap((step) => [...graph.keysAt(step)]))
        feed(`all/${keysName}`, 'uint32', [steps, data.length / steps / 2, 2], data)
      }
      const results = await session.run(feeds)
      const found = (name: string): TensorValue['data'] => {
        const tensor = results[name]
        if (tensor === undefined) throw new Error(`the result "${name}" was not computed`)
        return fromRuntime(tensor).data
      }
      for (const { name, value } of graph.carried) value.data.set(found(`after/${name}`) as never)
      return Array.from(found('losses'), Number)
    }
  }
  return { on, dispose: () => session.dispose() }
}

const lossName = 'result/loss'

/** The name of a column among the inputs of the model. */
function outside(name: string, kinds: Readonly<Record<string, Kind>>): string {
  return kinds[name] === 'whole' ? name : `all/${name}`
}

interface LoopInputs {
  /** What each step replaces: in the loop by its own name, outside `before/…` and `after/…`. */
  readonly carried: readonly OnnxValueType[]
  /** What stays. */
  readonly fixed: readonly OnnxValueType[]
  /** What each step takes its batch from: outside `all/…`, and the rows of tables `rows/…`; whole values by their names. */
  readonly columns: readonly OnnxValueType[]
  readonly kinds: Readonly<Record<string, Kind>>
  /** What each step takes its own row from: outside `all/…`. */
  readonly perStep: readonly OnnxValueType[]
}

/** A model that repeats the graph of a step. */
function loopModel(step: OnnxGraph, { carried, fixed, columns, kinds, perStep }: LoopInputs): OnnxGraph {
  const node = (opType: string, inputs: readonly string[], outputs: readonly string[]): OnnxNode => ({
    opType,
    domain: '',
    name: outputs[0] ?? opType,
    inputs,
    outputs,
    attributes: {},
  })
  const renamed = (prefix: string, { name, ...type }: OnnxValueType): OnnxValueType => ({
    name: prefix + name,
    ...type,
  })
  const loss = step.outputs.find(({ name }) => name === lossName)
  if (!loss) throw new RangeError(`the step has no output "${lossName}"`)
  const body: OnnxGraph = {
    name: 'step',
    nodes: [
      node('Identity', ['going'], ['on']),
      node('Gather', ['batches', 'step'], ['batch']),
      ...columns.flatMap(({ name }) => {
        if (kinds[name] === 'whole') return []
        if (kinds[name] === 'taken') return [node('Gather', [outside(name, kinds), 'step'], [name])]
        const places = kinds[name] === 'table' ? `at/${name}` : 'batch'
        return [
          ...(kinds[name] === 'table' ? [node('Gather', [`rows/${name}`, 'step'], [places])] : []),
          node('Gather', [outside(name, kinds), places], [name]),
        ]
      }),
      ...perStep.map(({ name }) => node('Gather', [`all/${name}`, 'step'], [name])),
      ...step.nodes,
    ],
    initializers: step.initializers,
    inputs: [{ name: 'step', dtype: 'int64', shape: [] }, { name: 'going', dtype: 'bool', shape: [] }, ...carried],
    outputs: [{ name: 'on', dtype: 'bool', shape: [] }, ...carried.map((type) => renamed('new/', type)), loss],
    values: step.values,
  }
  const after = carried.map((type) => renamed('after/', type))
  return {
    name: 'penchant',
    nodes: [
      {
        ...node(
          'Loop',
          ['steps', '', ...carried.map(({ name }) => `before/${name}`)],
          [...after.map(({ name }) => name), 'losses'],
        ),
        attributes: { body: { graph: body } },
      },
    ],
    initializers: [],
    inputs: [
      { name: 'steps', dtype: 'int64', shape: [] },
      { name: 'batches', dtype: 'int32', shape: ['steps', 'rows'] },
      ...carried.map((type) => renamed('before/', type)),
      ...fixed,
      ...columns.flatMap(({ name, dtype, shape }): readonly OnnxValueType[] => {
        const kind = kinds[name]
        const first = kind === 'taken' ? ['steps', 'rows'] : kind === 'table' ? [`rows of ${name}`] : ['examples']
        return [
          { name: outside(name, kinds), dtype, shape: kind === 'whole' ? shape : [...first, ...shape.slice(1)] },
          ...(kind === 'table' ? [{ name: `rows/${name}`, dtype: 'int32' as const, shape: ['steps', 'rows'] }] : []),
        ]
      }),
      ...perStep.map((type) => renamed('all/', type)),
    ],
    outputs: [...after, { name: 'losses', dtype: loss.dtype, shape: ['steps'] }],
    values: [],
  }
}
