import { contextConditionedKind } from '../carm/context-conditioned.ts'
import { domainKnowledgeKind } from '../domain-knowledge/domain-knowledge.ts'
import { generalPreferenceKind } from '../general-preference/general-preference.ts'
import { adaptedMixtureKind, mixtureKind } from '../micro/micro.ts'
import { palKind } from '../pal/pal.ts'
import { contrastiveRewardKind } from '../preference-strength/contrastive-reward.ts'
import type { ModelKind } from './model-kind.ts'
import { ratingsKind } from './ratings-kind.ts'
import { rewardKind } from './reward-kind.ts'

/**
 * Every kind of model that `loadModel` knows by itself, a line for each method. A kind that is not here can be given to
 * `loadModel`.
 */
export const modelKinds: readonly ModelKind[] = [
  rewardKind as ModelKind,
  ratingsKind as ModelKind,
  contextConditionedKind as ModelKind,
  domainKnowledgeKind as ModelKind,
  generalPreferenceKind as ModelKind,
  mixtureKind as ModelKind,
  adaptedMixtureKind as ModelKind,
  palKind as ModelKind,
  contrastiveRewardKind as ModelKind,
]
