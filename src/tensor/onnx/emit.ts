import { type Dim, dimTerms, namesOf, type Shape } from '../graph/dimension.ts'
import { isFloat, zeroed } from '../graph/dtype.ts'
import { type Emitter, inputAt, type Node, scalar, type Tensor, type TensorType } from '../graph/tensor.ts'
import { isTensorValue, type TensorValue } from '../graph/value.ts'
import { type Simplified, simplify } from '../simplify.ts'
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValueType } from './model.ts'
import { probeNodes } from './probe.ts'

export interface EmitOptions {
  /** Write only ONNX's own operators. Default false: ONNX Runtime's fused ones as well. */
  readonly portable?: boolean
  /** Numbers for inputs that are to be written into the model, by input name. */
  readonly embedded?: ReadonlyMap<string, TensorValue>
  /** Add outputs that tell which values hold NaN or infinity, and the range of each. Default false. */
  readonly probe?: boolean
}

export interface Emitted {
  readonly graph: OnnxGraph
  /** The graph that was written. */
  readonly simplified: Simplified
  /** The operation behind each ONNX value, for reports. */
  readonly sources: ReadonlyMap<string, Node>
  /** Whether anything is computed in float64. */
  readonly doubles: boolean
  /** With `probe`: names of the floating values that the output `probe/finite` tells about, in the order computed. */
  readonly probed: readonly string[]
  /** The name of a node's input value. */
  nameOf(index: number, node: Node): string | undefined
}

/** Constants up to this many elements are compared by content, so that equal ones are written once. */
const sharedConstantSize = 64

/**
 * Writes the graph behind some tensors as ONNX. Equal subexpressions are written once and whatever no output needs is
 * left out; what can be simplified is.
 *
 * @param given all nodes the outputs depend on, in an order of computation
 */
export function emit(
  given: readonly Node[],
  results: readonly { readonly name: string; readonly tensor: Tensor }[],
  inputs: readonly { readonly name: string; readonly type: TensorType }[],
  options: EmitOptions = {},
): Emitted {
  const simplified = simplify(
    given,
    results.map(({ tensor }) => tensor),
  )
  const { nodes } = simplified
  const outputs = results.map(({ name }, index) => ({ name, tensor: inputAt(simplified.outputs, index) }))
  const onnxNodes: OnnxNode[] = []
  const initializers: OnnxTensor[] = []
  const values: OnnxValueType[] = []
  const names = new Map<Tensor, string>()
  const sources = new Map<string, Node>()
  const constants = new Map<string, string>()
  const objects = new Map<unknown, number>()
  const expressions = new Map<string, readonly string[]>()
  const sizeScalars = new Map<string, string>()
  const typed = new Set<string>()
  let current: Node | undefined
  let counter = 0

  const identity = (object: unknown): number => {
    const known = objects.get(object)
    if (known !== undefined) return known
    objects.set(object, objects.size)
    return objects.size - 1
  }

  const write = (
    domain: string,
    opType: string,
    from: readonly string[],
    count: number,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): readonly string[] => {
    const label = `${current?.op.name ?? 'size'}_${counter++}`
    const made = Array.from({ length: count }, (_, index) => (count === 1 ? label : `${label}.${index}`))
    onnxNodes.push({ opType, domain, name: label, inputs: from, outputs: made, attributes })
    if (current) for (const name of made) sources.set(name, current)
    return made
  }

  const emitter: Emitter = {
    portable: options.portable ?? false,
    name(tensor) {
      const name = names.get(tensor)
      if (name === undefined) throw new Error(`the ${tensor.node.op.name} tensor was used before it was emitted`)
      return name
    },
    node: (opType, from, attributes) => write('', opType, from, 1, attributes)[0] ?? '',
    nodes: (opType, from, count, attributes) => write('', opType, from, count, attributes),
    runtimeNode: (opType, from, attributes) => write('com.microsoft', opType, from, 1, attributes)[0] ?? '',
    runtimeNodes: (opType, from, count, attributes) => write('com.microsoft', opType, from, count, attributes),
    constant(value) {
      const { buffer, byteOffset, byteLength, length } = value.data
      // By its bytes, because −0 is not 0.
      const content =
        length <= sharedConstantSize
          ? Buffer.from(buffer, byteOffset, byteLength).toString('base64')
          : `#${identity(value.data)}`
      const key = `${value.dtype}[${value.shape.join(',')}]${content}`
      const known = constants.get(key)
      if (known !== undefined) return known
      const name = `constant_${constants.size}`
      constants.set(key, name)
      initializers.push({ name, ...value })
      return name
    },
    scalar(number, dtype) {
      const { value } = scalar(number, dtype).node.attributes
      if (!isTensorValue(value)) throw new TypeError(`no scalar of type ${dtype}`)
      return this.constant(value)
    },
    integers(numbers) {
      return this.constant({ dtype: 'int64', shape: [numbers.length], data: BigInt64Array.from(numbers, BigInt) })
    },
    sizes(dims) {
      if (dims.every((dim) => typeof dim === 'number')) return this.integers(dims)
      const key = `sizes ${dims.join(',')}`
      const known = sizeScalars.get(key)
      if (known !== undefined) return known
      const owner = current
      current = undefined
      const parts = dims.map((dim) => (typeof dim === 'number' ? emitter.integers([dim]) : namedSize(dim)))
      const made = parts.length === 1 ? (parts[0] ?? '') : emitter.node('Concat', parts, { axis: 0 })
      current = owner
      sizeScalars.set(key, made)
      return made
    },
    loop(trips, initial, body) {
      const prefix = `loop_${counter++}/`
      const inner = new Set([
        ...body.inputs.map(({ name }) => name),
        ...body.nodes.flatMap((node) => node.outputs),
        'before',
      ])
      const rename = (name: string): string => (inner.has(name) ? prefix + name : name)
      const carried = current?.outputs[0] ?? { dtype: 'float32', shape: [] }
      const value = (name: string): OnnxValueType => ({
        name: prefix + name,
        dtype: carried.dtype,
        shape: carried.shape,
      })
      const graph: OnnxGraph = {
        ...body,
        nodes: body.nodes.map((node) => ({
          ...node,
          name: prefix + node.name,
          inputs: node.inputs.map(rename),
          outputs: node.outputs.map(rename),
        })),
        inputs: [...body.inputs.map((item) => ({ ...item, name: rename(item.name) })), value('before')],
        outputs: [...body.outputs.map((item) => ({ ...item, name: rename(item.name) })), value('after')],
      }
      return emitter.node('Loop', [trips, '', initial], { body: { graph } })
    },
    input: (name) => name,
  }

  /** A named size as an int64 value of one element, from the shapes of the inputs that carry its names. */
  function namedSize(dim: Dim): string {
    const key = `size ${dim}`
    const known = sizeScalars.get(key)
    if (known !== undefined) return known
    const read = (name: string): string => {
      const readKey = `name ${name}`
      const before = sizeScalars.get(readKey)
      if (before !== undefined) return before
      for (const carrier of inputs) {
        const axis = carrier.type.shape.indexOf(name)
        if (axis < 0 || options.embedded?.has(carrier.name)) continue
        const made = emitter.node('Shape', [carrier.name], { start: axis, end: axis + 1 })
        sizeScalars.set(readKey, made)
        return made
      }
      throw new RangeError(
        `no input has the size "${name}" as one of its axes, so it cannot be known when the graph runs`,
      )
    }
    const terms = dimTerms(dim).map(({ coefficient, names: factors }) => {
      const parts = [
        ...(coefficient === 1 && factors.length > 0 ? [] : [emitter.integers([coefficient])]),
        ...factors.map(read),
      ]
      return parts.reduce((product, factor) => emitter.node('Mul', [product, factor]))
    })
    const made = terms.reduce((total, term) => emitter.node('Add', [total, term]))
    sizeScalars.set(key, made)
    return made
  }

  const emptyValue = ({ dtype, shape }: TensorType): string =>
    emitter.constant({ dtype, shape: shape.map(Number), data: zeroed(dtype, 0) })

  const attributeText = (attributes: Node['attributes']): string =>
    JSON.stringify(attributes, (_, item: unknown) => (isTensorValue(item) ? `#${identity(item)}` : item))

  for (const node of nodes) {
    const key = `${identity(node.op)}(${node.inputs.map(emitter.name).join(',')})${attributeText(node.attributes)}`
    let made = expressions.get(key)
    if (made === undefined) {
      current = node
      // What is known to be empty is not computed: not every kernel takes empty tensors.
      const written = isEmpty(node) ? node.outputs.map(emptyValue) : node.op.emit(node, emitter)
      current = undefined
      made = typeof written === 'string' ? [written] : written
      expressions.set(key, made)
      node.outputs.forEach(({ dtype, shape }, index) => {
        const name = made?.[index]
        if (name === undefined || typed.has(name) || !sources.has(name)) return
        typed.add(name)
        values.push({ name, dtype, shape })
      })
    }
    node.outputs.forEach((tensor, index) => {
      const name = made?.[index]
      if (name !== undefined) names.set(tensor, name)
    })
  }

  // A graph's output must be a value of its own name: the value is renamed, or copied where it already has a fixed name.
  const renamed = new Map<string, string>()
  const computed = new Set(onnxNodes.flatMap((node) => node.outputs))
  const copies: OnnxNode[] = []
  for (const { name, tensor } of outputs) {
    const from = emitter.name(tensor)
    if (computed.has(from) && !renamed.has(from)) renamed.set(from, name)
    else
      copies.push({
        opType: 'Identity',
        domain: '',
        name: `output ${name}`,
        inputs: [renamed.get(from) ?? from],
        outputs: [name],
        attributes: {},
      })
  }
  for (const [from, to] of renamed) {
    const source = sources.get(from)
    if (source) sources.set(to, source)
  }

  const finalNodes = [...onnxNodes.map((node) => renameValues(node, renamed)), ...copies]
  const floats = options.probe
    ? [...inputs, ...values.map(({ name, ...type }) => ({ name: renamed.get(name) ?? name, type }))].filter(
        ({ type }) => isFloat(type.dtype),
      )
    : []
  const probes = probeNodes(floats)
  const read = new Set([...finalNodes, ...probes.nodes].flatMap(namesRead))
  const embedded = [...(options.embedded ?? [])].map(([name, value]) => ({ name, ...value }))
  return {
    graph: {
      name: 'penchant',
      nodes: [...finalNodes, ...probes.nodes],
      initializers: [...initializers, ...embedded, ...probes.initializers],
      inputs: inputs
        .filter(({ name }) => read.has(name) && !options.embedded?.has(name))
        .map(({ name, type }) => ({ name, ...type })),
      outputs: [...outputs.map(({ name, tensor: { dtype, shape } }) => ({ name, dtype, shape })), ...probes.outputs],
      values: values.filter(({ name }) => !renamed.has(name)),
    },
    simplified,
    sources,
    doubles: nodes.some((node) => node.outputs.some(({ dtype }) => dtype === 'float64')),
    probed: floats.map(({ name }) => name),
    nameOf(index, node) {
      const tensor = node.inputs[index]
      const name = tensor && names.get(tensor)
      return name && (renamed.get(name) ?? name)
    },
  }
}

/** Names of the values that a node or its subgraphs read. */
function namesRead(node: OnnxNode): readonly string[] {
  const inner = Object.values(node.attributes).flatMap((value) =>
    typeof value === 'object' && 'graph' in value ? value.graph.nodes.flatMap(namesRead) : [],
  )
  return [...node.inputs, ...inner]
}

function isEmpty({ op, outputs }: Node): boolean {
  return (
    op.name !== 'input' &&
    outputs.every(({ shape }) => shape.includes(0) && shape.every((dim) => typeof dim === 'number'))
  )
}

function renameValues(node: OnnxNode, renamed: ReadonlyMap<string, string>): OnnxNode {
  const rename = (name: string): string => renamed.get(name) ?? name
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([key, value]) => [
      key,
      typeof value === 'object' && 'graph' in value
        ? { graph: { ...value.graph, nodes: value.graph.nodes.map((inner) => renameValues(inner, renamed)) } }
        : value,
    ]),
  )
  return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes }
}

/** Names of all sizes in some shapes. */
export function sizeNames(shapes: readonly Shape[]): ReadonlySet<string> {
  return new Set(shapes.flatMap((shape) => shape.flatMap(namesOf)))
}
