import { isFloat } from '../graph/dtype.ts'
import { applyOne, constantNumber, inputAt, type Op, scalar, type Tensor } from '../graph/tensor.ts'
import { broadcastShapes, cast, sumTo } from './layout.ts'

/** A tensor, or a number that becomes a scalar of the other operand's type. */
export type Operand = Tensor | number

/** Two operands as tensors of one type. @throws {TypeError} when both are tensors of different types */
export function operands(op: string, a: Operand, b: Operand): readonly [Tensor, Tensor] {
  if (typeof a === 'number') return typeof b === 'number' ? [scalar(a), scalar(b)] : [scalar(a, b.dtype), b]
  if (typeof b === 'number') return [a, scalar(b, a.dtype)]
  if (a.dtype !== b.dtype)
    throw new TypeError(`${op}: element types ${a.dtype} and ${b.dtype} differ; cast one of them`)
  return [a, b]
}

interface BinaryDefinition {
  readonly name: string
  readonly onnx: string
  /** Gradients before broadcasting is undone. */
  vjp(a: Tensor, b: Tensor, result: Tensor, gradient: Tensor): readonly [Tensor | undefined, Tensor | undefined]
  /** The same on plain numbers, to fold constants. */
  fold(a: number, b: number): number
}

/** An elementwise operation of two broadcasting operands. */
export function binary({ name, onnx, vjp, fold }: BinaryDefinition): (a: Operand, b: Operand) => Tensor {
  const op: Op<Record<never, never>> = {
    name,
    infer: (inputs) => {
      const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
      return [{ dtype: a.dtype, shape: broadcastShapes(name, a.shape, b.shape) }]
    },
    emit: ({ inputs }, emitter) => emitter.node(onnx, inputs.map(emitter.name)),
    vjp({ inputs, outputs }, [gradient]) {
      if (gradient === undefined) return []
      const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
      const [forA, forB] = vjp(a, b, inputAt(outputs, 0), gradient)
      return [forA && sumTo(forA, a.shape), forB && sumTo(forB, b.shape)]
    },
  }
  return (a, b) => {
    const [left, right] = operands(name, a, b)
    const [x, y] = [constantNumber(left), constantNumber(right)]
    if (x !== undefined && y !== undefined && isFloat(left.dtype)) {
      const folded = fold(x, y)
      return scalar(left.dtype === 'float32' ? Math.fround(folded) : folded, left.dtype)
    }
    return applyOne(op, [left, right], {})
  }
}

const plainAdd = binary({ name: 'add', onnx: 'Add', fold: (a, b) => a + b, vjp: (_a, _b, _y, g) => [g, g] })
const plainSub = binary({ name: 'sub', onnx: 'Sub', fold: (a, b) => a - b, vjp: (_a, _b, _y, g) => [g, neg(g)] })
const plainMul = binary({
  name: 'mul',
  onnx: 'Mul',
  fold: (a, b) => a * b,
  vjp: (a, b, _y, g) => [mul(g, b), mul(g, a)],
})
const plainDiv = binary({
  name: 'div',
  onnx: 'Div',
  fold: (a, b) => a / b,
  vjp: (_a, b, y, g) => {
    const forA = div(g, b)
    return [forA, neg(mul(forA, y))]
  },
})

/** Whether a tensor is the scalar constant of this number (so that broadcasting with it changes no shape). */
function is(x: Operand, number: number): boolean {
  return typeof x === 'number' ? x === number : constantNumber(x) === number
}

/** a + b, broadcasting. */
export function add(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && is(b, 0)) return a
  if (typeof b !== 'number' && is(a, 0)) return b
  return plainAdd(a, b)
}

/** a − b, broadcasting. */
export function sub(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && is(b, 0)) return a
  if (typeof b !== 'number' && is(a, 0) && isFloat(b.dtype)) return neg(b)
  return plainSub(a, b)
}

/** a · b element by element, broadcasting. */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && is(b, 1)) return a
  if (typeof b !== 'number' && is(a, 1)) return b
  return plainMul(a, b)
}

/** a / b, broadcasting; whole-number types divide towards zero. */
export function div(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number') {
    if (is(b, 1)) return a
    // A product costs less than a quotient; exact when the divisor is a power of two, within rounding otherwise.
    const divisor = typeof b === 'number' ? b : constantNumber(b)
    if (divisor !== undefined && isFloat(a.dtype) && Number.isInteger(Math.log2(Math.abs(divisor))))
      return mul(a, 1 / divisor)
  }
  return plainDiv(a, b)
}

/** The sum of several tensors of one type, broadcasting. @throws {RangeError} when there are none */
export function addAll(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new RangeError('addAll: expected at least one tensor')
  return tensors.reduce((total, next) => add(total, next))
}

interface UnaryDefinition {
  readonly name: string
  /** An ONNX operator of this name, or the nodes for it. */
  readonly onnx: string
  vjp?(x: Tensor, y: Tensor, gradient: Tensor): Tensor
  fold?(x: number): number
}

/** An elementwise operation of one operand. */
export function unary({ name, onnx, vjp, fold }: UnaryDefinition): (x: Tensor) => Tensor {
  const op: Op<Record<never, never>> = {
    name,
    infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
    emit: ({ inputs }, emitter) => emitter.node(onnx, inputs.map(emitter.name)),
    ...(vjp && {
      vjp: ({ inputs, outputs }, [gradient]) => [gradient && vjp(inputAt(inputs, 0), inputAt(outputs, 0), gradient)],
    }),
  }
  return (x) => {
    const number = constantNumber(x)
    if (number !== undefined && fold && isFloat(x.dtype)) {
      const folded = fold(number)
      return scalar(x.dtype === 'float32' ? Math.fround(folded) : folded, x.dtype)
    }
    return applyOne(op, [x], {})
  }
}

const plainNeg = unary({ name: 'neg', onnx: 'Neg', fold: (x) => -x, vjp: (_x, _y, g) => neg(g) })

/** −x */
export function neg(x: Tensor): Tensor {
  return x.node.op.name === 'neg' ? inputAt(x.node.inputs, 0) : plainNeg(x)
}

/** Arithmetic in the floating type that a tensor can have: whole numbers become float32. */
export function asFloat(x: Tensor): Tensor {
  return x.dtype === 'float32' || x.dtype === 'float64' ? x : cast(x, 'float32')
}
