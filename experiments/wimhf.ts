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
  type Axes,
  axisSubjectivity,
  candidateText,
  contextText,
  describeAxes,
  descriptionQuality,
  encodeAxes,
  expressedPreferences,
  latentSemantics,
  type Matrix,
  type MeasuredPairs,
  personalSlopes,
  relabelAlong,
  selectAxes,
  tellingPairs,
  trainAxes,
  wordCount,
} from '../src/learn/index.ts'
import { areaUnderCurve, logisticRegression, mean, standardDeviation, truncatedSvd } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { type FeedbackWorld, feedbackWorld } from '../src/worlds/index.ts'

const take = ({ columns, data }: Matrix, rows: readonly number[]): Matrix => {
  const taken = new Float32Array(rows.length * columns)
  for (const [at, row] of rows.entries()) taken.set(data.subarray(row * columns, (row + 1) * columns), at * columns)
  return { rows: rows.length, columns, data: taken }
}

/** Every column over its root mean square. */
function scaled({ rows, columns, data }: Matrix, by: Matrix): Matrix {
  const squares = new Float64Array(columns)
  by.data.forEach((value, at) => {
    squares[at % columns] = (squares[at % columns] ?? 0) + value * value
  })
  const scale = squares.map((sum) => (sum > 0 ? 1 / Math.sqrt(sum / by.rows) : 0))
  return { rows, columns, data: data.map((value, at) => value * (scale[at % columns] ?? 0)) }
}

/** Weights of a ridge-penalised logistic fit of choices on some columns, without intercept. */
function weightsOf(x: Matrix, preferred: readonly number[]): Float64Array {
  return logisticRegression(
    { design: Float64Array.from(x.data), columns: x.columns, outcomes: preferred },
    { ridge: 1 },
  ).coefficients
}

const scoresOf = ({ rows, columns, data }: Matrix, weights: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0
    for (let k = 0; k < columns; k++) sum += (weights[k] ?? 0) * (data[row * columns + k] ?? 0)
    return sum
  })

/** Area under the curve of held-out choices, learned from the others. */
function heldOutArea(
  x: Matrix,
  preferred: ArrayLike<number>,
  train: readonly number[],
  test: readonly number[],
): number {
  const seen = take(x, train)
  const labels = (rows: readonly number[]): number[] => rows.map((row) => preferred[row] ?? 0)
  const weights = weightsOf(scaled(seen, seen), labels(train))
  return areaUnderCurve(scoresOf(scaled(take(x, test), seen), weights), labels(test))
}

/** Scores on the directions in which the training differences vary most: [pairs, count], and the directions. */
function principal(
  x: Matrix,
  train: readonly number[],
  count: number,
  run: Run,
): { z: Matrix; directions: Float64Array } {
  const places = Array.from({ length: x.columns }, (_, i) => i)
  const { right } = truncatedSvd(
    train.map((row) => ({ places, values: x.data.subarray(row * x.columns, (row + 1) * x.columns) })),
    x.columns,
    count,
    run.random('principal'),
  )
  const data = new Float32Array(x.rows * count)
  for (let k = 0; k < count; k++)
    scoresOf(x, right.subarray(k * x.columns, (k + 1) * x.columns)).forEach((score, row) => {
      data[row * count + k] = score
    })
  return { z: { rows: x.rows, columns: count, data }, directions: right }
}

/** For every planted direction, the found one nearest to it and its cosine. */
function matches(world: FeedbackWorld, directions: ArrayLike<number>): readonly { feature: number; cosine: number }[] {
  const { width } = world
  return Array.from(world.truth.slopes, (_, planted) => {
    let best = { feature: -1, cosine: 0 }
    for (let feature = 0; feature < directions.length / width; feature++) {
      let cosine = 0
      for (let i = 0; i < width; i++)
        cosine += (directions[feature * width + i] ?? 0) * (world.directions[planted * width + i] ?? 0)
      if (Math.abs(cosine) > Math.abs(best.cosine)) best = { feature, cosine }
    }
    return best
  })
}

const clear = 0.9

/** Share of the rewarded directions among the three axes selected. */
function rewardedFound(world: FeedbackWorld, directions: ArrayLike<number>, pairs: MeasuredPairs): number {
  const selected = selectAxes(pairs, 3)
  const found = matches(world, directions)
  return mean(
    world.truth.rewarded.map((planted) => {
      const match = found[planted]
      return match && Math.abs(match.cosine) > clear && selected.includes(match.feature) ? 1 : 0
    }),
  )
}

/** What winning changes by for having more of one axis, in choices as they are and with 5 % of them turned. */
function curated(pairs: MeasuredPairs, feature: number): { readonly before: number; readonly after: number } {
  const changeOf = (preferred: ArrayLike<number>): number =>
    expressedPreferences({ ...pairs, preferred })[feature]?.winChange ?? Number.NaN
  const before = changeOf(pairs.preferred)
  const { columns, rows, data } = pairs.activations
  const z = Float64Array.from({ length: rows }, (_, row) => data[row * columns + feature] ?? 0)
  const { preferred } = relabelAlong(pairs.preferred, z, Math.round(0.05 * rows), before > 0 ? 1 : -1)
  return { before, after: changeOf(preferred) }
}

/** Held-out area over raters with many choices, with everyone's slope on the axis of taste and with their own. */
function personalArea(
  world: FeedbackWorld,
  z: Matrix,
  axis: number,
): { readonly global: number; readonly personal: number } {
  const volume = new Map<string, number[]>()
  for (const [row, rater] of world.raters.entries()) volume.set(rater, [...(volume.get(rater) ?? []), row])
  const byVolume = [...volume.values()].sort((one, other) => one.length - other.length)
  const few = byVolume.slice(0, Math.floor(byVolume.length / 2)).flat()
  const labels = (rows: readonly number[]): number[] => rows.map((row) => world.preferred[row] ?? 0)
  const seen = take(z, few)
  const weights = weightsOf(scaled(seen, seen), labels(few))
  const measured: MeasuredPairs = {
    activations: seen,
    lengths: few.map((row) => world.lengths[row] ?? 0),
    preferred: labels(few),
  }
  const [taste] = axisSubjectivity(
    measured,
    few.map((row) => world.raters[row] ?? ''),
    [axis],
  )
  const tau = taste?.tau ?? 0
  const areas = byVolume.slice(Math.floor(byVolume.length / 2)).map((rows) => {
    const x = scaled(take(z, rows), seen)
    const only = Float32Array.from({ length: rows.length }, (_, row) => x.data[row * x.columns + axis] ?? 0)
    const offsets = scoresOf(x, weights).map((score, row) => score - (weights[axis] ?? 0) * (only[row] ?? 0))
    const asked = tellingPairs(only.slice(0, Math.floor(rows.length / 2)), 16)
    const slope = personalSlopes(
      { rows: asked.length, columns: 1, data: Float32Array.from(asked, (row) => only[row] ?? 0) },
      asked.map((row) => offsets[row] ?? 0),
      labels(asked.map((row) => rows[row] ?? 0)),
      [{ mean: weights[axis] ?? 0, deviation: tau }],
    )[0]
    const rest = rows.map((_, row) => row).slice(Math.floor(rows.length / 2))
    const area = (own: number): number =>
      areaUnderCurve(
        rest.map((row) => (offsets[row] ?? 0) + own * (only[row] ?? 0)),
        labels(rest.map((row) => rows[row] ?? 0)),
      )
    return { global: area(weights[axis] ?? 0), personal: area(slope ?? 0) }
  })
  return { global: mean(areas.map(({ global }) => global)), personal: mean(areas.map(({ personal }) => personal)) }
}

interface Planted {
  readonly measurements: readonly Measurement[]
  readonly world: FeedbackWorld
  readonly axes: Axes
  readonly z: Matrix
}

const recovered = 'Share of 12 planted directions found (|cos| > .9; baseline: principal components)'
const told = 'Share of the 3 rewarded directions selected (baseline: among principal components)'
const area = 'AUC of held-out simulated choices (baseline: logistic on the whole vectors)'
const lengthBias = 'Slope of the axis that only makes answers longer (baseline: length not controlled)'
const unwanted = 'Change in winning for an unwanted axis (baseline: before 5 % of choices are turned)'
const subjective = 'Whether the axis of taste is the most subjective (baseline: chance)'
const personal = 'AUC of raters with own slope from 16 choices (baseline: everyone’s slope)'

async function planted(run: Run, full: boolean): Promise<Planted> {
  const world = feedbackWorld({ pairs: full ? 12_000 : 6_000 }, run.random('world'))
  const pairs = world.preferred.length
  const differences: Matrix = { rows: pairs, columns: world.width, data: world.differences }
  const cut = Math.round(0.8 * pairs)
  const rows = Array.from({ length: pairs }, (_, row) => row)
  const [train, test] = [rows.slice(0, cut), rows.slice(cut)]
  const axes = await trainAxes(take(differences, train), { features: 16, active: 3 }, run)
  const z = encodeAxes(axes, differences)
  const components = principal(differences, train, world.truth.slopes.length, run)
  const measured = (activations: Matrix, lengths: ArrayLike<number> = world.lengths): MeasuredPairs => ({
    activations: take(activations, train),
    lengths: train.map((row) => lengths[row] ?? 0),
    preferred: train.map((row) => world.preferred[row] ?? 0),
  })
  const shareOf = (directions: ArrayLike<number>): number =>
    mean(matches(world, directions).map(({ cosine }) => (Math.abs(cosine) > clear ? 1 : 0)))
  const found = matches(world, axes.directions)
  const featureOf = (planted: number): number => found[planted]?.feature ?? 0
  const slopeOfLength = (lengths: ArrayLike<number>): number =>
    Math.abs(expressedPreferences(measured(z, lengths))[featureOf(world.truth.lengthy)]?.coefficient ?? Number.NaN)
  const turned = curated(measured(z), featureOf(world.truth.rewarded[2]))
  const taus = axisSubjectivity(
    measured(z),
    train.map((row) => world.raters[row] ?? ''),
  )
  const most = [...taus].sort((one, other) => other.tau - one.tau)[0]
  const own = personalArea(world, z, featureOf(world.truth.taste))
  const [better, worse] = ['higher', 'lower'] as const
  return {
    world,
    axes,
    z,
    measurements: [
      { name: recovered, baseline: shareOf(components.directions), method: shareOf(axes.directions), better },
      {
        name: told,
        baseline: rewardedFound(world, components.directions, measured(components.z)),
        method: rewardedFound(world, axes.directions, measured(z)),
        better,
      },
      {
        name: area,
        baseline: heldOutArea(differences, world.preferred, train, test),
        method: heldOutArea(z, world.preferred, train, test),
        better,
      },
      {
        name: lengthBias,
        baseline: slopeOfLength(new Float64Array(pairs)),
        method: slopeOfLength(world.lengths),
        better: worse,
      },
      { name: unwanted, baseline: Math.abs(turned.before), method: Math.abs(turned.after), better: worse },
      {
        name: subjective,
        baseline: 1 / world.truth.slopes.length,
        method: most?.feature === featureOf(world.truth.taste) ? 1 : 0,
        better,
      },
      { name: personal, baseline: own.global, method: own.personal, better },
    ],
  }
}

const realArea = 'AUC of held-out human choices between summaries (baseline: logistic on the whole vectors)'
const realFaithful = 'Axes of summaries that words describe faithfully, of 16 (baseline: principal components)'

async function summaries(run: Run): Promise<readonly Measurement[]> {
  const dataset = shippedDatasets().find(({ name }) => name === 'opinpref')
  if (!dataset) throw new Error('the choices between opinion summaries are missing')
  const comparisons: Comparison[] = []
  for await (const signal of dataset.load(run)) if (signal.kind === 'comparison') comparisons.push(signal)
  const shuffled = run.random('summaries').shuffle(comparisons)
  const cut = Math.round(0.8 * shuffled.length)
  const rows = shuffled.map((_, row) => row)
  const [train, test] = [rows.slice(0, cut), rows.slice(cut)]
  const words = shuffled.map(({ context, a, b }) => ({
    prompt: contextText(context),
    a: candidateText(a),
    b: candidateText(b),
  }))
  const encoder = latentSemantics(
    train.flatMap((row) => [words[row]?.a ?? '', words[row]?.b ?? '']),
    { width: 64 },
    run.random('latent semantics'),
  )
  const side = async (of: 'a' | 'b'): Promise<Float32Array> => {
    const { features } = await encoder.prepare(shuffled.map((pair) => ({ context: pair.context, candidate: pair[of] })))
    return features?.data as Float32Array
  }
  const [first, second] = [await side('a'), await side('b')]
  const differences: Matrix = {
    rows: shuffled.length,
    columns: encoder.width,
    data: first.map((value, at) => value - (second[at] ?? 0)),
  }
  // Few pairs make few steps an epoch; a larger learning rate makes up for it.
  const axes = await trainAxes(take(differences, train), { features: 16, batchSize: 64, learningRate: 0.002 }, run)
  const z = encodeAxes(axes, differences)
  const components = principal(differences, train, 16, run)
  const preferred = shuffled.map(({ outcome }) => (outcome === 'a' ? 1 : 0))
  const faithful = async (activations: Matrix): Promise<number> =>
    descriptionQuality(await describeAxes(words, activations, test, {}, run)).faithful
  return [
    {
      name: realArea,
      baseline: heldOutArea(differences, preferred, train, test),
      method: heldOutArea(z, preferred, train, test),
      better: 'higher',
    },
    { name: realFaithful, baseline: await faithful(components.z), method: await faithful(z), better: 'higher' },
    {
      name: 'AUC of held-out human choices between summaries, by length alone (baseline: a coin)',
      baseline: 0.5,
      method: areaUnderCurve(
        test.map((row) => wordCount(words[row]?.a ?? '') - wordCount(words[row]?.b ?? '')),
        test.map((row) => preferred[row] ?? 0),
      ),
      better: 'higher',
    },
  ]
}

function axesFigure({ world, axes, z }: Planted): Promise<string> {
  const expressed = expressedPreferences({ activations: z, lengths: world.lengths, preferred: world.preferred })
  const uncontrolled = expressedPreferences({
    activations: z,
    lengths: new Float64Array(world.lengths.length),
    preferred: world.preferred,
  })
  const { rewarded, taste, lengthy, slopes } = world.truth
  const label = (planted: number): string =>
    planted === rewarded[0]
      ? 'liked'
      : planted === rewarded[1]
        ? 'disliked'
        : planted === rewarded[2]
          ? 'liked a little'
          : planted === taste
            ? 'a matter of taste'
            : planted === lengthy
              ? 'makes longer'
              : `indifferent ${planted + 1}`
  const rows = matches(world, axes.directions).map(({ feature, cosine }, planted) => {
    const own = Float64Array.from(world.preferred, (_, row) => z.data[row * z.columns + feature] ?? 0)
    const found = expressed[feature]
    const sign = Math.sign(cosine)
    const half = 1.96 * (found?.standardError ?? 0)
    return {
      axis: label(planted),
      truth: (slopes[planted] ?? 0) * standardDeviation(own, 0),
      method: sign * (found?.coefficient ?? 0),
      lower: sign * (found?.coefficient ?? 0) - half,
      upper: sign * (found?.coefficient ?? 0) + half,
      baseline: sign * (uncontrolled[feature]?.coefficient ?? 0),
    }
  })
  const order = [...rows].sort((one, other) => other.truth - one.truth).map(({ axis }) => axis)
  return plotSvg(({ dot, ruleX, ruleY, tickX }) => ({
    title: 'What people reward, along axes that were found without labels',
    subtitle:
      'Log odds of being preferred for one standard deviation more of an axis, with 95 % intervals. Truth is the planted slope; single fits lie nearer to 0, since other axes add noise.',
    caption:
      'Simulated feedback, seed 0: 6,000 pairs that differ along 3 of 12 planted directions; people also like length.',
    legend: [
      { label: 'Length not controlled', color: figureColors.baseline },
      { label: 'Length controlled', color: figureColors.method },
      { label: 'Truth', color: figureColors.truth },
    ],
    width: 640,
    height: 380,
    marginLeft: 130,
    marginBottom: 40,
    style: { fontSize: '12px' },
    x: { label: 'Slope (log odds)', grid: true },
    y: { label: null, domain: order },
    marks: [
      ruleX([0], { stroke: '#c5c9d0' }),
      ruleY(rows, { y: 'axis', x1: 'lower', x2: 'upper', stroke: figureColors.method, strokeWidth: 2 }),
      dot(rows, { y: 'axis', x: 'baseline', fill: figureColors.baseline, r: 3.5 }),
      dot(rows, { y: 'axis', x: 'method', fill: figureColors.method, r: 4, stroke: 'white' }),
      tickX(rows, { y: 'axis', x: 'truth', stroke: figureColors.truth, strokeWidth: 2 }),
    ],
  }))
}

export const experiment: Experiment = {
  id: 'wimhf',
  claim:
    'A sparse autoencoder on differences of answers finds the axes along which they differ where principal components ' +
    'do not, keeps nearly all of what predicts choices, and tells which axes people reward, which they disagree ' +
    'about and what is length alone.',
  baseline: 'Principal components of the differences, the whole vectors, fits without length, everyone’s slopes',
  data:
    'Simulated: 6,000 pairs that differ along 3 of 12 planted directions, 40 raters. Real choices: 940 pairs of opinion ' +
    'summaries, OpinPref, as latent semantics of their words; axes described by words, no language model.',
  seeds: 4,
  async trial(run, { full }) {
    const simulated = await planted(run, full)
    return {
      measurements: [...simulated.measurements, ...(await summaries({ ...run, folder: `${run.folder}/summaries` }))],
      figures: run.seed === 0 ? [{ name: 'axes', svg: await axesFigure(simulated) }] : [],
    }
  },
  /** Directions and rewards are found, AUC falls by less than .02, length and taste are told apart. */
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return (
      of(recovered).method > 0.9 &&
      of(recovered).interval[0] > 0 &&
      of(told).interval[0] > 0 &&
      of(area).interval[0] > -0.02 &&
      of(lengthBias).interval[1] < 0 &&
      of(unwanted).interval[1] < 0 &&
      of(subjective).method > 0.7 &&
      of(personal).interval[0] > 0
    )
  },
}
