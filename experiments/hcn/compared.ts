import {
  type HcnOptions,
  hcn,
  type InteractionSet,
  type InterestRecommender,
  type MultiInterestOptions,
  meanInterestCosine,
  multiInterest,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { evaluate, mean, value } from '../../src/tensor/index.ts'

/** What is compared, all fitted by the same loop, sampler and optimiser. */
export const titles = {
  'two-tower': 'One vector (two-tower)',
  mind: 'MIND',
  'comirec-sa': 'ComiRec-SA',
  'comirec-sa by candidate': 'ComiRec-SA with HCN’s scoring',
  'hcn on one past': 'HCN without co-interest',
  'hcn apart': 'HCN at μ = 0.3',
  hcn: 'HCN',
} as const
export type Compared = keyof typeof titles
/** Those that take longest first. */
export const compared: readonly Compared[] = [
  'hcn',
  'hcn apart',
  'hcn on one past',
  'comirec-sa',
  'comirec-sa by candidate',
  'mind',
  'two-tower',
]

/** Two are fitted at a time, each on a thread of its own. */
export const session = { threads: 1, spinning: false } as const
const lanes = 2

/** Runs work for each, two at a time. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const item of left) await work(item)
    }),
  )
}

/** How each is fitted where pasts have `short` recent things and `long` before them. */
export function fitter(
  model: Compared,
  { short, long }: { readonly short: number; readonly long: number },
  shared: HcnOptions & MultiInterestOptions,
): (train: InteractionSet, run: Run) => Promise<InterestRecommender> {
  const length = short + long
  switch (model) {
    case 'two-tower':
      return (train, run) => multiInterest(train, { ...shared, model: 'youtube-dnn', length: short }, run)
    case 'mind':
      return (train, run) => multiInterest(train, { ...shared, model: 'mind', length: short, scoring: 'target' }, run)
    case 'comirec-sa':
      return (train, run) => multiInterest(train, { ...shared, model: 'comirec-sa', length, scoring: 'target' }, run)
    case 'comirec-sa by candidate':
      return (train, run) => multiInterest(train, { ...shared, model: 'comirec-sa', length }, run)
    case 'hcn on one past':
      return (train, run) => hcn(train, { ...shared, short, long, coInterest: false, interests: 8 }, run)
    case 'hcn apart':
      return (train, run) => hcn(train, { ...shared, short, long, redundancyWeight: 0.3 }, run)
    case 'hcn':
      return (train, run) => hcn(train, { ...shared, short, long }, run)
  }
}

/** The mean cosine of users' interests by pairs. */
export async function cosineOf(model: InterestRecommender, users: readonly number[]): Promise<number> {
  const { rows, count, width, vectors, valid } = await model.interests({ users })
  const found = await evaluate(({ v, m }) => mean(meanInterestCosine({ vectors: v, valid: m })), {
    v: value(vectors, [rows, count, width]),
    m: value(valid, [rows, count]),
  })
  return Number(found)
}
