import type { Run } from '../../run/index.ts'
import {
  adam,
  add,
  cosineSchedule,
  fit,
  matmul,
  mul,
  reshape,
  spec,
  type TensorValue,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { pairLoss } from '../loss/index.ts'
import type { PairRows } from './segment-rows.ts'
import { softValue } from './soft-value.ts'

export interface RewardTraining {
  /** `[features]` */
  readonly start: Float64Array
  /** ψ of the states that count in the rows, `[policies, states, features]`; absent where values do not count. */
  readonly psi?: Float64Array
  readonly temperature: number
  readonly learningRate: number
  readonly steps: number
  /** Names the training's progress and metrics. */
  readonly name: string
}

export interface TrainedReward {
  /** `[features]`: the weights of the lowest loss. */
  readonly best: Float64Array
  /** `[steps + 1]`: the loss before each update, and in the end. */
  readonly losses: readonly number[]
}

/** How much the log odds of a pair move with each weight: root mean square over pairs and policies, `[features]`. */
function leverage(rows: PairRows, psi: Float64Array | undefined, features: number): Float64Array {
  const { pairs, states, coefficients } = rows
  const policies = psi ? psi.length / (states.length * features) : 1
  const squares = new Float64Array(features)
  const moved = new Float64Array(features)
  for (let pair = 0; pair < pairs; pair++) {
    const counted = [...states.keys()].filter((at) => coefficients[pair * states.length + at] !== 0)
    for (let j = 0; j < policies; j++) {
      moved.set(rows.features.subarray(pair * features, (pair + 1) * features))
      if (psi)
        for (const at of counted)
          for (let k = 0; k < features; k++)
            moved[k] =
              (moved[k] as number) +
              (coefficients[pair * states.length + at] as number) *
                (psi[(j * states.length + at) * features + k] as number)
      for (let k = 0; k < features; k++) squares[k] = (squares[k] as number) + (moved[k] as number) ** 2
    }
  }
  return squares.map((sum) => Math.sqrt(sum / (pairs * policies)) || 1)
}

/**
 * Full-batch Adam on the preference loss of some rows, in doubles, under a cosine schedule. A step of the learning rate
 * moves the log odds of pairs by about that much whichever weight takes it: under a discount near 1 a step's gas and a
 * delivery's reward count so differently in a value that no one step suits both.
 */
export async function trainReward(rows: PairRows, training: RewardTraining, run: Run): Promise<TrainedReward> {
  const { start, psi, temperature, learningRate, steps, name } = training
  const { pairs, states } = rows
  const features = start.length
  const scales = leverage(rows, psi, features)
  const policies = psi ? psi.length / (states.length * features) : 0
  const inputs: Readonly<Record<'features' | 'coefficients' | 'psi' | 'target' | 'weight' | 'units', TensorValue>> = {
    features: value(rows.features, [pairs, features]),
    coefficients: value(rows.coefficients, [pairs, states.length]),
    psi: value(psi ?? new Float64Array(0), [policies, states.length, features]),
    target: value(rows.labels, [pairs]),
    weight: value(rows.weights, [pairs]),
    units: value(
      scales.map((scale) => 1 / scale),
      [features],
    ),
  }
  const scaled = start.map((weight, k) => weight * (scales[k] as number))
  const parameters = { scaled: value(scaled, [features]) }
  const declared = (key: keyof typeof inputs): ReturnType<typeof spec> => spec(inputs[key].shape, 'float64')
  const step = await trainStep(
    (given, symbolic) => {
      const weights = mul(symbolic.scaled, given.units)
      const returns = matmul(given.features, reshape(weights, [features, 1]))
      const values = (): ReturnType<typeof softValue> => softValue(given.psi, weights, temperature)
      const logOdds = psi ? add(returns, matmul(given.coefficients, reshape(values(), [states.length, 1]))) : returns
      return pairLoss(reshape(logOdds, [pairs]), { target: given.target, weight: given.weight })
    },
    {
      inputs: {
        features: declared('features'),
        coefficients: declared('coefficients'),
        psi: declared('psi'),
        target: declared('target'),
        weight: declared('weight'),
        units: declared('units'),
      },
      parameters,
      // One thread adds up in one order, so that every machine finds the same weights.
      threads: 1,
      optimizer: adam({ learningRate: cosineSchedule(learningRate, steps + 1) }),
    },
  )
  try {
    const losses: number[] = []
    let best = { weights: start, loss: Number.POSITIVE_INFINITY }
    let before = start
    await fit(
      step,
      {
        // A step tells the loss of the weights before it: one more than asked for measures the last ones.
        examples: { count: steps + 1, batch: () => inputs },
        batchSize: 1,
        epochs: 1,
        name,
        // A training takes a second or two; what is saved is not worth resuming.
        checkpointEvery: 0,
        onMetrics({ kind, loss }) {
          if (kind !== 'step') return
          losses.push(loss)
          if (loss < best.loss) best = { weights: before, loss }
          before = scaled.map((weight, k) => weight / (scales[k] as number))
        },
      },
      run,
    )
    return { best: best.weights, losses }
  } finally {
    await step.dispose()
  }
}
