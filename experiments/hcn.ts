import { type Experiment, figureColors, type Measurement, metricNamed, plotSvg } from '../src/evaluate/index.ts'
import type { InterestRecommender, Recommender } from '../src/recommend/index.ts'
import { cascaded, cascadeFigure, cascadeMeasurements, type Fine, fitFine, type Kept } from './hcn/cascaded.ts'
import { type Compared, compared, each, fitter, titles } from './hcn/compared.ts'
import { realMeasurements } from './hcn/real-histories.ts'
import { cutoff, type Found, measured, pasts, schedules, shared, shop } from './hcn/shop.ts'

const where = 'in the simulated shop'
const recallAgainst = (model: Compared): string => `Recall@${cutoff} ${where}, HCN against ${titles[model]}`
const likeness = `Mean cosine of a user’s interests ${where}, HCN against ComiRec-SA`

function shopMeasurements(found: ReadonlyMap<Compared, Found>): readonly Measurement[] {
  const at = (model: Compared, what: Exclude<keyof Found, 'model'>): number => found.get(model)?.[what] ?? Number.NaN
  const pair = (
    name: string,
    model: Compared,
    what: Exclude<keyof Found, 'model'>,
    better: 'higher' | 'lower' = 'higher',
    method: Compared = 'hcn',
  ): Measurement => ({ ...{ name, better }, baseline: at(model, what), method: at(method, what) })
  return [
    ...compared
      .toReversed()
      .filter((model) => model !== 'hcn' && model !== 'hcn apart')
      .map((model) => pair(recallAgainst(model), model, 'recall')),
    pair(`Recall@${cutoff} ${where}, HCN at μ = 0.3 against ComiRec-SA`, 'comirec-sa', 'recall', 'higher', 'hcn apart'),
    pair(
      `Recall@${cutoff} of passing interests ${where}, HCN against ComiRec-SA with HCN’s scoring`,
      'comirec-sa by candidate',
      'passing',
    ),
    pair(
      `Recall@${cutoff} of lasting interests ${where}, HCN against ComiRec-SA with HCN’s scoring`,
      'comirec-sa by candidate',
      'lasting',
    ),
    pair(
      `Share of true interests that a vector is nearest to ${where}, HCN against ComiRec-SA`,
      'comirec-sa',
      'covered',
    ),
    pair(likeness, 'comirec-sa', 'cosine', 'lower'),
    pair(
      `Mean cosine of a user’s interests ${where}, HCN at μ = 0.3 against ComiRec-SA`,
      'comirec-sa',
      'cosine',
      'lower',
      'hcn apart',
    ),
    pair(
      `Mean cosine of a user’s interests ${where}, HCN against ComiRec-SA with HCN’s scoring`,
      'comirec-sa by candidate',
      'cosine',
      'lower',
    ),
  ]
}

function recallFigure(found: readonly Found[]): Promise<string> {
  const parts = [
    { part: 'passing', color: figureColors.method },
    { part: 'lasting', color: figureColors.baseline },
  ] as const
  return plotSvg(({ barX, ruleX }) => ({
    title: 'What is found of interests that pass and of interests that last',
    subtitle: `Simulated shop: recall@${cutoff} of what each sort of interest leads to next.`,
    caption: 'Seed 0.',
    legend: parts.map(({ part, color }) => ({ label: part, color })),
    ...{ width: 640, height: 420, marginLeft: 200, style: { fontSize: '12px' } },
    x: { label: `Recall@${cutoff}`, grid: true, domain: [0, 1] },
    y: { axis: null },
    fy: { label: null },
    marks: [
      barX(
        found.flatMap((each) =>
          parts.map(({ part, color }) => ({ model: titles[each.model], part, color, value: each[part] })),
        ),
        { x: 'value', y: 'part', fy: 'model', fill: 'color' },
      ),
      ruleX([0]),
    ],
  }))
}

export const experiment: Experiment = {
  id: 'hcn',
  claim:
    'Several vectors a user, read from the recent and the long past apart, find more of what comes next than one vector, ' +
    'MIND and ComiRec-SA do, and repeat each other less.',
  baseline:
    'One vector of the recent past (two-tower), MIND and ComiRec-SA as published, ComiRec-SA scored in training as HCN is, ' +
    'and HCN without its co-interest network; all by the same loop, sampler, optimiser and validation items.',
  data:
    'A simulated shop whose customers have three interests that last and one that passes; MovieLens 100K where ' +
    'PENCHANT_DATASETS has movielens-100k (https://grouplens.org/datasets/movielens/100k/, as RecBole’s atomic files). In ' +
    'full, Amazon Beauty and Toys (amazon-sequences) and MicroLens (microlens) too, some hours.',
  seeds: 3,
  async trial(run, { full }) {
    const made = shop(run)
    const models = new Map<Compared, InterestRecommender>()
    const found = new Map<Compared, Found>()
    const fine = new Map<Fine, Recommender>()
    await each<Compared | Fine>([...compared, ...(full ? (['aw-moe'] as const) : []), 'sasrec'], async (job) => {
      if (job === 'sasrec' || job === 'aw-moe') {
        fine.set(job, await fitFine(job, made, run))
        return
      }
      const options = { ...shared, ...schedules[job], valid: made.valid }
      const fitted = await fitter(job, pasts, options)(made.train, run)
      models.set(job, fitted)
      found.set(job, await measured(job, fitted, made, run))
    })
    const [coarse, single] = [models.get('hcn'), models.get('two-tower')]
    if (!coarse || !single) throw new Error('HCN or its baseline was not fitted')
    const kept = new Map<Fine, readonly Kept[]>()
    for (const [stage, last] of fine)
      kept.set(stage, await cascaded(made, { hcn: coarse, 'two-tower': single }, stage, last))
    const measurements: Measurement[] = [
      ...shopMeasurements(found),
      ...[...kept].flatMap(([stage, own]) => cascadeMeasurements(stage, own)),
    ]
    for (const last of fine.values()) await last.dispose()
    for (const model of models.values()) await model.dispose()
    measurements.push(...(await realMeasurements(full, run)))
    return {
      measurements,
      figures:
        run.seed === 0
          ? [
              { name: 'interests', svg: await recallFigure(compared.flatMap((model) => found.get(model) ?? [])) },
              { name: 'cascade', svg: await cascadeFigure(kept.get('sasrec') ?? []) },
            ]
          : [],
    }
  },
  holds(metrics) {
    const better = (name: string): boolean => {
      const { interval, better: way } = metricNamed(metrics, name)
      return way === 'higher' ? interval[0] > 0 : interval[1] < 0
    }
    return [...(['two-tower', 'mind', 'comirec-sa'] as const).map(recallAgainst), likeness].every(better)
  },
}
