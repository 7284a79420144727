/**
 * Numerics: symbolic tensors, reverse-mode autodiff, optimisers, and compilation of a whole step into one ONNX graph
 * that ONNX Runtime executes.
 */
export {
  type Compiled,
  type CompileOptions,
  compile,
  type InputSpecs,
  type InputValues,
  type SymbolicInputs,
  spec,
} from './compile.ts'
export type { EmbeddingMemory } from './embedding-memory.ts'
export {
  attachEmbeddingTable,
  type EmbeddingTable,
  type EmbeddingTableOptions,
  embeddingTable,
  loadEmbeddingTable,
  type MappedRows,
  mapEmbeddingRows,
  type TouchedRows,
} from './embedding-table.ts'
export { type EvaluateOptions, evaluate, type Plain } from './evaluate.ts'
export {
  type ExampleColumn,
  type ExamplePiece,
  type ExampleStream,
  type Examples,
  examplesOf,
  type SharedValue,
  type TableRows,
} from './examples.ts'
export { type ExportOptions, exportOnnx, type OnnxModel, openOnnx, readOnnxMetadata, saveOnnx } from './export.ts'
export { checkGradients, type GradientCheck, type GradientCheckOptions } from './finite-difference.ts'
export {
  type EarlyStopping,
  type FitMetrics,
  type FitOptions,
  type FitResult,
  fit,
  fitting,
} from './fit.ts'
export type { FitTable } from './fit-tables.ts'
export { gradients, valueAndGradient } from './gradient.ts'
export {
  addDims,
  type Dim,
  dimAt,
  divideDims,
  elementCount,
  formatShape,
  multiplyDims,
  type Shape,
  subtractDims,
} from './graph/dimension.ts'
export type { DType, TypedArray } from './graph/dtype.ts'
export { constant, input, scalar, type Tensor, type TensorType } from './graph/tensor.ts'
export {
  convert,
  filled,
  isTensorValue,
  type Nested,
  type TensorValue,
  toNested,
  toValue,
  type ValueLike,
  value,
  zeros,
} from './graph/value.ts'
export { hessianVectorProduct } from './hessian-vector-product.ts'
export * as kernels from './kernel/index.ts'
export { type GeluOptions, gelu, leakyRelu, logSigmoid, relu, silu, softplus } from './ops/activation.ts'
export { add, addAll, div, mul, neg, type Operand, sub } from './ops/arithmetic.ts'
export { type AttentionOptions, attention, causalBias } from './ops/attention.ts'
export { type CachedAttentionInputs, type CachedAttentionOptions, cachedAttention } from './ops/cached-attention.ts'
export {
  abs,
  and,
  clip,
  equal,
  greater,
  greaterOrEqual,
  isFiniteNumber,
  isInfinite,
  isNotANumber,
  less,
  lessOrEqual,
  maximum,
  minimum,
  not,
  notEqual,
  or,
  reverseGradient,
  sign,
  where,
} from './ops/compare.ts'
export { stopGradient, straightThrough, withGradient } from './ops/control.ts'
export {
  type ConvolutionOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  type TransposedConvolutionOptions,
} from './ops/convolution.ts'
export { einsum } from './ops/einsum.ts'
export {
  ceil,
  cos,
  exp,
  expm1,
  floor,
  isClose,
  log,
  log1p,
  logit,
  pow,
  reciprocal,
  round,
  sigmoid,
  signedPow,
  sin,
  sqrt,
  square,
  tanh,
} from './ops/elementwise.ts'
export { erf } from './ops/erf.ts'
export {
  type AxisOption,
  gather,
  oneHot,
  range,
  scatterAdd,
  segmentMean,
  segmentSum,
  takeAlong,
} from './ops/gather.ts'
export { at, concat, flip, pad, repeat, roll, slice, split, stack, tile } from './ops/join.ts'
export {
  broadcastTo,
  cast,
  expandDims,
  flatten,
  type ReduceOptions,
  reshape,
  squeeze,
  sum,
  transpose,
} from './ops/layout.ts'
export { dot, type LinearOptions, linear, type MatmulOptions, matmul, outer } from './ops/matmul.ts'
export {
  type GroupNormOptions,
  groupNorm,
  type LayerNormOptions,
  layerNorm,
  type RmsNormOptions,
  rmsNorm,
} from './ops/normalization.ts'
export {
  averagePool,
  globalAveragePool,
  maxPool,
  type PoolOptions,
  resizeBilinear,
  upsampleNearest,
} from './ops/pooling.ts'
export {
  dropout,
  dropRows,
  randomBernoulli,
  randomGumbel,
  randomKey,
  randomNormal,
  randomUniform,
  splitKey,
} from './ops/random.ts'
export {
  all,
  any,
  cosineSimilarity,
  full,
  logSumExp,
  maskedMean,
  max,
  mean,
  min,
  norm,
  normalize,
  sizeTensor,
  standardDeviation,
  type VarianceOptions,
  variance,
} from './ops/reduce.ts'
export { type RotaryTables, rotary, rotaryTables } from './ops/rotary.ts'
export { logSoftmax, type SoftmaxOptions, softmax } from './ops/softmax.ts'
export {
  argMax,
  argMin,
  argSort,
  type CumulativeOptions,
  cumulativeSum,
  median,
  quantile,
  ranks,
  type SortOptions,
  sort,
  type TopKOptions,
  topK,
} from './ops/sort.ts'
export { sparseMatmul } from './ops/sparse.ts'
export {
  type SparseEntries,
  type SparseFactors,
  type SparseMatrix,
  scaledMatrix,
  selfTransposed,
  sparseMatrix,
} from './ops/sparse-matrix.ts'
export { accumulateGradients } from './optimizer/accumulate.ts'
export { type AdamOptions, type AdamWOptions, adam, adamW, scaleByAdam } from './optimizer/adam.ts'
export {
  type AdagradOptions,
  adagrad,
  type LionOptions,
  lion,
  type RmspropOptions,
  rmsprop,
} from './optimizer/adaptive.ts'
export {
  accumulateMomentum,
  clipByGlobalNorm,
  clipByValue,
  decayWeights,
  globalNorm,
  type MomentumOptions,
  type SgdOptions,
  scaleByLearningRate,
  sgd,
  type WeightDecayOptions,
} from './optimizer/basic.ts'
export { type MuonOptions, muon, orthogonalized, partition } from './optimizer/muon.ts'
export {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  inverseSquareRootSchedule,
  linearSchedule,
  type Schedule,
  stepDecaySchedule,
  withWarmUp,
} from './optimizer/schedule.ts'
export {
  type AdamRule,
  chain,
  type Optimizer,
  type ParameterInfo,
  type Transform,
  type UpdateContext,
} from './optimizer/transform.ts'
export {
  type Concrete,
  mapTree,
  type ParameterTree,
  parameterCount,
  parameterLeaves,
  type Symbolic,
  type Tree,
} from './parameter-tree.ts'
export type { RowOptimizer } from './row-optimizer.ts'
export {
  openSafetensors,
  readSafetensors,
  type Safetensors,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from './safetensors.ts'
export type { Provider, SessionOptions } from './session.ts'
export type { LossContext, LossResult } from './step-graph.ts'
export { type StepLoop, type TrainOptions, type TrainStep, trainStep } from './train-step.ts'
export { perExampleGradients, vectorize } from './vectorize.ts'
