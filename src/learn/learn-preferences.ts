import { bootstrap, percentileInterval } from '../measure/index.ts'
import type { Run } from '../run/index.ts'
import { calibrateModel, evaluateModel, type PairEvaluation } from './calibrate.ts'
import { type FitPreferences, fitPreferences } from './model/fit-preferences.ts'
import type { FittedModel } from './model/model-kind.ts'

import { type PairData, takePairs } from './pairs/pair-data.ts'
import { type PairsOptions, pairsOf, type Signals } from './pairs/pairs-of.ts'
import { pairGroups, type SplitBy, splitGroups } from './split.ts'

export interface LearnOptions<O, P> extends Omit<FitPreferences<O, P>, 'data' | 'validation'> {
  /** How signals become pairs. Default as `pairsOf`. */
  readonly pairs?: PairsOptions
  /**
   * What training and test do not share. Default the first of `context` and `component` (candidates) of which there are
   * ten, else `pair`.
   */
  readonly split?: SplitBy
  /** Share of the pairs to test on; half as many more end training and fit the temperature. Default 0.2. */
  readonly heldOut?: number
}

/** What was learned from, and how well the model tells pairs that it has not seen. */
export interface LearnReport {
  readonly signals: number
  readonly pairs: { readonly train: number; readonly validation: number; readonly test: number }
  readonly split: SplitBy
  /** How many signals or pairs were left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
  readonly temperature: number
  readonly epochs: number
  /** On the test's pairs, after calibration. */
  readonly test: PairEvaluation
  /** 95 %, by drawing whole groups of the split again. */
  readonly accuracyInterval: readonly [lower: number, upper: number]
}

/** Fewer groups than these would leave too few on either side of a split. */
const enoughGroups = 10

/** The strictest split that there are groups for. By pair alone, a model may know both candidates from other pairs. */
function usualSplit(data: PairData): SplitBy {
  const enough = (by: SplitBy): boolean => new Set(pairGroups(data, by)).size >= enoughGroups
  return (['context', 'component'] as const).find(enough) ?? 'pair'
}

/** The pairs of training, validation and test. */
function threeParts(
  groups: Int32Array,
  split: SplitBy,
  heldOut: number,
  run: Run,
): readonly [train: Int32Array, validation: Int32Array, test: Int32Array] {
  const count = new Set(groups).size
  if (count < 3)
    throw new RangeError(
      `the ${groups.length === 1 ? 'one pair' : `${groups.length} pairs`} to learn from ${groups.length === 1 ? 'is' : 'are'} of ${count} ${split}${count === 1 ? '' : 's'}; training, validation and test need at least 3 that they do not share`,
    )
  const shares = [1 - 1.5 * heldOut, 0.5 * heldOut, heldOut]
  const [train, validation, test] = splitGroups(groups, shares, run.random('split'))
  return [train as Int32Array, validation as Int32Array, test as Int32Array]
}

/**
 * From signals to a model that is known to be worth something: pairs, three parts that share no prompt (or rater, or
 * candidate), a fit that stops when held-out pairs get no better, a temperature, and a report on pairs never seen.
 *
 * @returns the calibrated model, whose metrics hold the report's numbers, and the report
 * @throws {RangeError} when there is nothing to learn from, or too few groups to split
 * @example
 * const { model, report } = await learnPreferences(store, { kind: rewardKind, encoder: hashedNgrams() }, run)
 * report.test.accuracy
 */
export async function learnPreferences<O, P>(
  signals: Signals,
  options: LearnOptions<O, P>,
  run: Run,
): Promise<{ readonly model: FittedModel<O, P>; readonly report: LearnReport }> {
  const { pairs: reading, split: asked, heldOut = 0.2, ...fitting } = options
  if (!(heldOut > 0 && heldOut < 0.5))
    throw new RangeError(`learnPreferences: heldOut is ${heldOut}, expected a number between 0 and ½`)
  const data = await pairsOf(signals, reading)
  const split = asked ?? usualSplit(data)
  const groups = pairGroups(data, split)
  const [train, validation, test] = threeParts(groups, split, heldOut, run)
  const held = takePairs(data, validation)
  const fitted = await fitPreferences({ ...fitting, data: takePairs(data, train), validation: held }, run)
  const calibrated = await calibrateModel(fitted, held)
  await fitted.dispose()
  const judged = takePairs(data, test)
  const evaluation = await evaluateModel(calibrated, judged)
  const groupsOfTest = Array.from(test, (pair) => groups[pair] as number)
  const accuracyInterval = groupedAccuracy(await calibrated.probabilities(judged), judged, groupsOfTest, run)
  const { accuracy, logLoss, brier, expectedError, averageError, maximumError } = evaluation
  const model = calibrated.with({
    metrics: {
      ...calibrated.metrics,
      testPairs: test.length,
      ...{ testAccuracy: accuracy, testLogLoss: logLoss, testBrier: brier },
      ...{ testExpectedError: expectedError, testAverageError: averageError, testMaximumError: maximumError },
    },
  })
  return {
    model,
    report: {
      signals: data.signals,
      pairs: { train: train.length, validation: validation.length, test: test.length },
      split,
      leftOut: data.leftOut,
      temperature: model.temperature,
      epochs: fitted.metrics['epochs'] ?? Number.NaN,
      test: evaluation,
      accuracyInterval,
    },
  }
}

/** Interval of the accuracy on pairs that lean to a side, groups drawn as wholes. */
function groupedAccuracy(
  probabilities: Float32Array,
  { targets, weights }: { readonly targets: Float32Array; readonly weights: Float32Array },
  groups: readonly number[],
  run: Run,
): readonly [number, number] {
  const sums = new Map<number, { right: number; all: number }>()
  probabilities.forEach((p, pair) => {
    const [target, weight] = [targets[pair] as number, weights[pair] as number]
    if (target === 0.5) return
    const sum = sums.get(groups[pair] as number) ?? { right: 0, all: 0 }
    sum.all += weight
    sum.right += weight * (p === 0.5 ? 0.5 : Number(p > 0.5 === target > 0.5))
    sums.set(groups[pair] as number, sum)
  })
  const cases = [...sums.values()]
  if (cases.length === 0) return [Number.NaN, Number.NaN]
  const replicates = bootstrap(
    cases.length,
    (counts) => {
      let [right, all] = [0, 0]
      cases.forEach((one, at) => {
        right += (counts[at] as number) * one.right
        all += (counts[at] as number) * one.all
      })
      return right / all
    },
    run.random('accuracy'),
    // Resampling many groups is slow, and their interval hardly moves.
    { replicates: cases.length > 2_000 ? 1_000 : 10_000 },
  )
  return percentileInterval(replicates)
}
