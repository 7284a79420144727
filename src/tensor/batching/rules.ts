import { dimAt } from '../graph/dimension.ts'
import { apply, inputAt, type Tensor } from '../graph/tensor.ts'
import { add, mul } from '../ops/arithmetic.ts'
import { square } from '../ops/elementwise.ts'
import { range } from '../ops/gather.ts'
import { broadcastTo, reshape, sum, transpose } from '../ops/layout.ts'
import { full } from '../ops/reduce.ts'
import { aligned, type BatchingRule, type Call, merged, parted, redo, whole } from './batched.ts'
import { gatherRule, maxPoolRule, scatterAddRule } from './indexing.ts'
import { convolutionRule, linearRule, matmulRule, sparseMatmulRule, transposedConvolutionRule } from './product.ts'

/** Operations that treat each element by itself. */
export const elementwiseNames = [
  ...['neg', 'abs', 'sign', 'exp', 'expm1', 'log', 'log1p', 'sqrt', 'safeRoot', 'reciprocal', 'sin', 'cos', 'tanh'],
  ...['sigmoid', 'erf', 'relu', 'softplus', 'silu', 'gelu', 'clip', 'floor', 'ceil', 'round', 'cast', 'upperBits'],
  ...['steadyLog', 'stopGradient', 'reverseGradient', 'isNotANumber', 'isInfinite', 'not', 'and', 'or', 'where'],
  ...['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'nonZero'],
  ...['equal', 'less', 'lessOrEqual', 'greater', 'greaterOrEqual'],
]
const elementwise: BatchingRule = (call) => {
  const rank = inputAt(call.node.outputs, 0).shape.length
  return redo(
    call,
    call.inputs.map((_, index) => aligned(call, index, rank)),
  )
}

const alongAxisNames = [
  ...['softmax', 'logSoftmax', 'argMax', 'argMin', 'topK', 'cumulativeSum'],
  ...['slice', 'pad', 'split', 'concat', 'takeAlong'],
]
const alongAxis: BatchingRule = (call) =>
  redo(
    call,
    call.inputs.map((_, index) => whole(call, index)),
    { axis: Number(call.node.attributes['axis']) + 1 },
  )

const alongAxesNames = ['sum', 'mean', 'max', 'min', 'logSumExp', 'flip']
const alongAxes: BatchingRule = (call) =>
  redo(call, [whole(call, 0)], {
    axes: (call.node.attributes['axes'] as readonly number[]).map((axis) => axis + 1),
  })

const expandRule: BatchingRule = (call) => {
  const { shape } = inputAt(call.node.outputs, 0)
  return [broadcastTo(aligned(call, 0, shape.length), [call.size, ...shape])]
}

const reshapeRule: BatchingRule = (call) => [
  reshape(whole(call, 0), [call.size, ...inputAt(call.node.outputs, 0).shape]),
]

const transposeRule: BatchingRule = (call) => {
  const order = call.node.attributes['order'] as readonly number[]
  return [transpose(whole(call, 0), [0, ...order.map((axis) => axis + 1)])]
}

/** Norms over the last axis: rows of all examples alike, scaled and shifted afterwards where examples differ in that. */
const normRule: BatchingRule = (call) => {
  const { inputs, node, size } = call
  const [x, ...affine] = inputs
  if (x?.batched && affine.every(({ batched }) => !batched))
    return redo(
      call,
      inputs.map(({ tensor }) => tensor),
    )
  const { shape, dtype } = inputAt(node.inputs, 0)
  const features = [dimAt(shape, -1)]
  const plain = affine.map((_, index) => full(features, index === 0 ? 1 : 0, dtype))
  const [y, ...rows] = apply(node.op, [whole(call, 0), ...plain], node.attributes)
  const scaled = mul(y as Tensor, aligned(call, 1, shape.length))
  const shifted = affine.length > 1 ? add(scaled, aligned(call, 2, shape.length)) : scaled
  return [broadcastTo(shifted, [size, ...shape]), ...rows]
}

/** Rotary positions have a batch of their own, in which examples lie side by side; each row then has its positions. */
function rotaryRule(call: Call): readonly Tensor[] | undefined {
  const { inputs, size } = call
  const [positions, cos, sin] = [inputAt(inputs, 1), inputAt(inputs, 2), inputAt(inputs, 3)]
  if (cos.batched || sin.batched) return undefined
  const x = whole(call, 0)
  const [rows, length] = [dimAt(x.shape, 1), dimAt(x.shape, 3)]
  const places = (): Tensor => {
    const { tensor, batched } = positions
    const offset = inputAt(call.node.inputs, 1).shape.length === 1
    if (offset && !batched) return tensor
    const each = offset ? reshape(add(tensor, range(length)), [size, 1, length]) : tensor
    return merged(broadcastTo(each, [size, rows, length]))
  }
  return redo(call, [merged(x), places(), cos.tensor, sin.tensor]).map((y) => parted(y, size, rows))
}

const sumOfSquaresRule: BatchingRule = (call) => {
  const x = whole(call, 0)
  return [
    sum(
      square(x),
      x.shape.slice(1).map((_, axis) => axis + 1),
    ),
  ]
}

const named = (names: readonly string[], rule: BatchingRule): readonly (readonly [string, BatchingRule])[] =>
  names.map((name) => [name, rule])

/**
 * How each operation is done for all examples at once, by the operation's name. A rule may decline by returning
 * undefined.
 */
export const batchingRules: ReadonlyMap<string, (call: Call) => readonly Tensor[] | undefined> = new Map<
  string,
  (call: Call) => readonly Tensor[] | undefined
>([
  ...named(elementwiseNames, elementwise),
  ...named(alongAxisNames, alongAxis),
  ...named(alongAxesNames, alongAxes),
  ['expand', expandRule],
  ['reshape', reshapeRule],
  ['transpose', transposeRule],
  ['matmul', matmulRule],
  ['linear', linearRule],
  ['sparseMatmul', sparseMatmulRule],
  ['convolution', convolutionRule],
  ['transposedConvolution', transposedConvolutionRule],
  ['gather', gatherRule],
  ['scatterAdd', scatterAddRule],
  ['maxPool', maxPoolRule],
  ['layerNorm', normRule],
  ['rmsNorm', normRule],
  ['rotary', rotaryRule],
  ['sumOfSquares', sumOfSquaresRule],
])
