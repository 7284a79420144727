import { fetchedDatasets } from '../src/collect/index.ts'
import {
  type Experiment,
  figureColors,
  type Measurement,
  type MetricSummary,
  metricNamed,
  opinionPairs,
  plotSvg,
} from '../src/evaluate/index.ts'
import {
  annotateStrength,
  contrastiveRewardKind,
  type Encoder,
  evaluateModel,
  type FitByStrength,
  featurePairs,
  fitByStrength,
  fitMetaReward,
  fitPreferences,
  hashedNgrams,
  type PairData,
  type PairEvaluation,
  pairsOf,
  rewardKind,
  splitPairs,
  strengthBins,
  strengthRecipes,
  takePairs,
  weakestPairs,
} from '../src/learn/index.ts'
import { mean, sigmoid } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { adam, adamW } from '../src/tensor/index.ts'
import { noisyPairsWorld, ratedItemsWorld } from '../src/worlds/index.ts'

/** Whole batches and a penalty on weights: ridge-logistic regression. */
const linear = {
  options: { bias: false },
  batchSize: 4096,
  epochs: 80,
  optimizer: adamW({ learningRate: 0.05, weightDecay: 0.02 }),
} as const

function differencePairs(differences: Float32Array, columns: number, targets: Float32Array): PairData {
  const rows = differences.length / columns
  return featurePairs({
    a: { rows, columns, data: differences },
    b: { rows, columns, data: new Float32Array(rows * columns) },
    targets,
  })
}

const share = (pairs: ArrayLike<number>, wrong: Uint8Array): number =>
  mean(Array.from(pairs, (pair) => wrong[pair] as number))

async function accuracyOf(train: PairData, test: PairData, run: Run): Promise<number> {
  const model = await fitPreferences({ kind: rewardKind, ...linear, data: train }, run)
  const { accuracy } = await evaluateModel(model, test)
  await model.dispose()
  return accuracy
}

/** Labels that are wrong at known places. */
async function noisy(run: Run, members: number) {
  const world = noisyPairsWorld({ pairs: 3500 }, run.random('world'))
  const d = world.dimensions
  const train = differencePairs(world.differences.slice(0, 1500 * d), d, world.targets.slice(0, 1500))
  const test = differencePairs(world.differences.slice(1500 * d), d, world.truth.slice(1500))
  const strength = await annotateStrength({ kind: rewardKind, ...linear, data: train, members }, run)
  const bins = strengthBins(strength)
  const pairsOfBins = (from: number, to: number): number[] =>
    Array.from(bins, (bin, pair) => (bin >= from && bin <= to ? pair : -1)).filter((pair) => pair >= 0)
  const byBin: { bin: number; accuracy: number; wrong: number }[] = []
  for (let bin = 0; bin < 10; bin++) {
    const own = pairsOfBins(bin, bin)
    byBin.push({ bin, accuracy: await accuracyOf(takePairs(train, own), test, run), wrong: share(own, world.wrong) })
  }
  const trained = async (given: Partial<FitByStrength<unknown, unknown>>): Promise<PairEvaluation> => {
    const model = await fitByStrength(
      { ...linear, data: train, strength, ...given } as Parameters<typeof fitByStrength>[0],
      run,
    )
    const found = await evaluateModel(model, test)
    await model.dispose()
    return found
  }
  return {
    byBin,
    precision: share(weakestPairs(strength, 0.2), world.wrong),
    strongest: share(pairsOfBins(8, 9), world.wrong),
    all: share(
      Int32Array.from(bins, (_, pair) => pair),
      world.wrong,
    ),
    bottom: await accuracyOf(takePairs(train, pairsOfBins(0, 1)), test, run),
    whole: await trained({}),
    flipped: await trained({ training: { flip: 0.2 } }),
    margin: await trained({ training: strengthRecipes.margin }),
  }
}

/** Networks that memorise wrong labels: what flips, soft labels, margins, order and contrast do about it. */
async function overfitting(run: Run, strengthMembers: number) {
  const world = noisyPairsWorld({ pairs: 2600, dimensions: 30 }, run.random('overfitting'))
  const d = world.dimensions
  const train = differencePairs(world.differences.slice(0, 600 * d), d, world.targets.slice(0, 600))
  const test = differencePairs(world.differences.slice(600 * d), d, world.truth.slice(600))
  const net = { batchSize: 64, epochs: 60, optimizer: adam({ learningRate: 0.005 }) }
  const strength = await annotateStrength({ kind: rewardKind, ...linear, data: train, members: strengthMembers }, run)
  const found: Record<string, PairEvaluation> = {}
  const reward = { kind: rewardKind, options: { hidden: [32] } }
  const contrast = (options: object) => ({ kind: contrastiveRewardKind, options: { hidden: [32], ...options } })
  for (const [name, given] of Object.entries({
    plain: { ...reward, training: {} },
    'a fifth turned round': { ...reward, training: { flip: 0.2 } },
    margins: { ...reward, training: strengthRecipes.margin },
    'a fifth turned round, and margins': { ...reward, training: { flip: 0.2, margin: 'raw' } },
    'soft labels and margins': { ...reward, training: strengthRecipes.softLabelAndMargin },
    'strongest first': { ...reward, training: { curriculum: { bins: 10, epochs: 5 } } },
    'contrast of features': { ...contrast({}), training: {} },
    'contrast of differences': { ...contrast({ contrast: 'differences' }), training: {} },
    'contrast by prototypes': { ...contrast({ form: 'swav' }), training: {} },
  })) {
    const model = await fitByStrength(
      { ...net, data: train, strength, ...given } as Parameters<typeof fitByStrength>[0],
      run,
    )
    found[name] = await evaluateModel(model, test)
    await model.dispose()
  }
  return found
}

/** A policy that has moved on: responses from elsewhere, closer together; only earlier pairs are labelled. */
async function shifted(run: Run): Promise<readonly [before: number, after: number]> {
  const world = ratedItemsWorld({ items: 4000, dimensions: 12 }, run.random('policy'))
  const d = world.dimensions
  const direction = run.random('shift')
  const shift = Float32Array.from({ length: d }, () => direction.normal())
  const labels = run.random('labels')
  /** Pairs of neighbouring items, labelled by chance or by what is true. */
  const pairs = (features: Float32Array, truly: boolean): PairData => {
    const worth = world.worthOf(features)
    const count = worth.length / 2
    const side = (second: 0 | 1): number[][] =>
      Array.from({ length: count }, (_, pair) => [
        ...features.subarray((2 * pair + second) * d, (2 * pair + second + 1) * d),
      ])
    return featurePairs({
      a: side(0),
      b: side(1),
      targets: Float32Array.from({ length: count }, (_, pair) => {
        const lead = (worth[2 * pair] as number) - (worth[2 * pair + 1] as number)
        return Number(truly ? lead > 0 : labels.chance(sigmoid(lead)))
      }),
    })
  }
  const moved = world.features.slice(1600 * d).map((x, at) => 0.4 * x + (shift[at % d] as number))
  const train = pairs(world.features.slice(0, 1600 * d), false)
  const test = pairs(moved.slice(800 * d), true)
  const responses = { rows: 800, columns: d, data: moved.slice(0, 800 * d) }
  const fit = {
    data: train,
    options: { hidden: [32] },
    batchSize: 64,
    epochs: 30,
    optimizer: adam({ learningRate: 0.005 }),
  }
  const before = await fitPreferences({ kind: rewardKind, ...fit }, run)
  const after = await fitMetaReward({ ...fit, responses, perPrompt: 4, meta: { metaRate: 0.05 } }, run)
  const found = [(await evaluateModel(before, test)).accuracy, (await evaluateModel(after, test)).accuracy] as const
  await Promise.all([before.dispose(), after.dispose()])
  return found
}

/** Real pairs: the baseline and the method's recipe on held-out labels as people gave them. */
async function real(
  train: PairData,
  test: PairData,
  encoder: Encoder | undefined,
  training: Pick<FitByStrength<unknown, unknown>, 'options' | 'batchSize' | 'epochs' | 'optimizer'>,
  full: boolean,
  run: Run,
): Promise<readonly [plain: PairEvaluation, flipped: PairEvaluation, soft: PairEvaluation]> {
  const fit = { data: train, ...training, ...(encoder && { encoder }) }
  const strength = await annotateStrength(
    { kind: rewardKind, ...fit, ...(full ? { members: 5, folds: 5 } : { members: 2, folds: 3 }) },
    run,
  )
  const found: PairEvaluation[] = []
  for (const recipe of [{}, strengthRecipes.flip, strengthRecipes.softLabelAndMargin]) {
    const model = await fitByStrength({ ...fit, strength, training: recipe }, run)
    found.push(await evaluateModel(model, test))
    await model.dispose()
  }
  return found as unknown as readonly [PairEvaluation, PairEvaluation, PairEvaluation]
}

async function summaries(full: boolean, run: Run) {
  const { train, validation } = await opinionPairs(run)
  return real(train, validation, undefined, linear, full, run)
}

/** Dialogues told by the words of the last reply, where a user has fetched them. */
async function dialogues(full: boolean, run: Run) {
  const dataset = fetchedDatasets().find(({ name }) => name === 'hh-harmless')
  if (!dataset?.present) return undefined
  const data = await pairsOf(dataset.load(run), { duplicates: 'drop' })
  const [train, test] = splitPairs(data, { by: 'context', shares: [0.78, 0.22] }, run.random('dialogues')).map((part) =>
    takePairs(data, part),
  ) as [PairData, PairData]
  const encoder = hashedNgrams({ of: 'candidate', projection: 'none', buckets: 2048 })
  const training = {
    options: { bias: false },
    batchSize: 4096,
    epochs: full ? 60 : 30,
    optimizer: adamW({ learningRate: full ? 0.02 : 0.04, weightDecay: 0.02 }),
  }
  return real(train, test, encoder, training, full, run)
}

const precision = 'Share of wrong labels among the fifth that the ensemble is most against (baseline: among all)'
const bottom = 'True accuracy after learning from the weakest fifth alone (baseline: from all)'
const flipping = 'True accuracy with the weakest fifth turned round'

function binsFigure(rows: readonly { bin: number; accuracy: number; wrong: number }[]): Promise<string> {
  return plotSvg(({ dot, line, ruleY }) => ({
    title: 'What an ensemble is against is mostly mislabelled',
    subtitle:
      'Tenths of the pairs by preference strength: accuracy of a model that learned from one alone, and wrong labels.',
    caption: 'Simulated noisy labels, seed 0: 1,500 pairs in 60 dimensions, a quarter of the labels wrong.',
    legend: [
      { label: 'True accuracy of a model of this tenth', color: figureColors.method },
      { label: 'Share of wrong labels', color: figureColors.baseline },
    ],
    width: 640,
    height: 340,
    style: { fontSize: '12px' },
    x: { label: 'Tenth, weakest first', ticks: rows.map(({ bin }) => bin), tickFormat: (bin: number) => `${bin + 1}` },
    y: { label: 'Share', domain: [0, 1], grid: true },
    marks: [
      ruleY([0.5], { stroke: figureColors.muted, strokeDasharray: '4 4' }),
      line(rows, { x: 'bin', y: 'accuracy', stroke: figureColors.method, strokeWidth: 2 }),
      dot(rows, { x: 'bin', y: 'accuracy', fill: figureColors.method, r: 4 }),
      line(rows, { x: 'bin', y: 'wrong', stroke: figureColors.baseline, strokeWidth: 2 }),
      dot(rows, { x: 'bin', y: 'wrong', fill: figureColors.baseline, r: 4 }),
    ],
  }))
}

export const experiment: Experiment = {
  id: 'secrets-reward-modelling',
  claim:
    'An ensemble’s votes find wrong labels with a precision of at least 0.7, the weakest fifth alone teaches the ' +
    'opposite (accuracy below 0.35), and turning it round does not make a reward model worse.',
  baseline: 'The same reward model on the labels as they are',
  data:
    'Simulated noisy labels: 1,500 pairs in 60 dimensions, a quarter wrong; 600 in 30 for networks that memorise. ' +
    'OpinPref: 800 choices between summaries, 140 held out. Harmless dialogues, where they were fetched.',
  seeds: 4,
  async trial(run, { full }) {
    const members = full ? 10 : 3
    const found = await noisy(run, members)
    const nets = await overfitting(run, members)
    const plain = nets['plain'] as PairEvaluation
    const [before, after] = await shifted(run)
    const opinions = await summaries(full, run)
    const talks = await dialogues(full, run)
    const measure = (name: string, baseline: number, method: number, better: 'higher' | 'lower' = 'higher') =>
      ({ name, baseline, method, better }) satisfies Measurement
    const both = (what: string, [own, flipped, soft]: readonly [PairEvaluation, PairEvaluation, PairEvaluation]) => [
      measure(`Accuracy on held-out ${what}, a tenth turned round`, own.accuracy, flipped.accuracy),
      measure(`Accuracy on held-out ${what}, soft labels and margins`, own.accuracy, soft.accuracy),
      measure(`Log-loss on held-out ${what}, a tenth turned round`, own.logLoss, flipped.logLoss, 'lower'),
      measure(`Log-loss on held-out ${what}, soft labels and margins`, own.logLoss, soft.logLoss, 'lower'),
    ]
    return {
      measurements: [
        measure(precision, found.all, found.precision),
        measure(
          'Share of wrong labels in the strongest fifth (baseline: among all)',
          found.all,
          found.strongest,
          'lower',
        ),
        measure(bottom, found.whole.accuracy, found.bottom, 'lower'),
        measure(flipping, found.whole.accuracy, found.flipped.accuracy),
        measure('True accuracy with adaptive margins, linear', found.whole.accuracy, found.margin.accuracy),
        ...Object.entries(nets)
          .filter(([name]) => name !== 'plain')
          .map(([name, { accuracy }]) => measure(`True accuracy of a network, ${name}`, plain.accuracy, accuracy)),
        measure('True accuracy on responses of a policy that moved on, MetaRM', before, after),
        ...both('choices between summaries', opinions),
        ...(talks ? both('harmless dialogues', talks) : []),
      ],
      figures: run.seed === 0 ? [{ name: 'strength-bins', svg: await binsFigure(found.byBin) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return of(precision).method >= 0.7 && of(bottom).method < 0.35 && of(flipping).difference >= 0
  },
}
