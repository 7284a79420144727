import {
  type ExampleColumn,
  type InputSpecs,
  isTensorValue,
  type Optimizer,
  parameterLeaves,
  type TrainStep,
} from '../../tensor/index.ts'
import { type AdamParameter, type LinearPairModel, pairSteps } from './pair-steps.ts'

/**
 * A training step that repeats itself by kernels where its loss and its optimiser are ones that there are kernels for,
 * and by the graph otherwise.
 *
 * @param linear what the loss is; undefined where it is none for kernels
 */
export function withPairKernels<I extends InputSpecs, P, R>(
  step: TrainStep<I, P, R>,
  linear: LinearPairModel | undefined,
  { adam }: Optimizer,
): TrainStep<I, P, R> {
  const { loop: byGraph, dispose } = step
  if (linear === undefined || adam === undefined || byGraph === undefined) return step
  const leaves: AdamParameter[] = parameterLeaves(step.parameters).flatMap(({ path, leaf }) => {
    const [first, second] = [step.state[`${adam.first}/${path}`], step.state[`${adam.second}/${path}`]]
    return isTensorValue(leaf) && first && second ? [{ path, value: leaf, first, second }] : []
  })
  const kernels = pairSteps(linear, leaves, adam, step)
  if (kernels === undefined) return step
  return Object.assign(step, {
    loop: async (columns: Readonly<Record<string, ExampleColumn>>) =>
      kernels.on(columns) ?? byGraph.call(step, columns),
    async dispose() {
      kernels.dispose()
      await dispose.call(step)
    },
  })
}
