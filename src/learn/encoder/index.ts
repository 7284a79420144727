export type { Encoder, EncoderDescription, EncoderKind } from './encoder.ts'
export { type GivenFeaturesOptions, givenFeatures } from './given-features.ts'
