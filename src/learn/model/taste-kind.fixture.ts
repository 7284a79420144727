import { z } from 'zod'
import { add, constant, expandDims, mul, sum, type TensorValue, value, zeros } from '../../tensor/index.ts'
import { applyScalarHead, initScalarHead, raterRows, type ScoreHeadParameters } from '../head/index.ts'
import type { ModelKind } from './model-kind.ts'

interface TasteParameters {
  readonly shared: ScoreHeadParameters
  /** [raters, width]: what each rater adds to the shared weights. */
  readonly tastes: TensorValue
}

/** A linear model whose raters have weights of their own, and whose context column scales everything. */
export const tasteKind: ModelKind<{ scaled: boolean }, TasteParameters> = {
  name: 'taste',
  options: z.strictObject({ scaled: z.boolean().default(false) }),
  raterParameters: ['tastes'],
  init: (random, { width, raters }) => ({
    shared: initScalarHead(random, width, { bias: false }),
    tastes: zeros([Math.max(1, raters), width]),
  }),
  score(parameters, { features, context, rater }, { scaled }) {
    const shared = applyScalarHead(parameters.shared, features)
    const width = Number(features.shape[1])
    const own = rater && raterRows(parameters.tastes, rater, constant(value(new Float32Array(width))))
    const scores = own ? add(shared, sum(mul(own, features), -1)) : shared
    return expandDims(scaled && context ? mul(scores, sum(context, -1)) : scores, -1)
  },
}
