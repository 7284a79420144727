import { cast, greater, type LossContext, mul, sub, type Tensor } from '../../tensor/index.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import type { LabelledPairs } from '../model/model-kind.ts'

/** Column: by how much a should lead b, signed. */
export const signedLead = 'lead'
/** Column: how many epochs (in training: updates) are over before a pair counts. */
export const exposedFrom = 'fromEpoch'

/**
 * The pairwise logistic loss with what columns say of each pair: `lead`, the log-odds that a should have beyond 0, and
 * `fromEpoch`, the updates after which the pair counts. Without columns it is `pairLoss`.
 *
 * @param logit log-odds that a is preferred: [pairs]
 */
export function strengthLoss(logit: Tensor, pairs: LabelledPairs, { scalar }: LossContext): Tensor {
  const { target, weight, columns } = pairs
  const [lead, from] = [columns[signedLead], columns[exposedFrom]]
  const exposed =
    from &&
    cast(
      greater(
        scalar((step) => step),
        from,
      ),
      logit.dtype,
    )
  return pairLoss(lead ? sub(logit, lead) : logit, { target, weight: exposed ? mul(weight, exposed) : weight })
}
