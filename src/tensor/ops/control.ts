import { applyOne, inputAt, type Op, type Tensor } from '../graph/tensor.ts'

const passOn = (name: string): Op<Record<never, never>> => ({
  name,
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  // The value is its input's value; nothing is written.
  emit: ({ inputs }, emitter) => emitter.name(inputAt(inputs, 0)),
})

const stopOp = passOn('stopGradient')

/** The same values, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return applyOne(stopOp, [x], {})
}

/**
 * The values of `forward` with the gradient of `backward` (both of one shape): quantisation, rounding, hard sampling.
 */
export function straightThrough(forward: Tensor, backward: Tensor): Tensor {
  return withGradient(forward, [backward], (gradient) => [gradient])
}

/**
 * A value with a gradient of one's own: the numbers of `value`, and for each of `inputs` the gradient that `vjp`
 * returns given the gradient with respect to the value. What `value` was computed from gets no gradient otherwise.
 *
 * @param vjp gradients by position of inputs; undefined for none. Its result may be differentiated again
 */
export function withGradient(
  value: Tensor,
  inputs: readonly Tensor[],
  vjp: (gradient: Tensor) => readonly (Tensor | undefined)[],
): Tensor {
  const op: Op<Record<never, never>> = {
    ...passOn('withGradient'),
    vjp: (_, [gradient]) => [undefined, ...(gradient === undefined ? [] : vjp(gradient))],
  }
  return applyOne(op, [stopGradient(value), ...inputs], {})
}
