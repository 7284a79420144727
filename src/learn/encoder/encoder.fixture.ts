import { type Candidate, type Context, candidate, contextId, type Rater } from '../../collect/index.ts'
import { seeded } from '../../run/index.ts'
import { compile, type TensorValue } from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import type { Encoder } from './encoder.ts'

/** A context of one message, or of none. */
export function asked(text?: string, features?: Context['features']): Context {
  const made = {
    ...(text !== undefined && { messages: [{ role: 'user' as const, content: text }] }),
    ...(features && { features }),
  }
  return { id: contextId(made), ...made }
}

/** A text judged in a context. */
export function judged(
  text: string,
  about: { readonly context?: Context; readonly features?: Candidate['features']; readonly rater?: Rater } = {},
): Judgement {
  return {
    context: about.context ?? asked('What to drink?'),
    candidate: candidate({ modality: 'text', text }, about.features ? { features: about.features } : {}),
    ...(about.rater && { rater: about.rater }),
  }
}

/** Rows that an encoder gives with the parameters it starts from, or with others. */
export async function encoded<P>(
  encoder: Encoder<P>,
  batch: readonly Judgement[],
  parameters: P = encoder.init(seeded('encoder')),
): Promise<number[][]> {
  const inputs = await encoder.prepare(batch)
  for (const [name, { shape }] of Object.entries(inputs))
    if (shape[0] !== batch.length) throw new Error(`${name} has ${shape[0]} rows for ${batch.length} judgements`)
  const run = await compile((given, held) => encoder.apply(held as never, given), {
    inputs: encoder.specs,
    parameters,
    threads: 1,
  })
  const { data, shape } = (await run(inputs)) as TensorValue
  await run.dispose()
  const [rows = 0, width = 0] = shape
  if (rows !== batch.length || width !== encoder.width) throw new Error(`apply gave [${shape.join(', ')}]`)
  return Array.from({ length: rows }, (_, row) => Array.from(data.slice(row * width, (row + 1) * width), Number))
}

/** Largest difference between two tables of numbers. */
export function furthest(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  return Math.max(...a.flatMap((row, at) => row.map((number, column) => Math.abs(number - (b[at]?.[column] ?? 1e9)))))
}
