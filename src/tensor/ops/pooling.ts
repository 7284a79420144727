import { dimAt, elementCount, formatShape, type Shape } from '../graph/dimension.ts'
import { apply, constant, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { value } from '../graph/value.ts'
import { perAxis, unfold, type Window, windowedSize } from './convolution.ts'
import { scatterAdd } from './gather.ts'
import { repeat } from './join.ts'
import { cast, flatten, reshape, transpose } from './layout.ts'
import { matmul } from './matmul.ts'
import { full, mean } from './reduce.ts'

interface PoolAttributes {
  readonly [name: string]: readonly number[]
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
}

function pooledShape(op: string, shape: Shape, attributes: PoolAttributes): Shape {
  const spatial = shape
    .slice(2)
    .map((size, axis) => windowedSize(op, size, attributes.kernel[axis] ?? 1, attributes, axis))
  return [...shape.slice(0, 2), ...spatial]
}

const maxPoolOp: Op<PoolAttributes> = {
  name: 'maxPool',
  infer(inputs, attributes) {
    const { dtype, shape } = inputAt(inputs, 0)
    const pooled = pooledShape('maxPool', shape, attributes)
    return [
      { dtype, shape: pooled },
      { dtype: 'int64', shape: pooled },
    ]
  },
  emit: ({ inputs, attributes: { kernel, stride, padding } }, emitter) =>
    emitter.nodes('MaxPool', inputs.map(emitter.name), 2, {
      kernel_shape: kernel,
      strides: stride,
      pads: [...padding, ...padding],
    }),
  // The second output is where each maximum lies in the flattened input.
  vjp({ inputs, outputs }, [gradient]) {
    if (gradient === undefined) return []
    const x = inputAt(inputs, 0)
    const zeros = full([elementCount(x.shape)], 0, x.dtype)
    return [reshape(scatterAdd(zeros, flatten(inputAt(outputs, 1)), flatten(gradient)), x.shape)]
  },
}

export interface PoolOptions {
  /** Default: the kernel's size, so that windows do not overlap. */
  readonly stride?: number | readonly number[]
  /** Default 0. */
  readonly padding?: number | readonly number[]
}

function settled(op: string, x: Tensor, kernel: number | readonly number[], options: PoolOptions): PoolAttributes {
  const axes = x.shape.length - 2
  if (axes < 1)
    throw new RangeError(`${op}: ${formatShape(x.shape)} has no spatial axes, expected [batch, channels, ...sizes]`)
  const sizes = perAxis(op, kernel, axes, 1)
  return {
    kernel: sizes,
    stride: options.stride === undefined ? sizes : perAxis(op, options.stride, axes, 1),
    padding: perAxis(op, options.padding, axes, 0),
    dilation: sizes.map(() => 1),
  }
}

/** The largest element of each window: [batch, channels, ...sizes] → [batch, channels, ...fewer]. */
export function maxPool(x: Tensor, kernel: number | readonly number[], options: PoolOptions = {}): Tensor {
  return inputAt(apply(maxPoolOp, [x], settled('maxPool', x, kernel, options)), 0)
}

/** The mean of each window, padding counted as zeros. */
export function averagePool(x: Tensor, kernel: number | readonly number[], options: PoolOptions = {}): Tensor {
  const attributes = settled('averagePool', x, kernel, options)
  const window: Window = attributes
  return reshape(mean(unfold(x, attributes.kernel, window), 2), pooledShape('averagePool', x.shape, attributes))
}

/** The mean over all positions: [batch, channels, ...sizes] → [batch, channels]. */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(
    x,
    x.shape.slice(2).map((_, axis) => axis + 2),
  )
}

/** Every position repeated `factor` times along each spatial axis. */
export function upsampleNearest(x: Tensor, factor: number): Tensor {
  return x.shape.slice(2).reduce<Tensor>((grown, _, axis) => repeat(grown, factor, axis + 2), x)
}

/** Weights of linear interpolation from `from` to `to` positions (half-pixel centres, edges held). */
function interpolation(from: number, to: number): Float64Array {
  const weights = new Float64Array(to * from)
  for (let row = 0; row < to; row++) {
    const place = Math.min(from - 1, Math.max(0, ((row + 0.5) * from) / to - 0.5))
    const low = Math.floor(place)
    const high = Math.min(from - 1, low + 1)
    weights[row * from + low] = (weights[row * from + low] ?? 0) + 1 - (place - low)
    weights[row * from + high] = (weights[row * from + high] ?? 0) + place - low
  }
  return weights
}

/** Pictures resized with bilinear interpolation: [batch, channels, h, w] → [batch, channels, height, width]. */
export function resizeBilinear(x: Tensor, height: number, width: number): Tensor {
  if (x.shape.length !== 4)
    throw new RangeError(`resizeBilinear: ${formatShape(x.shape)}, expected [batch, channels, height, width]`)
  const [h, w] = [dimAt(x.shape, 2), dimAt(x.shape, 3)]
  if (typeof h !== 'number' || typeof w !== 'number')
    throw new RangeError(`resizeBilinear: ${formatShape(x.shape)} needs fixed sizes`)
  const weights = (from: number, to: number): Tensor =>
    cast(constant(value(interpolation(from, to), [to, from])), x.dtype)
  return matmul(matmul(weights(h, height), x), transpose(weights(w, width)))
}
