import type { Random } from '../../run/index.ts'
import { add, mean, mul, type Symbolic, square, sub, type Tensor } from '../../tensor/index.ts'
import { applyMlp, initMlp, type MlpParameters } from '../mlp.ts'
import type { FloatType } from '../parameters.ts'
import {
  applyResidualQuantizer,
  initResidualQuantizer,
  type Quantized,
  type ResidualQuantizerParameters,
} from './residual-quantizer.ts'

export interface RqVaeConfig {
  /** Features at the input, after each hidden layer, and of the code space, as [768, 512, 256, 128]. The decoder mirrors them. */
  readonly sizes: readonly number[]
  /** Default 3. */
  readonly levels?: number
  /** Of each level. Default 256. */
  readonly codes?: number
}

export interface RqVaeParameters {
  readonly encoder: MlpParameters
  readonly quantizer: ResidualQuantizerParameters
  readonly decoder: MlpParameters
}

/** Encoder, codebooks and decoder, all fresh. Set the codebooks from encoded data before training. */
export function initRqVae(random: Random, config: RqVaeConfig, dtype: FloatType = 'float32'): RqVaeParameters {
  const { sizes, levels = 3, codes = 256 } = config
  return {
    encoder: initMlp(random, sizes, { dtype }),
    quantizer: initResidualQuantizer(random, { width: sizes.at(-1) ?? 1, levels, codes }, dtype),
    decoder: initMlp(random, sizes.toReversed(), { dtype }),
  }
}

export interface RqVaeResult extends Quantized {
  /** [batch, code width], before quantisation */
  readonly latent: Tensor
  /** [batch, features] */
  readonly reconstruction: Tensor
}

/**
 * A residual-quantised autoencoder (Lee et al. 2022, arXiv 2203.01941), as used for semantic ids of items (Rajput et al.
 * 2023, arXiv 2305.05065).
 *
 * @param x [batch, features]
 */
export function applyRqVae(parameters: Symbolic<RqVaeParameters>, x: Tensor): RqVaeResult {
  const latent = applyMlp(parameters.encoder, x)
  const found = applyResidualQuantizer(parameters.quantizer, latent)
  return { ...found, latent, reconstruction: applyMlp(parameters.decoder, found.quantized) }
}

/** MSE(x, x̂) + codebook loss + β · commitment loss, a scalar. `commitment` is β, default 0.25. */
export function rqVaeLoss(result: RqVaeResult, x: Tensor, commitment = 0.25): Tensor {
  const reconstruction = mean(square(sub(result.reconstruction, x)))
  return add(reconstruction, add(result.codebookLoss, mul(result.commitmentLoss, commitment)))
}
