import { onnxType } from '../graph/dtype.ts'
import { applyOne, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { add, mul, neg, sub, unary } from './arithmetic.ts'
import { greaterOrEqual, where } from './compare.ts'
import { exp, sigmoid, square, tanh } from './elementwise.ts'
import { erf } from './erf.ts'

/** 1 where x is not 0, 0 where it is. */
const nonZeroOp: Op<Record<never, never>> = {
  name: 'nonZero',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs }, emitter) {
    const x = inputAt(inputs, 0)
    return emitter.node('Cast', [emitter.node('Cast', [emitter.name(x)], { to: onnxType.bool })], {
      to: onnxType[x.dtype],
    })
  },
}

/** max(x, 0); gradient 0 at 0. */
export const relu = unary({
  name: 'relu',
  onnx: 'Relu',
  fold: (x) => Math.max(x, 0),
  // Casts and a product take half the time of a comparison and a selection.
  vjp: (_x, y, g) => mul(g, applyOne(nonZeroOp, [y], {})),
})

/** x for x > 0, slope · x otherwise. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return where(greaterOrEqual(x, 0), x, mul(x, slope))
}

const softplusOp: Op<Record<never, never>> = {
  name: 'softplus',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  // max(x, 0) + log(1 + t) with t = e^−|x|; ONNX's own Softplus loses what is small beside 1. With u = 1 + t rounded,
  // log(1 + t) = log(u) + (t − (u − 1))/u: all of t is in the second term where it is too small for the first.
  emit({ inputs }, emitter) {
    const x = inputAt(inputs, 0)
    const name = emitter.name(x)
    const one = emitter.scalar(1, x.dtype)
    const decay = emitter.node('Exp', [emitter.node('Neg', [emitter.node('Abs', [name])])])
    const u = emitter.node('Add', [decay, one])
    const lost = emitter.node('Sub', [decay, emitter.node('Sub', [u, one])])
    const logarithm = emitter.node('Add', [emitter.node('Log', [u]), emitter.node('Div', [lost, u])])
    return emitter.node('Add', [emitter.node('Relu', [name]), logarithm])
  },
  vjp: ({ inputs }, [gradient]) => [gradient && mul(gradient, sigmoid(inputAt(inputs, 0)))],
}

/** log(1 + eˣ), accurate for very negative x. */
export function softplus(x: Tensor): Tensor {
  return applyOne(softplusOp, [x], {})
}

/** log σ(x) = −softplus(−x), accurate for very positive x. */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x)))
}

const siluOp: Op<Record<never, never>> = {
  name: 'silu',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit: ({ inputs }, emitter) => emitter.node('Mul', inputs.map(emitter.name)),
  vjp({ inputs, outputs }, [gradient]) {
    if (gradient === undefined) return []
    const [s, y] = [sigmoid(inputAt(inputs, 0)), inputAt(outputs, 0)]
    // d/dx x σ(x) = σ + y (1 − σ)
    return [mul(gradient, add(s, mul(y, sub(1, s))))]
  },
}

/** x · σ(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return applyOne(siluOp, [x, sigmoid(x)], {})
}

/** Derivative of `gelu` in either form. */
function geluSlope(x: Tensor, approximate: boolean): Tensor {
  if (!approximate) {
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    return add(mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5), mul(x, density))
  }
  const k = Math.sqrt(2 / Math.PI)
  const cubic = square(x)
  const t = tanh(mul(x, add(mul(cubic, 0.044715 * k), k)))
  const inner = add(mul(cubic, 3 * 0.044715 * k), k)
  return mul(add(add(t, 1), mul(mul(x, sub(1, square(t))), inner)), 0.5)
}

const geluOp: Op<{ approximate: boolean }> = {
  name: 'gelu',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs, attributes: { approximate } }, emitter) {
    return emitter.node('Gelu', inputs.map(emitter.name), { approximate: approximate ? 'tanh' : 'none' })
  },
  vjp({ inputs, attributes: { approximate } }, [gradient]) {
    return [gradient && mul(gradient, geluSlope(inputAt(inputs, 0), approximate))]
  },
}

export interface GeluOptions {
  /** The tanh approximation (GPT-2 and its kin). Default false: x · Φ(x) exactly. */
  readonly approximate?: boolean
}

/** x · Φ(x), the Gaussian error linear unit (Hendrycks & Gimpel 2016, arXiv 1606.08415). */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  const approximate = options.approximate ?? false
  // ONNX Runtime's kernel is for float32 only.
  if (x.dtype === 'float32') return applyOne(geluOp, [x], { approximate })
  if (!approximate) return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1))
  const k = Math.sqrt(2 / Math.PI)
  return mul(mul(x, 0.5), add(tanh(mul(x, add(mul(square(x), 0.044715 * k), k))), 1))
}
