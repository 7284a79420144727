/**
 * All-ranking evaluation of random factors of width 64: scores of every item for every tested user, seen items masked,
 * the best 20, recall and NDCG; beside plain NumPy in blocks of 128 users. Both sides rank the same numbers, so that
 * their measures must agree.
 */
import { evaluateRanking, recommender } from '../../src/recommend/index.ts'
import type { PeerWork } from './beside-peer.ts'
import { factorTable } from './factor-table.ts'

const width = 64

export const evaluationBesideNumpy: PeerWork = {
  name: 'evaluate',
  title: 'All-ranking evaluation of factors of width 64, recall and NDCG at 20, beside NumPy',
  data: 'gowalla',
  peer: 'NumPy',
  environment: 'implicit',
  program: 'evaluation.py',
  target: 2,
  allProcessors: true,
  quality: 'NDCG@20 · 1000',
  // Two scores may be so close that sums in another order change their places.
  agrees: (ours, peer) => Math.abs(ours / peer - 1) < 1e-3,
  shown: (rate) => `${Math.round(rate).toLocaleString('en')} users/s`,
  async make({ train, test }) {
    const [users, items] = [factorTable(train.users, width, 1), factorTable(train.items, width, 2)]
    const model = recommender({
      kind: 'bench',
      items: train.items,
      seen: train,
      scoring: {
        form: 'vectors',
        vectors: items,
        items: train.items,
        width,
        queries(audience) {
          if (!('users' in audience)) throw new RangeError('the bench asks by users')
          const { users: asked } = audience
          const queries = new Float32Array(asked.length * width)
          for (let row = 0; row < asked.length; row++) {
            const user = asked[row] ?? 0
            queries.set(users.subarray(user * width, (user + 1) * width), row * width)
          }
          return queries
        },
      },
      tensors: {},
      metadata: {},
    })
    let found = Number.NaN
    return {
      async round() {
        const from = performance.now()
        const report = await evaluateRanking(model, test, { metrics: ['recall', 'ndcg'] })
        const ms = performance.now() - from
        found = report.means['ndcg@20'] ?? Number.NaN
        return { done: report.users.length, ms }
      },
      quality: async () => 1000 * found,
    }
  },
}
