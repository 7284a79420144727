import { z } from 'zod'
import { applyAspectsHead, initAspectsHead, type ScoreHeadParameters } from '../head/score-head.ts'
import type { ModelKind } from './model-kind.ts'

/** Options of {@link rewardKind}. */
export const rewardOptionsSchema = z.strictObject({
  /** Features of hidden layers. Default none: a linear model. */
  hidden: z.array(z.int().min(1)).default([]),
  /** Between layers. Default `relu`. */
  activation: z.enum(['relu', 'gelu', 'geluTanh', 'quickGelu', 'silu', 'tanh']).default('relu'),
  /** Default true. */
  bias: z.boolean().default(true),
  /** Names of the score columns; preferences are told by the first. Default `['overall']`. */
  aspects: z
    .array(z.string().min(1))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'a name is given twice')
    .default(['overall']),
})
export type RewardOptions = z.infer<typeof rewardOptionsSchema>

/**
 * A reward model after Bradley and Terry: a linear map or a small network r(h) on features, and
 * P(a preferred to b) = σ(r(a) − r(b)). The baseline of most methods; its scores by aspect also fit ratings.
 */
export const rewardKind: ModelKind<RewardOptions, ScoreHeadParameters> = {
  name: 'reward',
  options: rewardOptionsSchema,
  aspects: ({ aspects }) => aspects,
  init: (random, { width }, { hidden, bias, aspects }) =>
    initAspectsHead(random, width, aspects.length, { hidden, bias }),
  // A bias is the same on both sides.
  linearPairs: ({ hidden }) => (hidden.length === 0 ? { heads: 'layers.0.weight', columns: 1 } : undefined),
  score: (parameters, { features }, { activation }) => applyAspectsHead(parameters, features, { activation }),
}
