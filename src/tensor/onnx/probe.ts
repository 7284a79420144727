import { ancestors } from '../graph/ancestors.ts'
import { constantNumber, describe, type Node, type Tensor, type TensorType } from '../graph/tensor.ts'
import type { OnnxNode, OnnxTensor, OnnxValueType } from './model.ts'

/** Nodes that tell of each floating value whether it is finite throughout, and its least and largest element. */
export function probeNodes(values: readonly { readonly name: string; readonly type: TensorType }[]): {
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly outputs: readonly OnnxValueType[]
} {
  if (values.length === 0) return { nodes: [], initializers: [], outputs: [] }
  const node = (opType: string, inputs: readonly string[], output: string, attributes = {}): OnnxNode => ({
    opType,
    domain: '',
    name: output,
    inputs,
    outputs: [output],
    attributes,
  })
  const one = 'probe/one'
  const nodes = values.flatMap(({ name }, index) => {
    const [at, padded] = [`probe/${index}`, `probe/${index}/padded`]
    return [
      // A zero is put beside the elements: an empty tensor has no extremes.
      node('Cast', [name], `${at}/float`, { to: 1 }),
      node('Reshape', [`${at}/float`, 'probe/flat'], `${at}/row`),
      node('Concat', [`${at}/row`, 'probe/zero'], padded, { axis: 0 }),
      node('Sub', [padded, padded], `${at}/difference`),
      node('ReduceSum', [`${at}/difference`, one], `${at}/finite`, { keepdims: 1 }),
      node('ReduceMin', [padded, one], `${at}/low`, { keepdims: 1 }),
      node('ReduceMax', [padded, one], `${at}/high`, { keepdims: 1 }),
    ]
  })
  const kinds = ['finite', 'low', 'high']
  return {
    nodes: [
      ...nodes,
      ...kinds.map((kind) =>
        node(
          'Concat',
          values.map((_, index) => `probe/${index}/${kind}`),
          `probe/${kind}`,
          { axis: 0 },
        ),
      ),
    ],
    initializers: [
      { name: one, dtype: 'int64', shape: [1], data: new BigInt64Array([0n]) },
      { name: 'probe/flat', dtype: 'int64', shape: [1], data: new BigInt64Array([-1n]) },
      { name: 'probe/zero', dtype: 'float32', shape: [1], data: new Float32Array(1) },
    ],
    outputs: kinds.map((kind) => ({ name: `probe/${kind}`, dtype: 'float32', shape: [values.length] })),
  }
}

/** What a probed run tells beside the graph. */
interface Probed {
  readonly probed: readonly string[]
  readonly sources: ReadonlyMap<string, Node>
  readonly nameOf: (index: number, node: Node) => string | undefined
}

/** The longest path that a message tells in full, in characters. */
const longestPath = 200

/** An input by its name, a scalar constant by its number. */
function leafName(tensor: Tensor): string | undefined {
  const { op, attributes } = tensor.node
  return op.name === 'input' ? String(attributes['name']) : constantNumber(tensor)?.toString()
}

function pathTo(node: Node, steps: number): string {
  if (node.inputs.length === 0) return node.op.name
  if (steps === 0) {
    const names = ancestors(node.outputs).flatMap(({ op, outputs: [tensor] }) =>
      op.name === 'input' && tensor ? (leafName(tensor) ?? []) : [],
    )
    return `${node.op.name} ← … ← ${[...new Set(names)].join(', ') || 'constants'}`
  }
  const from = [...new Set(node.inputs)].map((input) => leafName(input) ?? pathTo(input.node, steps - 1))
  return `${node.op.name} ← ${from.length === 1 ? from[0] : `(${from.join(', ')})`}`
}

/**
 * How a value came to be, in words, from its operation back to the inputs: `log ← sub ← (x, 2)`. What is far back in a
 * large graph is left out, down to the names of the inputs: `log ← sub ← … ← x, parameters/w`.
 */
export function pathOf(node: Node): string {
  for (let steps = 8; steps > 0; steps--) {
    const path = pathTo(node, steps)
    if (path.length <= longestPath) return path
  }
  return pathTo(node, 0)
}

/**
 * Throws when a probed run met NaN or infinity, naming the operation that first gave it, the ranges of what it was given
 * (0 counted in), the line that built it, and the path of operations from the inputs to it.
 *
 * @throws {RangeError}
 */
export function assertFinite(emitted: Probed, results: Readonly<Record<string, { readonly data: unknown }>>): void {
  const read = (kind: string): Float32Array => results[`probe/${kind}`]?.data as Float32Array
  const [finite, low, high] = [read('finite'), read('low'), read('high')]
  const first = finite.findIndex((difference) => Number.isNaN(difference))
  if (first < 0) return
  const name = emitted.probed[first] ?? ''
  const node = emitted.sources.get(name)
  if (node === undefined) throw new RangeError(`the input "${name}" holds NaN or infinity`)
  const what = Number.isNaN(low[first]) || Number.isNaN(high[first]) ? 'NaN' : 'NaN or infinity'
  const range = (index: number): string => {
    const at = emitted.probed.indexOf(emitted.nameOf(index, node) ?? '')
    return at < 0 ? '' : ` from ${low[at]} to ${high[at]}`
  }
  const inputs = node.inputs.map((input, index) => `${input.node.op.name} (${describe(input)}${range(index)})`)
  const output = node.outputs[0]
  throw new RangeError(
    `${node.op.name} ${output ? `(${describe(output)}) ` : ''}gave ${what}, from ${inputs.join(' and ') || 'nothing'}${node.site ? `; built at ${node.site}` : ''}; path: ${pathOf(node)}`,
  )
}
