import { type Dim, elementCount, formatShape } from '../graph/dimension.ts'
import { inputAt, type Tensor } from '../graph/tensor.ts'
import { mul } from './arithmetic.ts'
import { reshape, sum, transpose } from './layout.ts'
import { matmul } from './matmul.ts'

/** A tensor whose axes have names. */
interface Labelled {
  readonly tensor: Tensor
  readonly labels: readonly string[]
}

function reordered({ tensor, labels }: Labelled, wanted: readonly string[]): Tensor {
  return transpose(
    tensor,
    wanted.map((label) => labels.indexOf(label)),
  )
}

function summedOver(operand: Labelled, keep: ReadonlySet<string>): Labelled {
  const gone = operand.labels.flatMap((label, axis) => (keep.has(label) ? [] : [axis]))
  if (gone.length === 0) return operand
  return { tensor: sum(operand.tensor, gone), labels: operand.labels.filter((label) => keep.has(label)) }
}

function contract(
  left: Labelled,
  right: Labelled,
  keep: ReadonlySet<string>,
  sizes: ReadonlyMap<string, Dim>,
): Labelled {
  const a = summedOver(left, new Set([...keep, ...right.labels]))
  const b = summedOver(right, new Set([...keep, ...a.labels]))
  const shared = a.labels.filter((label) => b.labels.includes(label))
  const batch = shared.filter((label) => keep.has(label))
  const inner = shared.filter((label) => !keep.has(label))
  const rows = a.labels.filter((label) => !shared.includes(label))
  const columns = b.labels.filter((label) => !shared.includes(label))
  const size = (labels: readonly string[]): Dim => elementCount(labels.map((label) => sizes.get(label) ?? 1))
  const dims = (labels: readonly string[]): Dim[] => labels.map((label) => sizes.get(label) ?? 1)
  const labels = [...batch, ...rows, ...columns]
  if (inner.length === 0) {
    const wideA = reshape(reordered(a, [...batch, ...rows]), [...dims(batch), ...dims(rows), ...columns.map(() => 1)])
    const wideB = reshape(reordered(b, [...batch, ...columns]), [
      ...dims(batch),
      ...rows.map(() => 1),
      ...dims(columns),
    ])
    return { tensor: mul(wideA, wideB), labels }
  }
  const matrixA = reshape(reordered(a, [...batch, ...rows, ...inner]), [...dims(batch), size(rows), size(inner)])
  const matrixB = reshape(reordered(b, [...batch, ...inner, ...columns]), [...dims(batch), size(inner), size(columns)])
  const product = matmul(matrixA, matrixB)
  return { tensor: reshape(product, [...dims(batch), ...dims(rows), ...dims(columns)]), labels }
}

/**
 * Einstein's sum: products of operands over named axes, summed over the names that the result leaves out.
 *
 * @param equation such as `'bij,bjk->bik'`; without `->` the result has the names used once, in alphabetical order
 * @throws {RangeError} when names and shapes do not fit
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const wrong = (why: string): RangeError => new RangeError(`einsum "${equation}": ${why}`)
  const [from = '', given] = equation.replaceAll(' ', '').split('->')
  const terms = from.split(',')
  if (!/^[a-zA-Z,]*$/.test(from) || !/^[a-zA-Z]*$/.test(given ?? '')) throw wrong('names are single letters')
  if (terms.length !== operands.length) throw wrong(`${terms.length} terms for ${operands.length} tensors`)
  const sizes = new Map<string, Dim>()
  const labelled = operands.map((tensor, index): Labelled => {
    const labels = [...(terms[index] ?? '')]
    if (labels.length !== tensor.shape.length)
      throw wrong(`term "${labels.join('')}" names ${labels.length} axes of ${formatShape(tensor.shape)}`)
    if (new Set(labels).size !== labels.length)
      throw wrong(`term "${labels.join('')}" repeats a name; take the diagonal first`)
    labels.forEach((label, axis) => {
      const dim = inputAt(tensor.shape, axis)
      const known = sizes.get(label)
      if (known !== undefined && known !== dim)
        throw wrong(`"${label}" is ${known} in one tensor and ${dim} in another`)
      sizes.set(label, dim)
    })
    return { tensor, labels }
  })
  const all = terms.join('')
  const once = [...new Set(all)].filter((label) => all.split(label).length === 2).sort()
  const result = given === undefined ? once : [...given]
  for (const label of result) if (!sizes.has(label)) throw wrong(`the result's "${label}" is in no term`)
  if (new Set(result).size !== result.length) throw wrong('the result repeats a name')

  const [first, ...others] = labelled
  if (first === undefined) throw wrong('no tensors')
  const total = others.reduce((left, right, index) => {
    const later = others.slice(index + 1).flatMap(({ labels }) => labels)
    return contract(left, right, new Set([...result, ...later]), sizes)
  }, first)
  return reordered(summedOver(total, new Set(result)), result)
}
