import { z } from 'zod'
import type { Run } from '../run/index.ts'
import { als } from './baseline/als.ts'
import { bpr } from './baseline/bpr.ts'
import { ease } from './baseline/ease.ts'
import { itemNeighbours } from './baseline/item-neighbours.ts'
import { popularity } from './baseline/popularity.ts'
import type { Recommender } from './contract.ts'
import type { GraphModel } from './graph/graph-network.ts'
import { graphRecommender } from './graph/graph-recommender.ts'
import { mmhcl } from './hypergraph/mmhcl.ts'
import type { InteractionSet } from './interactions/interaction-set.ts'
import { hcn } from './multi-interest/hcn.ts'
import { multiInterest } from './multi-interest/multi-interest.ts'
import { nbpo } from './noisy-labels/nbpo.ts'
import type { SampledFitOptions } from './sampled/fit-sampled.ts'
import { fmlpRec } from './sequential/fmlp-rec.ts'
import { gru4rec } from './sequential/gru4rec.ts'
import { nextItNet } from './sequential/next-it-net.ts'
import { sasrec } from './sequential/sasrec.ts'
import { srGnn } from './sequential/sr-gnn.ts'

/** What a kind is fitted to. */
export interface RecommenderData {
  /** Histories are in order of time where there are times. */
  readonly train: InteractionSet
  /** Later interactions of the same users, to choose an epoch by; only for kinds that validate. */
  readonly valid?: InteractionSet
}

/** A fitted recommender. */
export interface FittedKind {
  readonly recommender: Recommender
  /** Options that were found on the way, such as the best epoch, for fitting to everything without `valid`. */
  readonly chosen?: Readonly<Record<string, unknown>>
}

/** A method as users choose it by name: over HTTP, on the command line, in a program. */
export interface RecommenderKind {
  readonly title: string
  /** One sentence. */
  readonly description: string
  /** What it takes, all optional; unknown ones are refused. */
  readonly options: z.ZodObject
  /** Whether its recommendations come with reasons. */
  readonly explains: boolean
  /** Whether it has an epoch to choose, by interactions that it is not trained on. */
  readonly validates: boolean
  /** @throws {z.ZodError} on options that are none of the kind's; {RangeError} as the method does */
  fit(data: RecommenderData, options: unknown, run: Run): Promise<FittedKind>
}

const whole = (least: number, most: number) => z.number().int().min(least).max(most)
const positive = (most: number) => z.number().positive().max(most)
const width = whole(4, 512).multipleOf(4).describe('Width of the vectors. Default 64.')

/** A row of the table, its options typed by their schema. */
function kind<Schema extends z.ZodObject>(row: {
  readonly title: string
  readonly description: string
  readonly options: Schema
  readonly explains?: boolean
  readonly validates?: boolean
  readonly fit: (data: RecommenderData, options: z.output<Schema>, run: Run) => FittedKind | Promise<FittedKind>
}): RecommenderKind {
  return {
    title: row.title,
    description: row.description,
    options: row.options,
    explains: row.explains ?? false,
    validates: row.validates ?? false,
    fit: async (data, options, run) => row.fit(data, row.options.parse(options), run),
  }
}

/** Options without those that are undefined, as the methods take them. */
export function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]: Exclude<Options[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Options]: Exclude<Options[Name], undefined>
  }
}

/** Options of all methods that are trained epoch by epoch and can be measured between. */
export const epochOptions = {
  epochs: whole(1, 100_000).optional().describe('Passes at most; the best one stands.'),
  validateEvery: whole(1, 1_000).optional().describe('Epochs between two measurements. Default 10.'),
  patience: whole(1, 1_000).optional().describe('Measurements without improvement that end the training. Default 5.'),
}

/**
 * Fits with `valid`, if there is some, and tells which epoch was best, so that a fit to everything can train as long.
 *
 * @param fit the method with the options it is given
 */
export async function withBestEpoch(
  { valid }: RecommenderData,
  fit: (options: Pick<SampledFitOptions, 'valid' | 'onMetrics'>) => Promise<Recommender>,
): Promise<FittedKind> {
  if (!valid) return { recommender: await fit({}) }
  let best: { readonly epoch: number; readonly measured: number } | undefined
  const recommender = await fit({
    valid,
    onMetrics({ kind, epoch, validation }) {
      const [measured] = Object.values(validation ?? {})
      if (kind !== 'epoch' || measured === undefined || Number.isNaN(measured)) return
      if (!best || measured > best.measured) best = { epoch, measured }
    },
  })
  return { recommender, ...(best && { chosen: { epochs: best.epoch } }) }
}

const graphOptions = z.strictObject({
  width: whole(1, 512).optional().describe('Width of the embeddings and of each layer. Default 64.'),
  layers: whole(0, 8).optional().describe('Rounds of messages. Default 3.'),
  learningRate: positive(1).optional().describe("Adam's step."),
  lambda: z.number().min(0).max(10).optional().describe('Weight of the penalty on the vectors.'),
  batchSize: whole(1, 1_000_000).optional().describe('Samples in a step.'),
  ...epochOptions,
})

function graphKind(model: GraphModel, title: string, description: string): RecommenderKind {
  return kind({
    title,
    description,
    options: graphOptions,
    validates: true,
    fit: (data, options, run) =>
      withBestEpoch(data, (more) => graphRecommender(data.train, { model, ...given(options), ...more }, run)),
  })
}

const dropout = (usual: number) =>
  z.number().min(0).max(0.95).optional().describe(`Share dropped in training. Default ${usual}.`)
const sequenceOptions = {
  length: whole(1, 1_000).optional().describe('Most items of a history that are read, the latest. Default 50.'),
  width: whole(1, 512).optional().describe('Width of the embeddings. Default 64.'),
  loss: z
    .enum(['softmax', 'bce', 'bpr'])
    .optional()
    .describe('Tells the next item from all others at once, or from drawn ones. Default softmax.'),
  negatives: whole(1, 1_000).optional().describe('Items drawn for each target, for bce and bpr. Default 1.'),
  learningRate: positive(1).optional().describe("Adam's step. Default 0.001."),
  clip: positive(1e6).optional().describe('Longest gradient. Default none.'),
  batchSize: whole(1, 100_000).optional().describe('Users in a step. Default 256.'),
  ...epochOptions,
}

/** A row for a network that reads histories in order. */
function sequenceKind<Schema extends z.ZodObject>(row: {
  readonly title: string
  readonly description: string
  readonly options: Schema
  readonly fit: (
    train: InteractionSet,
    options: ReturnType<typeof given<z.output<Schema>>> & Pick<SampledFitOptions, 'valid' | 'onMetrics'>,
    run: Run,
  ) => Promise<Recommender>
}): RecommenderKind {
  return kind({
    ...row,
    validates: true,
    fit: (data, options, run) =>
      withBestEpoch(data, (more) => row.fit(data.train, { ...given(options), ...more }, run)),
  })
}

const interestOptions = {
  width: whole(1, 512).optional().describe('Width of the vectors. Default 64.'),
  interests: whole(1, 32).optional().describe('Vectors of a user. Default 4.'),
  following: whole(1, 100).optional().describe('Items after a history that are learned from at once. Default 1.'),
  negatives: whole(0, 1_000).optional().describe('Items drawn for each user. Default 10.'),
  learningRate: positive(1).optional().describe("Adam's step. Default 0.001."),
  batchSize: whole(1, 100_000).optional().describe('Users in a step. Default 128.'),
  ...epochOptions,
}

/** All methods that can be fitted by name. */
export const recommenderKinds: Readonly<Record<string, RecommenderKind>> = {
  popularity: kind({
    title: 'Popularity',
    description: 'Recommends to everyone what most took.',
    options: z.strictObject({}),
    fit: ({ train }) => ({ recommender: popularity(train) }),
  }),
  'item-neighbours': kind({
    title: 'Item neighbours',
    description: 'Recommends what was taken by those who took the same: cosine of items, the nearest counting.',
    options: z.strictObject({
      neighbours: whole(1, 10_000).optional().describe('Neighbours of each item that count. Default 100.'),
      shrink: z.number().min(0).max(10_000).optional().describe('Lessens what rests on few users. Default 0.'),
    }),
    explains: true,
    fit: ({ train }, options) => ({ recommender: itemNeighbours(train, given(options)) }),
  }),
  ease: kind({
    title: 'EASE',
    description: 'Predicts every item from the others by a linear model in closed form; up to 20,000 items.',
    options: z.strictObject({
      lambda: positive(1e9).optional().describe('The larger, the smaller the weights. Default 500.'),
    }),
    explains: true,
    fit: async ({ train }, options) => ({ recommender: await ease(train, given(options)) }),
  }),
  als: kind({
    title: 'Alternating least squares',
    description: 'Matrix factors for implicit choices; anyone new is solved for exactly.',
    options: z.strictObject({
      width: width.optional(),
      lambda: positive(1e6).optional().describe('Added to the diagonal of every system. Default 0.01.'),
      alpha: positive(1e6).optional().describe('How much more a taken item counts than another. Default 1.'),
      useValues: z.boolean().optional().describe('Whether values count. Default false.'),
      iterations: whole(1, 1_000).optional().describe('Times through users and items. Default 15.'),
    }),
    explains: true,
    fit: async ({ train }, options, run) => ({ recommender: await als(train, given(options), run) }),
  }),
  bpr: kind({
    title: 'Bayesian personalised ranking',
    description: 'Matrix factors that rank what was taken before what was not.',
    options: z.strictObject({
      width: width.optional(),
      learningRate: positive(1).optional().describe('Step of the gradient ascent. Default 0.05.'),
      lambda: z.number().min(0).max(1).optional().describe('Penalty on the vectors of each sample. Default 0.01.'),
      epochs: whole(1, 10_000).optional().describe('Passes. Default 100.'),
    }),
    fit: async ({ train }, options, run) => ({ recommender: await bpr(train, given(options), run) }),
  }),
  'light-gcn': graphKind('light-gcn', 'LightGCN', 'Vectors smoothed along the graph of users and items.'),
  ngcf: graphKind('ngcf', 'NGCF', 'Vectors refined by weighted messages along the graph of users and items.'),
  gcn: graphKind('gcn', 'Graph convolution', 'Vectors refined by graph convolution, a baseline of NGCF.'),
  mf: graphKind('mf', 'Matrix factors by Adam', 'The graph methods without the graph, a baseline of theirs.'),
  mmhcl: kind({
    title: 'MMHCL',
    description: 'LightGCN beside a hypergraph of users through the items they share, their views drawn together.',
    options: z.strictObject({
      width: whole(1, 512).optional().describe('Width of the embeddings and of each layer. Default 64.'),
      layers: whole(0, 8).optional().describe('Rounds of messages. Default 3.'),
      userWeight: z.number().min(0).max(100).optional().describe("Weight of the users' contrast. Default 0.03."),
      temperature: positive(100).optional().describe('Temperature of the contrast. Default 0.6.'),
      learningRate: positive(1).optional().describe("Adam's step at the start. Default 0.0001."),
      lambda: z.number().min(0).max(10).optional().describe('Weight of the penalty on the vectors. Default 0.001.'),
      batchSize: whole(1, 1_000_000).optional().describe('Samples in a step. Default 1024.'),
      ...epochOptions,
    }),
    validates: true,
    fit: (data, options, run) => withBestEpoch(data, (more) => mmhcl(data.train, { ...given(options), ...more }, run)),
  }),
  hcn: sequenceKind({
    title: 'HCN',
    description: 'Several vectors of a user, from the recent and the long past; a coarse stage for many candidates.',
    options: z.strictObject({
      ...interestOptions,
      layers: whole(1, 16).optional().describe('Times that interests are moved. Default 3.'),
      short: whole(1, 1_000).optional().describe('Items of the recent past. Default 20.'),
      long: whole(1, 2_000).optional().describe('Items of the long past. Default 100.'),
      redundancyWeight: z.number().min(0).max(100).optional().describe('Keeps interests apart. Default 0.01.'),
    }),
    fit: hcn,
  }),
  'comirec-sa': sequenceKind({
    title: 'ComiRec-SA',
    description: 'Several vectors of a user, as weighted means of what they took.',
    options: z.strictObject({
      ...interestOptions,
      length: whole(1, 2_000).optional().describe('Most items of a history that are read, the latest. Default 120.'),
    }),
    fit: (train, options, run) => multiInterest(train, { ...options, model: 'comirec-sa' }, run),
  }),
  sasrec: sequenceKind({
    title: 'SASRec',
    description: 'Self-attention over a history says what comes next.',
    options: z.strictObject({
      ...sequenceOptions,
      layers: whole(1, 16).optional().describe('Default 2.'),
      heads: whole(1, 64).optional().describe('Divides the width. Default 2.'),
      hidden: whole(1, 4096).optional().describe('Inner width of the feed-forward parts. Default: width.'),
      dropout: dropout(0.5),
    }),
    fit: sasrec,
  }),
  gru4rec: sequenceKind({
    title: 'GRU4Rec',
    description: 'A recurrent network over a history says what comes next.',
    options: z.strictObject({
      ...sequenceOptions,
      hidden: whole(1, 4096).optional().describe("Width of the GRU's state. Default 128."),
      layers: whole(1, 16).optional().describe('Default 1.'),
      dropout: dropout(0.3),
    }),
    fit: gru4rec,
  }),
  'fmlp-rec': sequenceKind({
    title: 'FMLP-Rec',
    description: 'Learned filters over a history say what comes next.',
    options: z.strictObject({
      ...sequenceOptions,
      layers: whole(1, 16).optional().describe('Default 2.'),
      hidden: whole(1, 4096)
        .optional()
        .describe('Inner width of the feed-forward parts. Default: four times the width.'),
      dropout: dropout(0.5),
    }),
    fit: fmlpRec,
  }),
  'next-it-net': sequenceKind({
    title: 'NextItNet',
    description: 'Causal convolutions over a history say what comes next.',
    options: z.strictObject({
      ...sequenceOptions,
      blocks: whole(1, 16).optional().describe('Default 5.'),
      kernel: whole(1, 16).optional().describe('Items that a convolution reads. Default 3.'),
    }),
    fit: nextItNet,
  }),
  'sr-gnn': sequenceKind({
    title: 'SR-GNN',
    description: 'A history as a graph of items says what comes next.',
    options: z.strictObject({
      ...sequenceOptions,
      steps: whole(1, 8).optional().describe('Rounds of messages. Default 1.'),
    }),
    fit: srGnn,
  }),
  nbpo: kind({
    title: 'NBPO',
    description: 'Matrix factors that allow for items which were liked but never seen.',
    options: z.strictObject({
      width: whole(1, 512).optional().describe('Width of the vectors of preference. Default 50.'),
      flipWidth: whole(1, 512).optional().describe('Width of the vectors of flips. Default 50.'),
      learningRate: positive(1).optional().describe('Step of the gradient ascent. Default 0.05.'),
      negatives: whole(1, 100).optional().describe('Other items drawn for each pair. Default 4.'),
      batchSize: whole(1, 1_000_000).optional().describe('Pairs in a step. Default 5000.'),
      ...epochOptions,
    }),
    validates: true,
    fit: (data, options, run) => withBestEpoch(data, (more) => nbpo(data.train, { ...given(options), ...more }, run)),
  }),
}

/** @throws {RangeError} when there is no such kind */
export function recommenderKind(name: string): RecommenderKind {
  const found = Object.hasOwn(recommenderKinds, name) ? recommenderKinds[name] : undefined
  if (!found)
    throw new RangeError(
      `there is no recommender ${JSON.stringify(name)}, expected one of ${Object.keys(recommenderKinds).join(', ')}`,
    )
  return found
}
