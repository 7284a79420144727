import { type Dim, dimAt, elementCount, formatShape } from '../graph/dimension.ts'
import { onnxType } from '../graph/dtype.ts'
import { applyOne, type Emitter, inputAt, type Op, scalar, type Tensor } from '../graph/tensor.ts'
import { type TensorValue, value } from '../graph/value.ts'
import { add, mul, neg, sub } from './arithmetic.ts'
import { clip, greaterOrEqual, less, where } from './compare.ts'
import { cos, sqrt } from './elementwise.ts'
import { cast, reshape } from './layout.ts'

// Random words are a hash of a counter: element i of a draw is mix(i, key), with Ettinger's `lowbias32` constants and
// the second word of the key put in between, so that draws of different keys are not shifted copies of each other.
// Nothing is carried from draw to draw: any number of threads, or the same step after a restart, gives the same words.
const multiplier1 = 0x7feb352d
const multiplier2 = 0x846ca68b

function mixWord(word: number, between: number): number {
  let x = word
  x ^= x >>> 16
  x = Math.imul(x, multiplier1) ^ between
  x ^= x >>> 15
  x = Math.imul(x, multiplier2)
  x ^= x >>> 16
  return x >>> 0
}

/** Two words that name a draw, from any numbers: a seed, a step, a place. */
export function randomKey(...parts: readonly number[]): TensorValue {
  let [a, b] = [0x9e3779b9, 0x85ebca6b]
  for (const part of parts) {
    for (const word of [part >>> 0, Math.floor(part / 4294967296) >>> 0]) {
      a = mixWord((a + word) >>> 0, b)
      b = mixWord((b ^ word) >>> 0, a)
    }
  }
  return value(Uint32Array.from([a, b]))
}

function emitMix(emitter: Emitter, words: string, between: string): string {
  const shifted = (x: string, bits: number): string =>
    emitter.node('BitwiseXor', [
      x,
      emitter.node('BitShift', [x, emitter.scalar(bits, 'uint32')], { direction: 'RIGHT' }),
    ])
  const times = (x: string, factor: number): string => emitter.node('Mul', [x, emitter.scalar(factor, 'uint32')])
  const half = emitter.node('BitwiseXor', [times(shifted(words, 16), multiplier1), between])
  return shifted(times(shifted(half, 15), multiplier2), 16)
}

function emitKeyWord(emitter: Emitter, key: string, index: number): string {
  return emitter.node('Gather', [key, emitter.scalar(index, 'int64')], { axis: 0 })
}

const wordsOp: Op<{ shape: readonly Dim[] }> = {
  name: 'randomWords',
  infer: (_, { shape }) => [{ dtype: 'uint32', shape }],
  emit({ inputs, attributes: { shape } }, emitter) {
    const key = emitter.name(inputAt(inputs, 0))
    const words = emitWords(emitter, elementCount(shape), emitKeyWord(emitter, key, 0), emitKeyWord(emitter, key, 1))
    return emitter.node('Reshape', [words, emitter.sizes(shape)])
  },
}

/** Words of a range of counters under a key: [count]. */
function emitWords(emitter: Emitter, count: Dim, start: string, between: string): string {
  const whole = emitter.node('Reshape', [emitter.sizes([count]), emitter.integers([])])
  const end = emitter.node('Cast', [whole], { to: onnxType.int32 })
  const counter = emitter.node('Range', [emitter.scalar(0, 'int32'), end, emitter.scalar(1, 'int32')])
  return emitMix(
    emitter,
    emitter.node('Add', [emitter.node('Cast', [counter], { to: onnxType.uint32 }), start]),
    between,
  )
}

// Where only the upper bits decide, two operations an element do for a draw: a word for each row and one for each
// column, both mixed in full, added and squared. The square's mixed term, twice row times column, makes every element's
// upper bits its own; sums alone would make rows shifted copies of each other.
const choicesOp: Op<{ shape: readonly Dim[] }> = {
  name: 'randomChoices',
  infer: (_, { shape }) => [{ dtype: 'uint32', shape }],
  emit({ inputs, attributes: { shape } }, emitter) {
    const key = emitter.name(inputAt(inputs, 0))
    const [first, second] = [emitKeyWord(emitter, key, 0), emitKeyWord(emitter, key, 1)]
    const columns = shape.at(-1) ?? 1
    const row = emitWords(emitter, elementCount(shape.slice(0, -1)), first, second)
    const column = emitWords(emitter, columns, second, first)
    const sum = emitter.node('Add', [emitter.node('Reshape', [row, emitter.integers([-1, 1])]), column])
    return emitter.node('Reshape', [emitter.node('Mul', [sum, sum]), emitter.sizes(shape)])
  },
}

/** Words whose upper half is random. */
function choices(op: string, key: Tensor, shape: readonly Dim[]): Tensor {
  assertKey(op, key)
  const columns = shape.at(-1)
  const few = columns === undefined || (typeof columns === 'number' && columns < 16)
  return few ? words(op, key, shape) : applyOne(choicesOp, [key], { shape })
}

function assertKey(op: string, key: Tensor): void {
  if (key.dtype !== 'uint32' || key.shape.length !== 1 || key.shape[0] !== 2)
    throw new TypeError(`${op}: the key is ${key.dtype} ${formatShape(key.shape)}, expected uint32 [2] (see randomKey)`)
}

function words(op: string, key: Tensor, shape: readonly Dim[]): Tensor {
  assertKey(op, key)
  return applyOne(wordsOp, [key], { shape })
}

const splitKeyOp: Op<{ index: number }> = {
  name: 'splitKey',
  infer: () => [{ dtype: 'uint32', shape: [2] }],
  emit({ inputs, attributes: { index } }, emitter) {
    const key = emitter.name(inputAt(inputs, 0))
    const first = emitKeyWord(emitter, key, 0)
    const second = emitKeyWord(emitter, key, 1)
    const a = emitMix(emitter, emitter.node('Add', [first, emitter.scalar((index + 1) >>> 0, 'uint32')]), second)
    const b = emitMix(
      emitter,
      emitter.node('Add', [second, emitter.scalar(Math.imul(index + 1, 0x9e3779b1) >>> 0, 'uint32')]),
      a,
    )
    const one = emitter.integers([1])
    return emitter.node('Concat', [emitter.node('Reshape', [a, one]), emitter.node('Reshape', [b, one])], { axis: 0 })
  },
}

/** Another key, for another draw of the same step; every index gives its own. */
export function splitKey(key: Tensor, index: number): Tensor {
  assertKey('splitKey', key)
  return applyOne(splitKeyOp, [key], { index })
}

/** Uniform numbers on [0, 1), in steps of 2⁻²⁴ (exact in float32). */
export function randomUniform(key: Tensor, shape: readonly Dim[], dtype: 'float32' | 'float64' = 'float32'): Tensor {
  return mul(cast(upperBits(words('randomUniform', key, shape)), dtype), 2 ** -24)
}

const upperBitsOp: Op<Record<never, never>> = {
  name: 'upperBits',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit: ({ inputs }, emitter) =>
    emitter.node('BitShift', [emitter.name(inputAt(inputs, 0)), emitter.scalar(8, 'uint32')], { direction: 'RIGHT' }),
}

function upperBits(x: Tensor): Tensor {
  return applyOne(upperBitsOp, [x], {})
}

// ONNX Runtime's Log works in packs of elements and rounds otherwise where a thread's share ends within a pack. A sum of
// one number alone takes the same logarithm for all of them, wherever threads divide the work.
const steadyLogOp: Op<Record<never, never>> = {
  name: 'steadyLog',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs }, emitter) {
    const axis = emitter.integers([-1])
    const alone = emitter.node('Unsqueeze', [emitter.name(inputAt(inputs, 0)), axis])
    return emitter.node('ReduceLogSum', [alone, axis], { keepdims: 0 })
  },
}

function steadyLog(x: Tensor): Tensor {
  return applyOne(steadyLogOp, [x], {})
}

/** Standard normal numbers (Box–Muller). */
export function randomNormal(key: Tensor, shape: readonly Dim[], dtype: 'float32' | 'float64' = 'float32'): Tensor {
  const radius = sqrt(mul(steadyLog(sub(1, randomUniform(splitKey(key, 0), shape, dtype))), -2))
  return mul(radius, cos(mul(randomUniform(splitKey(key, 1), shape, dtype), 2 * Math.PI)))
}

/** Standard Gumbel numbers −log(−log u): adding them to logits and taking the argMax samples from the softmax. */
export function randomGumbel(key: Tensor, shape: readonly Dim[], dtype: 'float32' | 'float64' = 'float32'): Tensor {
  // In float32 the largest sum would round to 1, whose Gumbel number is infinite.
  const uniform = clip(add(randomUniform(key, shape, dtype), 2 ** -25), undefined, 1 - 2 ** -24)
  return neg(steadyLog(neg(steadyLog(uniform))))
}

/** true with the given probability, element by element. */
export function randomBernoulli(key: Tensor, shape: readonly Dim[], probability: number): Tensor {
  if (!(probability >= 0 && probability <= 1))
    throw new RangeError(`randomBernoulli: the probability is ${probability}, expected from 0 to 1`)
  if (probability === 0) return less(choices('randomBernoulli', key, shape), 0)
  const threshold = Math.min(2 ** 32 - 1, Math.round((1 - probability) * 2 ** 32))
  return greaterOrEqual(choices('randomBernoulli', key, shape), scalar(threshold, 'uint32'))
}

/**
 * Elements set to 0 with probability `rate`, the others divided by 1 − rate (Srivastava et al. 2014).
 *
 * @param key which draw: the same key drops the same elements
 * @throws {RangeError} unless rate is from 0 to below 1
 */
export function dropout(x: Tensor, rate: number, key: Tensor): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: rate is ${rate}, expected from 0 to below 1`)
  if (rate === 0) return x
  const kept = greaterOrEqual(choices('dropout', key, x.shape), scalar(Math.round(rate * 2 ** 32), 'uint32'))
  return mul(x, where(kept, scalar(1 / (1 - rate), x.dtype), 0))
}

/** Whole entries along the leading axes dropped together (stochastic depth): one draw per row of axis 0. */
export function dropRows(x: Tensor, rate: number, key: Tensor): Tensor {
  const rows = [dimAt(x.shape, 0), ...x.shape.slice(1).map(() => 1)]
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropRows: rate is ${rate}, expected from 0 to below 1`)
  if (rate === 0) return x
  const kept = greaterOrEqual(words('dropRows', key, rows), scalar(Math.round(rate * 2 ** 32), 'uint32'))
  return mul(x, reshape(where(kept, scalar(1 / (1 - rate), x.dtype), 0), rows))
}
