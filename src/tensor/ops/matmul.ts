import { dimAt, elementCount, formatShape, type Shape } from '../graph/dimension.ts'
import { applyOne, type Emitter, inputAt, type Op, type Tensor, type TensorType } from '../graph/tensor.ts'
import { mul, operands } from './arithmetic.ts'
import { broadcastShapes, expandDims, reshape, sumTo, untransposed } from './layout.ts'

interface MatmulAttributes {
  readonly [name: string]: boolean | number
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** Factor on the product. */
  readonly alpha: number
}

function rowsAndColumns({ shape }: TensorType, transposed: boolean): readonly [Shape[number], Shape[number]] {
  const [rows, columns] = [dimAt(shape, -2), dimAt(shape, -1)]
  return transposed ? [columns, rows] : [rows, columns]
}

function productShape(name: string, a: TensorType, b: TensorType, attributes: MatmulAttributes): Shape {
  const [rows, innerA] = rowsAndColumns(a, attributes.transposeA)
  const [innerB, columns] = rowsAndColumns(b, attributes.transposeB)
  if (innerA !== innerB) {
    const written = (shape: Shape, flipped: boolean): string => formatShape(shape) + (flipped ? 'ᵀ' : '')
    throw new RangeError(
      `${name}: ${written(a.shape, attributes.transposeA)} · ${written(b.shape, attributes.transposeB)}: inner sizes ${innerA} and ${innerB} differ`,
    )
  }
  return [...broadcastShapes(name, a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
}

function swapLast(emitter: Emitter, name: string, rank: number): string {
  const order = Array.from({ length: rank }, (_, axis) => axis)
  return emitter.node('Transpose', [name], { perm: [...order.slice(0, -2), rank - 1, rank - 2] })
}

const matmulOp: Op<MatmulAttributes> = {
  name: 'matmul',
  infer: (inputs, attributes) => {
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    return [{ dtype: a.dtype, shape: productShape('matmul', a, b, attributes) }]
  },
  emit({ inputs, attributes: { transposeA, transposeB, alpha } }, emitter) {
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const names = inputs.map(emitter.name)
    const plain = !transposeA && !transposeB && alpha === 1
    if (plain) return emitter.node('MatMul', names)
    const scaled = (product: string): string =>
      alpha === 1 ? product : emitter.node('Mul', [product, emitter.scalar(alpha, a.dtype)])
    // ONNX keeps the factor in float32, which would cost a product in float64 its precision.
    const exact = a.dtype === 'float32' || Math.fround(alpha) === alpha
    if (a.shape.length === 2 && b.shape.length === 2 && !exact)
      return scaled(emitter.node('Gemm', names, { transA: Number(transposeA), transB: Number(transposeB) }))
    if (a.shape.length === 2 && b.shape.length === 2)
      return emitter.node('Gemm', names, {
        transA: Number(transposeA),
        transB: Number(transposeB),
        alpha: { float: alpha },
      })
    // The fused kernel of ONNX Runtime is for float32 only.
    if (a.dtype === 'float32' && !emitter.portable)
      return emitter.runtimeNode('FusedMatMul', names, {
        transA: Number(transposeA),
        transB: Number(transposeB),
        alpha: { float: alpha },
      })
    const left = transposeA ? swapLast(emitter, inputAt(names, 0), a.shape.length) : inputAt(names, 0)
    const right = transposeB ? swapLast(emitter, inputAt(names, 1), b.shape.length) : inputAt(names, 1)
    return scaled(emitter.node('MatMul', [left, right]))
  },
  vjp({ inputs, attributes: { transposeA, transposeB, alpha } }, [gradient]) {
    if (gradient === undefined) return []
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const product = (x: Tensor, flipX: boolean, y: Tensor, flipY: boolean): Tensor =>
      multiply(x, y, { transposeA: flipX, transposeB: flipY, alpha })
    const forA = transposeA ? product(b, transposeB, gradient, true) : product(gradient, false, b, !transposeB)
    // A weight shared by all batches: one product over all rows instead of one per batch and a sum.
    if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
      const [rowsA, rowsG] = [asRows(a), asRows(gradient)]
      const forB = transposeB ? product(rowsG, true, rowsA, false) : product(rowsA, true, rowsG, false)
      return [sumTo(forA, a.shape), forB]
    }
    const forB = transposeB ? product(gradient, true, a, transposeA) : product(a, !transposeA, gradient, false)
    return [sumTo(forA, a.shape), sumTo(forB, b.shape)]
  },
  simplify({ inputs, attributes }) {
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const [innerA, innerB] = [untransposed(a), untransposed(b)]
    if (innerA === undefined && innerB === undefined) return undefined
    return multiply(innerA ?? a, innerB ?? b, {
      ...attributes,
      transposeA: (innerA !== undefined) !== attributes.transposeA,
      transposeB: (innerB !== undefined) !== attributes.transposeB,
    })
  },
  // (A·B)ᵀ = Bᵀ·Aᵀ
  transposed: ({ inputs, attributes: { transposeA, transposeB, alpha } }) =>
    multiply(inputAt(inputs, 1), inputAt(inputs, 0), { transposeA: !transposeB, transposeB: !transposeA, alpha }),
}

/** All leading axes as rows: [..., n] → [rows, n]. */
function asRows(x: Tensor): Tensor {
  return reshape(x, [elementCount(x.shape.slice(0, -1)), dimAt(x.shape, -1)])
}

function multiply(a: Tensor, b: Tensor, attributes: MatmulAttributes): Tensor {
  return applyOne(matmulOp, [a, b], attributes)
}

export interface MatmulOptions {
  /** Use a with its last two axes swapped. Default false. A `transpose` before the product costs no more. */
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** Factor on the product. Default 1. */
  readonly scale?: number
}

/**
 * Matrix product over the last two axes, [..., m, k] · [..., k, n] → [..., m, n]; leading axes broadcast. A rank-1
 * operand is a row on the left, a column on the right, and its axis is dropped from the result.
 *
 * @throws {RangeError} `matmul: [batch, 64] · [32, 10]: inner sizes 64 and 32 differ`
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  operands('matmul', a, b)
  if (a.shape.length === 0 || b.shape.length === 0)
    throw new RangeError(`matmul: ${formatShape(a.shape)} · ${formatShape(b.shape)}: a scalar is not a matrix; use mul`)
  if (a.shape.length === 1) {
    const row = matmul(expandDims(a, 0), b, options)
    return reshape(row, row.shape.toSpliced(b.shape.length === 1 ? 0 : -2, 1))
  }
  if (b.shape.length === 1) {
    const column = matmul(a, expandDims(b, 1), options)
    return reshape(column, column.shape.slice(0, -1))
  }
  return multiply(a, b, {
    transposeA: options.transposeA ?? false,
    transposeB: options.transposeB ?? false,
    alpha: options.scale ?? 1,
  })
}

const gemmOp: Op<MatmulAttributes> = {
  name: 'linear',
  infer: (inputs, attributes) => {
    const [a, b, bias] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    const shape = productShape('linear', a, b, attributes)
    if (bias.shape.length !== 1 || bias.shape[0] !== shape[1])
      throw new RangeError(`linear: the bias is ${formatShape(bias.shape)}, expected [${shape[1]}]`)
    return [{ dtype: a.dtype, shape }]
  },
  emit: ({ inputs, attributes: { transposeB } }, emitter) =>
    emitter.node('Gemm', inputs.map(emitter.name), transposeB ? { transB: 1 } : {}),
  vjp({ inputs, attributes }, [gradient]) {
    if (gradient === undefined) return []
    const [a, b, bias] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    const { transposeB } = attributes
    const plain = { transposeA: false, alpha: 1 }
    return [
      multiply(gradient, b, { ...plain, transposeB: !transposeB }),
      transposeB
        ? multiply(gradient, a, { transposeA: true, transposeB: false, alpha: 1 })
        : multiply(a, gradient, { transposeA: true, transposeB: false, alpha: 1 }),
      sumTo(gradient, bias.shape),
    ]
  },
  simplify({ inputs, attributes }) {
    const [a, b, bias] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    const inner = untransposed(b)
    return inner && applyOne(gemmOp, [a, inner, bias], { ...attributes, transposeB: !attributes.transposeB })
  },
}

export interface LinearOptions {
  /** The weight is stored as [out, in] (as PyTorch's `nn.Linear`). Default false: [in, out]. */
  readonly transposed?: boolean
}

/**
 * x · W + b over the last axis: [..., in] → [..., out], as one fused product over all rows.
 *
 * @param weight [in, out], or [out, in] with `transposed`
 * @param bias [out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, options: LinearOptions = {}): Tensor {
  const transposeB = options.transposed ?? false
  if (bias === undefined) return matmul(x, weight, { transposeB })
  operands('linear', x, weight)
  operands('linear', x, bias)
  if (x.shape.length === 0 || weight.shape.length !== 2)
    throw new RangeError(
      `linear: ${formatShape(x.shape)} · ${formatShape(weight.shape)}: expected [..., in] · [in, out]`,
    )
  const rows = asRows(x)
  const result = applyOne(gemmOp, [rows, weight, bias], { transposeA: false, transposeB, alpha: 1 })
  return reshape(result, [...x.shape.slice(0, -1), dimAt(result.shape, -1)])
}

/** Sum of products of two vectors, or along the last axis of two tensors of one shape. */
export function dot(a: Tensor, b: Tensor): Tensor {
  const [left, right] = operands('dot', a, b)
  const product = matmul(expandDims(left, -2), expandDims(right, -1))
  return reshape(product, product.shape.slice(0, -2))
}

/** a_i · b_j for vectors [m] and [n]: [m, n]. */
export function outer(a: Tensor, b: Tensor): Tensor {
  return mul(expandDims(a, 1), expandDims(b, 0))
}
