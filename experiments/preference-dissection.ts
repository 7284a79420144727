import { existsSync } from 'node:fs'
import { type Comparison, opinionAspects, shippedDatasets } from '../src/collect/index.ts'
import {
  type Experiment,
  figureColors,
  type Measurement,
  type MetricSummary,
  metricNamed,
  plotSvg,
} from '../src/evaluate/index.ts'
import {
  answerProperties,
  type Dissection,
  degreeOfPreference,
  dissect,
  type JudgeWeights,
  judgeSimilarities,
  manipulatedProperties,
  manipulationMessage,
  manipulationShift,
  publishedJudgeWeights,
  publishedWeightsFolder,
  rankProperties,
  wordCount,
} from '../src/learn/index.ts'
import { mean, spearman } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import {
  type JudgeWorld,
  judgeWorld,
  obedientAnswerer,
  type PlantedJudge,
  simulatedQuestions,
} from '../src/worlds/index.ts'

const properties = answerProperties.map(({ name }) => name)

/** Every judge's votes on every pair, row by row. */
function votesOf(world: JudgeWorld) {
  const rows = world.judges.flatMap(({ name }, judge) =>
    world.pairs.map(({ comparison, votes, scenario }) => ({ name, comparison, vote: votes[judge] ?? 0, scenario })),
  )
  return {
    properties,
    comparisons: Float64Array.from(rows.flatMap(({ comparison }) => [...comparison])),
    chosen: rows.map(({ vote }) => vote),
    judges: rows.map(({ name }) => name),
    scenarios: rows.map(({ scenario }) => scenario),
  }
}

/** The weights a simple count gives: log odds of winning for answers ahead in a property, each property on its own. */
function countedWeights(world: JudgeWorld): readonly JudgeWeights[] {
  return world.judges.flatMap(({ name }, judge) =>
    world.scenarios.map((scenario): JudgeWeights => {
      const pairs = world.pairs.filter((pair) => pair.scenario === scenario)
      const weights = properties.map((_, k) => {
        let [won, lost] = [0, 0]
        for (const { comparison, votes } of pairs) {
          const lead = comparison[k] ?? 0
          if (lead !== 0) (votes[judge] === 1) === lead > 0 ? won++ : lost++
        }
        return Math.log((won + 0.5) / (lost + 0.5))
      })
      return { judge: name, scenario, properties, weights }
    }),
  )
}

const plantedWeights = (world: JudgeWorld): readonly JudgeWeights[] =>
  world.judges.flatMap(({ name, weights }) =>
    world.scenarios.map((scenario) => ({ judge: name, scenario, properties, weights: weights[scenario] ?? [] })),
  )

/** √ mean squared difference of degrees of preference, in per cent. */
function degreeError(found: readonly JudgeWeights[], truth: readonly JudgeWeights[]): number {
  const gaps = truth.flatMap(({ weights }, at) =>
    Array.from(
      weights,
      (weight, k) => (degreeOfPreference(found[at]?.weights[k] ?? Number.NaN) - degreeOfPreference(weight)) ** 2,
    ),
  )
  return Math.sqrt(mean(gaps))
}

/** Share of the three most preferred properties that are found among three. */
function topShare(found: readonly JudgeWeights[], truth: readonly JudgeWeights[]): number {
  const top = (one: JudgeWeights | undefined): string[] =>
    one
      ? rankProperties(one)
          .slice(0, 3)
          .map(({ property }) => property)
      : []
  return mean(truth.map((one, at) => top(one).filter((name) => top(found[at]).includes(name)).length / 3))
}

/** Rank correlation of found and true similarities over pairs of judges. */
function similarityOrder(found: readonly JudgeWeights[], truth: readonly JudgeWeights[]): number {
  const pairs = (all: readonly JudgeWeights[]): number[] => {
    const { judges, matrix } = judgeSimilarities(all)
    return judges.flatMap((_, i) => judges.slice(0, i).map((_other, j) => matrix[i * judges.length + j] ?? Number.NaN))
  }
  return spearman(pairs(found), pairs(truth))
}

const sampling = { folds: 1, chains: 2, warmup: 60, draws: 120 } as const

/** In the order of `plantedWeights`. */
function dissected(world: JudgeWorld, run: Run): readonly Dissection[] {
  const found = dissect(votesOf(world), sampling, run)
  return plantedWeights(world).map(({ judge, scenario }) => {
    const one = found.find((each) => each.judge === judge && each.scenario === scenario)
    if (!one) throw new Error(`${judge} has no weights in ${scenario}`)
    return one
  })
}

/** How far a message moves each true judge, in log odds, on average over judges and scenarios. */
async function shift(world: JudgeWorld, name: (at: number) => readonly string[], run: Run): Promise<number> {
  const answer = obedientAnswerer(answerProperties, run.random('answers to questions'))
  const shifts = plantedWeights(world).map(async ({ weights }, at) => {
    const judge: Parameters<typeof manipulationShift>[1] = {
      score: async (batch) => ({
        rows: batch.length,
        columns: 1,
        data: Float32Array.from(batch, ({ candidate }) =>
          properties.reduce(
            (sum, property, k) => sum + ((weights[k] ?? 0) * Number(candidate.features?.[property])) / 3,
            0,
          ),
        ),
      }),
    }
    const message = manipulationMessage(name(at))
    const report = await manipulationShift(answer, judge, simulatedQuestions(30), message, run.random(`shift/${at}`))
    return report.shift.difference
  })
  return mean(await Promise.all(shifts))
}

interface Summary {
  readonly comparison: Comparison
  readonly lead: readonly number[]
  readonly longer: number
}

/** Real choices between two summaries, predicted for parts of the data from the rest. */
async function summaries(run: Run): Promise<Measurement> {
  const dataset = shippedDatasets().find(({ name }) => name === 'opinpref')
  if (!dataset) throw new Error('the choices between opinion summaries are missing')
  const pairs: Summary[] = []
  for await (const signal of dataset.load(run)) {
    if (signal.kind !== 'comparison') continue
    const { a, b } = signal
    const words = [a, b].map(({ content }) => (content.modality === 'text' ? wordCount(content.text) : 0))
    pairs.push({
      comparison: signal,
      lead: opinionAspects.map((aspect) => Math.sign(Number(a.features?.[aspect]) - Number(b.features?.[aspect]))),
      longer: Math.sign((words[0] ?? 0) - (words[1] ?? 0)),
    })
  }
  const [people] = dissect(
    {
      properties: opinionAspects,
      comparisons: Float64Array.from(pairs.flatMap(({ lead }) => lead)),
      chosen: pairs.map(({ comparison }) => (comparison.outcome === 'a' ? 1 : 0)),
      judges: pairs.map(() => 'people'),
    },
    { ...sampling, folds: 5 },
    run,
  )
  const right = ({ comparison, longer }: Summary): number =>
    longer === 0 ? 0.5 : (comparison.outcome === 'a') === longer > 0 ? 1 : 0
  return {
    name: 'Accuracy on unseen human choices between summaries (baseline: the longer one)',
    baseline: mean(pairs.map(right)),
    method: people?.accuracy ?? Number.NaN,
    better: 'higher',
  }
}

/** Six of the published judges in two scenarios, as truth for simulated votes. */
async function publishedWorld(run: Run): Promise<JudgeWorld> {
  const names = ['human', 'gpt-4-1106-preview', 'gpt-3.5-turbo-1106', 'yi-34b', 'yi-34b-chat', 'llama-2-7b-chat']
  const scenarios = ['Advice', 'Code']
  const all = await publishedJudgeWeights()
  const judges = names.map(
    (name): PlantedJudge => ({
      name,
      weights: Object.fromEntries(
        scenarios.map((scenario) => {
          const found = all.find((one) => one.judge === name && one.scenario === scenario)
          if (!found) throw new Error(`the published weights have none of ${name} in ${scenario}`)
          return [scenario, Array.from(found.weights)]
        }),
      ),
    }),
  )
  return judgeWorld({ judges, scenarios, pairs: 400 }, run.random('published'))
}

function degreesFigure(
  world: JudgeWorld,
  found: readonly Dissection[],
  counted: readonly JudgeWeights[],
): Promise<string> {
  const [truth, method, baseline] = [plantedWeights(world)[0], found[0], counted[0]]
  const rows = properties.map((property, k) => ({
    property,
    truth: degreeOfPreference(truth?.weights[k] ?? 0),
    method: degreeOfPreference(method?.weights[k] ?? 0),
    lower: degreeOfPreference(method?.intervals?.[k]?.[0] ?? 0),
    upper: degreeOfPreference(method?.intervals?.[k]?.[1] ?? 0),
    baseline: degreeOfPreference(baseline?.weights[k] ?? 0),
  }))
  const order = [...rows].sort((a, b) => b.truth - a.truth).map(({ property }) => property)
  return plotSvg(({ dot, ruleX, ruleY, tickX }) => ({
    title: 'What one judge weighs, and what counting wins makes of it',
    subtitle:
      'Chance that an answer better in one property alone is chosen, in per cent; 50 is indifference. Bars are 95 % intervals.',
    caption: `Simulated judge ${truth?.judge ?? ''} in ${truth?.scenario ?? ''}, seed 0: 400 votes; properties go together in three groups.`,
    legend: [
      { label: 'Wins counted one property at a time', color: figureColors.baseline },
      { label: 'All properties weighed together', color: figureColors.method },
      { label: 'Truth', color: figureColors.truth },
    ],
    width: 680,
    height: 620,
    marginLeft: 190,
    marginBottom: 40,
    style: { fontSize: '12px' },
    x: { label: 'Degree of preference (%)', grid: true },
    y: { label: null, domain: order },
    marks: [
      ruleX([50], { stroke: '#c5c9d0' }),
      ruleY(rows, { y: 'property', x1: 'lower', x2: 'upper', stroke: figureColors.method, strokeWidth: 2 }),
      dot(rows, { y: 'property', x: 'baseline', fill: figureColors.baseline, r: 3.5 }),
      dot(rows, { y: 'property', x: 'method', fill: figureColors.method, r: 4, stroke: 'white' }),
      tickX(rows, { y: 'property', x: 'truth', stroke: figureColors.truth, strokeWidth: 2 }),
    ],
  }))
}

const degrees = 'Error of degrees of preference (per cent)'
const top = 'Share of the three most preferred properties found'
const order = 'Rank correlation of judges’ similarities with the truth'
const gamed = 'Shift of a judge’s score by naming its top three (baseline: three at random)'
const spurned = 'Shift of a judge’s score by naming its last three (baseline: three at random)'

export const experiment: Experiment = {
  id: 'preference-dissection',
  claim:
    'Weighing named properties together finds what judges prefer better than counting wins property by property, and ' +
    'tells which instructions move a judge up or down.',
  baseline: 'Wins counted one property at a time',
  data:
    'Simulated: six judges with known weights on 29 properties that go together, two scenarios of 400 pairs. Where the ' +
    'published weights of 33 judges are present (CC BY-NC), six of them as the truth too. Real choices: 940 pairs of ' +
    'opinion summaries, OpinPref.',
  seeds: 5,
  async trial(run, { full }) {
    const world = judgeWorld({ pairs: full ? 2000 : 400 }, run.random('world'))
    const truth = plantedWeights(world)
    const [found, counted] = [dissected(world, run), countedWeights(world)]
    const random = run.random('three at random')
    const atRandom = truth.map(() => random.shuffle(properties).slice(0, 3))
    const randomShift = await shift(world, (at) => atRandom[at] ?? [], run)
    const named =
      (end: 'top' | 'last') =>
      (at: number): readonly string[] => {
        const one = found[at]
        return one ? manipulatedProperties(one, { end }) : []
      }
    const measurements: Measurement[] = [
      { name: degrees, baseline: degreeError(counted, truth), method: degreeError(found, truth), better: 'lower' },
      { name: top, baseline: topShare(counted, truth), method: topShare(found, truth), better: 'higher' },
      {
        name: order,
        baseline: similarityOrder(counted, truth),
        method: similarityOrder(found, truth),
        better: 'higher',
      },
      { name: gamed, baseline: randomShift, method: await shift(world, named('top'), run), better: 'higher' },
      { name: spurned, baseline: randomShift, method: await shift(world, named('last'), run), better: 'lower' },
      await summaries(run),
    ]
    if (existsSync(publishedWeightsFolder())) {
      const real = await publishedWorld(run)
      const [realTruth, realFound, realCounted] = [plantedWeights(real), dissected(real, run), countedWeights(real)]
      measurements.push(
        {
          name: 'Error of degrees of preference, published judges (per cent)',
          baseline: degreeError(realCounted, realTruth),
          method: degreeError(realFound, realTruth),
          better: 'lower',
        },
        {
          name: 'Rank correlation of similarities, published judges',
          baseline: similarityOrder(realCounted, realTruth),
          method: similarityOrder(realFound, realTruth),
          better: 'higher',
        },
      )
    }
    return {
      measurements,
      figures: run.seed === 0 ? [{ name: 'degrees', svg: await degreesFigure(world, found, counted) }] : [],
    }
  },
  /** Degrees and the top are found better, and judges move the way the weights say. */
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return (
      of(degrees).interval[1] < 0 &&
      of(top).interval[0] > 0 &&
      of(gamed).interval[0] > 0 &&
      of(gamed).method > 0 &&
      of(spurned).interval[1] < 0 &&
      of(spurned).method < 0
    )
  },
}
