import { elementCount } from '../graph/dimension.ts'
import { inputAt, type Tensor } from '../graph/tensor.ts'
import { sizeOf, type TensorValue } from '../graph/value.ts'
import { concat, split } from '../ops/join.ts'
import { reshape } from '../ops/layout.ts'
import type { Optimizer, ParameterInfo } from './transform.ts'

/**
 * Parameters of at most this many numbers are updated together: a step's time for one of them is that of starting some
 * ten operations, and laying it end to end with others and apart again costs less.
 */
const smallSize = 32_768

/** Parameters that an optimiser updates as one. */
export interface Pack {
  /** The parameter, or what the optimiser is told of all of them laid end to end. */
  readonly info: ParameterInfo
  /** Which parameters, by their place. */
  readonly members: readonly number[]
}

/** Small parameters together as far as the optimiser allows (see `Transform.packs`), the others each by itself. */
export function packParameters(optimizer: Optimizer, infos: readonly ParameterInfo[]): readonly Pack[] {
  const packs: { readonly key: string | undefined; readonly members: number[] }[] = []
  infos.forEach((info, index) => {
    const key =
      optimizer.packs && sizeOf(info.shape) <= smallSize ? `${info.dtype} ${optimizer.packs(info)}` : undefined
    const together = key === undefined ? undefined : packs.find((pack) => pack.key === key)
    if (together) together.members.push(index)
    else packs.push({ key, members: [index] })
  })
  return packs.map(({ members }) => {
    const parts = members.map((index) => inputAt(infos, index))
    const first = inputAt(parts, 0)
    if (parts.length === 1) return { members, info: first }
    const size = parts.reduce((count, { shape }) => count + sizeOf(shape), 0)
    return {
      members,
      info: { path: parts.map(({ path }) => path).join(' '), shape: [size], dtype: first.dtype, parts },
    }
  })
}

/** One tensor per parameter as one tensor for a pack. */
export function packTensors({ members }: Pack, each: readonly Tensor[]): Tensor {
  const own = members.map((index) => inputAt(each, index))
  return own.length === 1 ? inputAt(own, 0) : concat(own.map((tensor) => reshape(tensor, [elementCount(tensor.shape)])))
}

/** The parts of a pack's tensor in their own shapes. */
export function unpackTensor({ info: { parts } }: Pack, whole: Tensor): readonly Tensor[] {
  if (!parts) return [whole]
  const pieces = split(
    whole,
    parts.map(({ shape }) => sizeOf(shape)),
  )
  return parts.map(({ shape }, at) => reshape(inputAt(pieces, at), shape))
}

/** The parts of a pack's numbers in their own shapes, over the same memory. */
export function unpackValue({ info: { parts } }: Pack, whole: TensorValue): readonly TensorValue[] {
  let from = 0
  return (
    parts?.map(({ shape, dtype }) => {
      const data = whole.data.subarray(from, from + sizeOf(shape))
      from += data.length
      return { dtype, shape, data }
    }) ?? [whole]
  )
}
