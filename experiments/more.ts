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
  calibrateModel,
  evaluateModel,
  featurePairs,
  fitMore,
  type MoreTraining,
  type PairData,
  type PairEvaluation,
  type SourceWeights,
  takePairs,
} from '../src/learn/index.ts'
import { mean } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { sgd } from '../src/tensor/index.ts'
import { diverseSourcesWorld } from '../src/worlds/index.ts'

const multiTask: MoreTraining = { weighting: 'equal' }

/** Slower and slower, as steps at a fixed rate would never settle. */
const optimizer = sgd({ learningRate: (step) => 0.5 / (1 + step / 200) })

function simulatedPairs(run: Run) {
  const world = diverseSourcesWorld({ pairsPerSource: 2500 }, run.random('world'))
  const d = world.dimensions
  const zeros = new Array<number>(d).fill(0)
  const data = featurePairs({
    a: Array.from(world.source, (_, pair) => [...world.differences.subarray(pair * d, (pair + 1) * d)]),
    b: Array.from(world.source, () => zeros),
    targets: world.targets,
    sources: Array.from(world.source, (source) => world.sources[source] as string),
  })
  const places = Array.from(world.source, (_, pair) => pair)
  const isShared = (pair: number): boolean => (world.source[pair] as number) < world.shared
  const part = (from: number, to: number, keep: (pair: number) => boolean = () => true): PairData =>
    takePairs(
      data,
      places.filter((pair) => pair % 2500 >= from && pair % 2500 < to && keep(pair)),
    )
  return {
    train: part(0, 1500),
    calibration: part(1500, 2000, isShared),
    shared: part(2000, 2500, isShared),
    diverse: part(2000, 2500, (pair) => !isShared(pair)),
  }
}

interface Tried {
  readonly shared: PairEvaluation
  readonly diverse: PairEvaluation
  /** On shared pairs, after a temperature fitted to others. */
  readonly scaled: PairEvaluation
  readonly trainLoss: number
}

type Simulated = ReturnType<typeof simulatedPairs>

async function tried(
  data: Simulated,
  more: MoreTraining,
  epochs: number,
  run: Run,
  onWeights?: (w: SourceWeights) => void,
): Promise<Tried> {
  const model = await fitMore({ data: data.train, more, epochs, optimizer, ...(onWeights && { onWeights }) }, run)
  const scaled = await calibrateModel(model, data.calibration)
  const found = {
    shared: await evaluateModel(model, data.shared),
    diverse: await evaluateModel(model, data.diverse),
    scaled: await evaluateModel(scaled, data.shared),
    trainLoss: (await evaluateModel(model, data.train)).logLoss,
  }
  await Promise.all([model.dispose(), scaled.dispose()])
  return found
}

/** Multi-task training stopped as soon as it fits the training pairs as well as MORE does in the end. */
async function stoppedAt(loss: number, data: Simulated, epochs: number, run: Run): Promise<Tried> {
  for (let epoch = 1; epoch < epochs; epoch++) {
    const found = await tried(data, multiTask, epoch, run)
    if (found.trainLoss <= loss) return found
  }
  return tried(data, multiTask, epochs, run)
}

/** Choices between summaries by who made them, learned from the training part, told in the validation part. */
async function summaries(run: Run): Promise<readonly [baseline: PairEvaluation, method: PairEvaluation]> {
  const { train, validation: test } = await opinionPairs(run)
  const found: PairEvaluation[] = []
  for (const more of [multiTask, {}]) {
    const model = await fitMore({ data: train, more, epochs: 20, optimizer }, run)
    found.push(await evaluateModel(model, test))
    await model.dispose()
  }
  return found as [PairEvaluation, PairEvaluation]
}

const calibrationShared = 'Expected calibration error on what sources share'
const accuracyShared = 'Accuracy on what sources share'
const equalLoss = 'Expected calibration error on what sources share, multi-task stopped at MORE’s training loss'

function weightsFigure(history: readonly SourceWeights[], sources: readonly string[]): Promise<string> {
  const every = 20
  const rows = sources.flatMap((source, t) =>
    Array.from({ length: Math.floor(history.length / every) }, (_, block) => ({
      source,
      update: (block + 0.5) * every,
      weight: mean(history.slice(block * every, (block + 1) * every).map(({ weights }) => weights[t] as number)),
      color: source.startsWith('shared') ? figureColors.method : figureColors.baseline,
    })),
  )
  return plotSvg(({ line, ruleY }) => ({
    title: 'The shortest mixture leans on what agrees least',
    subtitle: 'Weight of each source’s gradient, mean over 20 updates.',
    caption: 'Simulated sources, seed 0. With equal weights each would have a fifth.',
    legend: [
      { label: 'Sources close to what all share', color: figureColors.method },
      { label: 'Sources of their own mind', color: figureColors.baseline },
    ],
    width: 640,
    height: 320,
    style: { fontSize: '12px' },
    x: { label: 'Update' },
    y: { label: 'Weight', grid: true, domain: [0, 0.5] },
    marks: [
      ruleY([0.2], { stroke: figureColors.muted, strokeDasharray: '4 4' }),
      line(rows, { x: 'update', y: 'weight', z: 'source', stroke: 'color', strokeWidth: 1.5 }),
    ],
  }))
}

export const experiment: Experiment = {
  id: 'more',
  claim:
    'Weighing disagreeing sources by the shortest mixture of their gradients calibrates a reward model better on what ' +
    'the sources share than equal weights do.',
  baseline: 'Multi-task training: the same batches at equal weights; beside it the same with temperature scaling',
  data:
    'Simulated sources: two close to a shared direction, three of their own mind, 1,500 pairs each. OpinPref: ' +
    'summaries chosen by three annotators, alone and jointly.',
  seeds: 10,
  async trial(run, { full }) {
    const data = simulatedPairs(run)
    const epochs = full ? 40 : 13
    const history: SourceWeights[] = []
    const method = await tried(data, {}, epochs, run, (weights) => history.push(weights))
    const baseline = await tried(data, multiTask, epochs, run)
    const stopped = await stoppedAt(method.trainLoss, data, epochs, run)
    const [opinionsBefore, opinionsAfter] = await summaries(run)
    const lower = (name: string, before: number, after: number): Measurement => ({
      name,
      baseline: before,
      method: after,
      better: 'lower',
    })
    return {
      measurements: [
        lower(calibrationShared, baseline.shared.expectedError, method.shared.expectedError),
        lower(
          'Average calibration error on what sources share',
          baseline.shared.averageError,
          method.shared.averageError,
        ),
        lower(
          'Maximum calibration error on what sources share',
          baseline.shared.maximumError,
          method.shared.maximumError,
        ),
        {
          name: accuracyShared,
          baseline: baseline.shared.accuracy,
          method: method.shared.accuracy,
          better: 'higher',
        },
        {
          name: 'Accuracy on what sources disagree about',
          baseline: baseline.diverse.accuracy,
          method: method.diverse.accuracy,
          better: 'higher',
        },
        lower('Log-loss on what sources share', baseline.shared.logLoss, method.shared.logLoss),
        lower(equalLoss, stopped.shared.expectedError, method.shared.expectedError),
        lower(
          'Expected calibration error on what sources share, multi-task with a temperature',
          baseline.scaled.expectedError,
          method.shared.expectedError,
        ),
        lower(
          'Expected calibration error on what sources share, both with a temperature',
          baseline.scaled.expectedError,
          method.scaled.expectedError,
        ),
        lower(
          'Log-loss on what sources share, both with a temperature',
          baseline.scaled.logLoss,
          method.scaled.logLoss,
        ),
        lower(
          'Expected calibration error on unseen choices between summaries',
          opinionsBefore.expectedError,
          opinionsAfter.expectedError,
        ),
        {
          name: 'Accuracy on unseen choices between summaries',
          baseline: opinionsBefore.accuracy,
          method: opinionsAfter.accuracy,
          better: 'higher',
        },
      ],
      figures: run.seed === 0 ? [{ name: 'weights', svg: await weightsFigure(history, data.train.sources) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return of(calibrationShared).interval[1] < 0 && of(accuracyShared).difference > -0.04
  },
}
