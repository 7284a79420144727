import * as z from 'zod/mini'
import { request } from './request.ts'

const methodSchema = z.object({
  no: z.string(),
  id: z.string(),
  title: z.string(),
  arxiv: z.optional(z.string()),
  room: z.string(),
  exports: z.array(z.string()),
  experiment: z.string(),
})
/** A published method that Penchant implements. */
export type Method = z.infer<typeof methodSchema>

/** The catalogue, in order of its numbers. */
export async function listMethods(signal: AbortSignal): Promise<readonly Method[]> {
  const schema = z.object({ methods: z.array(methodSchema) })
  return (await request(schema, '/v1/methods', { signal })).methods
}
