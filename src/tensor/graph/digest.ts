import { createHash } from 'node:crypto'
import { ancestors } from './ancestors.ts'
import type { Attribute, Node, Op, Tensor } from './tensor.ts'
import { isTensorValue } from './value.ts'

/**
 * Names what a graph computes: equal graphs (operations, attributes, constants, sparse matrices, what reads what) have equal digests,
 * whenever they were built. Numbers that are fed are no part of it.
 *
 * @returns SHA-256 in hexadecimal
 */
export function graphDigest(outputs: readonly Tensor[]): string {
  const all = createHash('sha256')
  const places = new Map<Node, number>()
  const placeOf = ({ node, output }: Tensor): string => `${places.get(node)}.${output}`
  const told = (attribute: Attribute): unknown => {
    if (!isTensorValue(attribute)) return attribute
    const { dtype, shape, data } = attribute
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    return { dtype, shape, data: createHash('sha256').update(bytes).digest('hex') }
  }
  const held = new Map<Op, string>()
  const heldBy = (op: Op): string | undefined => {
    if (!op.holds) return undefined
    const known = held.get(op)
    if (known !== undefined) return known
    const digest = createHash('sha256')
    for (const { buffer, byteOffset, byteLength } of op.holds)
      digest.update(`${byteLength}:`).update(new Uint8Array(buffer, byteOffset, byteLength))
    const found = digest.digest('hex')
    held.set(op, found)
    return found
  }
  for (const node of ancestors(outputs)) {
    places.set(node, places.size)
    const attributes = Object.entries(node.attributes).map(([name, attribute]) => [name, told(attribute)])
    const own = heldBy(node.op)
    all.update(
      JSON.stringify([
        ...[node.op.name, node.inputs.map(placeOf), attributes, node.outputs.map(typeOf)],
        ...(own === undefined ? [] : [own]),
      ]),
    )
  }
  return all.update(JSON.stringify(outputs.map(placeOf))).digest('hex')
}

const typeOf = ({ dtype, shape }: Tensor): unknown => [dtype, shape]
