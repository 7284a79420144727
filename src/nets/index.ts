/**
 * Architectures as plain functions over parameter trees: `initX(random, config)` makes the numbers, `applyX(parameters,
 * inputs, config)` builds the graph.
 */
export {
  type Layout,
  namedParameters,
  readParameters,
  type Stored,
  storedAs,
  storedLeaves,
  storedLinear,
  storedNorm,
} from './checkpoint.ts'
export { linearCrossEntropy, weightedMean } from './cross-entropy.ts'
export { decoderLayout, type LoadedDecoder, loadDecoder, readDecoder, saveDecoder } from './decoder/checkpoint.ts'
export {
  type DecoderConfig,
  type FullDecoderConfig,
  fullDecoderConfig,
  parseDecoderConfig,
  type RotaryScaling,
} from './decoder/config.ts'
export { applyDecoder, type DecoderInputs, decoderHead, decoderLoss, decoderStates } from './decoder/decoder.ts'
export { type DecoderGenerator, type GenerateOptions, openGenerator } from './decoder/generate.ts'
export { type DecoderLayerParameters, type DecoderParameters, initDecoder } from './decoder/parameters.ts'
export { rotaryFrequencies } from './decoder/rotary-angles.ts'
export { type SamplingOptions, sampleToken, tokenDistribution } from './decoder/sample-token.ts'
export { swiGlu } from './decoder/swiglu.ts'
export {
  applyDit,
  applyDitTokens,
  type DitConditions,
  type DitConfig,
  type DitLayerParameters,
  type DitParameters,
  initDit,
  patchify,
  unpatchify,
} from './diffusion/dit.ts'
export { cosineNoise, linearNoise, type NoiseSchedule, zeroTerminalNoise } from './diffusion/noise-schedule.ts'
export {
  batchRates,
  type DiffusionProcess,
  denoisingErrors,
  denoisingTarget,
  noised,
  type Predict,
  type Rates,
  type Recovery,
  ratesAt,
  recovered,
  recovery,
} from './diffusion/process.ts'
export {
  type DdimOptions,
  type Denoise,
  ddimStep,
  ddimTimes,
  guided,
  invertDdim,
  type SamplerOptions,
  sampleDdim,
  sampleEuler,
} from './diffusion/samplers.ts'
export {
  applyTimeEmbedding,
  initTimeEmbedding,
  sinusoidal,
  type TimeEmbeddingParameters,
} from './diffusion/time-embedding.ts'
export {
  applyUnet,
  type ConvolutionParameters,
  initUnet,
  type UnetBlockParameters,
  type UnetConditions,
  type UnetConfig,
  type UnetParameters,
} from './diffusion/unet.ts'
export {
  applyVectorDenoiser,
  initVectorDenoiser,
  type VectorDenoiserConfig,
  type VectorDenoiserParameters,
} from './diffusion/vector-denoiser.ts'
export {
  applyBert,
  type BertInputs,
  type BertParameters,
  bertLayout,
  bertPooler,
  initBert,
  meanPool,
} from './encoder/bert.ts'
export { type BertConfig, type FullBertConfig, fullBertConfig, parseBertConfig } from './encoder/bert-config.ts'
export { applyBlock, type BlockOptions, type BlockParameters, type BlockSizes, initBlock } from './encoder/block.ts'
export {
  applyClipText,
  type ClipConfig,
  type ClipParameters,
  type ClipTextConfig,
  type ClipTextParameters,
  clipImages,
  clipLogits,
  clipLoss,
  clipTexts,
  initClip,
} from './encoder/clip.ts'
export { clipLayout, loadClip, parseClipConfig } from './encoder/clip-checkpoint.ts'
export {
  type LoadedSentenceEncoder,
  loadSentenceEncoder,
  openSentenceEncoder,
  type Pooling,
  type SentenceEncoder,
  type SentenceEncoderOptions,
} from './encoder/sentence-encoder.ts'
export {
  applyVision,
  type FullVisionConfig,
  fullVisionConfig,
  initVision,
  loadVision,
  type VisionConfig,
  type VisionParameters,
  visionHead,
  visionLayout,
} from './encoder/vision.ts'
export {
  type Adjacency,
  type AdjacencyOptions,
  adjacency,
  type GraphEntries,
  propagate,
} from './graph/adjacency.ts'
export { applyGcn, type GcnOptions, type GcnParameters, initGcn } from './graph/gcn.ts'
export { type Hypergraph, type HypergraphOptions, hypergraph, propagateHypergraph } from './graph/hypergraph.ts'
export { applyLightGcn, initLightGcn, type LightGcnOptions, type LightGcnParameters } from './graph/light-gcn.ts'
export { neighbourEntries } from './graph/neighbours.ts'
export {
  applyNgcf,
  initNgcf,
  type NgcfLayerParameters,
  type NgcfOptions,
  type NgcfParameters,
} from './graph/ngcf.ts'
export { type Interactions, interactionEntries, userItemEntries } from './graph/user-item.ts'
export {
  applyLinear,
  initLinear,
  initNorm,
  type LinearOptions,
  type LinearParameters,
  type LoraParameters,
  type NormParameters,
} from './linear.ts'
export { addLora, isLoraPath, type LoraOptions, loraParameters, mapLinear, mergeLora, removeLora } from './lora.ts'
export {
  applyMixture,
  initMixture,
  loadBalancingLoss,
  type MixtureConfig,
  type MixtureOptions,
  type MixtureParameters,
  type MixtureResult,
} from './mixture-of-experts.ts'
export { type Activation, activate, applyMlp, initMlp, type MlpOptions, type MlpParameters } from './mlp.ts'
export {
  applyMultiHead,
  initMultiHead,
  type MultiHeadConfig,
  type MultiHeadParameters,
} from './multi-head.ts'
export { type FloatType, normalValue, uniformValue } from './parameters.ts'
export { loadPeft, type SavePeftOptions, savePeft } from './peft.ts'
export {
  type CodeUsage,
  codePerplexity,
  initCodeUsage,
  reviveDeadCodes,
  trackUsage,
} from './quantizer/code-usage.ts'
export {
  balancedKMeans,
  type Clustering,
  type KMeansOptions,
  kMeans,
  kMeansPlusPlus,
  nearestCentroids,
  type Points,
} from './quantizer/k-means.ts'
export {
  applyResidualQuantizer,
  decodeResidual,
  encodeResidual,
  type FitOptions,
  type FittedQuantizer,
  fitResidualQuantizer,
  initResidualQuantizer,
  type Quantized,
  type ResidualQuantizerConfig,
  type ResidualQuantizerParameters,
} from './quantizer/residual-quantizer.ts'
export {
  applyRqVae,
  initRqVae,
  type RqVaeConfig,
  type RqVaeParameters,
  type RqVaeResult,
  rqVaeLoss,
} from './quantizer/rq-vae.ts'
export {
  applyCrossEncoder,
  type CrossEncoderConfig,
  type CrossEncoderInputs,
  type CrossEncoderLayerParameters,
  type CrossEncoderParameters,
  initCrossEncoder,
} from './sequence/cross-encoder.ts'
export {
  applyFmlp,
  type FmlpConfig,
  type FmlpInputs,
  type FmlpLayerParameters,
  type FmlpParameters,
  initFmlp,
} from './sequence/fmlp.ts'
export { fourierFilter, fourierMatrices, frequencyCount } from './sequence/fourier-filter.ts'
export {
  applyGru,
  type GruConfig,
  type GruLayerParameters,
  type GruOptions,
  type GruParameters,
  type GruResult,
  initGru,
} from './sequence/gru.ts'
export {
  applyNextItNet,
  initNextItNet,
  type NextItNetBlockParameters,
  type NextItNetConfig,
  type NextItNetInputs,
  type NextItNetParameters,
} from './sequence/next-it-net.ts'
export {
  applySasrec,
  initSasrec,
  type SasrecConfig,
  type SasrecInputs,
  type SasrecLayerParameters,
  type SasrecParameters,
  sasrecScores,
} from './sequence/sasrec.ts'
export { earlier, sameSegment } from './sequence/segments.ts'
export {
  applySrGnn,
  initSrGnn,
  type SrGnnConfig,
  type SrGnnInputs,
  type SrGnnParameters,
  sessionGraph,
} from './sequence/sr-gnn.ts'
export {
  decodeSparse,
  encodeSparse,
  initSparseAutoencoder,
  movingThreshold,
  normalizeDictionary,
  normalizedSquaredError,
  type SparseActivation,
  type SparseAutoencoderParameters,
  type SparseLoss,
  type SparseLossOptions,
  type SparseOptions,
  sparseLoss,
  sparsePreActivations,
  trackSilence,
} from './sparse-autoencoder.ts'
