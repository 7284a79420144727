/**
 * Matrix factors of width 64 beside implicit: whole fits as a user calls them, on the same interactions with the same
 * options and threads. Recall is of every fifth user. implicit adds a bias to each item, and draws the items that were
 * not taken by their popularity, ours uniformly.
 */
import { als, bpr, evaluateRanking, type InteractionSet, type Recommender } from '../../src/recommend/index.ts'
import { type Run, startRun } from '../../src/run/index.ts'
import { type OurSide, type PeerWork, secondsFor } from './beside-peer.ts'
import { fifthOf, type TrainAndTest } from './data.ts'

const [epochs, iterations] = [20, 15]

function fitting(
  data: TrainAndTest,
  done: number,
  fit: (train: InteractionSet, run: Run) => Promise<Recommender>,
): OurSide {
  const test = fifthOf(data)
  let last: Recommender | undefined
  return {
    async round() {
      await last?.dispose()
      const from = performance.now()
      last = await fit(data.train, startRun({ seed: 1 }))
      return { done, ms: performance.now() - from }
    },
    async quality() {
      if (!last) throw new Error('there is no fit yet')
      const { means } = await evaluateRanking(last, test, { metrics: ['recall'] })
      return means['recall@20'] ?? Number.NaN
    },
  }
}

const common = {
  data: 'gowalla',
  peer: 'implicit',
  environment: 'implicit',
  program: 'factors.py',
  quality: 'recall@20',
  agrees: (ours, peer) => ours > 0.97 * peer,
} as const satisfies Partial<PeerWork>

export const bprBesideImplicit: PeerWork = {
  ...common,
  name: 'bpr',
  title: `Matrix factors by BPR: ${epochs} epochs, rate 0.05, λ 0.01, beside implicit`,
  target: 1.5,
  shown: (rate) => `${(rate / 1e6).toPrecision(3)} M samples/s`,
  make: async (data, threads) =>
    fitting(data, epochs * data.train.columns.length, (train, run) =>
      bpr(train, { width: 64, learningRate: 0.05, lambda: 0.01, epochs, threads }, run),
    ),
}

export const alsBesideImplicit: PeerWork = {
  ...common,
  name: 'als',
  title: `Matrix factors by alternating least squares: ${iterations} iterations of 3 steps, α 10, λ 10, beside implicit`,
  target: 1,
  shown: secondsFor(1, ''),
  make: async (data, threads) =>
    fitting(data, 1, (train, run) =>
      als(train, { width: 64, alpha: 10, lambda: 10, iterations, steps: 3, threads }, run),
    ),
}
