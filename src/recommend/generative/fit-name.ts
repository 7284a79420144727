import { contentHash } from '../../run/index.ts'
import { parameterLeaves, type TensorValue } from '../../tensor/index.ts'

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/**
 * Names a fit by what it computes, what it starts from and what it is trained on, so that a run that was stopped goes on
 * with its own checkpoint and with no other.
 *
 * @param settings what else decides its numbers
 */
export function fitName(
  name: string,
  step: { digest(): string; readonly parameters: unknown },
  examples: Readonly<Record<string, TensorValue>>,
  settings: readonly unknown[],
): string {
  const parts = [
    step.digest(),
    JSON.stringify(settings),
    ...parameterLeaves(step.parameters).map(({ path, leaf }) => `${path} ${contentHash(bytesOf(leaf.data))}`),
    ...Object.entries(examples).map(([column, { data }]) => `${column} ${contentHash(bytesOf(data))}`),
  ]
  return `${name}-${contentHash(parts.join('\n')).slice(0, 16)}`
}
