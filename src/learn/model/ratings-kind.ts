import { z } from 'zod'
import {
  add,
  constant,
  filled,
  matmul,
  mul,
  type Symbolic,
  squeeze,
  sub,
  type Tensor,
  type TensorValue,
  value,
  zeros,
} from '../../tensor/index.ts'
import { applyAspectsHead, initAspectsHead, type ScoreHeadParameters } from '../head/score-head.ts'
import type { JudgedRows, ModelKind } from './model-kind.ts'

/** Options of {@link ratingsKind}. */
export const ratingsOptionsSchema = z
  .strictObject({
    /** Names of the score columns. */
    aspects: z
      .array(z.string().min(1))
      .min(1)
      .refine((names) => new Set(names).size === names.length, 'a name is given twice'),
    /** Features of hidden layers. Default none: a linear model. */
    hidden: z.array(z.int().min(1)).default([]),
    /** Between layers. Default `relu`. */
    activation: z.enum(['relu', 'gelu', 'geluTanh', 'quickGelu', 'silu', 'tanh']).default('relu'),
    /**
     * [aspects]: the log-odds that a is preferred to b are `direction` · (r(a) − r(b)). Default: the first aspect alone.
     */
    direction: z.array(z.number()).optional(),
  })
  .refine(({ aspects, direction }) => direction === undefined || direction.length === aspects.length, {
    path: ['direction'],
    error: 'expected a number for each aspect',
  })
export type RatingsModelOptions = z.infer<typeof ratingsOptionsSchema>

export interface RatingsParameters {
  readonly head: ScoreHeadParameters
  /** [aspects]: where the ratings' mean lies. Not trained. */
  readonly centre: TensorValue
  /** [aspects]: in what units the head speaks. Not trained. */
  readonly scale: TensorValue
}

function scores(
  { head, centre, scale }: Symbolic<RatingsParameters>,
  { features }: Pick<JudgedRows, 'features'>,
  activation: RatingsModelOptions['activation'],
): Tensor {
  return add(mul(applyAspectsHead(head, features, { activation }), scale), centre)
}

/**
 * A reward model of several outputs, one for each aspect that was rated: r(h) = centre + scale ⊙ f(h) with a linear map
 * or a small network f. Centre and scale keep f near standard units on any scale of ratings. Fitted by `fitRatings`.
 */
export const ratingsKind: ModelKind<RatingsModelOptions, RatingsParameters> = {
  name: 'ratings',
  options: ratingsOptionsSchema,
  aspects: ({ aspects }) => aspects,
  init: (random, { width }, { aspects, hidden }) => ({
    head: initAspectsHead(random, width, aspects.length, { hidden }),
    centre: zeros([aspects.length]),
    scale: filled([aspects.length], 1),
  }),
  score: (parameters, rows, { activation }) => scores(parameters, rows, activation),
  logit(parameters, { a, b }, { aspects, activation, direction }) {
    const along = Float32Array.from(
      aspects,
      (_, at) => direction?.[at] ?? (direction === undefined && at === 0 ? 1 : 0),
    )
    const gap = sub(scores(parameters, { features: a }, activation), scores(parameters, { features: b }, activation))
    return squeeze(matmul(gap, constant(value(along, [aspects.length, 1]))), [-1])
  },
}
