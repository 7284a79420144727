import { type Dim, dimAt, formatShape, sameShape } from '../graph/dimension.ts'
import { apply, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import type { RotaryTables } from './rotary.ts'

interface CachedAttentionAttributes {
  readonly [name: string]: number | undefined
  readonly heads: number
  readonly keyHeads: number
  readonly window: number | undefined
  readonly scale: number | undefined
}

const cachedAttentionOp: Op<CachedAttentionAttributes> = {
  name: 'cachedAttention',
  infer(inputs, { heads, keyHeads }) {
    const [packed, keys] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const features = Number(dimAt(packed.shape, 2)) / (heads + 2 * keyHeads)
    const output = { dtype: packed.dtype, shape: [...packed.shape.slice(0, 2), heads * features] }
    const cache = { dtype: packed.dtype, shape: keys.shape }
    return [output, cache, cache]
  },
  emit({ inputs, attributes: { heads, keyHeads, window, scale } }, emitter) {
    if (emitter.portable)
      throw new Error("cachedAttention is an operator of ONNX Runtime's own; a portable model cannot hold it")
    const [packed = '', keys = '', values = '', lengths = '', longest = '', cos = '', sin = ''] = inputs.map(
      emitter.name,
    )
    return emitter.runtimeNodes('GroupQueryAttention', [packed, '', '', keys, values, lengths, longest, cos, sin], 3, {
      num_heads: heads,
      kv_num_heads: keyHeads,
      do_rotary: 1,
      rotary_interleaved: 0,
      ...(window !== undefined && { local_window_size: window }),
      ...(scale !== undefined && { scale: { float: scale } }),
    })
  },
  // Said aloud: without a rule it would pass for a constant, whose gradient is zero.
  vjp() {
    throw new Error('cachedAttention has no gradient; train with attention and rotary instead')
  },
}

export interface CachedAttentionInputs {
  /** Queries, keys and values side by side, before rotary positions: [batch, new, (heads + 2 keyHeads) · width]. */
  readonly packed: Tensor
  /** Room for keys, filled with the past so far: [batch, keyHeads, room, width]. */
  readonly keys: Tensor
  /** The same for values. */
  readonly values: Tensor
  /** int32 [batch]: tokens of each row, the new ones included, less 1. */
  readonly lengths: Tensor
  /** int32 [1]: the largest of them, not lessened. */
  readonly longest: Tensor
  /** [room or more, width/2] each. */
  readonly tables: RotaryTables
}

export interface CachedAttentionOptions {
  readonly heads: number
  readonly keyHeads: number
  /** A query sees only this many keys, its own included. Default all. */
  readonly window?: number
  /** Factor on the products of queries and keys. Default 1/√width. */
  readonly scale?: number
}

/**
 * Causal attention of new tokens to all of their row so far, with rotary positions, for generating one step after
 * another. The first step holds whole prompts, with padding on the right where rows are shorter (`new` is then
 * `longest`); later steps hold one token a row. float32 on ONNX Runtime's kernel only; asking for its gradient throws.
 * The kernel asks for a width that is a multiple of 16.
 *
 * When the results `keys` and `values` are written into the memory of the inputs (see `compile`), a step copies none of
 * the past.
 *
 * @returns output [batch, new, heads · width], and the room with the new keys and values in place
 */
export function cachedAttention(
  inputs: CachedAttentionInputs,
  options: CachedAttentionOptions,
): { readonly output: Tensor; readonly keys: Tensor; readonly values: Tensor } {
  const { packed, keys, values, lengths, longest, tables } = inputs
  const { heads, keyHeads } = options
  const width = dimAt(keys.shape, -1)
  const expected: readonly Dim[] = [dimAt(packed.shape, 0), keyHeads, dimAt(keys.shape, 2), width]
  if (!sameShape(keys.shape, expected) || !sameShape(values.shape, expected))
    throw new RangeError(
      `cachedAttention: keys and values are ${formatShape(keys.shape)} and ${formatShape(values.shape)}, expected ${formatShape(expected)}`,
    )
  if (typeof width !== 'number' || packed.shape.length !== 3 || packed.shape[2] !== (heads + 2 * keyHeads) * width)
    throw new RangeError(
      `cachedAttention: packed is ${formatShape(packed.shape)}, expected [batch, new, ${heads + 2 * keyHeads} · ${width}]`,
    )
  if (width % 16 !== 0) throw new RangeError(`cachedAttention: width is ${width}, expected a multiple of 16`)
  if (packed.dtype !== 'float32') throw new TypeError(`cachedAttention: packed is ${packed.dtype}, expected float32`)
  const made = apply(cachedAttentionOp, [packed, keys, values, lengths, longest, tables.cos, tables.sin], {
    heads,
    keyHeads,
    window: options.window,
    scale: options.scale,
  })
  return { output: inputAt(made, 0), keys: inputAt(made, 1), values: inputAt(made, 2) }
}
