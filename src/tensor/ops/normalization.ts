import { dimAt, formatShape } from '../graph/dimension.ts'
import { apply, type Emitter, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { add, div, mul, operands, sub } from './arithmetic.ts'
import { square } from './elementwise.ts'
import { reshape, sumTo } from './layout.ts'
import { countOf, full, mean } from './reduce.ts'

interface NormAttributes {
  readonly [name: string]: number
  readonly epsilon: number
}

function emitLayerNorm(emitter: Emitter, x: Tensor, names: readonly string[], epsilon: number): readonly string[] {
  // ONNX's operator gives the mean and rate in float32 whatever x is.
  if (x.dtype === 'float32')
    return emitter.nodes('LayerNormalization', names, 3, { axis: -1, epsilon: { float: epsilon } })
  const [name = '', scale = '', bias = ''] = names
  const average = (from: string): string => emitter.node('ReduceMean', [from, emitter.integers([-1])], { keepdims: 1 })
  const centre = average(name)
  const centred = emitter.node('Sub', [name, centre])
  const spread = average(emitter.node('Mul', [centred, centred]))
  const root = emitter.node('Sqrt', [emitter.node('Add', [spread, emitter.scalar(epsilon, x.dtype)])])
  const rate = emitter.node('Reciprocal', [root])
  const scaled = emitter.node('Mul', [emitter.node('Mul', [centred, rate]), scale])
  return [emitter.node('Add', [scaled, bias]), centre, rate]
}

const layerNormOp: Op<NormAttributes> = {
  name: 'layerNorm',
  infer: (inputs) => {
    const { dtype, shape } = inputAt(inputs, 0)
    const rows = [...shape.slice(0, -1), 1]
    return [
      { dtype, shape },
      { dtype, shape: rows },
      { dtype, shape: rows },
    ]
  },
  emit: ({ inputs, attributes: { epsilon } }, emitter) =>
    emitLayerNorm(emitter, inputAt(inputs, 0), inputs.map(emitter.name), epsilon),
  // Outputs: y, mean μ and r = 1/σ per row, with x̂ = (x − μ) r and y = scale x̂ + bias.
  vjp({ inputs, outputs }, [gradient, gradientOfMean, gradientOfRate]) {
    const [x, scale, bias] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    const [centre, rate] = [inputAt(outputs, 1), inputAt(outputs, 2)]
    const normal = mul(sub(x, centre), rate)
    const forX: Tensor[] = []
    if (gradient) {
      const scaled = mul(gradient, scale)
      const average = mean(scaled, -1, { keepDims: true })
      const along = mean(mul(scaled, normal), -1, { keepDims: true })
      forX.push(mul(sub(sub(scaled, average), mul(normal, along)), rate))
    }
    const size = countOf(x, [x.shape.length - 1])
    if (gradientOfMean) forX.push(add(div(gradientOfMean, size), mul(x, 0)))
    // dr/dx = −r² x̂ / n
    if (gradientOfRate) forX.push(mul(div(mul(gradientOfRate, mul(square(rate), -1)), size), normal))
    return [
      forX.length === 0 ? undefined : forX.reduce((total, part) => add(total, part)),
      gradient && sumTo(mul(gradient, normal), scale.shape),
      gradient && sumTo(gradient, bias.shape),
    ]
  },
}

function assertFeatures(op: string, x: Tensor, given: Tensor | undefined, what: string): void {
  if (given === undefined) return
  operands(op, x, given)
  if (given.shape.length !== 1 || given.shape[0] !== dimAt(x.shape, -1))
    throw new RangeError(`${op}: the ${what} is ${formatShape(given.shape)}, expected [${dimAt(x.shape, -1)}]`)
}

export interface LayerNormOptions {
  /** [features]; default ones. */
  readonly scale?: Tensor
  /** [features]; default zeros. */
  readonly bias?: Tensor
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number
}

/** (x − mean)/√(variance + ε) · scale + bias over the last axis (Ba, Kiros & Hinton 2016, arXiv 1607.06450). */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Tensor {
  assertFeatures('layerNorm', x, options.scale, 'scale')
  assertFeatures('layerNorm', x, options.bias, 'bias')
  const features = [dimAt(x.shape, -1)]
  const scale = options.scale ?? full(features, 1, x.dtype)
  const bias = options.bias ?? full(features, 0, x.dtype)
  return inputAt(apply(layerNormOp, [x, scale, bias], { epsilon: options.epsilon ?? 1e-5 }), 0)
}

function emitRmsNorm(emitter: Emitter, x: Tensor, names: readonly string[], epsilon: number): readonly string[] {
  const [name = '', scale = ''] = names
  if (x.dtype === 'float32' && !emitter.portable)
    return emitter.nodes('SimplifiedLayerNormalization', [name, scale], 2, { axis: -1, epsilon: { float: epsilon } })
  const squares = emitter.node('Mul', [name, name])
  const average = emitter.node('ReduceMean', [squares, emitter.integers([-1])], { keepdims: 1 })
  const root = emitter.node('Sqrt', [emitter.node('Add', [average, emitter.scalar(epsilon, x.dtype)])])
  const rate = emitter.node('Reciprocal', [root])
  return [emitter.node('Mul', [emitter.node('Mul', [name, rate]), scale]), rate]
}

const rmsNormOp: Op<NormAttributes> = {
  name: 'rmsNorm',
  infer: (inputs) => {
    const { dtype, shape } = inputAt(inputs, 0)
    return [
      { dtype, shape },
      { dtype, shape: [...shape.slice(0, -1), 1] },
    ]
  },
  emit: ({ inputs, attributes: { epsilon } }, emitter) =>
    emitRmsNorm(emitter, inputAt(inputs, 0), inputs.map(emitter.name), epsilon),
  // Outputs: y and r = 1/√(mean x² + ε) per row, with y = scale x r.
  vjp({ inputs, outputs }, [gradient, gradientOfRate]) {
    const [x, scale] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const rate = inputAt(outputs, 1)
    const normal = mul(x, rate)
    const forX: Tensor[] = []
    if (gradient) {
      const scaled = mul(gradient, scale)
      const along = mean(mul(scaled, normal), -1, { keepDims: true })
      forX.push(mul(sub(scaled, mul(normal, along)), rate))
    }
    // dr/dx = −r³ x / n
    if (gradientOfRate) {
      const size = countOf(x, [x.shape.length - 1])
      forX.push(mul(div(mul(gradientOfRate, mul(square(rate), -1)), size), normal))
    }
    return [
      forX.length === 0 ? undefined : forX.reduce((total, part) => add(total, part)),
      gradient && sumTo(mul(gradient, normal), scale.shape),
    ]
  },
}

export interface RmsNormOptions {
  /** [features]; default ones. */
  readonly scale?: Tensor
  /** Added to the mean square. Default 1e-6. */
  readonly epsilon?: number
}

/** x/√(mean x² + ε) · scale over the last axis (Zhang & Sennrich 2019, arXiv 1910.07467). */
export function rmsNorm(x: Tensor, options: RmsNormOptions = {}): Tensor {
  assertFeatures('rmsNorm', x, options.scale, 'scale')
  const scale = options.scale ?? full([dimAt(x.shape, -1)], 1, x.dtype)
  return inputAt(apply(rmsNormOp, [x, scale], { epsilon: options.epsilon ?? 1e-6 }), 0)
}

export interface GroupNormOptions {
  /** [channels]; default ones. */
  readonly scale?: Tensor
  /** [channels]; default zeros. */
  readonly bias?: Tensor
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number
}

/**
 * Normalises groups of channels over all positions, then scales and shifts each channel (Wu & He 2018,
 * arXiv 1803.08494).
 *
 * @param x [batch, channels, ...positions]
 * @param groups divides the number of channels
 */
export function groupNorm(x: Tensor, groups: number, options: GroupNormOptions = {}): Tensor {
  const channels = dimAt(x.shape, 1)
  if (typeof channels !== 'number' || channels % groups !== 0)
    throw new RangeError(
      `groupNorm: ${channels} channels of ${formatShape(x.shape)} do not divide into ${groups} groups`,
    )
  const rows = reshape(x, [dimAt(x.shape, 0), groups, -1])
  const normal = reshape(layerNorm(rows, { epsilon: options.epsilon ?? 1e-5 }), x.shape)
  const perChannel = (given: Tensor): Tensor => reshape(given, [channels, ...x.shape.slice(2).map(() => 1)])
  const scaled = options.scale ? mul(normal, perChannel(options.scale)) : normal
  return options.bias ? add(scaled, perChannel(options.bias)) : scaled
}
