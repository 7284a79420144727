import { type Dim, dimAt, formatShape, multiplyDims } from '../graph/dimension.ts'
import type { Tensor } from '../graph/tensor.ts'
import { add, mul, sub } from './arithmetic.ts'
import { and, greater, greaterOrEqual, where } from './compare.ts'
import { withGradient } from './control.ts'
import { range } from './gather.ts'
import { broadcastTo, expandDims, reshape, sum } from './layout.ts'
import { matmul } from './matmul.ts'
import { sizeTensor } from './reduce.ts'
import { softmax } from './softmax.ts'

export interface AttentionOptions {
  /** Factor on the products of queries and keys. Default 1/√width. */
  readonly scale?: number
  /** A query sees only keys up to its own position; queries are the last positions when keys are more. Default false. */
  readonly causal?: boolean
  /** A causal query sees only this many keys, its own included. Default all. */
  readonly window?: number
  /** bool, broadcasting to [batch, heads, queries, keys]: which keys a query may see. */
  readonly mask?: Tensor
  /** Added to the scaled products; broadcasts likewise. */
  readonly bias?: Tensor
}

/** What is added where a key is not to be seen: its weight is then exactly 0 beside any ordinary score. */
const hidden = -1e30

/**
 * An additive mask that lets each of the last `queries` positions see the keys up to its own.
 *
 * @returns [queries, keys], 0 where visible and −10³⁰ elsewhere
 */
export function causalBias(queries: Dim, keys: Dim, dtype: Tensor['dtype'] = 'float32', window?: number): Tensor {
  const row = add(expandDims(range(queries), 1), sub(sizeTensor(keys, 'int64'), sizeTensor(queries, 'int64')))
  const column = expandDims(range(keys), 0)
  const past = greaterOrEqual(row, column)
  const visible = window === undefined ? past : and(past, greater(add(column, window), row))
  return where(visible, sizeTensor(0, dtype), hidden)
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, arXiv 1706.03762): softmax(q kᵀ · scale + bias) v. With fewer key
 * heads than query heads, each serves a group of query heads (arXiv 2305.13245).
 *
 * The gradient is written by hand: the row sums it needs are those of gradient · output (arXiv 2205.14135, appendix B),
 * [queries, width] instead of [queries, keys].
 *
 * @param q [batch, heads, queries, width]
 * @param k [batch, key heads, keys, width]
 * @param v [batch, key heads, keys, value width]
 * @returns [batch, heads, queries, value width]
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  for (const [name, x] of [
    ['q', q],
    ['k', k],
    ['v', v],
  ] as const)
    if (x.shape.length !== 4)
      throw new RangeError(`attention: ${name} is ${formatShape(x.shape)}, expected [batch, heads, positions, width]`)
  const [heads, keyHeads] = [dimAt(q.shape, 1), dimAt(k.shape, 1)]
  if (heads !== keyHeads) return groupedAttention(q, k, v, options)
  return attend(q, k, v, options)
}

function attend(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const width = dimAt(q.shape, -1)
  const scale = options.scale ?? 1 / Math.sqrt(Number(width))
  let scores = matmul(q, k, { transposeB: true, scale })
  if (options.bias) scores = add(scores, options.bias)
  if (options.causal) scores = add(scores, causalBias(dimAt(q.shape, -2), dimAt(k.shape, -2), q.dtype, options.window))
  if (options.mask) scores = where(options.mask, scores, hidden)
  const weights = softmax(scores)
  const output = matmul(weights, v)
  return withGradient(output, [scores, v], (gradient) => {
    const forWeights = matmul(gradient, v, { transposeB: true })
    const rows = sum(mul(gradient, output), -1, { keepDims: true })
    return [mul(weights, sub(forWeights, rows)), matmul(weights, gradient, { transposeA: true })]
  })
}

/** The heads of one group lie side by side as further queries of its key head. */
function groupedAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const [batch, heads, queries, width] = [dimAt(q.shape, 0), dimAt(q.shape, 1), dimAt(q.shape, 2), dimAt(q.shape, 3)]
  const [keyHeads, keys] = [dimAt(k.shape, 1), dimAt(k.shape, 2)]
  if (typeof heads !== 'number' || typeof keyHeads !== 'number' || heads % keyHeads !== 0)
    throw new RangeError(`attention: ${heads} query heads are no multiple of ${keyHeads} key heads`)
  const group = heads / keyHeads
  const grouped = (x: Tensor): Tensor => {
    const whole = broadcastTo(x, [...Array.from({ length: 4 - x.shape.length }, () => 1), ...x.shape])
    const [b, h, n, m] = [dimAt(whole.shape, 0), dimAt(whole.shape, 1), dimAt(whole.shape, 2), dimAt(whole.shape, 3)]
    if (h === 1) {
      const repeated = broadcastTo(expandDims(whole, 2), [b, 1, group, queries, m])
      return reshape(repeated, [b, 1, multiplyDims(group, queries), m])
    }
    const wide = n === queries ? whole : broadcastTo(whole, [b, h, queries, m])
    return reshape(wide, [b, keyHeads, multiplyDims(group, queries), m])
  }
  const { causal, bias, mask, ...rest } = options
  const causalPart = causal ? causalBias(queries, keys, q.dtype, options.window) : undefined
  const biases = [bias, causalPart].flatMap((part) => (part ? [grouped(part)] : []))
  const total = biases.reduce<Tensor | undefined>((before, part) => (before ? add(before, part) : part), undefined)
  const output = attend(reshape(q, [batch, keyHeads, multiplyDims(group, queries), width]), k, v, {
    ...rest,
    ...(total && { bias: total }),
    ...(mask && { mask: grouped(mask) }),
  })
  return reshape(output, [batch, heads, queries, dimAt(v.shape, -1)])
}
