import { seeded } from '../../run/index.ts'
import type { RecommenderReader } from '../saved-recommender.ts'
import { readAdaRetrieval } from './ada-recommender.ts'
import { networkKinds, savedNetworkOf } from './sequence-networks.ts'
import { readSequences, readTree, sequentialOf } from './sequential-recommender.ts'

/** Readers of the recommenders that are a network over histories, or are built on one. */
export const sequentialReaders: Readonly<Record<string, RecommenderReader>> = {
  ...Object.fromEntries(
    networkKinds.map((kind): readonly [string, RecommenderReader] => [
      kind,
      async (saved) => {
        const network = savedNetworkOf(kind, saved.text('network'), seeded(0))
        await readTree(saved, network.parameters)
        return sequentialOf(network, await readSequences(saved), saved.seen)
      },
    ]),
  ),
  'ada-retrieval': readAdaRetrieval,
}
