import { opinionAspects, type Rating, type Signal, shippedDatasets } from '../src/collect/index.ts'
import {
  type Experiment,
  figureColors,
  type Measurement,
  type MetricSummary,
  metricNamed,
  plotSvg,
} from '../src/evaluate/index.ts'
import {
  directionalUtilities,
  evaluateRatings,
  expectedMaximum,
  fitRatings,
  hashedNgrams,
  type Matrix,
  type RatingData,
  type RatingTable,
  ratingsOf,
  selectionGain,
} from '../src/learn/index.ts'
import { mean, spearman } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { adam } from '../src/tensor/index.ts'
import { type RatedReply, ratedReplies, replyAspects } from '../src/worlds/index.ts'

/** Commanded shares of helpfulness and verbosity, −45° to 45°. */
const angles = [-45, -30, -15, 0, 15, 30, 45] as const
const candidates = 8

const directionOf = (degrees: number): readonly number[] => {
  const radians = (degrees * Math.PI) / 180
  return [Math.cos(radians), Math.sin(radians), 0]
}

/** What stands for a missing rating: nothing, 0, or the aspect's mean. */
type Filling = 'masked' | 'zero' | 'mean'

function filled<Data extends RatingData>(data: Data, filling: Filling): Data {
  if (filling === 'masked') return data
  const { rows, columns, data: ratings } = data.values
  const means = Array.from({ length: columns }, (_, aspect) =>
    mean(
      Array.from({ length: rows }, (_row, row) => ratings[row * columns + aspect] as number).filter(
        (rating) => !Number.isNaN(rating),
      ),
    ),
  )
  const full = ratings.map((rating, at) =>
    Number.isNaN(rating) ? (filling === 'zero' ? 0 : (means[at % columns] as number)) : rating,
  )
  return { ...data, values: { rows, columns, data: full } }
}

interface Judged {
  readonly error: readonly number[]
  /** Mean true utility of what was chosen, less the mean of what there was, by angle. */
  readonly gain: readonly number[]
  readonly deviations: readonly number[]
  readonly overrated: number
  /** Mean true length of what was chosen, by angle. */
  readonly verbosity: readonly number[]
}

function judge(
  scores: Matrix,
  prompts: readonly (readonly RatedReply[])[],
  chooseAt: (angle: number) => number,
): Judged {
  const all = prompts.flat()
  const truth = all.map(({ truth: known }) => known)
  const grouped = (utilities: Float64Array): Float64Array[] =>
    prompts.map((_, prompt) => utilities.subarray(prompt * candidates, (prompt + 1) * candidates))
  const selections = angles.map((angle) => {
    const chosenBy = grouped(directionalUtilities(scores, directionOf(chooseAt(angle))))
    return selectionGain(chosenBy, grouped(directionalUtilities(truth, directionOf(angle))))
  })
  return {
    error: replyAspects.map((_, aspect) =>
      Math.sqrt(
        mean(
          truth.map(
            (known, row) => ((scores.data[row * scores.columns + aspect] as number) - (known[aspect] as number)) ** 2,
          ),
        ),
      ),
    ),
    gain: selections.map(({ gain }) => gain),
    deviations: selections.map(({ deviations }) => deviations),
    overrated: mean(selections.map(({ overrated }) => overrated)),
    verbosity: selections.map(({ chosen }) =>
      mean(chosen.map((best, prompt) => prompts[prompt]?.[best]?.truth[1] ?? Number.NaN)),
    ),
  }
}

async function simulated(run: Run, full: boolean) {
  const world = ratedReplies({}, run.random('world'))
  const ratings = await ratingsOf(world.ratings, { aspects: replyAspects })
  const test = run.random('test')
  const prompts = Array.from({ length: full ? 1000 : 200 }, () => world.replies(candidates, test))
  const scoresBy = async (filling: Filling): Promise<Matrix> => {
    const model = await fitRatings(
      {
        ratings: filled(ratings, filling),
        encoder: hashedNgrams({
          words: [1, 1],
          characters: false,
          norm: 'none',
          projection: 16,
          buckets: 1024,
          interactions: true,
        }),
        options: { hidden: [32] },
        batchSize: 128,
        epochs: 40,
        optimizer: adam({ learningRate: 0.01 }),
      },
      run,
    )
    const scores = await model.score(prompts.flat())
    await model.dispose()
    return scores
  }
  const masked = await scoresBy('masked')
  const own = (angle: number): number => angle
  return {
    masked: judge(masked, prompts, own),
    zero: judge(await scoresBy('zero'), prompts, own),
    mean: judge(await scoresBy('mean'), prompts, own),
    scalar: judge(masked, prompts, () => 0),
  }
}

/** Aspect scores of real summaries, as ratings of the texts. */
async function opinionRatings(run: Run): Promise<{ readonly train: RatingTable; readonly held: RatingTable }> {
  const ratings: Rating[] = []
  const dataset = shippedDatasets().find(({ name }) => name === 'opinpref')
  if (!dataset) throw new Error('the data set opinpref does not come with the package')
  for await (const signal of dataset.load(run) as AsyncIterable<Signal>) {
    if (signal.kind !== 'comparison') continue
    for (const side of ['a', 'b'] as const) {
      const { features = {}, ...candidate } = signal[side]
      ratings.push({
        kind: 'rating',
        id: `${signal.id}/${side}`,
        rater: { id: 'opinpref/language-model', kind: 'model' },
        context: signal.context,
        time: signal.time,
        source: signal.source,
        candidate,
        aspects: Object.fromEntries(opinionAspects.map((aspect) => [aspect, Number(features[aspect])])),
        scale: { min: 0, max: 5 },
      })
    }
  }
  const part = (name: string) =>
    ratingsOf(
      ratings.filter(({ context }) => context.tags?.includes(name)),
      { aspects: opinionAspects, rescale: [10, 90] },
    )
  return { train: await part('train'), held: await part('validation') }
}

/** As from two studies: one rates the first three aspects of a quarter of the summaries, the other the rest of the others. */
async function summaries(run: Run): Promise<readonly [baseline: number, method: number]> {
  const { train, held } = await opinionRatings(run)
  const study = run.random('study')
  const columns = opinionAspects.length
  const data = train.values.data.slice()
  for (let row = 0; row < train.values.rows; row++) {
    const first = study.chance(0.25)
    for (let aspect = 0; aspect < columns; aspect++) if (first !== aspect < 3) data[row * columns + aspect] = Number.NaN
  }
  const ratings = { ...train, values: { ...train.values, data } }
  const errorBy = async (filling: Filling): Promise<number> => {
    const model = await fitRatings(
      {
        ratings: filled(ratings, filling),
        encoder: hashedNgrams({ of: 'candidate', words: [1, 1], characters: false, projection: 'none', buckets: 256 }),
        ridge: 0.02,
      },
      run,
    )
    const errors = (await evaluateRatings(model, held)).map(({ error }) => error)
    await model.dispose()
    return mean(errors)
  }
  return [await errorBy('mean'), await errorBy('masked')]
}

const zeroError = 'Root mean square error of helpfulness, points of 100, against zeros for what is missing'
const meanError = 'The same, against the mean for what is missing'
const zeroGain = 'True utility gained by best of 8, mean of 7 directions, against zeros'
const meanGain = 'The same, against means'
const wideGain = 'True utility gained at ±45°, in standard deviations, against one reward (0°)'
const straightGain = 'The same at 0°'
const dial = 'Rank correlation of commanded and true verbosity, against one reward'
const realError = 'Error on seven aspects of real summaries, points, against the mean for what is missing'

function gainFigure(found: Awaited<ReturnType<typeof simulated>>): Promise<string> {
  const rows = (judged: Judged) => angles.map((angle, at) => ({ angle, gain: judged.deviations[at] ?? Number.NaN }))
  return plotSvg(({ dot, line, ruleY }) => ({
    title: 'Choosing along the wish gains most where the wish is most particular',
    subtitle: 'True utility of the best of 8 replies above the mean, in standard deviations, by the angle asked for.',
    caption:
      'Simulated replies, seed 0. Negative angles ask for brevity. Grey: choosing by the truth if scores were normal.',
    legend: [
      { label: 'Along the direction', color: figureColors.method },
      { label: 'By helpfulness alone', color: figureColors.baseline },
    ],
    width: 640,
    height: 340,
    style: { fontSize: '12px' },
    x: { label: 'Direction, degrees from helpfulness towards verbosity', ticks: [...angles] },
    y: { label: 'Gain', grid: true },
    marks: [
      ruleY([expectedMaximum(candidates)], { stroke: figureColors.muted, strokeDasharray: '4 4' }),
      ...(
        [
          [found.scalar, figureColors.baseline],
          [found.masked, figureColors.method],
        ] as const
      ).flatMap(([judged, color]) => [
        line(rows(judged), { x: 'angle', y: 'gain', stroke: color, strokeWidth: 2 }),
        dot(rows(judged), { x: 'angle', y: 'gain', fill: color, r: 4.5 }),
      ]),
    ],
  }))
}

const wide = (judged: Judged): number =>
  mean(angles.flatMap((angle, at) => (Math.abs(angle) === 45 ? [judged.deviations[at] ?? Number.NaN] : [])))
const straight = (judged: Judged): number => judged.deviations[angles.indexOf(0)] ?? Number.NaN
const commanded = angles.map((angle) => directionOf(angle)[1] ?? Number.NaN)
/** Where every wish is answered alike there is nothing to correlate. */
const followed = ({ verbosity }: Judged): number =>
  verbosity.every((length) => length === verbosity[0]) ? 0 : spearman(commanded, verbosity)

export const experiment: Experiment = {
  id: 'dpa',
  claim:
    'A reward of several outputs, fitted to ratings of which most are missing, tells each aspect better than with ' +
    'zeros or means in their place; choosing the best of 8 along a person’s direction gains at least 0.2 standard ' +
    'deviations of their true utility at ±45° over one reward for all, and follows the dial.',
  baseline: 'Zeros or means for missing ratings; one reward (helpfulness) for every wish',
  data:
    'Simulated replies with known helpfulness, verbosity and warmth, rated by two studies that share one aspect. Real ' +
    'product-review summaries (OpinPref) with seven aspect scores, of which each keeps those of one of two studies.',
  seeds: 5,
  async trial(run, { full }) {
    const found = await simulated(run, full)
    const { masked, zero, mean: imputed, scalar } = found
    const [realBaseline, realMethod] = await summaries(run)
    const helpful = (judged: Judged): number => judged.error[0] ?? Number.NaN
    const measured = (name: string, baseline: number, method: number, better: Measurement['better']): Measurement => ({
      name,
      baseline,
      method,
      better,
    })
    return {
      measurements: [
        measured(zeroError, helpful(zero), helpful(masked), 'lower'),
        measured(meanError, helpful(imputed), helpful(masked), 'lower'),
        measured(zeroGain, mean(zero.gain), mean(masked.gain), 'higher'),
        measured(meanGain, mean(imputed.gain), mean(masked.gain), 'higher'),
        measured(wideGain, wide(scalar), wide(masked), 'higher'),
        measured(straightGain, straight(scalar), straight(masked), 'higher'),
        measured(dial, followed(scalar), followed(masked), 'higher'),
        measured('By how much choosing overrates what it chose, points', zero.overrated, masked.overrated, 'lower'),
        measured(realError, realBaseline, realMethod, 'lower'),
      ],
      figures: run.seed === 0 ? [{ name: 'directions', svg: await gainFigure(found) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return (
      [zeroError, meanError, realError].every((name) => of(name).interval[1] < 0) &&
      [zeroGain, meanGain].every((name) => of(name).interval[0] > 0) &&
      of(wideGain).interval[0] >= 0.2 &&
      of(dial).method >= 0.9
    )
  },
}
