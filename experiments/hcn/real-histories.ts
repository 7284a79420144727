import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fetchedFolder } from '../../src/collect/index.ts'
import type { Measurement } from '../../src/evaluate/index.ts'
import {
  evaluateRanking,
  type HcnOptions,
  historyOf,
  type InteractionSet,
  interactionSet,
  leaveOneOut,
  type MultiInterestOptions,
  readInteractions,
  seenIn,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { type Compared, cosineOf, each, fitter, session, titles } from './compared.ts'

/** Histories that a user of the package may have fetched; `small` ones are part of the default. */
interface RealSet {
  readonly name: string
  readonly file: readonly [folder: string, name: string]
  readonly small: boolean
  read(path: string, run: Run): Promise<InteractionSet>
  readonly pasts: { readonly short: number; readonly long: number }
  readonly rates: { readonly hcn: number; readonly others: number }
  readonly options: HcnOptions & MultiInterestOptions
}

const lists = async (path: string, run: Run): Promise<InteractionSet> =>
  interactionSet(await readInteractions(path, { layout: 'lists', numberedFrom: 1 }, run))

const large: HcnOptions & MultiInterestOptions = {
  ...{ width: 64, batchSize: 256, epochs: 60, following: 3, negatives: 4, session },
  ...{ metric: 'recall@20', validateEvery: 5, patience: 3 },
}

const realSets: readonly RealSet[] = [
  {
    name: 'MovieLens 100K',
    file: ['movielens-100k', 'ml-100k.inter'],
    small: true,
    read: async (path, run) => interactionSet(await readInteractions(path, {}, run)),
    pasts: { short: 10, long: 40 },
    // The better of two by the validation items, for each.
    rates: { hcn: 0.005, others: 0.01 },
    options: {
      ...{ width: 32, batchSize: 128, epochs: 20, following: 3, negatives: 2, session },
      ...{ metric: 'recall@20', validateEvery: 5, patience: 3, checkpointEvery: 0 },
    },
  },
  ...(
    [
      ['Amazon Beauty', 'amazon-sequences', 'Beauty.txt.gz'],
      ['Amazon Toys', 'amazon-sequences', 'Toys_and_Games.txt.gz'],
      ['MicroLens', 'microlens', 'pairs.tsv.gz'],
    ] as const
  ).map(
    ([name, folder, file]): RealSet => ({
      ...{ name, file: [folder, file], small: false, read: lists },
      // Histories have nine things on average.
      ...{ pasts: { short: 5, long: 30 }, rates: { hcn: 1e-3, others: 1e-3 }, options: large },
    }),
  ),
]

const pathOf = ({ file }: RealSet): string => join(fetchedFolder(), ...file)

/** Recall@20 of the last thing of each history, all items ranked, by what is compared. */
async function real(set: RealSet, models: readonly Compared[], run: Run): Promise<readonly Measurement[]> {
  const { train, valid, test } = leaveOneOut(await set.read(pathOf(set), run))
  const history = (user: number): readonly number[] => [...historyOf(train, user), ...historyOf(valid, user)]
  const recalls = new Map<Compared, number>()
  const users = Array.from({ length: Math.min(1000, train.users) }, (_, user) => user)
  const cosines = new Map<Compared, number>()
  await each(models, async (model) => {
    const learningRate = model === 'hcn' ? set.rates.hcn : set.rates.others
    const made = await fitter(model, set.pasts, { ...set.options, learningRate, valid })(train, run)
    const options = { cutoffs: [20], metrics: ['recall'], seen: seenIn(train, valid), history } as const
    recalls.set(model, (await evaluateRanking(made, test, options, run)).means['recall@20'] ?? Number.NaN)
    cosines.set(model, await cosineOf(made, users))
    await made.dispose()
  })
  return [
    ...models
      .filter((model) => model !== 'hcn')
      .map((model) => ({
        name: `Recall@20 on ${set.name}, HCN against ${titles[model]}`,
        baseline: recalls.get(model) ?? Number.NaN,
        method: recalls.get('hcn') ?? Number.NaN,
        better: 'higher' as const,
      })),
    {
      name: `Mean cosine of a user’s interests on ${set.name}, HCN against ComiRec-SA`,
      baseline: cosines.get('comirec-sa') ?? Number.NaN,
      method: cosines.get('hcn') ?? Number.NaN,
      better: 'lower',
    },
  ]
}

/** Those of the sets that were fetched. */
export async function realMeasurements(full: boolean, run: Run): Promise<readonly Measurement[]> {
  const found: Measurement[] = []
  for (const set of realSets.filter((one) => (full || one.small) && existsSync(pathOf(one))))
    found.push(...(await real(set, ['hcn', 'comirec-sa', 'comirec-sa by candidate', 'two-tower'], run)))
  return found
}
