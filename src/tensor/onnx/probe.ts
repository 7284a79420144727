import { describe, type Node, type TensorType } from '../graph/tensor.ts'
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

/**
 * Throws when a probed run met NaN or infinity, naming the operation that first gave it, the line that built it, and
 * the ranges of what it was given (0 counted in).
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
    `${node.op.name} ${output ? `(${describe(output)}) ` : ''}gave ${what}, from ${inputs.join(' and ') || 'nothing'}${node.site ? `; built at ${node.site}` : ''}`,
  )
}
