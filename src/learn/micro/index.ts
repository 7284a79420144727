export {
  type AdaptedMixtureModel,
  adaptMixture,
  type DistillRoutingOptions,
  distillRouting,
  headLeads,
  headRewards,
  type MixtureModel,
  routingWeights,
} from './adapt-mixture.ts'
export { type ExponentialWeightsOptions, exponentialWeights } from './exponential-weights.ts'
export {
  type AdaptedMixtureParameters,
  adaptedMixtureKind,
  type MixtureOptions,
  mixtureKind,
  mixtureOptionsSchema,
} from './micro.ts'
