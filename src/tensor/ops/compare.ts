import { isFloat } from '../graph/dtype.ts'
import { applyOne, inputAt, type Op, scalar, type Tensor } from '../graph/tensor.ts'
import { binary, mul, neg, type Operand, operands, sub, unary } from './arithmetic.ts'
import { broadcastShapes, cast, sumTo } from './layout.ts'

function comparison(name: string, onnx: string): (a: Operand, b: Operand) => Tensor {
  const op: Op<Record<never, never>> = {
    name,
    infer: (inputs) => [
      { dtype: 'bool', shape: broadcastShapes(name, inputAt(inputs, 0).shape, inputAt(inputs, 1).shape) },
    ],
    emit: ({ inputs }, emitter) => emitter.node(onnx, inputs.map(emitter.name)),
  }
  return (a, b) => applyOne(op, operands(name, a, b), {})
}

/** Elementwise comparisons, broadcasting; bool results. */
export const equal = comparison('equal', 'Equal')
export const less = comparison('less', 'Less')
export const lessOrEqual = comparison('lessOrEqual', 'LessOrEqual')
export const greater = comparison('greater', 'Greater')
export const greaterOrEqual = comparison('greaterOrEqual', 'GreaterOrEqual')
export const and = comparison('and', 'And')
export const or = comparison('or', 'Or')

const predicate = (name: string, onnx: string): ((x: Tensor) => Tensor) => {
  const op: Op<Record<never, never>> = {
    name,
    infer: (inputs) => [{ dtype: 'bool', shape: inputAt(inputs, 0).shape }],
    emit: ({ inputs }, emitter) => emitter.node(onnx, inputs.map(emitter.name)),
  }
  return (x) => applyOne(op, [x], {})
}

export const not = predicate('not', 'Not')
export const isNotANumber = predicate('isNotANumber', 'IsNaN')
/** Whether elements are +∞ or −∞. */
export const isInfinite = predicate('isInfinite', 'IsInf')

export function notEqual(a: Operand, b: Operand): Tensor {
  return not(equal(a, b))
}

const whereOp: Op<Record<never, never>> = {
  name: 'where',
  infer: (inputs) => {
    const [condition, a, b] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    if (condition.dtype !== 'bool') throw new TypeError(`where: the condition is ${condition.dtype}, expected bool`)
    const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape))
    return [{ dtype: a.dtype, shape }]
  },
  emit: ({ inputs }, emitter) => emitter.node('Where', inputs.map(emitter.name)),
  vjp({ inputs }, [gradient]) {
    if (gradient === undefined) return []
    const [condition, a, b] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    return [undefined, sumTo(where(condition, gradient, 0), a.shape), sumTo(where(condition, 0, gradient), b.shape)]
  },
}

/** a where the condition holds, b elsewhere; all three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return applyOne(whereOp, [condition, ...operands('where', a, b)], {})
}

/** The sign of elements as −1, 0 or 1; no gradient. */
export const sign = unary({ name: 'sign', onnx: 'Sign', fold: Math.sign })

/** |x|; gradient 0 at 0. */
export const abs = unary({ name: 'abs', onnx: 'Abs', fold: Math.abs, vjp: (x, _y, g) => mul(g, sign(x)) })

// At a tie both operands are the extreme: each gets half of the gradient (as in PyTorch).
function shareOfExtreme(a: Tensor, b: Tensor, wins: Tensor): Tensor {
  return where(equal(a, b), scalar(0.5, a.dtype), cast(wins, a.dtype))
}

/** The larger of two, element by element, broadcasting; a tie halves the gradient. */
export const maximum = binary({
  name: 'maximum',
  onnx: 'Max',
  fold: Math.max,
  vjp: (a, b, _y, g) => {
    const share = shareOfExtreme(a, b, greater(a, b))
    return [mul(g, share), mul(g, sub(1, share))]
  },
})

/** The smaller of two, element by element, broadcasting; a tie halves the gradient. */
export const minimum = binary({
  name: 'minimum',
  onnx: 'Min',
  fold: Math.min,
  vjp: (a, b, _y, g) => {
    const share = shareOfExtreme(a, b, less(a, b))
    return [mul(g, share), mul(g, sub(1, share))]
  },
})

const clipOp: Op<{ low: number | undefined; high: number | undefined }> = {
  name: 'clip',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs, attributes: { low, high } }, emitter) {
    const x = inputAt(inputs, 0)
    return emitter.node('Clip', [
      emitter.name(x),
      low === undefined ? '' : emitter.scalar(low, x.dtype),
      ...(high === undefined ? [] : [emitter.scalar(high, x.dtype)]),
    ])
  },
  vjp({ inputs, attributes: { low, high } }, [gradient]) {
    if (gradient === undefined) return []
    const x = inputAt(inputs, 0)
    const above = low === undefined ? undefined : greaterOrEqual(x, low)
    const below = high === undefined ? undefined : lessOrEqual(x, high)
    const inside = above && below ? and(above, below) : (above ?? below)
    return [inside ? where(inside, gradient, 0) : gradient]
  },
}

/**
 * Kept within [low, high]; either may be absent. The gradient passes where the element lies within, bounds included.
 *
 * @throws {RangeError} when low exceeds high
 */
export function clip(x: Tensor, low?: number, high?: number): Tensor {
  if (low !== undefined && high !== undefined && low > high)
    throw new RangeError(`clip: the lower bound ${low} exceeds the upper bound ${high}`)
  if (low === undefined && high === undefined) return x
  return applyOne(clipOp, [x], { low, high })
}

/** Whether elements are neither NaN nor infinite. */
export function isFiniteNumber(x: Tensor): Tensor {
  if (!isFloat(x.dtype)) throw new TypeError(`isFiniteNumber: expected a floating type, got ${x.dtype}`)
  return not(or(isNotANumber(x), isInfinite(x)))
}

/** A pass-through whose gradient is reversed and scaled (adversarial training). */
export const reverseGradient: (x: Tensor) => Tensor = unary({
  name: 'reverseGradient',
  onnx: 'Identity',
  vjp: (_x, _y, g) => neg(g),
})
