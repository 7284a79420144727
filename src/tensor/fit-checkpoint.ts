import { existsSync } from 'node:fs'
import { z } from 'zod'
import { embeddingTensors, readEmbedding } from './embedding-memory.ts'
import type { EmbeddingTable } from './embedding-table.ts'
import type { TensorValue } from './graph/value.ts'
import { parameterLeaves } from './parameter-tree.ts'
import { openSafetensors, writeSafetensors } from './safetensors.ts'

/** JSON has no numbers that are not finite; a metric may be one, so they are kept as words. */
const numberSchema = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)])
const asWord = (_: string, item: unknown): unknown =>
  typeof item === 'number' && !Number.isFinite(item) ? String(item) : item

const metricsSchema = z.object({
  kind: z.enum(['step', 'epoch']),
  epoch: z.number(),
  updates: z.number(),
  loss: z.number(),
  validation: z.record(z.string(), numberSchema).exactOptional(),
})

/** Where a fit stands. The floats of JSON are exact, so a resumed fit adds to exactly the same sums. */
const standingSchema = z.object({
  epoch: z.number(),
  batch: z.number(),
  updates: z.number(),
  lossSum: z.number(),
  seen: z.number(),
  best: z.object({ epoch: z.number(), value: numberSchema }).exactOptional(),
  history: z.array(metricsSchema),
  finished: z.enum(['finished', 'early']).exactOptional(),
})
export type Standing = z.infer<typeof standingSchema>

/**
 * One file that holds all a fit needs to go on: parameters, optimiser state, tables, where it stands, and beside them
 * the parameters of the best epoch. What is trained is always the current numbers; the best are put in their place only
 * when a fit is over and its checkpoint is written, so that it can go on as if it had never ended.
 */
export interface FitCheckpoint {
  /** Puts what was saved in its place; undefined where nothing was. */
  load(): Promise<Standing | undefined>
  save(standing: Standing): Promise<void>
  /** Remembers the numbers as they are now as the best. */
  keepBest(): void
  /** Puts the best numbers in place of the current ones, as far as any were kept. */
  restoreBest(): void
}

/** What of a training step (see `TrainStep`) is saved. */
interface Trained {
  readonly parameters: unknown
  readonly state: Readonly<Record<string, TensorValue>>
  updates: number
}

/** The checkpoint of a fit of a step, and of the tables by name that it trains as well, at a path. */
export function fitCheckpoint(
  path: string,
  step: Trained,
  tables: Readonly<Record<string, EmbeddingTable>>,
): FitCheckpoint {
  const parameters = named('parameters', parameterLeaves(step.parameters))
  const state = Object.entries(step.state).map(([at, leaf]): Named => [`state/${at}`, leaf])
  const held = [...parameters, ...state]
  const rows = Object.entries(tables).map(
    ([name, { memory, data }]): Named => [
      `tables/${name}/table`,
      { dtype: 'float32', shape: [memory.rows, memory.width], data },
    ],
  )
  // Averaged weights belong to an epoch as its parameters do.
  const chosen = [...parameters, ...state.filter(([name]) => name.startsWith('state/average/')), ...rows]
  const best = new Map<string, TensorValue>()
  const copy = (from: TensorValue, to: TensorValue): void => to.data.set(from.data as never)
  return {
    async load() {
      if (!existsSync(path)) return undefined
      const file = await openSafetensors(path)
      const standing = standingSchema.parse(JSON.parse(file.metadata['fit'] ?? '{}'))
      for (const [name, into] of held) {
        const shape = file.names.includes(name) ? file.shape(name) : undefined
        if (shape?.join() !== into.shape.join())
          throw new RangeError(
            `${path}: "${name}" is ${shape ? `[${shape.join(', ')}]` : 'missing'}, expected [${into.shape.join(', ')}]; it belongs to another model, or use another run folder`,
          )
      }
      for (const [name, into] of held) copy(await file.read(name), into)
      for (const [name, { memory }] of Object.entries(tables)) await readEmbedding(memory, file, `tables/${name}/`)
      for (const [name] of chosen)
        if (file.names.includes(`best/${name}`)) best.set(name, await file.read(`best/${name}`))
      step.updates = standing.updates
      return standing
    },
    async save(standing) {
      const whole = Object.entries(tables).flatMap(([name, { memory }]) =>
        named(
          `tables/${name}`,
          Object.entries(embeddingTensors(memory)).map(([at, leaf]) => ({ path: at, leaf })),
        ),
      )
      const kept = [...best].map(([name, value]): Named => [`best/${name}`, value])
      await writeSafetensors(path, Object.fromEntries([...held, ...whole, ...kept]), {
        metadata: { format: 'pt', fit: JSON.stringify(standing, asWord) },
      })
    },
    keepBest() {
      for (const table of Object.values(tables)) table.settle()
      for (const [name, leaf] of chosen) {
        const kept = best.get(name)
        if (kept) copy(leaf, kept)
        else best.set(name, { ...leaf, data: leaf.data.slice() as TensorValue['data'] })
      }
    },
    restoreBest() {
      for (const [name, leaf] of chosen) {
        const kept = best.get(name)
        if (kept) copy(kept, leaf)
      }
    },
  }
}

type Named = readonly [name: string, value: TensorValue]

function named(prefix: string, leaves: readonly { readonly path: string; readonly leaf: TensorValue }[]): Named[] {
  return leaves.map(({ path, leaf }) => [`${prefix}/${path}`, leaf])
}
