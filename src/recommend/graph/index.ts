export { type RankingLossOptions, rankingLoss, type VectorFitOptions } from './fit-vectors.ts'
export type { GraphModel, GraphNetworkOptions } from './graph-network.ts'
export { type GraphRecommenderOptions, graphRecommender } from './graph-recommender.ts'
