import type { OnnxAttribute, OnnxGraph } from '../onnx/model.ts'
import { type Dim, dimension, formatShape, type Shape } from './dimension.ts'
import type { DType } from './dtype.ts'
import { isTensorValue, type TensorValue } from './value.ts'

/** Type of a tensor: element type and sizes. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
}

/**
 * A symbolic tensor: the result of a node of the graph, with its type known while the graph is built. It holds no
 * numbers and needs no disposal. The rank is static; a size may be named (see `Dim`).
 */
export interface Tensor extends TensorType {
  readonly node: Node
  /** Which of the node's outputs this is. */
  readonly output: number
}

/** What distinguishes nodes of the same operation; plain data only. */
export interface Attributes {
  readonly [name: string]: Attribute
}
export type Attribute = number | string | boolean | undefined | readonly number[] | readonly Dim[] | TensorValue

/** One use of an operation. Ids grow as a graph is built, so ascending ids are an order of computation. */
export interface Node<A extends Attributes = Attributes> {
  readonly id: number
  readonly op: Op
  readonly inputs: readonly Tensor[]
  readonly attributes: A
  readonly outputs: readonly Tensor[]
  /** The line of code that added the node, while sites are recorded. */
  readonly site?: string
}

/** Writes nodes of an ONNX graph while a symbolic graph is emitted. Values are known by their names. */
export interface Emitter {
  /** Only ONNX's own operators may be written, none of ONNX Runtime's. */
  readonly portable: boolean
  /** The name of a tensor's value. */
  name(tensor: Tensor): string
  /** Adds a node with one output and returns that output's name. */
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): string
  /** Adds a node with several outputs and returns their names. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, OnnxAttribute>>,
  ): readonly string[]
  /** A node of ONNX Runtime's own operator set (`com.microsoft`). */
  runtimeNode(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): string
  /** Like `runtimeNode` with several outputs. */
  runtimeNodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, OnnxAttribute>>,
  ): readonly string[]
  /** A constant, shared between equal uses. */
  constant(value: TensorValue): string
  /** A rank-0 constant. */
  scalar(value: number, dtype: DType): string
  /** A rank-1 int64 constant. */
  integers(values: readonly number[]): string
  /** A rank-1 int64 value of sizes, computed at run time where they are named. */
  sizes(dims: readonly Dim[]): string
  /**
   * Carries a value through a body that is run a number of times (`trips`, a one-element int64 value). The body reads
   * `before` and writes `after`, has inputs `step` and `going` and output `on`, and may read values from outside.
   */
  loop(trips: string, initial: string, body: OnnxGraph): string
  /** A name for the input that the session is fed. */
  input(name: string, type: TensorType): string
}

/**
 * One operation: how its result's type follows from its inputs, how it is written in ONNX, and its vector-Jacobian
 * product (built from operations, so that gradients can be differentiated again).
 */
export interface Op<A extends Attributes = Attributes> {
  readonly name: string
  /** Numbers that it computes with beside its inputs and attributes, by which operations of one name differ. */
  readonly holds?: readonly ArrayBufferView[]
  /** Types of the outputs. @throws {RangeError} naming the operation, the shapes, and what would be right */
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[]
  emit(node: Node<A>, emitter: Emitter): string | readonly string[]
  /**
   * Gradients of a scalar with respect to each input, from those with respect to each output (undefined: no influence).
   * Absent for operations that are constant almost everywhere.
   */
  vjp?(node: Node<A>, gradients: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[]
  /**
   * A tensor equal to the only output that costs less, or undefined. Used when a graph is written, never while it is
   * built: there each step must stay, because gradients with respect to it may be asked for later.
   *
   * @param shared whether a tensor that the node reads has other readers as well
   */
  simplify?(node: Node<A>, shared: (tensor: Tensor) => boolean): Tensor | undefined
  /** The output with its last two axes swapped, at no greater cost. Used when a graph is written. */
  transposed?(node: Node<A>): Tensor
}

let nextId = 0
let recordsSites = false
let givenSite: { readonly site: string | undefined } | undefined

/** Runs a function that builds a graph, noting for every node the line of code that added it. */
export function recordingSites<T>(build: () => T): T {
  const before = recordsSites
  recordsSites = true
  try {
    return build()
  } finally {
    recordsSites = before
  }
}

/** Runs a function that builds a graph whose nodes all take one site, that of what they replace. */
export function atSite<T>(site: string | undefined, build: () => T): T {
  const before = givenSite
  givenSite = { site }
  try {
    return build()
  } finally {
    givenSite = before
  }
}

/** The nearest caller outside this room. */
function currentSite(): string | undefined {
  const lines = new Error().stack?.split('\n').slice(1) ?? []
  const outside = lines.find((line) => !/[/\\]tensor[/\\](?!.*\.test\.)/.test(line))
  return outside?.trim().replace(/^at /, '')
}

/** Adds a node to the graph and returns its outputs. */
export function apply<A extends Attributes>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  return addNode(op, inputs, attributes, op.infer(inputs, attributes))
}

/** The same operation on equal inputs. */
export function applyAgain({ op, attributes, outputs }: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  return addNode(op, inputs, attributes, outputs)
}

function addNode<A extends Attributes>(
  op: Op<A>,
  inputs: readonly Tensor[],
  attributes: A,
  types: readonly TensorType[],
): readonly Tensor[] {
  const outputs: Tensor[] = []
  const site = givenSite ? givenSite.site : recordsSites ? currentSite() : undefined
  const node: Node<A> = {
    id: nextId++,
    op: op as unknown as Op,
    inputs,
    attributes,
    outputs,
    ...(site && { site }),
  }
  types.forEach(({ dtype, shape }, output) => {
    outputs.push(Object.freeze({ node: node as unknown as Node, output, dtype, shape }))
  })
  return outputs
}

/** Like {@link apply} for an operation with one output. */
export function applyOne<A extends Attributes>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return only(apply(op, inputs, attributes))
}

/** The single element of a list. */
export function only<T>(items: readonly T[]): T {
  const [first] = items
  if (items.length !== 1 || first === undefined) throw new RangeError(`expected one element, got ${items.length}`)
  return first
}

/** The input at a position that the operation is known to have. */
export function inputAt<T>(inputs: readonly T[], index: number): T {
  const found = inputs[index]
  if (found === undefined) throw new RangeError(`expected at least ${index + 1} inputs, got ${inputs.length}`)
  return found
}

export function isTensor(candidate: unknown): candidate is Tensor {
  return typeof candidate === 'object' && candidate !== null && 'node' in candidate && 'output' in candidate
}

/** `float32 [batch, 64]` */
export function describe({ dtype, shape }: TensorType): string {
  return `${dtype} ${formatShape(shape)}`
}

/** A value fed to the graph when it runs. */
export const inputOp: Op<{ name: string; dtype: string; shape: readonly Dim[] }> = {
  name: 'input',
  infer: (_, { dtype, shape }) => [{ dtype: dtype as DType, shape: shape.map(dimension) }],
  emit: (node, emitter) => emitter.input(node.attributes.name, only(node.outputs)),
}

/**
 * A named input of a graph. Two inputs of one name must be the same tensor.
 *
 * @param shape sizes, numbers or names
 */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
  return applyOne(inputOp, [], { name, dtype, shape })
}

export const constantOp: Op<{ value: TensorValue }> = {
  name: 'constant',
  infer: (_, { value }) => [{ dtype: value.dtype, shape: value.shape }],
  emit: (node, emitter) => emitter.constant(node.attributes.value),
}

/** A tensor of fixed numbers. Large ones are better fed as inputs: constants are written into the model. */
export function constant(value: TensorValue): Tensor {
  if (!isTensorValue(value)) throw new TypeError('constant: expected { dtype, shape, data }')
  return applyOne(constantOp, [], { value })
}

/** A scalar constant of a type. */
export function scalar(number: number, dtype: DType = 'float32'): Tensor {
  const data =
    dtype === 'int64'
      ? new BigInt64Array([BigInt(number)])
      : dtype === 'uint64'
        ? new BigUint64Array([BigInt(number)])
        : dtype === 'float64'
          ? new Float64Array([number])
          : dtype === 'int32'
            ? new Int32Array([number])
            : dtype === 'uint32'
              ? new Uint32Array([number])
              : dtype === 'bool' || dtype === 'uint8'
                ? new Uint8Array([number])
                : new Float32Array([number])
  if (dtype === 'float16') throw new TypeError('scalar: float16 is a storage type; make a float32 scalar and cast it')
  return constant({ dtype, shape: [], data })
}

/** The number a scalar constant holds, or undefined for any other tensor. */
export function constantNumber(tensor: Tensor): number | undefined {
  if (tensor.node.op.name !== 'constant' || tensor.shape.length > 0) return undefined
  const { value } = tensor.node.attributes
  if (!isTensorValue(value)) return undefined
  const element = value.data[0]
  return element === undefined || value.dtype === 'float16' ? undefined : Number(element)
}
