import type { Batched, Call } from './batching/batched.ts'
import { batchingRules } from './batching/rules.ts'
import { gradients } from './gradient.ts'
import { ancestors } from './graph/ancestors.ts'
import { type Dim, formatShape } from './graph/dimension.ts'
import { apply, applyOne, input, inputAt, isTensor, type Op, type Tensor } from './graph/tensor.ts'
import { at, stack } from './ops/join.ts'
import { broadcastTo, sum } from './ops/layout.ts'
import { full } from './ops/reduce.ts'
import { leaves, mapTree, type Tree } from './parameter-tree.ts'

/** What tensors of one example's graph have become; those not listed are shared by all examples. */
type Translation = Map<Tensor, Tensor>

function lookUp(translation: Translation, tensor: Tensor): Batched {
  const found = translation.get(tensor)
  return { tensor: found ?? tensor, batched: found !== undefined }
}

/** Each example by itself: what is left for operations without a rule. */
function oneByOne({ node, inputs, size }: Call): readonly Tensor[] {
  if (typeof size !== 'number')
    throw new RangeError(
      `vectorize: ${node.op.name} has no way to be done for a batch at once, so the batch's size "${size}" must be a number; declare the input with it`,
    )
  const examples = Array.from({ length: size }, (_, example) => {
    const { op, attributes } = node
    const given = inputs.map(({ tensor, batched }) => (batched ? at(tensor, 0, example) : tensor))
    return apply(op, given, attributes)
  })
  return node.outputs.map(({ shape, dtype }, output) =>
    examples.length === 0 ? full([0, ...shape], 0, dtype) : stack(examples.map((outputs) => inputAt(outputs, output))),
  )
}

/**
 * A value with a gradient of its own (`withGradient`) keeps it: what is written for one example is translated for the
 * batch when the gradient is asked for.
 */
function withOwnGradient({ node, inputs, size }: Call, translation: Translation): readonly Tensor[] {
  const output = inputAt(node.outputs, 0)
  const op: Op = {
    ...node.op,
    vjp(_, [gradient]) {
      if (gradient === undefined || node.op.vjp === undefined) return []
      const one = input('vectorize/gradient', output.shape, output.dtype)
      const below = node.op.vjp(node, [one])
      const known = translation
      known.set(one, gradient)
      translate(below.filter(isTensor), known, size)
      return below.map((found, index) => {
        if (found === undefined) return undefined
        const all = everyExample(found, known, size)
        return inputAt(inputs, index).batched ? all : sum(all, 0)
      })
    },
  }
  const [value, ...others] = inputs.map(({ tensor }) => tensor)
  if (value === undefined) return []
  const all = inputAt(inputs, 0).batched ? value : broadcastTo(value, [size, ...value.shape])
  return [applyOne(op, [all, ...others], {})]
}

/** A translated tensor with the batch as first axis, repeated where it is shared. */
function everyExample(tensor: Tensor, translation: Translation, size: Dim): Tensor {
  return translation.get(tensor) ?? broadcastTo(tensor, [size, ...tensor.shape])
}

function translate(tensors: readonly Tensor[], translation: Translation, size: Dim): void {
  for (const node of ancestors(tensors)) {
    if (node.outputs.some((output) => translation.has(output))) continue
    const inputs = node.inputs.map((from) => lookUp(translation, from))
    if (!inputs.some(({ batched }) => batched)) continue
    const call: Call = { node, inputs, size }
    const outputs =
      node.op.name === 'withGradient'
        ? withOwnGradient(call, translation)
        : (batchingRules.get(node.op.name)?.(call) ?? oneByOne(call))
    node.outputs.forEach((output, index) => {
      translation.set(output, inputAt(outputs, index))
    })
  }
}

/**
 * Does for every example of a batch what a function does for one. The function is written without a batch axis and
 * called once, with symbolic tensors; the graph it builds is then translated so that each operation works on all
 * examples at once. It may take gradients, which become gradients by example, and may use tensors from outside, which
 * all examples share: so does a random draw by a key from outside, which gives each example the same numbers.
 *
 * Operations that know no way to be done at once (random draws whose key differs by example, attention with a cache)
 * are done example by example, for which the batch's size must be a number.
 *
 * @param fn from the tensors of one example, without the batch axis, to a tensor or a tree of them
 * @param batch a tensor or a tree of tensors with the batch as first axis, of one size
 * @returns the function's result with the batch as an added first axis of every tensor
 * @throws {RangeError} when the first sizes differ or are missing
 * @example
 * // For each row of x its softmax's entropy: [batch, classes] → [batch].
 * const entropies = vectorize((row) => neg(sum(mul(softmax(row), logSoftmax(row)))), x)
 */
export function vectorize<X extends Tree<Tensor>, R>(fn: (example: X) => R, batch: X): R {
  const held = leaves(batch, isTensor)
  const size = held[0]?.leaf.shape[0]
  if (size === undefined || held.some(({ leaf }) => leaf.shape[0] !== size))
    throw new RangeError(
      `vectorize: first sizes differ or are missing (${held.map(({ path, leaf }) => `${path || 'the batch'}: ${formatShape(leaf.shape)}`).join(', ') || 'no tensors'}); each needs the batch as first axis`,
    )
  const translation: Translation = new Map()
  const example = mapTree(batch, isTensor, (tensor: Tensor, path) => {
    const one = input(`vectorize/${path}`, tensor.shape.slice(1), tensor.dtype)
    translation.set(one, tensor)
    return one
  }) as X
  const result = fn(example)
  translate(
    leaves(result, isTensor).map(({ leaf }) => leaf),
    translation,
    size,
  )
  return mapTree(result, isTensor, (tensor: Tensor) => everyExample(tensor, translation, size)) as R
}

/**
 * The loss of each example and its gradient with respect to parameters that all share, as differentially private
 * training, influence and gradient statistics need them. Memory: the parameters once for every example.
 *
 * @param lossFn the loss of one example (a scalar), from its tensors without the batch axis
 * @param parameters a tree of tensors of floating type
 * @param batch a tensor or a tree of tensors with the batch as first axis
 * @returns losses [batch], and for each parameter its gradients [batch, ...its shape]
 * @example
 * const { losses, gradients } = perExampleGradients(({ x, y }, { w }) => square(sub(dot(x, w), y)), { w }, { x, y })
 */
export function perExampleGradients<X extends Tree<Tensor>, P extends Tree<Tensor>>(
  lossFn: (example: X, parameters: P) => Tensor,
  parameters: P,
  batch: X,
): { readonly losses: Tensor; readonly gradients: P } {
  return vectorize((example: X) => {
    const losses = lossFn(example, parameters)
    return { losses, gradients: gradients(losses, parameters) }
  }, batch)
}
