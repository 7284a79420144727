import {
  applyMlp,
  applyRqVae,
  encodeResidual,
  fitResidualQuantizer,
  initRqVae,
  type ResidualQuantizerParameters,
  rqVaeLoss,
} from '../../nets/index.ts'
import { type Random, type Run, startRun } from '../../run/index.ts'
import { adamW, compile, examplesOf, fit, spec, trainStep, value } from '../../tensor/index.ts'
import { fitName } from './fit-name.ts'
import type { ContentVectors } from './item-vectors.ts'
import { type SemanticIdOptions, type SemanticIds, semanticIds } from './semantic-ids.ts'

/** Ids of a catalogue, and the way to those of items that come later. */
export interface ItemQuantizer {
  readonly ids: SemanticIds
  /** The codebooks, [codes, width] a level. */
  readonly codebooks: ResidualQuantizerParameters
  /**
   * Codes of any items, the nearest at each level of what the levels before left: [items · levels], without the level
   * that tells equal codes apart.
   *
   * @throws {RangeError} when the vectors have another width
   */
  encode(vectors: ContentVectors): Promise<Int32Array>
  /** Mean squared length of what the codes leave of the catalogue's vectors, as a share of that before. */
  readonly left: number
}

export interface QuantizeOptions extends SemanticIdOptions {
  /** Default 3 (OneRec, TIGER, Mender). */
  readonly levels?: number
  /** Codes of each level. Default 256 (TIGER, Mender); OneRec has 8192. At most the number of items. */
  readonly codes?: number
}

export interface ResidualIdOptions extends QuantizeOptions {
  /** Clusters of equal size (OneRec's algorithm 1) or of any. Default `balanced`. */
  readonly clustering?: 'balanced' | 'k-means'
  /** Rounds of each clustering at most. Default 50. */
  readonly maxIterations?: number
}

function sizesOf(options: QuantizeOptions): { readonly levels: number; readonly codes: number } {
  const { levels = 3, codes = 256 } = options
  for (const [name, number] of Object.entries({ levels, codes }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  return { levels, codes }
}

function assertWidth(vectors: ContentVectors, width: number): void {
  if (vectors.width !== width) throw new RangeError(`the vectors have width ${vectors.width}, expected ${width}`)
}

/**
 * Ids by residual k-means: the clusters of the vectors are the codes of the first level, those of what the centroids
 * leave the codes of the second, and so on. Under `balanced` every cluster of a level has as many items as the others (or
 * one more), so that all codes are used alike; an item's code is then not always its nearest, which new items get.
 *
 * @throws {RangeError} on options out of range, or more codes than items
 * @see Deng et al., OneRec, arXiv 2502.18965 (2025), section 3.1
 * @example
 * const { ids } = residualIds(await textVectors(titles, encoder), { codes: 32 }, seeded(1))
 */
export function residualIds(vectors: ContentVectors, options: ResidualIdOptions, random: Random): ItemQuantizer {
  const { levels, codes } = sizesOf(options)
  const { data, width } = vectors
  const { clustering = 'balanced', maxIterations = 50 } = options
  const fitted = fitResidualQuantizer(data, random, { width, levels, codes, clustering, maxIterations })
  return {
    ids: semanticIds(fitted.codes, new Array<number>(levels).fill(codes), options),
    codebooks: fitted.parameters,
    async encode(others) {
      assertWidth(others, width)
      return encodeResidual(fitted.parameters, others.data)
    },
    left: (fitted.residuals.at(-1) ?? 0) / (fitted.residuals[0] || 1),
  }
}

export interface RqVaeIdOptions extends QuantizeOptions {
  /** Widths of the encoder's hidden layers. Default [512, 256] (Mender's). */
  readonly hidden?: readonly number[]
  /** Width of the codes. Default 128 (Mender's). */
  readonly latent?: number
  /** β, the weight of the commitment. Default 0.25 (Mender's). */
  readonly commitment?: number
  /** AdamW's. Default 1e-3 (Mender's). */
  readonly learningRate?: number
  /** Default 0.1 (Mender's). */
  readonly weightDecay?: number
  /** Items in a step. Default 2048 (Mender's), at most the catalogue. */
  readonly batchSize?: number
  /** Default 8000 (Mender's). */
  readonly epochs?: number
}

/**
 * Ids by a residual-quantised autoencoder: the vectors, standardised by the catalogue's means and deviations, are encoded,
 * quantised level by level and decoded again; trained on
 *
 *     MSE(x, x̂) + mean_l [ MSE(sg r_l, e_l) + β MSE(r_l, sg e_l) ]
 *
 * with the codebooks started at the residual k-means of the first encoding. Dead codes are not revived.
 *
 * @throws {RangeError} on options out of range, or more codes than items
 * @see Rajput et al., arXiv 2305.05065 (2023); settings of Paischer et al., Mender, arXiv 2412.08604 (2024)
 */
export async function rqVaeIds(
  vectors: ContentVectors,
  options: RqVaeIdOptions = {},
  run: Run = startRun(),
): Promise<ItemQuantizer> {
  const { levels, codes } = sizesOf(options)
  const { hidden = [512, 256], latent = 128, commitment = 0.25, learningRate = 1e-3, weightDecay = 0.1 } = options
  const { batchSize = 2048, epochs = 8000 } = options
  const { width } = vectors
  const items = vectors.data.length / width
  const scaling = scalingOf(vectors)
  const x = standardised(vectors, scaling)
  const parameters = initRqVae(run.random('rq-vae/start'), { sizes: [width, ...hidden, latent], levels, codes })
  const latents = async (rows: Float32Array): Promise<Float32Array> => {
    const encoding = await compile((inputs, p) => applyMlp(p.encoder, inputs.x), {
      inputs: { x: spec(['items', width]) },
      parameters,
    })
    try {
      const found = await encoding({ x: value(rows, [rows.length / width, width]) })
      return Float32Array.from(found.data as Float32Array)
    } finally {
      await encoding.dispose()
    }
  }
  const started = fitResidualQuantizer(await latents(x), run.random('rq-vae/codebooks'), {
    width: latent,
    levels,
    codes,
  })
  for (const [level, codebook] of started.parameters.codebooks.entries())
    parameters.quantizer.codebooks[level]?.data.set(codebook.data as never)
  const step = await trainStep((inputs, p) => rqVaeLoss(applyRqVae(p, inputs.x), inputs.x, commitment), {
    inputs: { x: spec(['items', width]) },
    parameters,
    optimizer: adamW({ learningRate, weightDecay }),
  })
  try {
    const columns = { x: value(x, [items, width]) }
    await fit(
      step,
      {
        examples: examplesOf(columns),
        batchSize: Math.min(batchSize, items),
        epochs,
        name: fitName('rq-vae', step, columns, [batchSize]),
        order: 'rq-vae',
        checkpointEvery: 0,
      },
      run,
    )
  } finally {
    await step.dispose()
  }
  const quantizer = { codebooks: parameters.quantizer.codebooks.map((book) => ({ ...book, data: book.data.slice() })) }
  const encoded = await latents(x)
  const found = encodeResidual(quantizer, encoded)
  return {
    ids: semanticIds(found, new Array<number>(levels).fill(codes), options),
    codebooks: quantizer,
    async encode(others) {
      assertWidth(others, width)
      return encodeResidual(quantizer, await latents(standardised(others, scaling)))
    },
    left: leftOf(quantizer, encoded, found),
  }
}

interface Scaling {
  readonly means: Float64Array
  readonly deviations: Float64Array
}

/** Means and deviations of the columns; a column that never changes has deviation 1. */
function scalingOf({ data, width }: ContentVectors): Scaling {
  const items = data.length / width
  const [means, deviations] = [new Float64Array(width), new Float64Array(width)]
  for (const [at, number] of data.entries()) means[at % width] = (means[at % width] as number) + number / items
  for (const [at, number] of data.entries())
    deviations[at % width] = (deviations[at % width] as number) + (number - (means[at % width] as number)) ** 2 / items
  return { means, deviations: deviations.map((square) => Math.sqrt(square) || 1) }
}

function standardised({ data, width }: ContentVectors, { means, deviations }: Scaling): Float32Array {
  return data.map((number, at) => (number - (means[at % width] as number)) / (deviations[at % width] as number))
}

/** Share of the squared length that the codes leave. */
function leftOf({ codebooks }: ResidualQuantizerParameters, points: Float32Array, codes: Int32Array): number {
  const levels = codebooks.length
  const width = codebooks[0]?.shape[1] ?? 1
  let [before, after] = [0, 0]
  for (let point = 0; point < points.length / width; point++)
    for (let k = 0; k < width; k++) {
      const number = points[point * width + k] as number
      let rest = number
      for (const [level, { data }] of codebooks.entries())
        rest -= data[(codes[point * levels + level] as number) * width + k] as number
      before += number * number
      after += rest * rest
    }
  return after / (before || 1)
}
