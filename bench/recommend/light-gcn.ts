/**
 * LightGCN with three layers of width 64 in batches of 2048, as `graphRecommender` trains it, beside the same in
 * PyTorch. A round is the first steps of a fit; those that warm up, compilation and drawing the samples, which both do
 * ahead, are not counted. Both start at random, with a loss of ln 2, so that what it fell by must be about the same.
 */
import { mean } from '../../src/measure/index.ts'
import { graphRecommender } from '../../src/recommend/index.ts'
import { startRun } from '../../src/run/index.ts'
import { type PeerWork, secondsFor } from './beside-peer.ts'

const [warming, steps, batchSize] = [5, 30, 2048]
/** Of Gowalla's 810,128 pairs. */
const stepsPerEpoch = Math.floor(810_128 / batchSize) + 1

export const lightGcnBesideTorch: PeerWork = {
  name: 'light-gcn',
  title: `LightGCN, 3 layers, width 64, batches of ${batchSize}: an epoch of ${stepsPerEpoch} steps, beside PyTorch`,
  data: 'gowalla',
  peer: 'PyTorch',
  environment: 'torch',
  program: 'light_gcn.py',
  target: 1.3,
  quality: '1000 · fall of the loss',
  agrees: (ours, peer) => Math.abs(ours / peer - 1) < 0.1,
  shown: secondsFor(stepsPerEpoch, 'an epoch'),
  async make({ train }, threads) {
    let last: readonly number[] = []
    return {
      async round() {
        const enough = new AbortController()
        const losses: number[] = []
        let [from, to] = [0, 0]
        try {
          await graphRecommender(
            train,
            {
              ...{ model: 'light-gcn', layers: 3, batchSize, session: { threads }, checkpointEvery: 0 },
              onMetrics({ loss }) {
                losses.push(loss)
                if (losses.length === warming) from = performance.now()
                if (losses.length < warming + steps) return
                to = performance.now()
                enough.abort()
              },
            },
            startRun({ seed: 1, signal: enough.signal }),
          )
        } catch (error) {
          if (error !== enough.signal.reason) throw error
        }
        last = losses.slice(-10)
        return { done: steps, ms: to - from }
      },
      quality: async () => 1000 * (Math.LN2 - mean(last)),
    }
  },
}
