import {
  add,
  at,
  constant,
  expandDims,
  formatShape,
  matmul,
  mul,
  stack,
  sub,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import type { FloatType } from '../parameters.ts'

/** How many frequencies a real sequence of a length has. */
export function frequencyCount(length: number): number {
  return Math.floor(length / 2) + 1
}

/**
 * The two maps of a real Fourier transform as matrices, so that no Fourier operation is needed: `forward`
 * [2 · frequencies, length] gives real parts and then imaginary ones, `back` [length, 2 · frequencies] undoes it.
 * Imaginary parts at frequency 0, and at the last one of an even length, are ignored on the way back.
 */
export function fourierMatrices(
  length: number,
  dtype: FloatType = 'float32',
): { readonly forward: TensorValue; readonly back: TensorValue } {
  const count = frequencyCount(length)
  const floats = (size: number): Float32Array | Float64Array =>
    dtype === 'float32' ? new Float32Array(size) : new Float64Array(size)
  const [forward, back] = [floats(2 * count * length), floats(2 * count * length)]
  for (let k = 0; k < count; k++) {
    // Frequencies between the ends stand for their mirror images, too.
    const weight = k === 0 || 2 * k === length ? 1 : 2
    for (let n = 0; n < length; n++) {
      // The product is reduced first: sines of large angles lose digits.
      const angle = (2 * Math.PI * ((k * n) % length)) / length
      const [cosine, sine] = [Math.cos(angle), weight === 1 ? 0 : Math.sin(angle)]
      forward[k * length + n] = cosine
      forward[(count + k) * length + n] = -sine
      back[n * 2 * count + k] = (weight * cosine) / length
      back[n * 2 * count + count + k] = (-weight * sine) / length
    }
  }
  return { forward: value(forward, [2 * count, length]), back: value(back, [length, 2 * count]) }
}

/**
 * A learnable filter along axis 1: irfft(rfft(x) ⊙ W), which is the circular convolution with irfft(W), channel by
 * channel.
 *
 * @param x [batch, length, width], the length a number
 * @param weight [⌊length/2⌋ + 1, width, 2]: real and imaginary parts
 * @throws {RangeError} when the sizes do not fit together
 * @see Zhou et al., Filter-enhanced MLP is All You Need for Sequential Recommendation, 2022, arXiv 2202.13556
 */
export function fourierFilter(x: Tensor, weight: Tensor): Tensor {
  const [, length, width] = x.shape
  if (typeof length !== 'number' || x.shape.length !== 3)
    throw new RangeError(
      `fourierFilter: x is ${formatShape(x.shape)}, expected [batch, length, width] with a number as length`,
    )
  const count = frequencyCount(length)
  if (weight.shape[0] !== count || weight.shape[1] !== width || weight.shape[2] !== 2)
    throw new RangeError(
      `fourierFilter: the weight is ${formatShape(weight.shape)}, expected ${formatShape([count, width ?? 0, 2])} for x ${formatShape(x.shape)}`,
    )
  const { forward, back } = fourierMatrices(length, x.dtype as FloatType)
  // [batch, 2, frequencies, width]: real and imaginary parts apart.
  const spectrum = matmul(expandDims(constant({ ...forward, shape: [2, count, length] }), 0), expandDims(x, 1))
  const [real, imaginary] = [at(spectrum, 1, 0), at(spectrum, 1, 1)]
  const [a, b] = [at(weight, 2, 0), at(weight, 2, 1)]
  const filtered = stack([sub(mul(real, a), mul(imaginary, b)), add(mul(real, b), mul(imaginary, a))], 1)
  const parts = matmul(backByPart(back, count, length), filtered)
  return add(at(parts, 1, 0), at(parts, 1, 1))
}

/** [1, 2, length, frequencies]: the columns for real and for imaginary parts apart. */
function backByPart({ data, dtype }: TensorValue, count: number, length: number): Tensor {
  const apart = dtype === 'float64' ? new Float64Array(data.length) : new Float32Array(data.length)
  for (let part = 0; part < 2; part++)
    for (let n = 0; n < length; n++)
      for (let k = 0; k < count; k++)
        apart[(part * length + n) * count + k] = Number(data[n * 2 * count + part * count + k])
  return constant(value(apart, [1, 2, length, count]))
}
