export {
  fitSequential,
  type SequentialFitOptions,
} from './fit-sequential.ts'
export { type Gru4recNetworkOptions, type Gru4recOptions, gru4rec, gru4recNetwork } from './gru4rec.ts'
export { type HistoryEncoder, historyEncoder } from './history-encoder.ts'
export { type HistorySampleOptions, type HistorySamples, historySamples } from './history-samples.ts'
export { type NextItemLoss, type NextItemLossOptions, nextItemLosses } from './next-item-loss.ts'
export { type SasrecNetworkOptions, type SasrecOptions, sasrec, sasrecNetwork } from './sasrec.ts'
export type { PackedInputs, SequenceInputs, SequenceNetwork, SequenceParameters } from './sequence-network.ts'
export { sequentialOf } from './sequential-recommender.ts'
