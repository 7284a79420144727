import { type Run, startRun } from '../../run/index.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitInterests, type InterestFitOptions } from './fit-interests.ts'
import { type HcnNetworkOptions, hcnNetwork } from './hcn-network.ts'
import type { InterestRecommender } from './interest-recommender.ts'

export interface HcnOptions extends HcnNetworkOptions, InterestFitOptions {
  /** p of the label-aware attention. Default 2. */
  readonly power?: number
  /** μ. Default 0.01. */
  readonly redundancyWeight?: number
}

/**
 * HCN, the hierarchical multi-interest co-network for coarse ranking: a user is several vectors, extracted from the recent
 * and from the long past apart and told of each other, so that thousands of candidates are scored at the cost of a
 * two-tower model,
 *
 *     s(u, t) = max_k ⟨I_k, t⟩
 *
 * Each past's behaviours, h = W t + place, are read by `extractInterests`: centres compete for behaviours and are moved R
 * times; `coInterests` fuses both sets by cross attention and a gate, and keeps the long ones beside. Training is by
 * sampled softmax, each candidate scored by attention of the interests to itself, Σ_k softmax_k(p⟨I_k, t⟩) ⟨I_k, t⟩, plus
 * μ times `interestRedundancy`; Adam.
 *
 * MIND and ComiRec score all candidates by the vector for the item that came next (`scoring: 'target'`). That vector tells
 * of the target, and here it must not: centres need not follow the history, so that interests which divide the catalogue
 * alike for everybody lower that loss, and nothing is learned of anybody.
 *
 * Defaults: K = 4 interests, R = 3 layers, width 64, n_s = 20, n_l = 100, 10 negatives (ComiRec), μ = 0.01, p = 2. Of the
 * paper its abstract is what the design follows; the equations, the defaults and the 2K vectors served are this project's.
 *
 * A history that is empty gets what most took; one no longer than n_s has no long past, which then takes no part. Users
 * are read by their training histories, anyone else by the history given; nothing is trained for a user.
 *
 * @param train histories in order of time
 * @throws {RangeError} on options out of range, or when nobody has two items and has left some
 * @see Yuan et al., Hierarchical Multi-Interest Co-Network For Coarse-Grained Ranking, 2022, arXiv 2210.10547
 * @example
 * const coarse = await hcn(train, { valid }, startRun({ seed: 1, folder: 'runs/shop' }))
 * const shop = cascade([{ by: ease(train), keep: 500 }, { by: coarse, keep: 100 }, { by: fine }])
 */
export async function hcn(
  train: InteractionSet,
  options: HcnOptions = {},
  run: Run = startRun(),
): Promise<InterestRecommender> {
  const network = hcnNetwork(train.items, options, run.random('hcn/start'))
  return fitInterests(network, train, { power: 2, redundancyWeight: 0.01, ...options }, run)
}
