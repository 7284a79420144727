import {
  isTensorValue,
  mapTree,
  type ParameterTree,
  parameterLeaves,
  type TensorValue,
  value,
} from '../../tensor/index.ts'

/**
 * The reference moved towards the policy, π_ref ← share·π + (1 − share)·π_ref, parameter by parameter: TR-DPO takes share
 * 0.6 every 512 steps.
 *
 * @param policy a tree of parameters
 * @param reference a tree of the same form
 * @param share in [0, 1]
 * @throws {RangeError} when the share is out of range or a parameter is missing or of another shape
 * @see Gorbatovski et al. (2024), arXiv 2404.09656
 */
export function mixParameters<P extends ParameterTree>(policy: P, reference: P, share = 0.6): P {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`mixParameters: the share is ${share}, expected 0 to 1`)
  const theirs = new Map(parameterLeaves(policy).map(({ path, leaf }) => [path, leaf]))
  return mapTree(reference, isTensorValue, (leaf, path) => mixed(theirs.get(path), leaf, share, path)) as P
}

function mixed(policy: TensorValue | undefined, reference: TensorValue, share: number, path: string): TensorValue {
  if (policy === undefined || policy.shape.join() !== reference.shape.join())
    throw new RangeError(
      `mixParameters: ${path} is [${policy?.shape.join(', ') ?? 'missing'}] in the policy, expected [${reference.shape.join(', ')}]`,
    )
  const data = reference.data.slice()
  for (let at = 0; at < data.length; at++)
    data[at] = share * Number(policy.data[at] ?? 0) + (1 - share) * Number(data[at] ?? 0)
  return value(data, reference.shape, reference.dtype)
}
