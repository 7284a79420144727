import {
  type Experiment,
  learningCurveSvg,
  type Measurement,
  type MetricSummary,
  metricNamed,
} from '../src/evaluate/index.ts'
import {
  adaptMixture,
  evaluateModel,
  type FittedModel,
  featurePairs,
  fitPreferences,
  givenFeatures,
  hashedNgrams,
  headLeads,
  mixtureKind,
  type PairData,
  pairsOf,
  rewardKind,
  takePairs,
} from '../src/learn/index.ts'
import { mean } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { adam } from '../src/tensor/index.ts'
import { type OpposedGroupsWorld, opposedGroupsWorld, opposedStatements, personaRaters } from '../src/worlds/index.ts'

const budgets = [0, 2, 5, 10, 30] as const

function judgedPairs(world: OpposedGroupsWorld): PairData {
  const [rows, columns] = [world.targets.length, world.dimensions]
  return featurePairs({
    a: { rows, columns, data: world.a },
    b: { rows, columns, data: world.b },
    targets: world.targets,
    contexts: Array.from(world.topic, (topic) => [topic, 1 - topic]),
    contextIds: world.topic,
    raters: Array.from(world.group, (group) => `group ${group}`),
    raterNames: ['group 0', 'group 1'],
  })
}

/** The pairs of one group, the first of them if a number is given. */
function ofGroup(world: OpposedGroupsWorld, data: PairData, group: number, first = Number.POSITIVE_INFINITY): PairData {
  const places = Array.from(world.group, (of, pair) => (of === group ? pair : -1)).filter((pair) => pair >= 0)
  return takePairs(data, places.slice(0, first))
}

async function perGroup(
  model: Pick<FittedModel, 'logits' | 'temperature'>,
  groups: readonly PairData[],
): Promise<number[]> {
  const found: number[] = []
  for (const group of groups) found.push((await evaluateModel(model, group)).accuracy)
  return found
}

async function trial(run: Run, full: boolean) {
  const world = (name: string, pairs: number): OpposedGroupsWorld =>
    opposedGroupsWorld({ pairs }, { people: run.random('people'), log: run.random(name) })
  const [train, labels, test] = [world('train', full ? 20_000 : 6_000), world('labels', 200), world('test', 4_000)]
  const named = judgedPairs(train)
  const data = { ...named, raters: [], rater: named.rater.map(() => -1) }
  const training = { data, batchSize: 6_000, epochs: full ? 1600 : 800, optimizer: adam({ learningRate: 0.03 }) }
  const single = await fitPreferences({ kind: rewardKind, options: { bias: false }, ...training }, run)
  const mixture = await fitPreferences({ kind: mixtureKind, options: { heads: 2 }, ...training }, run)
  const [marked, judged] = [judgedPairs(labels), judgedPairs(test)]
  const groups = [0, 1].map((group) => ofGroup(test, judged, group))
  const baseline = await perGroup(single, groups)
  const curve: { labels: number; accuracy: number }[] = []
  for (const budget of budgets) {
    if (budget === 0) {
      const strangers = groups.map((group) => ({ ...group, rater: group.rater.map(() => -1) }))
      curve.push({ labels: 0, accuracy: mean(await perGroup(mixture, strangers)) })
      continue
    }
    const some = [0, 1].map((group) => ofGroup(labels, marked, group, budget))
    const accuracies: number[] = []
    for (const [group, few] of some.entries()) {
      const adapted = await adaptMixture(mixture, few)
      accuracies.push((await evaluateModel(adapted, groups[group] as PairData)).accuracy)
      await adapted.dispose()
    }
    curve.push({ labels: budget, accuracy: mean(accuracies) })
  }
  // The best single head of each group, chosen with the test's own labels: what routing could reach.
  const best: number[] = []
  for (const group of groups) {
    const { data: leads, columns } = await headLeads(mixture, group)
    const right = Array.from({ length: columns }, (_, k) => {
      let count = 0
      for (let pair = 0; pair < group.a.length; pair++)
        count += Number((leads[pair * columns + k] as number) > 0 === (group.targets[pair] === 1))
      return count / group.a.length
    })
    best.push(Math.max(...right))
  }
  const oracle = mean(
    groups.map((_, group) => {
      const places = Array.from(test.group, (of, pair) => (of === group ? pair : -1)).filter((pair) => pair >= 0)
      return mean(
        places.map((pair) => Number((test.probabilities[pair] as number) > 0.5 === (test.targets[pair] === 1))),
      )
    }),
  )
  const marginal = {
    baseline: (await evaluateModel(single, judged)).logLoss,
    method: (await evaluateModel(mixture, { ...judged, rater: judged.rater.map(() => -1) })).logLoss,
  }
  await Promise.all([single.dispose(), mixture.dispose()])
  return { baseline: mean(baseline), curve, best: mean(best), oracle, marginal }
}

/** Real statements judged by simulated raters of two opposed personas, whose log names nobody. */
async function statements(run: Run): Promise<Measurement> {
  const statements = await opposedStatements(run)
  const judged = (part: 'train' | 'labels' | 'test') =>
    personaRaters(
      part === 'test' ? statements.held : statements.seen,
      // Newcomers label twenty pairs, and are tested on statements that nobody has seen.
      part === 'train'
        ? { ratersPerPersona: 30, pairsPerRater: 80, placeTells: 0.85, prefix: 'seen' }
        : { ratersPerPersona: 30, pairsPerRater: 20, placeTells: 0.85, prefix: 'newcomer' },
      run.random(part),
    )
  const [train, labels, test] = [
    await pairsOf(judged('train')),
    await pairsOf(judged('labels')),
    await pairsOf(judged('test')),
  ]
  const fitting = {
    data: { ...train, raters: [], rater: train.rater.map(() => -1) },
    encoder: hashedNgrams({ of: 'candidate', projection: 16, buckets: 4096 }),
    epochs: 8,
    checkpointEvery: 0,
    optimizer: adam({ learningRate: 0.01 }),
  }
  const single = await fitPreferences({ ...fitting, kind: rewardKind }, run)
  const contextEncoder = givenFeatures({ of: 'context', names: ['here', 'there'] })
  const mixture = await fitPreferences({ ...fitting, kind: mixtureKind, options: { heads: 2 }, contextEncoder }, run)
  const adapted = await adaptMixture(mixture, labels)
  const [baseline, method] = [await evaluateModel(single, test), await evaluateModel(adapted, test)]
  await Promise.all([single.dispose(), mixture.dispose(), adapted.dispose()])
  return { name: personas, baseline: baseline.accuracy, method: method.accuracy, better: 'higher' }
}

const personas = 'Newcomers of opposed personas, unseen statements, after 20 labels'
const afterLabels = 'Accuracy per group, after 30 labels of each'
const routed = 'Accuracy per group, routed by the topic alone'
const heads = 'Accuracy of the best head of each group'
const loss = 'Log-loss without labels'
const short = 'Accuracy that 30 labels leave to the truth'

function figure(
  curve: readonly { labels: number; accuracy: number }[],
  baseline: number,
  oracle: number,
): Promise<string> {
  return learningCurveSvg({
    title: 'Thirty labels route a reader nearly as well as knowing the truth',
    subtitle: 'Accuracy on held-out pairs of two groups that nobody named, by labels seen of each.',
    caption: 'Simulated log, seed 0: two groups with orthogonal tastes; the topic tells the group in 85 % of pairs.',
    seen: 'Labelled pairs of a group',
    method: 'Mixture, routed online',
    points: curve.map(({ labels, accuracy }) => ({ seen: labels, value: accuracy })),
    domain: [0.6, 0.9],
    levels: [
      { label: 'One reward for all', value: baseline, of: 'baseline' },
      { label: 'The true rewards', value: oracle, of: 'truth' },
    ],
  })
}

export const experiment: Experiment = {
  id: 'micro',
  claim:
    'A routed mixture of rewards learned from an anonymous log tells each of two groups at least 8 points better after ' +
    '30 labels than one reward for all, and within 2 points of the true rewards.',
  baseline: 'Bradley–Terry: one reward for all',
  data:
    'Simulated log of 6,000 pairs by two unnamed groups with orthogonal rewards; the topic tells the group in 85 %. Real ' +
    'statements of the risk-averse and risk-seeking personas, judged by simulated raters; statements held out.',
  seeds: 5,
  async trial(run, { full }) {
    const { baseline, curve, best, oracle, marginal } = await trial(run, full)
    const [none, most] = [curve[0]?.accuracy ?? Number.NaN, curve.at(-1)?.accuracy ?? Number.NaN]
    return {
      measurements: [
        { name: afterLabels, baseline, method: most, better: 'higher' },
        { name: routed, baseline, method: none, better: 'higher' },
        { name: heads, baseline, method: best, better: 'higher' },
        { name: short, baseline: oracle - baseline, method: oracle - most, better: 'lower' },
        { name: loss, baseline: marginal.baseline, method: marginal.method, better: 'lower' },
        await statements(run),
      ],
      figures: run.seed === 0 ? [{ name: 'labels', svg: await figure(curve, baseline, oracle) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return (
      of(afterLabels).interval[0] >= 0.08 &&
      of(short).method <= 0.02 &&
      of(loss).interval[1] < 0 &&
      of(personas).interval[0] > 0
    )
  },
}
