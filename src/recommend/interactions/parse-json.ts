import { z } from 'zod'
import type { PairSink } from './pair-sink.ts'
import { LineError } from './pair-sink.ts'

const id = z.union([z.string().min(1), z.number().int()])
const listsSchema = z.union([z.array(z.array(id)), z.record(z.string(), z.array(id))])

/** Largest JSON text that is read, 1 GiB: it has to be in memory whole. */
const jsonLimit = 1 << 30

/**
 * A list of lists of items by the user's position, or an object of lists by the user's id.
 *
 * @param first what position 0 is written as where ids are numbers
 */
export async function parseJson(
  chunks: AsyncIterable<Buffer>,
  sink: PairSink,
  name: string,
  first: number,
): Promise<void> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of chunks) {
    size += piece.length
    if (size > jsonLimit) throw new RangeError(`${name} has more than ${jsonLimit} bytes of JSON, which is the limit`)
    pieces.push(piece)
  }
  let json: unknown
  try {
    json = JSON.parse(Buffer.concat(pieces).toString('utf8'))
  } catch (error) {
    throw new Error(`${name} is not JSON: ${(error as Error).message}`)
  }
  const parsed = listsSchema.safeParse(json)
  if (!parsed.success)
    throw new Error(
      `${name}: ${z.prettifyError(parsed.error)}; expected a list of lists of items, or an object of such lists by user`,
    )
  const entries = Array.isArray(parsed.data)
    ? parsed.data.map((items, position) => [String(position + first), items] as const)
    : Object.entries(parsed.data)
  for (const [position, [user, items]] of entries.entries()) {
    try {
      const userBytes = Buffer.from(user)
      const number = sink.user(userBytes, 0, userBytes.length)
      const numbers = items.map((item) => {
        const bytes = Buffer.from(String(item))
        return sink.item(bytes, 0, bytes.length)
      })
      for (const item of numbers) if (item >= 0 && number >= 0) sink.add(number, item, Number.NaN, Number.NaN)
    } catch (error) {
      if (!(error instanceof LineError)) throw error
      sink.reject(position + 1, error.message)
    }
  }
}
