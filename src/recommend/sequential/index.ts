export {
  type AdaAdapterParameters,
  type AdaDropout,
  adaptItems,
  adaptUser,
  filterRetrieved,
  filterRounds,
  initAdaAdapters,
  rememberUser,
} from './ada-adapters.ts'
export { type AdaOptions, type AdaRetrievalOptions, adaRetrieval, fitAdaRetrieval } from './ada-retrieval.ts'
export { type AdaParameters, type AdaRounds, adaLoss, adaVectors, retrieveNext, roundWeights } from './ada-rounds.ts'
export { fitSequential, type SequentialFitOptions } from './fit-sequential.ts'
export { type FmlpRecNetworkOptions, type FmlpRecOptions, fmlpRec, fmlpRecNetwork } from './fmlp-rec.ts'
export { type Gru4recNetworkOptions, type Gru4recOptions, gru4rec, gru4recNetwork } from './gru4rec.ts'
export { type HistoryEncoder, historyEncoder } from './history-encoder.ts'
export { type HistorySampleOptions, type HistorySamples, historySamples } from './history-samples.ts'
export { type NextItNetNetworkOptions, type NextItNetOptions, nextItNet, nextItNetNetwork } from './next-it-net.ts'
export { candidateScores, type NextItemLoss, type NextItemLossOptions, nextItemLosses } from './next-item-loss.ts'
export { type SasrecNetworkOptions, type SasrecOptions, sasrec, sasrecNetwork } from './sasrec.ts'
export {
  type PackedInputs,
  type SequenceInputs,
  type SequenceNetwork,
  type SequenceParameters,
  withItemBias,
} from './sequence-network.ts'
export { type NetworkKind, type NetworkSettings, networkKinds, sequenceNetwork } from './sequence-networks.ts'
export { sequentialOf } from './sequential-recommender.ts'
export { type SrGnnNetworkOptions, type SrGnnOptions, srGnn, srGnnNetwork } from './sr-gnn.ts'
