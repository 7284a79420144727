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
  /** What it comes to where one operand is a constant number, if that is simpler. */
  simplify?(a: Tensor, b: Tensor, x: number | undefined, y: number | undefined): Tensor | undefined
}

function folded(number: number, dtype: Tensor['dtype']): Tensor {
  return scalar(dtype === 'float32' ? Math.fround(number) : number, dtype)
}

/** An elementwise operation of two broadcasting operands. */
export function binary({ name, onnx, vjp, fold, simplify }: BinaryDefinition): (a: Operand, b: Operand) => Tensor {
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
    simplify({ inputs }) {
      const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
      const [x, y] = [constantNumber(a), constantNumber(b)]
      if (x !== undefined && y !== undefined && isFloat(a.dtype)) return folded(fold(x, y), a.dtype)
      return x === undefined && y === undefined ? undefined : simplify?.(a, b, x, y)
    },
  }
  return (a, b) => applyOne(op, operands(name, a, b), {})
}

const plainAdd = binary({
  name: 'add',
  onnx: 'Add',
  fold: (a, b) => a + b,
  vjp: (_a, _b, _y, g) => [g, g],
  simplify: (a, b, x, y) => (y === 0 ? a : x === 0 ? b : undefined),
})
const plainSub = binary({
  name: 'sub',
  onnx: 'Sub',
  fold: (a, b) => a - b,
  vjp: (_a, _b, _y, g) => [g, neg(g)],
  simplify: (a, b, x, y) => (y === 0 ? a : x === 0 && isFloat(b.dtype) ? neg(b) : undefined),
})
const plainMul = binary({
  name: 'mul',
  onnx: 'Mul',
  fold: (a, b) => a * b,
  vjp: (a, b, _y, g) => [mul(g, b), mul(g, a)],
  simplify: (a, b, x, y) => (y === 1 ? a : x === 1 ? b : undefined),
})
const plainDiv = binary({
  name: 'div',
  onnx: 'Div',
  fold: (a, b) => a / b,
  vjp: (_a, b, y, g) => {
    const forA = div(g, b)
    return [forA, neg(mul(forA, y))]
  },
  // A product costs less than a quotient, and is exact when the divisor is a power of two.
  simplify(a, _b, _x, y) {
    if (y === 1) return a
    return y !== undefined && isFloat(a.dtype) && Number.isInteger(Math.log2(Math.abs(y))) ? mul(a, 1 / y) : undefined
  },
})

// With a number given as such there is nothing between operand and result that a gradient could be asked for.

/** a + b, broadcasting. */
export function add(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && b === 0) return a
  if (typeof b !== 'number' && a === 0) return b
  return plainAdd(a, b)
}

/** a − b, broadcasting. */
export function sub(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && b === 0) return a
  return plainSub(a, b)
}

/** a · b element by element, broadcasting. */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && b === 1) return a
  if (typeof b !== 'number' && a === 1) return b
  return plainMul(a, b)
}

/** a / b, broadcasting; whole-number types divide towards zero. */
export function div(a: Operand, b: Operand): Tensor {
  return typeof a !== 'number' && b === 1 ? a : plainDiv(a, b)
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
  /** What it comes to for some operands, if that is simpler. */
  simplify?(x: Tensor): Tensor | undefined
}

/** An elementwise operation of one operand. */
export function unary({ name, onnx, vjp, fold, simplify }: UnaryDefinition): (x: Tensor) => Tensor {
  const op: Op<Record<never, never>> = {
    name,
    infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
    emit: ({ inputs }, emitter) => emitter.node(onnx, inputs.map(emitter.name)),
    ...(vjp && {
      vjp: ({ inputs, outputs }, [gradient]) => [gradient && vjp(inputAt(inputs, 0), inputAt(outputs, 0), gradient)],
    }),
    simplify({ inputs }) {
      const x = inputAt(inputs, 0)
      const number = constantNumber(x)
      return number !== undefined && fold && isFloat(x.dtype) ? folded(fold(number), x.dtype) : simplify?.(x)
    },
  }
  return (x) => applyOne(op, [x], {})
}

/** −x */
export const neg: (x: Tensor) => Tensor = unary({
  name: 'neg',
  onnx: 'Neg',
  fold: (x) => -x,
  vjp: (_x, _y, g) => neg(g),
  simplify: ({ node: { op, inputs } }) => (op.name === 'neg' ? inputs[0] : undefined),
})

/** Arithmetic in the floating type that a tensor can have: whole numbers become float32. */
export function asFloat(x: Tensor): Tensor {
  return x.dtype === 'float32' || x.dtype === 'float64' ? x : cast(x, 'float32')
}
