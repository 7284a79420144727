import { uniformValue } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  expandDims,
  linear,
  matmul,
  relu,
  reshape,
  type Symbolic,
  type Tensor,
  type TensorValue,
  transpose,
} from '../../tensor/index.ts'

/** Perceptrons of one shape side by side, each with its own weights and one output. */
export interface ExpertsParameters {
  /** The maps of a layer one expert after another: weight [experts, out, in], bias [experts, out]. */
  readonly layers: readonly { readonly weight: TensorValue; readonly bias: TensorValue }[]
}

/** @param sizes features at the input and after each hidden layer; the output is one number */
export function initExperts(random: Random, experts: number, sizes: readonly number[]): ExpertsParameters {
  return {
    layers: sizes.map((inputs, layer) => {
      const [outputs, bound] = [sizes[layer + 1] ?? 1, 1 / Math.sqrt(inputs)]
      return {
        weight: uniformValue(random, [experts, outputs, inputs], bound),
        bias: uniformValue(random, [experts, outputs], bound),
      }
    }),
  }
}

/**
 * e_k(v) of every expert.
 *
 * @param x [rows, features]
 * @returns [rows, experts]
 */
export function applyExperts({ layers }: Symbolic<ExpertsParameters>, x: Tensor): Tensor {
  const [first, ...rest] = layers
  if (!first) throw new RangeError('experts without layers, expected at least one')
  const [experts, width, inputs] = first.weight.shape.map(Number) as [number, number, number]
  // All experts read the same rows: one product instead of one for each.
  const wide = linear(x, reshape(first.weight, [experts * width, inputs]), reshape(first.bias, [experts * width]), {
    transposed: true,
  })
  let hidden = transpose(reshape(wide, [-1, experts, width]), [1, 0, 2])
  for (const { weight, bias } of rest)
    hidden = add(matmul(relu(hidden), weight, { transposeB: true }), expandDims(bias, 1))
  return transpose(reshape(hidden, [experts, -1]))
}
