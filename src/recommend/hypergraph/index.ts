export {
  type HypergraphNetwork,
  type HypergraphNetworkOptions,
  type HypergraphParameters,
  type HypergraphViews,
  hypergraphNetwork,
  itemHypergraph,
  neighbourhoodEntries,
  userHypergraph,
} from './hypergraph-network.ts'
export { type MmhclOptions, type MmhclRecommender, mmhcl } from './mmhcl.ts'
export { type KnownItems, placeItems } from './new-items.ts'
export { type SynergisticContrastOptions, synergisticContrast } from './synergistic-contrast.ts'
