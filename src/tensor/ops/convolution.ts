import {
  addDims,
  type Dim,
  dimAt,
  divideDims,
  elementCount,
  formatShape,
  type Shape,
  subtractDims,
} from '../graph/dimension.ts'
import { applyOne, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { add, operands } from './arithmetic.ts'
import { pad, slice, stack } from './join.ts'
import { reshape, sum } from './layout.ts'
import { matmul } from './matmul.ts'

/** How a kernel moves; one number for each spatial axis. */
export interface Window {
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
}

/** The size a window leaves along an axis: ⌊(size + 2 padding − dilation (kernel − 1) − 1)/stride⌋ + 1. */
export function windowedSize(op: string, size: Dim, kernel: number, window: Window, axis: number): Dim {
  const [stride, padding, dilation] = [window.stride[axis] ?? 1, window.padding[axis] ?? 0, window.dilation[axis] ?? 1]
  const span = addDims(size, 2 * padding - dilation * (kernel - 1) - 1)
  if (typeof span === 'number') {
    if (span < 0)
      throw new RangeError(
        `${op}: a kernel of ${kernel} (dilation ${dilation}) does not fit into ${size} with padding ${padding}`,
      )
    return Math.floor(span / stride) + 1
  }
  const steps = divideDims(span, stride)
  if (steps === undefined)
    throw new RangeError(
      `${op}: the size left of "${size}" by stride ${stride} is not a whole expression; use a fixed size`,
    )
  return addDims(steps, 1)
}

/** A number for every spatial axis from one number or a list. */
export function perAxis(
  op: string,
  given: number | readonly number[] | undefined,
  axes: number,
  normal: number,
): readonly number[] {
  if (given === undefined) return Array.from({ length: axes }, () => normal)
  if (typeof given === 'number') return Array.from({ length: axes }, () => given)
  if (given.length !== axes) throw new RangeError(`${op}: ${given.length} numbers for ${axes} spatial axes`)
  return given
}

/**
 * The patches a window sees: [batch, channels, ...sizes] → [batch, channels, kernel positions, output positions], both
 * flattened in row-major order.
 */
export function unfold(x: Tensor, kernel: readonly number[], window: Window): Tensor {
  const spatial = x.shape.slice(2)
  const sizes = spatial.map((size, axis) => windowedSize('unfold', size, kernel[axis] ?? 1, window, axis))
  const padded = pad(
    x,
    window.padding.map((width) => [width, width] as const),
  )
  let places: readonly (readonly number[])[] = [[]]
  for (const size of kernel) places = places.flatMap((place) => Array.from({ length: size }, (_, at) => [...place, at]))
  const patches = places.map((place) => {
    const patch = place.reduce((part, at, axis) => {
      const start = at * (window.dilation[axis] ?? 1)
      const stride = window.stride[axis] ?? 1
      const count = inputAt(sizes, axis)
      const end =
        typeof count === 'number'
          ? start + (count - 1) * stride + 1
          : subtractDims(addDims(start, multiplied(count, stride)), stride - 1)
      return slice(part, axis + 2, start, end, stride)
    }, padded)
    return reshape(patch, [...x.shape.slice(0, 2), elementCount(sizes)])
  })
  return stack(patches, 2)
}

function multiplied(count: Dim, stride: number): Dim {
  return stride === 1 ? count : Array.from({ length: stride }, () => count).reduce<Dim>(addDims, 0)
}

interface ConvolutionAttributes {
  readonly [name: string]: readonly number[] | number | readonly Dim[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
}

function onnxAttributes({
  stride,
  padding,
  dilation,
  groups,
}: ConvolutionAttributes): Record<string, readonly number[] | number> {
  return { strides: stride, pads: [...padding, ...padding], dilations: dilation, group: groups }
}

const kernelOf = (weight: Tensor): readonly number[] => weight.shape.slice(2).map(Number)

const convolutionOp: Op<ConvolutionAttributes> = {
  name: 'convolution',
  infer(inputs, attributes) {
    const [x, weight] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const spatial = x.shape
      .slice(2)
      .map((size, axis) => windowedSize('convolution', size, Number(weight.shape[axis + 2]), attributes, axis))
    return [{ dtype: x.dtype, shape: [dimAt(x.shape, 0), dimAt(weight.shape, 0), ...spatial] }]
  },
  emit: ({ inputs, attributes }, emitter) => emitter.node('Conv', inputs.map(emitter.name), onnxAttributes(attributes)),
  vjp({ inputs, attributes }, [gradient]) {
    if (gradient === undefined) return []
    const [x, weight] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    return [
      transposed(gradient, weight, x.shape.slice(2), attributes),
      kernelGradient(x, gradient, weight.shape, attributes),
    ]
  },
}

interface TransposedAttributes extends ConvolutionAttributes {
  /** Spatial sizes of the result. */
  readonly sizes: readonly Dim[]
}

const transposedOp: Op<TransposedAttributes> = {
  name: 'transposedConvolution',
  infer(inputs, { sizes, groups }) {
    const [x, weight] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    return [{ dtype: x.dtype, shape: [dimAt(x.shape, 0), Number(weight.shape[1]) * groups, ...sizes] }]
  },
  emit({ inputs, attributes }, emitter) {
    const { sizes, stride, padding, dilation } = attributes
    const [x, weight] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const kernel = kernelOf(weight)
    const extra = sizes.map((size, axis) => {
      const least = addDims(
        subtractDims(multiplied(dimAt(x.shape, axis + 2), stride[axis] ?? 1), (stride[axis] ?? 1) - 1),
        (dilation[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) - 2 * (padding[axis] ?? 0),
      )
      return Number(subtractDims(size, least))
    })
    return emitter.node('ConvTranspose', inputs.map(emitter.name), {
      ...onnxAttributes(attributes),
      output_padding: extra,
    })
  },
  vjp({ inputs, attributes }, [gradient]) {
    if (gradient === undefined) return []
    const [x, weight] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const { stride, padding, dilation, groups } = attributes
    const plain = { stride, padding, dilation, groups }
    return [plainConvolution(gradient, weight, plain), kernelGradient(gradient, x, weight.shape, plain)]
  },
}

// ONNX Runtime's convolutions are for float32 only; in float64 they are products with unfolded patches.

function plainConvolution(x: Tensor, weight: Tensor, attributes: ConvolutionAttributes): Tensor {
  if (x.dtype === 'float32') return applyOne(convolutionOp, [x, weight], attributes)
  const { groups } = attributes
  const [batch, out] = [dimAt(x.shape, 0), Number(weight.shape[0])]
  const kernel = kernelOf(weight)
  const sizes = x.shape
    .slice(2)
    .map((size, axis) => windowedSize('convolution', size, kernel[axis] ?? 1, attributes, axis))
  const patches = unfold(x, kernel, attributes)
  const inGroup = Number(weight.shape[1]) * Number(elementCount(kernel))
  const columns = reshape(patches, [batch, groups, inGroup, elementCount(sizes)])
  const rows = reshape(weight, [groups, out / groups, inGroup])
  return reshape(matmul(rows, columns), [batch, out, ...sizes])
}

function transposed(x: Tensor, weight: Tensor, sizes: readonly Dim[], attributes: ConvolutionAttributes): Tensor {
  const { stride, padding, dilation, groups } = attributes
  const plain = { stride, padding, dilation, groups }
  if (x.dtype === 'float32') return applyOne(transposedOp, [x, weight], { ...plain, sizes })
  // Patches of the result, one product per input position, laid where the window stood and added up.
  const kernel = kernelOf(weight)
  const [batch, channels, out] = [dimAt(x.shape, 0), Number(weight.shape[0]), Number(weight.shape[1]) * groups]
  const flat = reshape(x, [batch, groups, channels / groups, elementCount(x.shape.slice(2))])
  const rows = reshape(weight, [groups, channels / groups, -1])
  const patches = matmul(rows, flat, { transposeA: true })
  const places = elementCount(x.shape.slice(2))
  return fold(reshape(patches, [batch, out, elementCount(kernel), places]), sizes, x.shape.slice(2), kernel, plain)
}

/** The transpose of `unfold`: patches added up where their windows stood. */
export function fold(
  patches: Tensor,
  sizes: readonly Dim[],
  from: Shape,
  kernel: readonly number[],
  window: Window,
): Tensor {
  const [batch, channels] = [dimAt(patches.shape, 0), dimAt(patches.shape, 1)]
  let places: readonly (readonly number[])[] = [[]]
  for (const size of kernel) places = places.flatMap((place) => Array.from({ length: size }, (_, at) => [...place, at]))
  const padded = sizes.map((size, axis) => addDims(size, 2 * (window.padding[axis] ?? 0)))
  const laid = places.map((place, index) => {
    const patch = reshape(slice(patches, 2, index, index + 1), [batch, channels, ...from])
    return place.reduce((part, at, axis) => {
      const stride = window.stride[axis] ?? 1
      const start = at * (window.dilation[axis] ?? 1)
      const spread = spreadAxis(part, axis + 2, stride)
      const after = subtractDims(subtractDims(inputAt(padded, axis), start), dimAt(spread.shape, axis + 2))
      return pad(
        spread,
        spread.shape.map((_, other) => (other === axis + 2 ? [start, after] : [0, 0])),
      )
    }, patch)
  })
  const total = laid.reduce((sumSoFar, part) => add(sumSoFar, part))
  return sizes.reduce<Tensor>((part, size, axis) => {
    const before = window.padding[axis] ?? 0
    return slice(part, axis + 2, before, addDims(before, size))
  }, total)
}

/** Elements moved `stride` apart with zeros between, without zeros after the last. */
function spreadAxis(x: Tensor, axis: number, stride: number): Tensor {
  if (stride === 1) return x
  const size = dimAt(x.shape, axis)
  const apart = reshape(x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)])
  const widened = pad(
    apart,
    apart.shape.map((_, other) => (other === axis + 1 ? [0, stride - 1] : [0, 0])),
  )
  const merged = reshape(widened, [...x.shape.slice(0, axis), multiplied(size, stride), ...x.shape.slice(axis + 1)])
  return slice(merged, axis, 0, subtractDims(multiplied(size, stride), stride - 1))
}

/** Gradient of a convolution with respect to its kernel: gradients times patches, summed over the batch. */
function kernelGradient(x: Tensor, gradient: Tensor, shape: Shape, attributes: ConvolutionAttributes): Tensor {
  const { groups } = attributes
  const batch = dimAt(x.shape, 0)
  const out = Number(dimAt(gradient.shape, 1))
  const patches = unfold(x, shape.slice(2).map(Number), attributes)
  const places = elementCount(gradient.shape.slice(2))
  const inGroup = Number(elementCount(shape.slice(1)))
  const columns = reshape(patches, [batch, groups, inGroup, places])
  const rows = reshape(gradient, [batch, groups, out / groups, places])
  return reshape(sum(matmul(rows, columns, { transposeB: true }), 0), shape)
}

export interface ConvolutionOptions {
  /** [out]; default none. */
  readonly bias?: Tensor
  /** Default 1; one number, or one for each spatial axis. */
  readonly stride?: number | readonly number[]
  /** Zeros added on both sides. Default 0. */
  readonly padding?: number | readonly number[]
  /** Distance between kernel elements. Default 1. */
  readonly dilation?: number | readonly number[]
  /** Channels are convolved in this many separate groups. Default 1. */
  readonly groups?: number
}

function settled(op: string, axes: number, options: ConvolutionOptions): ConvolutionAttributes {
  return {
    stride: perAxis(op, options.stride, axes, 1),
    padding: perAxis(op, options.padding, axes, 0),
    dilation: perAxis(op, options.dilation, axes, 1),
    groups: options.groups ?? 1,
  }
}

function withBias(x: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? x : add(x, reshape(bias, [dimAt(bias.shape, 0), ...x.shape.slice(2).map(() => 1)]))
}

function convolve(op: string, axes: number, x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor {
  operands(op, x, weight)
  const groups = options.groups ?? 1
  if (x.shape.length !== axes + 2 || weight.shape.length !== axes + 2)
    throw new RangeError(
      `${op}: ${formatShape(x.shape)} with a kernel of ${formatShape(weight.shape)}: both need ${axes + 2} axes`,
    )
  const [channels, out, inGroup] = [Number(x.shape[1]), Number(weight.shape[0]), Number(weight.shape[1])]
  if (channels !== inGroup * groups || out % groups !== 0)
    throw new RangeError(
      `${op}: ${channels} channels in ${groups} groups with a kernel of ${formatShape(weight.shape)}: expected [out, ${channels / groups}, ...] with out divisible by ${groups}`,
    )
  return withBias(plainConvolution(x, weight, settled(op, axes, options)), options.bias)
}

/** Cross-correlation along one axis: [batch, in, length] with [out, in/groups, kernel] → [batch, out, length']. */
export function conv1d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  return convolve('conv1d', 1, x, weight, options)
}

/** Cross-correlation of pictures: [batch, in, height, width] with [out, in/groups, kh, kw] → [batch, out, h', w']. */
export function conv2d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  return convolve('conv2d', 2, x, weight, options)
}

export interface TransposedConvolutionOptions extends ConvolutionOptions {
  /** Added to the size of the result at its end, to choose among the sizes a stride makes equal. Default 0. */
  readonly outputPadding?: number | readonly number[]
}

function convolveTransposed(
  op: string,
  axes: number,
  x: Tensor,
  weight: Tensor,
  options: TransposedConvolutionOptions,
): Tensor {
  operands(op, x, weight)
  if (x.shape.length !== axes + 2 || weight.shape.length !== axes + 2 || x.shape[1] !== weight.shape[0])
    throw new RangeError(
      `${op}: ${formatShape(x.shape)} with a kernel of ${formatShape(weight.shape)}: expected [batch, in, ...] with [in, out/groups, ...]`,
    )
  const attributes = settled(op, axes, options)
  const extra = perAxis(op, options.outputPadding, axes, 0)
  const kernel = kernelOf(weight)
  const sizes = x.shape.slice(2).map((size, axis): Dim => {
    const stride = attributes.stride[axis] ?? 1
    const reach = (attributes.dilation[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1
    return addDims(
      multiplied(addDims(size, -1), stride),
      reach - 2 * (attributes.padding[axis] ?? 0) + (extra[axis] ?? 0),
    )
  })
  return withBias(transposed(x, weight, sizes, attributes), options.bias)
}

/** The transpose of `conv1d` in x: [batch, in, length] with [in, out/groups, kernel] → a longer [batch, out, length']. */
export function convTranspose1d(x: Tensor, weight: Tensor, options: TransposedConvolutionOptions = {}): Tensor {
  return convolveTransposed('convTranspose1d', 1, x, weight, options)
}

/** The transpose of `conv2d` in x: [batch, in, h, w] with [in, out/groups, kh, kw] → a larger [batch, out, h', w']. */
export function convTranspose2d(x: Tensor, weight: Tensor, options: TransposedConvolutionOptions = {}): Tensor {
  return convolveTransposed('convTranspose2d', 2, x, weight, options)
}
