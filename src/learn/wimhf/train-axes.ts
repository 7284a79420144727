import { z } from 'zod'
import {
  initSparseAutoencoder,
  movingThreshold,
  normalizeDictionary,
  type SparseAutoencoderParameters,
  sparseLoss,
  trackSilence,
} from '../../nets/index.ts'
import type { Run } from '../../run/index.ts'
import {
  adam,
  chain,
  clipByGlobalNorm,
  compile,
  fit,
  greater,
  spec,
  type TensorValue,
  trainStep,
  value,
  zeros,
} from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'

/** How axes of difference are found. Defaults are those published, unless said otherwise. */
export const axesOptionsSchema = z.strictObject({
  /** M: how many axes. Default 32, and 16 where there are fewer than 2,000 pairs. */
  features: z.int().min(1).optional(),
  /** K: how many are active in a pair, on average. */
  active: z.int().min(1).default(4),
  /**
   * Leading axes that must explain differences on their own. Default a quarter of the axes, and all: [8, 32]. A short
   * prefix orders axes by how much they explain; where most of a few directions differ in every pair it also bends the
   * leading axes towards mixtures of them, and `[features]` alone finds them better.
   */
  prefixes: z.array(z.int().min(1)).min(1).readonly().optional(),
  learningRate: z.number().positive().default(5e-4),
  batchSize: z.int().min(1).default(256),
  epochs: z.int().min(1).default(50),
  /** Epochs before training may stop early. */
  leastEpochs: z.int().min(1).default(10),
  /** Epochs without a better loss on held-out differences before it does. */
  patience: z.int().min(1).default(3),
  /** Steps of silence after which an axis is given what the others leave unexplained. */
  deadAfter: z.int().min(1).default(64),
  /** Share of the pairs that training stops by. This project's own. */
  heldOut: z.number().gt(0).lt(1).default(0.1),
})

export type AxesOptions = z.input<typeof axesOptionsSchema>

/** Axes along which pairs of answers differ. */
export interface Axes {
  readonly width: number
  readonly features: number
  /** b `[width]` */
  readonly center: Float32Array
  /** W_e `[features, width]` */
  readonly encoder: Float32Array
  /** c `[features]` */
  readonly bias: Float32Array
  /** W_d `[features, width]`: the direction of each axis, of length 1. */
  readonly directions: Float32Array
  /** θ: an axis is active where |a| is above it. */
  readonly threshold: number
  /** Epochs trained. */
  readonly epochs: number
  /** Normalised squared error on the held-out differences, the K largest of each pair's kept on average. */
  readonly heldOutError: number
}

interface TrainedAxes extends SparseAutoencoderParameters {
  /** Kept with the parameters so that checkpoints and the best epoch have them too; not trained by gradients. */
  readonly kept: { readonly threshold: TensorValue; readonly silent: TensorValue }
}

/** x and −x, row after row: differences without a first and a second. */
function withOpposites({ rows, columns, data }: Matrix): TensorValue {
  const both = new Float32Array(2 * data.length)
  both.set(data)
  both.set(
    data.map((number) => -number),
    data.length,
  )
  return value(both, [2 * rows, columns])
}

/** Some of the rows, as a batch. */
function differencesAt({ shape, data }: TensorValue, indices: Uint32Array): { readonly x: TensorValue } {
  const width = shape[1] as number
  const rows = new Float32Array(indices.length * width)
  indices.forEach((row, at) => {
    rows.set(data.subarray(row * width, (row + 1) * width) as Float32Array, at * width)
  })
  return { x: value(rows, [indices.length, width]) }
}

/** Splits rows in two at random: the share held out last. */
function heldOutRows({ rows, columns, data }: Matrix, share: number, run: Run): readonly [Matrix, Matrix] {
  const order = run.random('axes/held out').shuffle(Array.from({ length: rows }, (_, row) => row))
  const held = Math.max(1, Math.round(share * rows))
  const part = (members: readonly number[]): Matrix => {
    const taken = new Float32Array(members.length * columns)
    members.forEach((row, at) => {
      taken.set(data.subarray(row * columns, (row + 1) * columns), at * columns)
    })
    return { rows: members.length, columns, data: taken }
  }
  return [part(order.slice(held)), part(order.slice(0, held))]
}

/**
 * Finds the axes along which pairs of answers differ, without labels: a signed BatchTopK Matryoshka sparse autoencoder
 * on differences of embeddings and their opposites. With a = W_e(x − b) + c, the K·batch largest |a| of a batch are kept
 * as z, x̂_q = z_{:q}·W_d + b for each prefix q, and the mean over prefixes of MSE(x̂_q, x)/MSE(mean, x) is minimised,
 * with an auxiliary loss for axes long silent. The threshold θ follows the smallest |z| of each batch and replaces the
 * choice by batch afterwards.
 *
 * @param differences `[pairs, width]`: embedding of the first answer − embedding of the second
 * @throws {z.ZodError} on options that are not as {@link axesOptionsSchema} says
 * @throws {RangeError} on fewer than two pairs, differences that are not finite, K above M, or prefixes above M
 * @see Movva et al. (2025), “What's In My Human Feedback?”, arXiv 2510.26202; Bussmann et al. (2024), arXiv 2412.06410
 */
export async function trainAxes(differences: Matrix, options: AxesOptions, run: Run): Promise<Axes> {
  const checked = axesOptionsSchema.parse(options)
  const { rows, columns: width, data } = differences
  if (data.length !== rows * width || rows < 2 || width < 1)
    throw new RangeError(
      `there are ${data.length} numbers for ${rows} pairs × ${width} columns, expected at least two full rows`,
    )
  const wrong = data.findIndex((number) => !Number.isFinite(number))
  if (wrong >= 0)
    throw new RangeError(
      `pair ${Math.floor(wrong / width)}: column ${wrong % width} is ${data[wrong]}, expected a finite number`,
    )
  const features = checked.features ?? (rows < 2_000 ? 16 : 32)
  const prefixes = checked.prefixes ?? [...new Set([Math.max(1, Math.floor(features / 4)), features])]
  const activation = { kind: 'batchTopK', k: checked.active } as const
  const [seen, held] = heldOutRows(differences, checked.heldOut, run)
  const both = withOpposites(seen)
  const parameters: TrainedAxes = {
    ...initSparseAutoencoder(run.random('axes/directions'), { width, features }, both.data as Float32Array),
    kept: { threshold: zeros([]), silent: zeros([features]) },
  }
  const batchSize = Math.min(checked.batchSize, 2 * seen.rows)
  const raw = await trainStep(
    ({ x }, p) => {
      const made = sparseLoss(p, x, activation, {
        signed: true,
        prefixes,
        dead: greater(p.kept.silent, checked.deadAfter),
      })
      return { loss: made.loss, smallest: made.smallest, active: made.active }
    },
    {
      inputs: { x: spec([batchSize, width]) },
      parameters,
      optimizer: chain(clipByGlobalNorm(1), adam({ learningRate: checked.learningRate })),
      trainable: (path) => !path.startsWith('kept/'),
      threads: 1,
    },
  )
  const threshold = parameters.kept.threshold.data as Float32Array
  const silent = parameters.kept.silent.data as Float32Array
  // A step is whole only when directions have unit length again and the threshold and the counts have moved on.
  const step = new Proxy(raw, {
    async apply(target, _self, [inputs]: Parameters<typeof raw>) {
      const made = await target(inputs)
      normalizeDictionary(parameters)
      const smallest = Number(made.metrics.smallest.data[0])
      threshold[0] = movingThreshold(threshold[0] as number, smallest)
      const counts = Int32Array.from(silent)
      trackSilence(counts, made.metrics.active.data)
      silent.set(counts)
      return made
    },
  })
  const evaluate = await compile(
    ({ x }, p) => {
      const { loss, error } = sparseLoss(p, x, activation, { signed: true, prefixes })
      return { loss, error }
    },
    { inputs: { x: spec([2 * held.rows, width]) }, parameters },
  )
  const heldBoth = withOpposites(held)
  let validated = 0
  try {
    const result = await fit(
      step,
      {
        // Batches made one by one: several steps in one go would pass over what is to happen between them.
        examples: { count: 2 * seen.rows, batch: (indices) => differencesAt(both, indices) },
        batchSize,
        epochs: checked.epochs,
        name: 'axes',
        dropLast: true,
        checkpointEvery: 0,
        validate: async () => {
          const { loss, error } = await evaluate({ x: heldBoth })
          validated++
          // What is watched falls by itself until training may stop, so that no epoch before counts as the best.
          const watched = validated < checked.leastEpochs ? Number.MAX_VALUE / validated : Number(loss.data[0])
          return { watched, loss: Number(loss.data[0]), error: Number(error.data[0]) }
        },
        earlyStopping: { metric: 'watched', patience: checked.patience },
      },
      run,
    )
    const { error } = await evaluate({ x: heldBoth })
    return {
      width,
      features,
      center: Float32Array.from(parameters.center.data as Float32Array),
      encoder: Float32Array.from(parameters.encoder.weight.data as Float32Array),
      bias: Float32Array.from(parameters.encoder.bias.data as Float32Array),
      directions: Float32Array.from(parameters.dictionary.data as Float32Array),
      threshold: threshold[0] as number,
      epochs: result.epochs,
      heldOutError: Number(error.data[0]),
    }
  } finally {
    await Promise.all([raw.dispose(), evaluate.dispose()])
  }
}

/**
 * How far each pair differs along each axis: z = a where |a| > θ, else 0, `[pairs, features]`. Positive where the first
 * answer has more.
 *
 * @param differences `[pairs, width]`
 */
export function encodeAxes(axes: Axes, { rows, columns, data }: Matrix): Matrix {
  const { width, features, center, encoder, bias, threshold } = axes
  if (columns !== width) throw new RangeError(`differences have ${columns} columns, the axes expect ${width}`)
  const found = new Float32Array(rows * features)
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < features; k++) {
      let sum = bias[k] as number
      for (let i = 0; i < width; i++)
        sum += (encoder[k * width + i] as number) * ((data[row * width + i] as number) - (center[i] as number))
      if (Math.abs(sum) > threshold) found[row * features + k] = sum
    }
  return { rows, columns: features, data: found }
}
