import { z } from 'zod'
import { activate, applyMlp, initMlp, type MlpParameters, normalValue } from '../../nets/index.ts'
import {
  add,
  concat,
  dropout,
  expandDims,
  mul,
  type Symbolic,
  sub,
  type Tensor,
  type TensorValue,
} from '../../tensor/index.ts'
import { applyAspectsHead, initAspectsHead, type ScoreHeadParameters } from '../head/score-head.ts'
import { infoNce } from '../loss/info-nce.ts'
import { swavLoss } from '../loss/swav.ts'
import type { ModelKind } from '../model/model-kind.ts'
import { logitOf } from '../model/pair-graph.ts'
import { strengthLoss } from './strength-loss.ts'

/** Options of {@link contrastiveRewardKind}. */
export const contrastiveRewardOptionsSchema = z.strictObject({
  /** Features of the hidden layers; the last ones are contrasted. Default `[64]`. */
  hidden: z.array(z.int().min(1)).min(1).default([64]),
  /** After each hidden layer. Default `relu`. */
  activation: z.enum(['relu', 'gelu', 'geluTanh', 'quickGelu', 'silu', 'tanh']).default('relu'),
  /** Each candidate's features, or the preferred one's less the other's. Default `features`. */
  contrast: z.enum(['features', 'differences']).default('features'),
  /** How two views are compared: `simCse` with all others of the batch, `swav` by way of prototypes. Default simCse. */
  form: z.enum(['simCse', 'swav']).default('simCse'),
  /** Share of features that each view drops. Default 0.1. */
  dropout: z.number().min(0).lt(1).default(0.1),
  /** β. Default 0.1 (the paper's is not known). */
  weight: z.number().min(0).default(0.1),
  /** Divides cosines. Default 0.05 for SimCSE, 0.1 for SwAV (their authors'). */
  temperature: z.number().positive().optional(),
  /** K of SwAV. Default 32. */
  prototypes: z.int().min(2).default(32),
})
export type ContrastiveRewardOptions = z.infer<typeof contrastiveRewardOptionsSchema>

export interface ContrastiveRewardParameters {
  /** From features to hidden ones. */
  readonly body: MlpParameters
  readonly head: ScoreHeadParameters
  /** SwAV alone: [K, hidden]. */
  readonly prototypes?: TensorValue
}

function hiddenFeatures(
  { body }: Symbolic<ContrastiveRewardParameters>,
  x: Tensor,
  options: ContrastiveRewardOptions,
): Tensor {
  return activate(applyMlp(body, x, { activation: options.activation }), options.activation)
}

/**
 * A reward model whose hidden features are also told apart from each other: two dropout views h, h⁺ of the same row (or
 * of the same pair's difference, preferred less other) should be more alike than views of different ones,
 *
 *     L = L_rm + β L_cl,  ℓ_cl,i = −ln( e^{cos(h_i, h_i⁺)/T} / Σ_j e^{cos(h_i, h_j⁺)/T} )
 *
 * or, with SwAV, should be assigned to the same prototypes. L_rm is the pairwise logistic loss on features that nothing
 * is dropped from, with the leads and the curriculum of {@link fitByStrength} where there are some. The views and the
 * prototypes serve training alone.
 *
 * @see Wang et al. (2024), arXiv 2401.06080; Gao et al. (2021), arXiv 2104.08821; Caron et al. (2020), arXiv 2006.09882
 */
export const contrastiveRewardKind: ModelKind<ContrastiveRewardOptions, ContrastiveRewardParameters> = {
  name: 'contrastive-reward',
  options: contrastiveRewardOptionsSchema,
  init(random, { width }, { hidden, form, prototypes }) {
    const last = hidden.at(-1) as number
    return {
      body: initMlp(random, [width, ...hidden]),
      head: initAspectsHead(random, last, 1),
      ...(form === 'swav' && { prototypes: normalValue(random, [prototypes, last], 1) }),
    }
  },
  score: (parameters, { features }, options) =>
    applyAspectsHead(parameters.head, hiddenFeatures(parameters, features, options)),
  loss(parameters, pairs, options, context) {
    const { contrast, form, dropout: rate, weight } = options
    const logit = logitOf(contrastiveRewardKind, parameters, pairs, options)
    const preference = strengthLoss(logit, pairs, context)
    if (weight === 0) return preference
    const [a, b] = [hiddenFeatures(parameters, pairs.a, options), hiddenFeatures(parameters, pairs.b, options)]
    const view = (): Tensor => {
      const [ofA, ofB] = [dropout(a, rate, context.key()), dropout(b, rate, context.key())]
      if (contrast === 'features') return concat([ofA, ofB], 0)
      return mul(sub(ofA, ofB), expandDims(sub(mul(pairs.target, 2), 1), -1))
    }
    const [first, second] = [view(), view()]
    const { temperature } = options
    const told = temperature === undefined ? {} : { temperature }
    const contrasted =
      form === 'simCse' ? infoNce(first, second, told) : swavLoss(first, second, parameters.prototypes as Tensor, told)
    return { loss: add(preference, mul(contrasted, weight)), preference, contrasted }
  },
}
