import type { Run } from '../../run/index.ts'
import { type FitMetrics, fit, type InputSpecs, type InputValues, type TrainStep } from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import { evaluateRanking } from '../evaluation/evaluate-ranking.ts'
import type { ListMetricName, MetricAt } from '../evaluation/ranking-report.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitIdentity } from './fit-identity.ts'
import type { CountedStream } from './sampled-choices.ts'

/** How long to train, and how the best epoch is told. */
export interface SampledFitOptions {
  /** Passes at most. Default: the method's. */
  readonly epochs?: number
  /** What was held out to choose the epoch by; without it, all epochs are trained and the last stands. */
  readonly valid?: InteractionSet
  /** What of the held-out items is measured. Default `recall@20`. */
  readonly metric?: MetricAt
  /** Epochs between two measurements; in the others the metric is NaN. Default 10. */
  readonly validateEvery?: number
  /** Measurements without improvement after which training stops. Default 5. */
  readonly patience?: number
  /** Steps between checkpoints to go on from; 0 for none. Default: one at the end of each epoch. */
  readonly checkpointEvery?: number
  /** Every step's and epoch's metrics as they come; those of epochs are also in the run's folder. */
  readonly onMetrics?: (metrics: FitMetrics) => void
}

/** What a method brings to {@link fitSampled}. */
export interface SampledFit<I extends InputSpecs, P, R, M extends Recommender> {
  readonly name: string
  readonly step: TrainStep<I, P, R>
  readonly choices: CountedStream<InputValues<I>>
  readonly batchSize: number
  readonly epochs: number
  readonly train: InteractionSet
  readonly options: SampledFitOptions
  /** What else it is trained on, so that no fit goes on from another's. */
  readonly also?: readonly ArrayBufferView[]
  /** A recommender of the parameters as they are at the moment; it must not keep their memory. */
  recommender(): Promise<M>
}

/**
 * Trains a step on sampled choices, measures the held-out items between epochs, and ends with the parameters of the best
 * measurement. A run that was stopped goes on from its checkpoint: the fit is named by what it computes, what it starts
 * from and what it is trained and measured on, so that none goes on from another's.
 *
 * @throws {RangeError} on options out of range
 */
export async function fitSampled<I extends InputSpecs, P, R, M extends Recommender>(
  { name, step, choices, batchSize, epochs, train, options, also = [], recommender }: SampledFit<I, P, R, M>,
  run: Run,
): Promise<M> {
  const { valid, metric = 'recall@20', validateEvery = 10, patience = 5, checkpointEvery, onMetrics } = options
  for (const [what, number] of Object.entries({ validateEvery, patience, batchSize }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${what} is ${number}, expected a whole number of at least 1`)
  const [measure = '', cutoff = ''] = metric.split('@')
  const validate = async (held: InteractionSet): Promise<Readonly<Record<string, number>>> => {
    // A fit that goes on counts from its checkpoint.
    const epoch = Math.round(step.updates / Math.ceil(choices.count / batchSize))
    if (epoch % validateEvery !== 0 && epoch !== epochs) return { [metric]: Number.NaN }
    const now = await recommender()
    try {
      const report = await evaluateRanking(now, held, {
        cutoffs: [Number(cutoff)],
        metrics: [measure as ListMetricName],
      })
      return { [metric]: report.means[metric] ?? Number.NaN }
    } finally {
      await now.dispose()
    }
  }
  const sets = [train, ...(valid ? [valid] : [])]
  const arrays = [...sets.flatMap(({ offsets, columns }) => [offsets, columns]), ...also]
  await fit(
    step,
    {
      examples: choices,
      batchSize,
      epochs,
      name: `${name}-${fitIdentity(step, [metric, validateEvery, patience, batchSize], arrays)}`,
      order: name,
      ...(checkpointEvery !== undefined && { checkpointEvery }),
      ...(onMetrics && { onMetrics }),
      ...(valid && {
        validate: () => validate(valid),
        earlyStopping: { metric, goal: 'max' as const, patience: patience * validateEvery },
      }),
    },
    run,
  )
  return recommender()
}
