import { type Comparison, shippedDatasets } from '../src/collect/index.ts'
import {
  type Experiment,
  learningCurveSvg,
  type Measurement,
  type MetricSummary,
  metricNamed,
} from '../src/evaluate/index.ts'
import {
  type CriterionPair,
  contextConditionedKind,
  criterionEncoder,
  evaluateReversals,
  expectedPreference,
  featurePairs,
  fitPreferences,
  hashedNgrams,
  nonsenseReversals,
  pairsOf,
  profilePosterior,
  type Reversal,
  reversalSignals,
  rewardKind,
  ruleReversals,
  textCriteria,
} from '../src/learn/index.ts'
import { mean, sigmoid } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { adam } from '../src/tensor/index.ts'
import { type CriteriaReversal, criteriaWorld } from '../src/worlds/index.ts'

const criteria = 8
const labelled = [0, 2, 4, 8, 16] as const

const oneHot = (at: number): number[] => Array.from({ length: criteria }, (_, z) => (z === at ? 1 : 0))

/** Two pairs of each reversal, neighbours of each other. */
const bothMembers = (reversals: readonly CriteriaReversal[]) =>
  featurePairs({
    a: reversals.flatMap(({ a }) => [a, a]),
    b: reversals.flatMap(({ b }) => [b, b]),
    targets: reversals.flatMap(() => [1, 0]),
    contexts: reversals.flatMap(({ favoursA, favoursB }) => [oneHot(favoursA), oneHot(favoursB)]),
  })

async function simulated(run: Run) {
  const world = criteriaWorld({ criteria }, run.random('world'))
  const [data, test] = [
    bothMembers(world.reversals(600, run.random('train'))),
    bothMembers(world.reversals(500, run.random('test'))),
  ]
  const training = { data, epochs: 60, batchSize: 64, optimizer: adam({ learningRate: 0.02 }) }
  const blind = await fitPreferences({ kind: rewardKind, ...training }, run)
  const model = await fitPreferences({ kind: contextConditionedKind, ...training }, run)
  const judged = async (one: Pick<typeof blind, 'probabilities'>) => {
    const found = await one.probabilities(test)
    const right = Array.from(found, (p, pair) => p > 0.5 === (test.targets[pair] === 1))
    return {
      accuracy: right.filter(Boolean).length / right.length,
      both: right.filter((_, pair) => pair % 2 === 0 && right[pair] && right[pair + 1]).length / (right.length / 2),
    }
  }
  const [baseline, method] = [await judged(blind), await judged(model)]

  // People with a profile each: their first choices tell which, their later ones are predicted.
  const people = run.random('people')
  const most = labelled.at(-1) ?? 0
  const right = labelled.map((): number[] => [])
  for (let person = 0; person < 40; person++) {
    const profile = person % criteria
    const pairs = world.pairs(most + 40, people)
    const leads = pairs.map(({ a, b }) => world.lead(profile, a, b))
    const chose = leads.map((lead) => (people.chance(sigmoid(3 * lead)) ? 1 : 0))
    const all = featurePairs({
      a: Array.from({ length: criteria }, () => pairs.map(({ a }) => a)).flat(),
      b: Array.from({ length: criteria }, () => pairs.map(({ b }) => b)).flat(),
      contexts: Array.from({ length: criteria }, (_, z) => pairs.map(() => oneHot(z))).flat(),
    })
    const flat = await model.logits(all)
    const logits = Array.from({ length: criteria }, (_, z) => flat.subarray(z * pairs.length, (z + 1) * pairs.length))
    labelled.forEach((count, at) => {
      const posterior = profilePosterior(
        logits.map((row) => row.subarray(0, count)),
        chose.slice(0, count),
      )
      const expected = expectedPreference(
        logits.map((row) => row.subarray(most)),
        posterior,
      )
      right[at]?.push(mean(Array.from(expected, (p, pair) => Number(p > 0.5 === (leads[most + pair] as number) > 0))))
    })
  }
  await Promise.all([blind.dispose(), model.dispose()])
  return { baseline, method, curve: labelled.map((labels, at) => ({ labels, accuracy: mean(right[at] ?? []) })) }
}

/** Pairs of real summaries of the same reviews, the reviews told apart by part. */
async function summaries(run: Run): Promise<{ readonly train: CriterionPair[]; readonly held: CriterionPair[] }> {
  const dataset = shippedDatasets().find(({ name }) => name === 'opinpref')
  if (!dataset) throw new Error('the data set opinpref does not come with the package')
  const all: Comparison[] = []
  for await (const signal of dataset.load(run)) if (signal.kind === 'comparison') all.push(signal)
  const part = (name: string): CriterionPair[] =>
    all
      .filter(({ context }) => context.tags?.includes(name))
      .map(({ context, a, b }) => ({ context: { id: context.id, messages: [] }, a, b }))
  return { train: part('train'), held: part('validation') }
}

/** Criteria of which learning sees only requests for more; requests for less of them are asked of it unseen. */
const halfSeen = ['numbers', 'praise', 'contrast']

async function realTexts(run: Run, full: boolean) {
  const { train, held } = await summaries(run)
  const perPair = full ? 8 : 2
  // Both ways of criteria that learning sees both ways of, and more of all.
  const drawn = (pairs: readonly CriterionPair[], stream: string): Reversal[] => {
    const random = run.random(stream)
    const both = textCriteria.filter(({ name }) => !halfSeen.includes(name))
    return [
      ...ruleReversals(pairs, { criteria: both, perPair }, random),
      ...ruleReversals(pairs, { perPair, ask: 'more' }, random),
    ]
  }
  const [learned, asked] = [drawn(train, 'train'), drawn(held, 'held')]
  // Adversarial: less of what was only ever asked for.
  const negative = ruleReversals(
    held,
    { criteria: textCriteria.filter(({ name }) => halfSeen.includes(name)), perPair, ask: 'less' },
    run.random('negative'),
  )
  const nonsense = nonsenseReversals(
    held.map(({ context, a }) => ({ context, candidate: a })),
    run.random('nonsense'),
  )
  const encoder = hashedNgrams({
    of: 'candidate',
    words: [1, 1],
    characters: false,
    norm: 'none',
    projection: 'none',
    buckets: 512,
  })
  const contextEncoder = criterionEncoder(
    hashedNgrams({ of: 'context', words: [1, 2], characters: false, projection: 'none', buckets: 128 }),
  )
  const training = {
    data: await pairsOf(reversalSignals(learned)),
    encoder,
    epochs: full ? 40 : 16,
    batchSize: 128,
    optimizer: adam({ learningRate: 0.01 }),
  }
  const blind = await fitPreferences({ kind: rewardKind, ...training }, run)
  const model = await fitPreferences({ kind: contextConditionedKind, ...training, contextEncoder }, run)
  const found = {
    blind: await evaluateReversals(blind, asked),
    seen: await evaluateReversals(model, asked),
    negative: await evaluateReversals(model, negative),
    nonsense: await evaluateReversals(model, nonsense),
    nonsenseBlind: await evaluateReversals(blind, nonsense),
    negativeBlind: await evaluateReversals(blind, negative),
  }
  await Promise.all([blind.dispose(), model.dispose()])
  return found
}

const accuracy = 'Simulated: accuracy on unseen reversals'
const both = 'Simulated: both members of a reversal right'
const profiles = 'Simulated: accuracy from 4 labels of a person’s profile, against none'
const texts = 'Real texts: accuracy on rule-made reversals'
const textsBoth = 'Real texts: both members of a reversal right'
const negatives = 'Real texts: accuracy on requests for less that were never learned (adversarial)'

function profileFigure(curve: readonly { labels: number; accuracy: number }[]): Promise<string> {
  return learningCurveSvg({
    title: 'A few choices tell whose purpose it is',
    subtitle: 'Accuracy on 40 later choices of each of 40 people, by how many of their choices were seen.',
    caption: 'Simulated people, each with one of eight profiles, seed 0. Dashed: chance.',
    seen: 'Choices seen of a person',
    points: curve.map(({ labels, accuracy }) => ({ seen: labels, value: accuracy })),
    domain: [0.45, 1],
    levels: [{ label: 'Chance', value: 0.5, of: 'baseline' }],
  })
}

export const experiment: Experiment = {
  id: 'carm',
  claim:
    'A reward that reads the purpose tells reversals that are a coin’s toss to a reward without it (at least 30 points ' +
    'more on simulated ones and 15 on real texts), and 4 labels tell a person’s profile.',
  baseline: 'The same pairs without their context: a Bradley–Terry reward; for profiles, no labels',
  data:
    'Simulated criteria, directions in 10 columns, and reversals between them. Real product-review summaries ' +
    '(OpinPref) with reversals made by rule from ten criteria that can be counted.',
  seeds: 5,
  async trial(run, { full }) {
    const found = await simulated(run)
    const real = await realTexts(run, full)
    const at = (labels: number): number => found.curve.find((point) => point.labels === labels)?.accuracy ?? Number.NaN
    const measured = (name: string, baseline: number, method: number) =>
      ({ name, baseline, method, better: 'higher' }) satisfies Measurement
    return {
      measurements: [
        measured(accuracy, found.baseline.accuracy, found.method.accuracy),
        measured(both, found.baseline.both, found.method.both),
        measured(profiles, at(0), at(4)),
        measured('Simulated: accuracy from 16 labels, against none', at(0), at(16)),
        measured(texts, real.blind.withContext, real.seen.withContext),
        measured(textsBoth, real.blind.bothRight, real.seen.bothRight),
        measured(
          'Real texts: accuracy with the criterion, against the same model without',
          real.seen.withoutContext,
          real.seen.withContext,
        ),
        measured(negatives, real.negativeBlind.withContext, real.negative.withContext),
        measured(
          'Real texts: accuracy where nonsense is asked for, never learned (adversarial)',
          real.nonsenseBlind.withContext,
          real.nonsense.withContext,
        ),
      ],
      figures: run.seed === 0 ? [{ name: 'profiles', svg: await profileFigure(found.curve) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return (
      of(accuracy).interval[0] >= 0.3 &&
      of(texts).interval[0] >= 0.15 &&
      [both, profiles, textsBoth].every((name) => of(name).interval[0] > 0)
    )
  },
}
