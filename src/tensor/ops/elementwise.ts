import { type DType, isFloat } from '../graph/dtype.ts'
import { applyOne, type Emitter, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { add, div, mul, neg, type Operand, operands, sub, unary } from './arithmetic.ts'
import { abs, clip, equal, less, sign, where } from './compare.ts'
import { broadcastShapes, sumTo } from './layout.ts'

/** eˣ */
export const exp = unary({ name: 'exp', onnx: 'Exp', fold: Math.exp, vjp: (_x, y, g) => mul(g, y) })

/** Natural logarithm. */
export const log = unary({ name: 'log', onnx: 'Log', fold: Math.log, vjp: (x, _y, g) => div(g, x) })

/** √x */
export const sqrt: (x: Tensor) => Tensor = unary({
  name: 'sqrt',
  onnx: 'Sqrt',
  fold: Math.sqrt,
  vjp: (_x, y, g) => div(mul(g, 0.5), y),
})

/** 1/x */
export const reciprocal: (x: Tensor) => Tensor = unary({
  name: 'reciprocal',
  onnx: 'Reciprocal',
  fold: (x) => 1 / x,
  vjp: (_x, y, g) => neg(mul(g, square(y))),
})

export const sin: (x: Tensor) => Tensor = unary({
  name: 'sin',
  onnx: 'Sin',
  fold: Math.sin,
  vjp: (x, _y, g) => mul(g, cos(x)),
})
export const cos: (x: Tensor) => Tensor = unary({
  name: 'cos',
  onnx: 'Cos',
  fold: Math.cos,
  vjp: (x, _y, g) => neg(mul(g, sin(x))),
})

export const tanh = unary({ name: 'tanh', onnx: 'Tanh', fold: Math.tanh, vjp: (_x, y, g) => mul(g, sub(1, square(y))) })

/** 1/(1 + e⁻ˣ) */
export const sigmoid = unary({
  name: 'sigmoid',
  onnx: 'Sigmoid',
  fold: (x) => 1 / (1 + Math.exp(-x)),
  vjp: (_x, y, g) => mul(g, sub(y, square(y))),
})

/** Rounded down, up, and to the nearest whole number (halves to even); no gradient. */
export const floor = unary({ name: 'floor', onnx: 'Floor', fold: Math.floor })
export const ceil = unary({ name: 'ceil', onnx: 'Ceil', fold: Math.ceil })
export const round = unary({ name: 'round', onnx: 'Round' })

/** x² */
export function square(x: Tensor): Tensor {
  return mul(x, x)
}

const powOp: Op<Record<never, never>> = {
  name: 'pow',
  infer: (inputs) => {
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    return [{ dtype: a.dtype, shape: broadcastShapes('pow', a.shape, b.shape) }]
  },
  emit: ({ inputs }, emitter) => emitter.node('Pow', inputs.map(emitter.name)),
  vjp({ inputs, outputs }, [gradient]) {
    if (gradient === undefined) return []
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    // 0ᵇ has derivative 0 in b for b > 0, where log a is not finite.
    const zero = equal(a, 0)
    const logarithm = log(where(zero, 1, a))
    return [
      sumTo(mul(gradient, mul(b, pow(a, sub(b, 1)))), a.shape),
      sumTo(mul(gradient, mul(inputAt(outputs, 0), logarithm)), b.shape),
    ]
  },
}

/** aᵇ, broadcasting. Whole and half exponents given as numbers become products and roots. */
export function pow(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && typeof b === 'number') {
    if (b === 1) return a
    if (b === 2) return square(a)
    if (b === 3) return mul(square(a), a)
    if (b === 0.5) return sqrt(a)
    if (b === -1) return reciprocal(a)
    if (b === -0.5) return reciprocal(sqrt(a))
  }
  return applyOne(powOp, operands('pow', a, b), {})
}

/**
 * Writes log(1 + x). Kahan: with u = 1 + x rounded, log(u) · x/(u − 1) is accurate where log(1 + x) is not; for large x
 * they agree.
 */
export function emitLog1p(emitter: Emitter, name: string, dtype: DType): string {
  const one = emitter.scalar(1, dtype)
  const u = emitter.node('Add', [name, one])
  const logarithm = emitter.node('Log', [u])
  const rounded = emitter.node('Sub', [u, one])
  const scaled = emitter.node('Div', [emitter.node('Mul', [logarithm, name]), rounded])
  const near = emitter.node('Where', [emitter.node('Equal', [u, one]), name, scaled])
  return emitter.node('Where', [emitter.node('Less', [u, emitter.scalar(4, dtype)]), near, logarithm])
}

const log1pOp: Op<Record<never, never>> = {
  name: 'log1p',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs }, emitter) {
    const x = inputAt(inputs, 0)
    return emitLog1p(emitter, emitter.name(x), x.dtype)
  },
  vjp({ inputs }, [gradient]) {
    return [gradient && div(gradient, add(inputAt(inputs, 0), 1))]
  },
}

/** log(1 + x), accurate for small x. */
export function log1p(x: Tensor): Tensor {
  return applyOne(log1pOp, [x], {})
}

const expm1Op: Op<Record<never, never>> = {
  name: 'expm1',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  // Kahan: with u = eˣ rounded, (u − 1) · x/log(u) is accurate near 0; elsewhere u − 1 is.
  emit({ inputs }, emitter) {
    const [x] = inputs
    if (!x) return ''
    const name = emitter.name(x)
    const one = emitter.scalar(1, x.dtype)
    const u = emitter.node('Exp', [name])
    const minusOne = emitter.node('Sub', [u, one])
    const scaled = emitter.node('Div', [emitter.node('Mul', [minusOne, name]), emitter.node('Log', [u])])
    const near = emitter.node('Where', [emitter.node('Equal', [u, one]), name, scaled])
    const small = emitter.node('Less', [emitter.node('Abs', [name]), one])
    return emitter.node('Where', [small, near, minusOne])
  },
  vjp({ outputs }, [gradient]) {
    return [gradient && mul(gradient, add(inputAt(outputs, 0), 1))]
  },
}

/** eˣ − 1, accurate for small x. */
export function expm1(x: Tensor): Tensor {
  return applyOne(expm1Op, [x], {})
}

/** |x|ᵖ with the sign of x. */
export function signedPow(x: Tensor, exponent: number): Tensor {
  return mul(sign(x), pow(abs(x), exponent))
}

/** log(x/(1 − x)) of x kept within [ε, 1 − ε]. */
export function logit(x: Tensor, epsilon = 1e-7): Tensor {
  if (!isFloat(x.dtype)) throw new TypeError(`logit: expected a floating type, got ${x.dtype}`)
  const kept = clip(x, epsilon, 1 - epsilon)
  return sub(log(kept), log1p(neg(kept)))
}

/** Whether two tensors are closer than a tolerance, element by element. */
export function isClose(a: Operand, b: Operand, tolerance = 1e-6): Tensor {
  return less(abs(sub(a, b)), tolerance)
}
