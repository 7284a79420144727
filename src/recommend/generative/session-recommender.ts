import { z } from 'zod'
import { seeded } from '../../run/index.ts'
import { value } from '../../tensor/index.ts'
import { audienceSize, type Recommender } from '../contract.ts'
import type { SparseRows } from '../interactions/interaction-set.ts'
import type { Sequences } from '../interactions/sequences.ts'
import { recommender } from '../recommender.ts'
import type { RecommenderReader } from '../saved-recommender.ts'
import {
  historiesFor,
  readSequences,
  readTree,
  recentSequences,
  savedNetwork,
} from '../sequential/sequential-recommender.ts'
import type { SemanticIds } from './semantic-ids.ts'
import { type SessionGenerator, sessionGenerator } from './session-generator.ts'
import { initSessionNet } from './session-net.ts'

/** Methods whose recommendations are sessions that a net writes: of one item, or of several. */
export type GenerativeKind = 'tiger' | 'one-rec'

export interface SessionRecommenderOptions {
  /** Beams of the search. Default 30 for `tiger` (Mender's runs), 128 for `one-rec`. */
  readonly beams?: number
}

/**
 * A recommender that names what a generator writes for a history, best session first, each item once; of sessions of one
 * item their scores differ as log P(item | history) does. Items of the history are never written. What no beam reached comes after, by
 * how often it was taken.
 *
 * @param sequences what each user did; the net reads the last items
 * @param seen what each user was trained on
 */
export function sessionRecommender(
  kind: GenerativeKind,
  generator: SessionGenerator,
  sequences: Sequences,
  seen: SparseRows,
  options: SessionRecommenderOptions = {},
): Recommender {
  const { ids, config, parameters } = generator
  const beams = options.beams ?? (kind === 'tiger' ? 30 : 128)
  const recent = recentSequences(sequences, config.historyLength)
  const taken = new Float32Array(ids.items)
  for (const item of seen.columns) taken[item] = (taken[item] ?? 0) + 1
  const most = taken.reduce((largest, count) => Math.max(largest, count), 0)
  const saved = savedNetwork({}, parameters, recent)
  const settings = { ...config, sizes: [...config.sizes], disambiguated: ids.disambiguated, beams }
  const whole = recommender({
    kind,
    items: ids.items,
    seen,
    scoring: {
      form: 'scores',
      async scores(audience) {
        const histories = historiesFor(recent, audience)
        const scores = new Float32Array(audienceSize(audience) * ids.items)
        // Someone who has had nearly everything cannot be written a whole session.
        const rows = histories.flatMap((history, row) =>
          ids.items - new Set(Array.from(history)).size >= config.sessionLength ? [row] : [],
        )
        const found = await generator.generate(
          rows.map((row) => histories[row] ?? []),
          { beams },
        )
        for (let row = 0; row < histories.length; row++)
          for (let item = 0; item < ids.items; item++)
            scores[row * ids.items + item] = (taken[item] as number) / (most + 1)
        for (const [at, sessions] of found.entries()) {
          const own = scores.subarray((rows[at] as number) * ids.items, ((rows[at] as number) + 1) * ids.items)
          const written = new Map<number, number>()
          for (const { items, logProbability } of sessions)
            for (const item of items)
              if (!written.has(item)) written.set(item, config.sessionLength === 1 ? logProbability : -written.size)
          const least = Math.min(0, ...written.values())
          // All that was written is above all that was not.
          for (const [item, score] of written) own[item] = 1 + score - least
        }
        return scores
      },
    },
    tensors: { ...saved.tensors, codes: value(Uint32Array.from(ids.codes), [ids.items, ids.sizes.length]) },
    metadata: { ...saved.metadata, network: JSON.stringify(settings) },
  })
  return {
    ...whole,
    async dispose() {
      await whole.dispose()
      await generator.dispose()
    },
  }
}

const settingsSchema = z.strictObject({
  sizes: z.array(z.int().min(1)).min(1),
  historyLength: z.int(),
  sessionLength: z.int(),
  width: z.int(),
  layers: z.int(),
  heads: z.int(),
  hidden: z.int(),
  experts: z.int(),
  chosen: z.int(),
  dropout: z.number(),
  reads: z.enum(['codes', 'items']),
  disambiguated: z.boolean(),
  beams: z.int().min(1),
})

function reader(kind: GenerativeKind): RecommenderReader {
  return async (saved) => {
    const { disambiguated, beams, ...config } = settingsSchema.parse(JSON.parse(saved.text('network')))
    const codes = Int32Array.from(await saved.words('codes'))
    const ids: SemanticIds = {
      items: codes.length / config.sizes.length,
      sizes: config.sizes,
      codes,
      disambiguated,
    }
    const parameters = initSessionNet(seeded(0), config)
    await readTree(saved, parameters)
    const generator = sessionGenerator(ids, parameters, config)
    return sessionRecommender(kind, generator, await readSequences(saved), saved.seen, { beams })
  }
}

/** Readers of the recommenders that write sessions. */
export const generativeReaders: Readonly<Record<GenerativeKind, RecommenderReader>> = {
  tiger: reader('tiger'),
  'one-rec': reader('one-rec'),
}
