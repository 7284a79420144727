import {
  als,
  bpr,
  evaluateRanking,
  type GraphRecommenderOptions,
  graphRecommender,
  type InteractionSet,
  interactionSet,
  itemNeighbours,
  popularity,
  type Recommender,
  readInteractions,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { cosineSchedule, linearSchedule, type Schedule } from '../../src/tensor/index.ts'
import { meansOf, type PublishedRun, realData } from './published-run.ts'

const measures = ['recall@20', 'ndcg@20'] as const

async function part(name: 'train' | 'test', run: Run): Promise<InteractionSet> {
  const layout = { layout: 'lists', numberedFrom: 0, users: 29_858, items: 40_981 } as const
  return interactionSet(await readInteractions(realData('gowalla', `${name}.txt.gz`), layout, run))
}

async function tested(
  fit: (train: InteractionSet, run: Run) => Promise<Recommender>,
  run: Run,
): Promise<Readonly<Record<string, number>>> {
  const [train, test] = [await part('train', run), await part('test', run)]
  const model = await fit(train, run)
  const { means } = await evaluateRanking(model, test, { metrics: ['recall', 'ndcg'] }, run)
  await model.dispose()
  return meansOf(means, measures)
}

const set = {
  dataset: 'Gowalla',
  split: 'the published 80/20 split, 29,858 users × 40,981 items, all items ranked',
} as const

function graph(
  model: string,
  options: GraphRecommenderOptions,
  settings: string,
  published: PublishedRun['published'],
  source: string,
  note?: string,
): PublishedRun {
  return {
    ...set,
    id: `gowalla/${options.model}`,
    model,
    settings,
    published,
    source,
    ...(note !== undefined && { note }),
    measure: (run) => tested((train) => graphRecommender(train, options, run), run),
  }
}

const batchSize = 8192
const stepsPerEpoch = Math.ceil(810_128 / batchSize)
/** Held, then falling to nothing in a straight line: large batches at a large rate, and a quiet end. */
const rate = 4e-3
const [held, epochs] = [270, 400]
const falling = linearSchedule(rate, 0, (epochs - held) * stepsPerEpoch)
const learningRate: Schedule = (step) => (step <= held * stepsPerEpoch ? rate : falling(step - held * stepsPerEpoch))

export const gowalla: readonly PublishedRun[] = [
  {
    ...set,
    id: 'gowalla/popularity',
    model: 'popularity',
    settings: '–',
    published: {},
    source: '',
    measure: (run) => tested(async (train) => popularity(train), run),
  },
  {
    ...set,
    id: 'gowalla/item-neighbours',
    model: 'item neighbours',
    settings: 'defaults',
    published: {},
    source: '',
    measure: (run) => tested(async (train) => itemNeighbours(train), run),
  },
  {
    ...set,
    id: 'gowalla/als',
    model: 'implicit ALS',
    settings: 'width 64; α 100, λ 10: the best of ten on a tenth of the training pairs',
    published: {},
    source: '',
    measure: (run) => tested((train) => als(train, { alpha: 100, lambda: 10 }, run), run),
  },
  {
    ...set,
    id: 'gowalla/bpr',
    model: 'matrix factors by BPR',
    settings: 'width 64; λ 0.003, step 0.05, 400 epochs: the best of eight on a tenth of the training pairs',
    published: { 'recall@20': 0.1291 },
    source: 'NGCF, SIGIR 2019, table 2 (its NDCG is of another kind)',
    measure: (run) => tested((train) => bpr(train, { lambda: 0.003, epochs: 400 }, run), run),
  },
  graph(
    'NGCF-3',
    {
      ...{ model: 'ngcf', layers: 3, epochs: 60, batchSize },
      learningRate: cosineSchedule(2e-3, 60 * stepsPerEpoch),
      session: { threads: 1, spinning: false },
    },
    'batches of 8192; learning rate from 2e-3 to 0 along a cosine over 60 epochs (published: 1024; 1e-4; 400)',
    { 'recall@20': 0.157, 'ndcg@20': 0.1327 },
    'rerun in the LightGCN paper, SIGIR 2020',
  ),
  graph(
    'LightGCN-3',
    { model: 'light-gcn', layers: 3, epochs, batchSize, learningRate, session: { threads: 1, spinning: false } },
    'batches of 8192; learning rate 4e-3 for 270 epochs, then falling to 0 until the 400th (published: 2048; 1e-3; 1000)',
    { 'recall@20': 0.1824, 'ndcg@20': 0.1547 },
    'README of LightGCN-PyTorch',
    'a tenth of the published updates; what was still rising when the rate began to fall. The time is of the last 132 epochs, after a stop: one takes some 11 s on one thread',
  ),
]
