import { normalAxis } from '../graph/dimension.ts'
import { applyOne, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { mul, sub } from './arithmetic.ts'
import { where } from './compare.ts'
import { exp } from './elementwise.ts'
import { sum } from './layout.ts'

interface AxisAttribute {
  readonly [name: string]: number
  readonly axis: number
}

const softmaxOp: Op<AxisAttribute> = {
  name: 'softmax',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit: ({ inputs, attributes: { axis } }, emitter) => emitter.node('Softmax', inputs.map(emitter.name), { axis }),
  vjp({ outputs, attributes: { axis } }, [gradient]) {
    if (gradient === undefined) return []
    const y = inputAt(outputs, 0)
    const weighted = mul(gradient, y)
    return [sub(weighted, mul(y, sum(weighted, axis, { keepDims: true })))]
  },
}

const logSoftmaxOp: Op<AxisAttribute> = {
  name: 'logSoftmax',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit: ({ inputs, attributes: { axis } }, emitter) => emitter.node('LogSoftmax', inputs.map(emitter.name), { axis }),
  vjp({ outputs, attributes: { axis } }, [gradient]) {
    if (gradient === undefined) return []
    return [sub(gradient, mul(exp(inputAt(outputs, 0)), sum(gradient, axis, { keepDims: true })))]
  },
}

export interface SoftmaxOptions {
  /** Default −1. */
  readonly axis?: number
  /** bool, broadcasting to x: only where true does an element take part. A row without any gets zeros. */
  readonly mask?: Tensor
}

// Finite, so that a row masked everywhere stays finite, and far below any logit.
const excluded = -1e30

/** e^x / Σ e^x along an axis: rows sum to 1 over the elements the mask admits. */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const axis = normalAxis('softmax', options.axis ?? -1, x.shape.length)
  const { mask } = options
  if (mask === undefined) return applyOne(softmaxOp, [x], { axis })
  return where(mask, applyOne(softmaxOp, [where(mask, x, excluded)], { axis }), 0)
}

/** x − log Σ e^x along an axis; excluded elements get about −10³⁰. */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const axis = normalAxis('logSoftmax', options.axis ?? -1, x.shape.length)
  const { mask } = options
  return applyOne(logSoftmaxOp, [mask === undefined ? x : where(mask, x, excluded)], { axis })
}
