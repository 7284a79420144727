import { createHash } from 'node:crypto'
import { parameterLeaves } from '../../tensor/index.ts'

/**
 * Names a fit by what it computes, what it starts from, and what it is trained and measured on, so that none goes on from
 * another's checkpoint: 16 hexadecimal digits.
 *
 * @param arrays everything that is learned from or measured by
 */
export function fitIdentity(
  step: { digest(): string; readonly parameters: unknown },
  settings: readonly unknown[],
  arrays: readonly ArrayBufferView[],
): string {
  const digest = createHash('sha256').update(step.digest()).update(JSON.stringify(settings))
  const add = ({ buffer, byteOffset, byteLength }: ArrayBufferView): void => {
    digest.update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  for (const { path, leaf } of parameterLeaves(step.parameters)) {
    digest.update(path)
    add(leaf.data)
  }
  for (const numbers of arrays) add(numbers)
  return digest.digest('hex').slice(0, 16)
}
