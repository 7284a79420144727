export { type CoInterestParameters, type CoInterests, coInterests, initCoInterest } from './co-interest.ts'
export { initRouting, type RoutingParameters, type RoutingVariant, routeInterests, squash } from './dynamic-routing.ts'
export { fitInterests, type InterestFitOptions, targetFrequency } from './fit-interests.ts'
export { type HcnOptions, hcn } from './hcn.ts'
export { type HcnNetworkOptions, type HcnParameters, hcnNetwork, type WindowParameters } from './hcn-network.ts'
export type { UserInterests } from './interest-encoder.ts'
export {
  centreUsage,
  type Extracted,
  type ExtractionLayerParameters,
  type ExtractionOptions,
  type ExtractionParameters,
  extractInterests,
  initExtraction,
  routingAssignment,
} from './interest-extraction.ts'
export { attentionScores, labelAwareVectors, type SoftmaxScores, sampledSoftmaxLosses } from './interest-loss.ts'
export { type InterestModel, type InterestModelOptions, interestModel } from './interest-models.ts'
export type { InterestNetwork, InterestParameters } from './interest-network.ts'
export { type InterestRecommender, interestRecommenderOf, retrieveInterests } from './interest-recommender.ts'
export { type InterestSet, interestRedundancy, interestScores, meanInterestCosine } from './interest-set.ts'
export { type MultiInterestOptions, multiInterest } from './multi-interest.ts'
export { attendInterests, initSelfAttentive, type SelfAttentiveParameters } from './self-attentive.ts'
