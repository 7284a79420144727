import { logisticLoss, pairCalibration, type ReliabilityBin, sigmoid } from '../measure/index.ts'
import { meanLogLoss } from './model/fit-preferences.ts'
import type { FittedModel } from './model/model-kind.ts'

import type { PairData } from './pairs/pair-data.ts'

/** How well probabilities of pairs agree with what people said. */
export interface PairEvaluation {
  readonly pairs: number
  /** Share of weight on the right side of ½, over pairs that lean to a side; a probability of exactly ½ counts half. NaN when all are ties. */
  readonly accuracy: number
  /** −Σ w (y ln p + (1 − y) ln(1 − p)) / Σ w, in nats; infinite when a certainty was wrong. ln 2 = 0.693 knows nothing. */
  readonly logLoss: number
  /** Σ w (p − y)² / Σ w; ¼ knows nothing. */
  readonly brier: number
  /** Expected, average and maximum calibration error over bins of equal width, both orders of each pair counted. */
  readonly expectedError: number
  readonly averageError: number
  readonly maximumError: number
  /** The reliability diagram, symmetric about ½. */
  readonly bins: readonly ReliabilityBin[]
}

export interface EvaluatePairsOptions {
  /** [pairs]; bins count pairs, whatever their weight. Default all 1. */
  readonly weights?: ArrayLike<number>
  /** Default 10. */
  readonly bins?: number
}

/**
 * The one report on P(a preferred to b) for every model.
 *
 * @param probabilities [pairs]
 * @param targets [pairs], 1 when a was preferred, ½ for a tie, 0 when b was, or between
 * @throws {RangeError} on unequal lengths, no pairs, or values outside [0, 1], or weights below 0
 * @example
 * evaluatePairs([0.9, 0.2, 0.5], [1, 0, 0.5]).accuracy // 1
 */
export function evaluatePairs(
  probabilities: ArrayLike<number>,
  targets: ArrayLike<number>,
  { weights, bins = 10 }: EvaluatePairsOptions = {},
): PairEvaluation {
  const { expectedError, averageError, maximumError, bins: filled } = pairCalibration(probabilities, targets, { bins })
  if (weights !== undefined && weights.length !== targets.length)
    throw new RangeError(`${weights.length} weights for ${targets.length} pairs`)
  checkWeights(weights)
  let [total, leaning, right, loss, squares] = [0, 0, 0, 0, 0]
  for (let pair = 0; pair < targets.length; pair++) {
    const [p, y, weight] = [probabilities[pair] as number, targets[pair] as number, weights?.[pair] ?? 1]
    total += weight
    loss -= weight * ((y > 0 ? y * Math.log(p) : 0) + (y < 1 ? (1 - y) * Math.log1p(-p) : 0))
    squares += weight * (p - y) ** 2
    if (y === 0.5) continue
    const towards = (y - 0.5) * (p - 0.5)
    leaning += weight
    right += weight * (towards > 0 ? 1 : towards === 0 ? 0.5 : 0)
  }
  return {
    pairs: targets.length,
    accuracy: right / leaning,
    logLoss: loss / total,
    brier: squares / total,
    expectedError,
    averageError,
    maximumError,
    bins: filled,
  }
}

function checkWeights(weights: ArrayLike<number> = []): void {
  for (let pair = 0; pair < weights.length; pair++)
    if (!((weights[pair] as number) >= 0 && (weights[pair] as number) < Number.POSITIVE_INFINITY))
      throw new RangeError(`weight ${pair} is ${weights[pair]}, expected a finite number of at least 0`)
}

export interface TemperatureFit {
  /** T > 0 that makes σ(logit/T) likeliest. */
  readonly temperature: number
  /** Mean log-loss before, at T = 1. */
  readonly before: number
  readonly after: number
  /**
   * Where no T is best, the end of the range is given: `low` when every pair is on the right side (T → 0 would be
   * best), `high` when the log-odds tell no better than chance (T → ∞), or when all are 0.
   */
  readonly bound?: 'low' | 'high'
}

/** T is looked for between these. */
const [coldest, hottest] = [1e-3, 1e3]

/**
 * Temperature scaling: the T that minimises the mean log-loss of σ(logit/T) on held-out pairs. With β = 1/T the loss is
 * convex; its root is found by Newton's method kept between bounds.
 *
 * @param logits [pairs], log-odds that a is preferred
 * @param targets [pairs], in [0, 1]
 * @throws {RangeError} on unequal lengths, no pairs, log-odds or weights that are not finite, or targets outside [0, 1]
 * @see Guo et al. (2017), arXiv 1706.04599
 */
export function fitTemperature(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  weights?: ArrayLike<number>,
): TemperatureFit {
  const count = logits.length
  if (count === 0) throw new RangeError('there are no pairs to fit a temperature to')
  if (targets.length !== count || (weights !== undefined && weights.length !== count))
    throw new RangeError(
      `${count} logits, ${targets.length} targets and ${weights?.length ?? count} weights, expected as many`,
    )
  checkWeights(weights)
  for (let pair = 0; pair < count; pair++) {
    if (!Number.isFinite(logits[pair]))
      throw new RangeError(`logit ${pair} is ${logits[pair]}, expected a finite number`)
    if (!((targets[pair] as number) >= 0 && (targets[pair] as number) <= 1))
      throw new RangeError(`target ${pair} is ${targets[pair]}, expected a number from 0 to 1`)
  }
  /** Slope and curvature of the summed loss in β. */
  const derivatives = (beta: number): readonly [slope: number, curvature: number] => {
    let [slope, curvature] = [0, 0]
    for (let pair = 0; pair < count; pair++) {
      const [x, weight] = [logits[pair] as number, weights?.[pair] ?? 1]
      const p = sigmoid(beta * x)
      slope += weight * (p - (targets[pair] as number)) * x
      curvature += weight * p * (1 - p) * x * x
    }
    return [slope, curvature]
  }
  const lossAt = (beta: number): number => {
    let [loss, total] = [0, 0]
    for (let pair = 0; pair < count; pair++) {
      const weight = weights?.[pair] ?? 1
      loss += weight * logisticLoss(beta * (logits[pair] as number), targets[pair] as number)
      total += weight
    }
    return loss / total
  }
  const found = (beta: number, bound?: 'low' | 'high'): TemperatureFit => ({
    temperature: 1 / beta,
    before: lossAt(1),
    after: lossAt(beta),
    ...(bound && { bound }),
  })
  let [low, high] = [1 / hottest, 1 / coldest]
  if (derivatives(low)[0] >= 0) return found(low, 'high')
  if (derivatives(high)[0] <= 0) return found(high, 'low')
  let beta = 1
  for (let step = 0; step < 200; step++) {
    const [slope, curvature] = derivatives(beta)
    if (slope > 0) high = beta
    else low = beta
    const newton = beta - slope / curvature
    // Where Newton leaves the bracket (or the curve is flat), the middle in logarithms.
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high)
    const moved = Math.abs(next - beta)
    beta = next
    if (moved <= 1e-12 * beta) break
  }
  return found(beta)
}

/**
 * A model whose probabilities are scaled by the temperature that fits held-out pairs best; scores, and so orders, stay
 * as they are.
 *
 * @returns the model, with the metrics `temperatureLogLossBefore` and `temperatureLogLossAfter`
 */
export async function calibrateModel<O, P>(model: FittedModel<O, P>, heldOut: PairData): Promise<FittedModel<O, P>> {
  const { temperature, before, after } = fitTemperature(await model.logits(heldOut), heldOut.targets, heldOut.weights)
  return model.with({
    temperature,
    metrics: { ...model.metrics, temperatureLogLossBefore: before, temperatureLogLossAfter: after },
  })
}

/** {@link evaluatePairs} of a model on pairs, its log-loss told from log-odds, which no rounding makes infinite. */
export async function evaluateModel(
  model: Pick<FittedModel, 'logits' | 'temperature'>,
  data: PairData,
  options: Omit<EvaluatePairsOptions, 'weights'> = {},
): Promise<PairEvaluation> {
  const logits = Float64Array.from(await model.logits(data), (logit) => logit / model.temperature)
  const report = evaluatePairs(logits.map(sigmoid), data.targets, { ...options, weights: data.weights })
  return { ...report, logLoss: meanLogLoss(logits, data) }
}
