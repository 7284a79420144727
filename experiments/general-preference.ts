import { type Comparison, shippedDatasets } from '../src/collect/index.ts'
import {
  type Experiment,
  figureColors,
  type Measurement,
  type MetricSummary,
  metricNamed,
  plotSvg,
} from '../src/evaluate/index.ts'
import {
  evaluateModel,
  featurePairs,
  fitPreferences,
  generalPreferenceKind,
  kFolds,
  type PairData,
  pairGroups,
  rewardKind,
  takePairs,
} from '../src/learn/index.ts'
import { mean } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { adam } from '../src/tensor/index.ts'
import { circleWorld, type GeneralPreferenceWorld, generalPreferenceWorld } from '../src/worlds/index.ts'

const training = { batchSize: 1024, optimizer: adam({ learningRate: 0.05 }) }

/** Pairs of items that are known by name alone: one column each. */
function itemPairs(world: GeneralPreferenceWorld): PairData {
  const columns = (places: Int32Array): number[][] =>
    Array.from(places, (place) => Array.from({ length: world.items }, (_, item) => (item === place ? 1 : 0)))
  return featurePairs({ a: columns(world.a), b: columns(world.b), targets: world.targets })
}

/** Held-out accuracy of both models. */
async function accuracies(train: PairData, test: PairData, dimensions: number, epochs: number, run: Run) {
  const general = await fitPreferences(
    { kind: generalPreferenceKind, data: train, options: { dimensions }, ...training, epochs },
    run,
  )
  const scalar = await fitPreferences(
    { kind: rewardKind, options: { bias: false }, data: train, ...training, epochs },
    run,
  )
  const [method, baseline] = [await evaluateModel(general, test), await evaluateModel(scalar, test)]
  await Promise.all([general.dispose(), scalar.dispose()])
  return { baseline, method }
}

/** A share of pairs to learn from, the others to be told. */
function parts(data: PairData, share: number, run: Run): readonly [PairData, PairData] {
  const order = run.random('split').shuffle(Array.from(data.a, (_, pair) => pair))
  const cut = Math.round(share * order.length)
  return [takePairs(data, order.slice(0, cut)), takePairs(data, order.slice(cut))]
}

const held = 'Accuracy on held-out pairs, true preferences in 4 dimensions'
const cycles = 'Accuracy on cycles of five, which it was fitted to'
const schools = 'Held-out log-loss, students comparing management schools'
const schoolsAccuracy = 'Held-out accuracy, students comparing management schools'

async function cyclic(run: Run): Promise<Measurement> {
  const data = itemPairs(circleWorld(5))
  const { baseline, method } = await accuracies(data, data, 4, 300, run)
  return { name: cycles, baseline: baseline.accuracy, method: method.accuracy, better: 'higher' }
}

/** Real votes that hardly run in cycles, by fivefold cross-validation over students. */
async function transitive(run: Run): Promise<Measurement[]> {
  const dataset = shippedDatasets().find(({ name }) => name === 'cems')
  if (!dataset) throw new Error('the comparisons of management schools are missing')
  const votes: Comparison[] = []
  for await (const signal of dataset.load(run))
    if (signal.kind === 'comparison' && (signal.outcome === 'a' || signal.outcome === 'b')) votes.push(signal)
  const names = [...new Set(votes.flatMap(({ a, b }) => [a.id, b.id]))].sort()
  const data = itemPairs({
    items: names.length,
    a: Int32Array.from(votes, ({ a }) => names.indexOf(a.id)),
    b: Int32Array.from(votes, ({ b }) => names.indexOf(b.id)),
    targets: Float32Array.from(votes, ({ outcome }) => (outcome === 'a' ? 1 : 0)),
  })
  const raters = [...new Set(votes.map(({ rater }) => rater.id))]
  const byRater = { ...data, raters, rater: Int32Array.from(votes, ({ rater }) => raters.indexOf(rater.id)) }
  const folds = kFolds(pairGroups(byRater, 'rater'), 5, run.random('folds'))
  const found: Awaited<ReturnType<typeof accuracies>>[] = []
  for (let fold = 0; fold < 5; fold++) {
    const pick = (inside: boolean): PairData =>
      takePairs(
        data,
        votes.flatMap((_, pair) => ((folds[pair] === fold) === inside ? [pair] : [])),
      )
    found.push(await accuracies(pick(false), pick(true), 4, 60, run))
  }
  const average = (of: 'baseline' | 'method', metric: 'logLoss' | 'accuracy'): number =>
    mean(found.map((result) => result[of][metric]))
  return [
    {
      name: schools,
      baseline: average('baseline', 'logLoss'),
      method: average('method', 'logLoss'),
      better: 'lower',
    },
    {
      name: schoolsAccuracy,
      baseline: average('baseline', 'accuracy'),
      method: average('method', 'accuracy'),
      better: 'higher',
    },
  ]
}

/** How accuracy grows with the dimensions allowed, one seed. */
async function dimensionsFigure(run: Run, epochs: number): Promise<string> {
  const [train, test] = parts(itemPairs(generalPreferenceWorld({}, run.random('world'))), 0.6, run)
  const rows: { model: string; part: string; accuracy: number }[] = []
  for (const dimensions of [2, 4, 6, 8]) {
    const model = await fitPreferences(
      { kind: generalPreferenceKind, data: train, options: { dimensions }, ...training, epochs },
      run,
    )
    for (const [part, data] of [
      ['learned from', train],
      ['held out', test],
    ] as const)
      rows.push({ model: `d = ${dimensions}`, part, accuracy: (await evaluateModel(model, data)).accuracy })
    await model.dispose()
  }
  const scalar = await fitPreferences(
    { kind: rewardKind, options: { bias: false }, data: train, ...training, epochs },
    run,
  )
  for (const [part, data] of [
    ['learned from', train],
    ['held out', test],
  ] as const)
    rows.unshift({ model: 'Bradley–Terry', part, accuracy: (await evaluateModel(scalar, data)).accuracy })
  const colors: Readonly<Record<string, string>> = {
    'learned from': figureColors.truth,
    'held out': figureColors.method,
  }
  return plotSvg(({ dot, ruleY, line }) => ({
    title: 'A vector per item tells preferences that no single number can hold',
    subtitle: 'Accuracy by the dimensions of the preference embedding; the truth has four.',
    caption: 'Simulated general preferences, seed 0: 40 items, 468 pairs to learn from, 312 held out.',
    legend: Object.entries(colors).map(([label, color]) => ({ label, color })),
    width: 640,
    height: 340,
    style: { fontSize: '12px' },
    x: { label: null, type: 'point', domain: ['Bradley–Terry', 'd = 2', 'd = 4', 'd = 6', 'd = 8'] },
    y: { label: 'Accuracy', domain: [0.4, 1], grid: true },
    marks: [
      ruleY([0.5], { stroke: '#c5c9d0' }),
      line(rows, { x: 'model', y: 'accuracy', z: 'part', stroke: ({ part }: { part: string }) => colors[part] ?? '' }),
      dot(rows, { x: 'model', y: 'accuracy', fill: ({ part }: { part: string }) => colors[part] ?? '', r: 4.5 }),
    ],
  }))
}

export const experiment: Experiment = {
  id: 'general-preference',
  claim:
    'Preference embeddings tell held-out preferences that run in cycles at least 25 points better than one score per ' +
    'item, and lose less than two on real votes that do not.',
  baseline: 'Bradley–Terry: one score per item',
  data:
    'Simulated general preferences: 40 items in 4 dimensions, 60 % of all pairs learned from. Simulated cycles of ' +
    'five. Real votes: 303 students on six management schools, by fivefold cross-validation over students.',
  seeds: 5,
  async trial(run, { full }) {
    const epochs = full ? 3000 : 1500
    const [train, test] = parts(itemPairs(generalPreferenceWorld({}, run.random('world'))), 0.6, run)
    const { baseline, method } = await accuracies(train, test, 4, epochs, run)
    return {
      measurements: [
        { name: held, baseline: baseline.accuracy, method: method.accuracy, better: 'higher' },
        await cyclic(run),
        ...(await transitive(run)),
      ],
      figures: run.seed === 0 ? [{ name: 'dimensions', svg: await dimensionsFigure(run, epochs) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return (
      of(held).interval[0] >= 0.25 &&
      of(cycles).method === 1 &&
      of(schoolsAccuracy).interval[0] >= -0.02 &&
      of(schools).interval[1] <= 0.01
    )
  },
}
