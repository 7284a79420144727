import { figureColors, type Measurement, plotSvg } from '../../src/evaluate/index.ts'
import {
  behaviourRanker,
  cascade,
  ease,
  featureTable,
  historiesOf,
  type InterestRecommender,
  itemsOf,
  type Recommendations,
  type Recommender,
  rankingReport,
  sampledImpressions,
  sasrec,
  seenIn,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { session, titles } from './compared.ts'
import type { Shop } from './shop.ts'

/** Fine stages: one whose scores are products too, and one that reads the history anew for every candidate. */
const fineTitles = { sasrec: 'SASRec', 'aw-moe': 'AW-MoE' } as const
export type Fine = keyof typeof fineTitles

/** What a coarse stage keeps of the fine stage's ten best, and what the whole finds, by how many it keeps. */
export interface Kept {
  readonly fine: Fine
  readonly coarse: 'hcn' | 'two-tower'
  readonly keep: number
  /** Share of the fine stage's own ten best that are among those kept. */
  readonly kept: number
  /** NDCG@10 of the cascade and of the fine stage on all items. */
  readonly found: number
  readonly alone: number
  /** Items that the fine stage scores, as a share of the catalogue. */
  readonly scored: number
  /** Time of the cascade over the fine stage's on all items. */
  readonly time: number
}

const keeps = [20, 40, 80] as const

/** A fine stage, trained on the same histories. */
export async function fitFine(fine: Fine, { train, valid, world }: Shop, run: Run): Promise<Recommender> {
  if (fine === 'sasrec')
    return sasrec(
      train,
      {
        ...{ width: 32, length: 40, learningRate: 0.005, epochs: 20, dropout: 0.2 },
        ...{ valid, metric: 'ndcg@10', validateEvery: 10, checkpointEvery: 0, session },
      },
      run,
    )
  const impressions = sampledImpressions(historiesOf(train), world.itemCount, run.random('impressions'), { latest: 10 })
  return behaviourRanker(
    impressions.train,
    { items: featureTable(world.itemCount) },
    {
      ...{ valid: impressions.valid, known: train, length: 20, hidden: [32], unitHidden: [32] },
      ...{ learningRate: 0.01, epochs: 40, checkpointEvery: 0, session },
    },
    run,
  )
}

/** EASE finds 200 of 400 items, a coarse stage keeps some of them, and the fine stage orders those. */
export async function cascaded(
  made: Shop,
  by: Readonly<Record<Kept['coarse'], InterestRecommender>>,
  stage: Fine,
  fine: Recommender,
): Promise<readonly Kept[]> {
  const { train, valid, test, world } = made
  const finds = await ease(train)
  // Half of the users, for the length of the run.
  const users = Uint32Array.from({ length: Math.ceil(train.users / 2) }, (_, user) => user)
  const seen = seenIn(train, valid)
  const options = { count: 10, exclude: (row: number) => seen(users[row] ?? 0), compare: true } as const
  const ndcg = async (lists: Recommendations): Promise<number> =>
    rankingReport(lists, users, (row) => itemsOf(test, users[row] ?? 0), {
      cutoffs: [10],
      metrics: ['ndcg'],
      items: world.itemCount,
    }).means['ndcg@10'] ?? Number.NaN
  const found: Kept[] = []
  for (const coarse of ['hcn', 'two-tower'] as const)
    for (const keep of keeps) {
      const whole = cascade([{ by: finds, keep: 200 }, { by: by[coarse], keep }, { by: fine }])
      const { recommendations, stages, exhaustive } = await whole.trace({ users }, options)
      const time = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
      found.push({
        fine: stage,
        coarse,
        keep,
        kept: stages[1]?.recall ?? Number.NaN,
        found: await ndcg(recommendations),
        alone: exhaustive ? await ndcg(exhaustive.recommendations) : Number.NaN,
        scored: (stages[2]?.scored ?? Number.NaN) / (users.length * world.itemCount),
        time: time / (exhaustive?.milliseconds ?? Number.NaN),
      })
    }
  await finds.dispose()
  return found
}

export function cascadeMeasurements(fine: Fine, kept: readonly Kept[]): readonly Measurement[] {
  const of = (coarse: Kept['coarse'], keep: number): Kept | undefined =>
    kept.find((each) => each.coarse === coarse && each.keep === keep)
  const ours = of('hcn', 40)
  const title = fineTitles[fine]
  const row = `EASE, HCN (40 kept) and ${title} in a row`
  return [
    ...keeps.map((keep) => ({
      name: `Share of ${title}’s ten best among ${keep} that a coarse stage keeps, HCN against one vector`,
      baseline: of('two-tower', keep)?.kept ?? Number.NaN,
      method: of('hcn', keep)?.kept ?? Number.NaN,
      better: 'higher' as const,
    })),
    {
      name: `NDCG@10 of ${row} against ${title} on all items`,
      baseline: ours?.alone ?? Number.NaN,
      method: ours?.found ?? Number.NaN,
      better: 'higher',
    },
    {
      name: `Share of the catalogue that ${title} scores, after EASE and HCN against alone`,
      baseline: 1,
      method: ours?.scored ?? Number.NaN,
      better: 'lower',
    },
    {
      name: `Time of ${row} against ${title} on all items`,
      baseline: 1,
      method: ours?.time ?? Number.NaN,
      better: 'lower',
    },
  ]
}

export function cascadeFigure(kept: readonly Kept[]): Promise<string> {
  const color = { hcn: figureColors.method, 'two-tower': figureColors.baseline } as const
  return plotSvg(({ lineY, dot }) => ({
    title: 'What a coarse stage keeps of the fine stage’s ten best',
    subtitle: 'Simulated shop of 400 items: EASE finds 200, the coarse stage keeps some of them, SASRec orders those.',
    caption: 'Seed 0.',
    legend: [
      { label: titles.hcn, color: color.hcn },
      { label: titles['two-tower'], color: color['two-tower'] },
    ],
    ...{ width: 640, height: 360, marginLeft: 50, style: { fontSize: '12px' } },
    x: { label: 'Items kept for the fine stage', grid: true },
    y: { label: 'Share of its ten best', grid: true, domain: [0, 1] },
    marks: (['hcn', 'two-tower'] as const).flatMap((coarse) => {
      const own = kept.filter((each) => each.coarse === coarse)
      return [
        lineY(own, { x: 'keep', y: 'kept', stroke: color[coarse], strokeWidth: 2 }),
        dot(own, { x: 'keep', y: 'kept', fill: color[coarse] }),
      ]
    }),
  }))
}
