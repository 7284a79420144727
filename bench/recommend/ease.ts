/**
 * EASE in closed form beside NumPy: counts of items taken together (SciPy's sparse product there), the inverse in
 * float32, and weights. Recall is of every fifth user.
 */
import { ease, evaluateRanking, type Recommender } from '../../src/recommend/index.ts'
import { type PeerWork, secondsFor } from './beside-peer.ts'
import { fifthOf } from './data.ts'

export const easeBesideNumpy: PeerWork = {
  name: 'ease',
  title: 'EASE on 6,000 items that 20,000 users took, λ 500, beside NumPy',
  data: 'films',
  peer: 'NumPy',
  environment: 'implicit',
  program: 'ease.py',
  target: 1,
  allProcessors: true,
  quality: 'recall@20',
  agrees: (ours, peer) => Math.abs(ours / peer - 1) < 1e-3,
  shown: secondsFor(1, ''),
  async make(data) {
    const test = fifthOf(data)
    let last: Recommender | undefined
    return {
      async round() {
        await last?.dispose()
        const from = performance.now()
        last = await ease(data.train, { lambda: 500 })
        return { done: 1, ms: performance.now() - from }
      },
      async quality() {
        if (!last) throw new Error('there is no fit yet')
        const { means } = await evaluateRanking(last, test, { metrics: ['recall'] })
        return means['recall@20'] ?? Number.NaN
      },
    }
  },
}
