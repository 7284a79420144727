import { elementwiseNames } from '../batching/rules.ts'
import { ancestors } from '../graph/ancestors.ts'
import { elementCount } from '../graph/dimension.ts'
import { apply, applyAgain, inputAt, type Node, type Tensor } from '../graph/tensor.ts'
import { gather } from '../ops/gather.ts'
import { cast, reshape } from '../ops/layout.ts'
import { matrixOf, sparseRows } from '../ops/sparse.ts'

const elementwise = new Set(elementwiseNames)
const alongAxes = new Set(['sum', 'mean', 'max', 'min', 'logSumExp'])
const alongAxis = new Set(['concat', 'softmax', 'logSoftmax'])

/**
 * The positions of those operands whose row i is all that row i of the result depends on, beside operands without rows;
 * undefined for operations that mix rows.
 */
function rowOperands({ op, inputs, outputs, attributes }: Node): readonly number[] | undefined {
  const result = outputs[0]
  if (outputs.length !== 1 || result === undefined || result.shape.length === 0) return undefined
  const own = (index: number): boolean => inputs[index]?.shape[0] === result.shape[0]
  if (elementwise.has(op.name)) {
    const found = inputs.flatMap(({ shape }, index) =>
      shape.length === result.shape.length && own(index) ? [index] : [],
    )
    return result.shape[0] === 1 ? undefined : found
  }
  const axes = alongAxes.has(op.name) ? attributes['axes'] : alongAxis.has(op.name) ? [attributes['axis']] : undefined
  if (Array.isArray(axes) && !axes.includes(0)) return inputs.map((_, index) => index)
  const multiplies = op.name === 'linear' || (op.name === 'matmul' && attributes['transposeA'] !== true)
  if (multiplies && inputs.every(({ shape }, index) => shape.length === (index < 2 ? 2 : 1))) return [0]
  return undefined
}

function gathersRows({ op, attributes, inputs }: Node, from: Tensor): boolean {
  return op.name === 'gather' && attributes['axis'] === 0 && inputs[0] === from && inputs[1] !== from
}

/**
 * Which tensors are read by rows only, and come from products whose other rows then need not be computed.
 */
function narrowTensors(nodes: readonly Node[], outputs: readonly Tensor[]): ReadonlySet<Tensor> {
  const readers = new Map<Tensor, Node[]>()
  for (const node of nodes)
    for (const from of new Set(node.inputs)) {
      const list = readers.get(from)
      if (list) list.push(node)
      else readers.set(from, [node])
    }
  const results = new Set(outputs)
  // By which lists of indices a tensor's rows are read; absent where all may be.
  const readBy = new Map<Tensor, ReadonlySet<Tensor>>()
  for (const node of nodes.toReversed()) {
    const [tensor] = node.outputs
    const own = tensor && readers.get(tensor)
    if (!own || results.has(tensor) || node.outputs.length !== 1) continue
    const lists = new Set<Tensor>()
    const byRows = own.every((reader) => {
      if (gathersRows(reader, tensor)) {
        lists.add(inputAt(reader.inputs, 1))
        return true
      }
      const operands = rowOperands(reader)
      const passedOn = readBy.get(inputAt(reader.outputs, 0))
      for (const list of passedOn ?? []) lists.add(list)
      return (
        passedOn !== undefined &&
        operands !== undefined &&
        reader.inputs.every((from, at) => from !== tensor || operands.includes(at))
      )
    })
    // Where more than half of the rows are read, all of them together cost less.
    const rows = [...lists].reduce((sum, { shape }) => sum + (Number(elementCount(shape)) || 0), 0)
    if (byRows && rows * 2 <= Number(tensor.shape[0])) readBy.set(tensor, lists)
  }
  const narrow = new Set<Tensor>()
  for (const node of nodes) {
    const [tensor] = node.outputs
    if (!tensor || !readBy.has(tensor)) continue
    const operands = rowOperands(node) ?? []
    if (node.op.name === 'sparseMatmul' || operands.some((at) => narrow.has(inputAt(node.inputs, at))))
      narrow.add(tensor)
  }
  return narrow
}

/**
 * The same tensors computed from no more rows of sparse products than they read: where all that becomes of a product is
 * that some of its rows are looked up, as those of a batch are after the last round of propagation, only these are
 * computed, and their gradient is that of these rows. To be done before gradients are taken.
 *
 * @returns what each tensor becomes
 */
export function narrowRows(tensors: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const nodes = ancestors(tensors)
  const narrow = narrowTensors(nodes, tensors)
  if (narrow.size === 0) return (tensor) => tensor
  const become = new Map<Tensor, Tensor>()
  const now = (tensor: Tensor): Tensor => become.get(tensor) ?? tensor
  const flattened = new Map<Tensor, Tensor>()
  const flat = (indices: Tensor): Tensor => {
    const known = flattened.get(indices)
    if (known) return known
    const list = indices.shape.length === 1 ? indices : reshape(indices, [elementCount(indices.shape)])
    const made = list.dtype === 'int64' ? list : cast(list, 'int64')
    flattened.set(indices, made)
    return made
  }
  const byRows = new Map<Tensor, Map<Tensor, Tensor>>()
  const rowsOf = (tensor: Tensor, indices: Tensor): Tensor => {
    const known = byRows.get(indices) ?? new Map<Tensor, Tensor>()
    byRows.set(indices, known)
    const made = known.get(tensor) ?? computeRows(tensor, indices)
    known.set(tensor, made)
    return made
  }
  const computeRows = (tensor: Tensor, indices: Tensor): Tensor => {
    const { node } = tensor
    if (!narrow.has(tensor)) return gather(now(tensor), indices)
    const matrix = matrixOf(node.op)
    if (matrix) return sparseRows(matrix, now(inputAt(node.inputs, 0)), indices)
    const operands = rowOperands(node) ?? []
    const inputs = node.inputs.map((from, at) => (operands.includes(at) ? rowsOf(from, indices) : now(from)))
    return inputAt(apply(node.op, inputs, node.attributes), 0)
  }
  for (const node of nodes) {
    const [from, indices] = node.inputs
    if (from && indices && narrow.has(from) && gathersRows(node, from)) {
      const list = flat(now(indices))
      const rows = rowsOf(from, list)
      const shape = [...indices.shape, ...from.shape.slice(1)]
      become.set(inputAt(node.outputs, 0), indices.shape.length === 1 ? rows : reshape(rows, shape))
    } else if (node.inputs.some((input) => become.has(input))) {
      const made = applyAgain(node, node.inputs.map(now))
      node.outputs.forEach((output, index) => {
        become.set(output, inputAt(made, index))
      })
    }
  }
  return now
}
