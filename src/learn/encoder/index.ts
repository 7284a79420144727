export { type BytePairs, bytePairs, type LearnBytePairsOptions, learnBytePairs, type Merge } from './byte-pairs.ts'
export {
  type CategoricalColumn,
  type CategoricalFeaturesOptions,
  type CategoricalFeaturesParameters,
  categoricalFeatures,
  categoricalFeaturesKind,
  fitCategoricalFeatures,
} from './categorical-features.ts'
export {
  type EmbeddedTextsOptions,
  embeddedTexts,
  type TextEmbedder,
} from './embedded-texts.ts'
export {
  type EmbeddingEndpointOptions,
  embeddingEndpoint,
  embeddingEndpointKind,
} from './embedding-endpoint.ts'
export type { Encoder, EncoderDescription, EncoderKind } from './encoder.ts'
export { encoderId } from './encoder-id.ts'
export { encoderKinds } from './encoder-kinds.ts'
export { type GivenFeaturesOptions, givenFeatures, givenFeaturesKind } from './given-features.ts'
export {
  hashNgrams,
  inverseDocumentFrequencies,
  type NgramOptions,
  ngramCounts,
  type SparseRow,
} from './hash-ngrams.ts'
export {
  type HashedNgramsOptions,
  type HashedNgramsParameters,
  hashedNgrams,
  hashedNgramsKind,
  type NgramRarity,
  ngramRarity,
  projectSparse,
} from './hashed-ngrams.ts'
export { type JoinedParameters, joinEncoders, joinedEncodersKind } from './join-encoders.ts'
export type { FeaturesOf, FeatureValue } from './judged-features.ts'
export {
  type Addressed,
  candidateText,
  contextText,
  type Reads,
  textsOf,
  transcript,
} from './judged-text.ts'
export {
  fitNumericFeatures,
  type NumericColumn,
  type NumericFeaturesOptions,
  numericFeatures,
  numericFeaturesKind,
} from './numeric-features.ts'
export { encodeJudgements, plainFeatures, plainFeaturesKind } from './plain-features.ts'
export {
  checkpointHash,
  type OpenedEncoder,
  type SentenceTransformerOptions,
  sentenceTransformer,
  sentenceTransformerKind,
} from './sentence-transformer.ts'
export { type TransformerEncoderOptions, transformerEncoder, transformerEncoderKind } from './transformer-encoder.ts'
