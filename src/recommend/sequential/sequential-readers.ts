import { type Random, seeded } from '../../run/index.ts'
import type { RecommenderReader, SavedRecommender } from '../saved-recommender.ts'
import { gru4recNetwork } from './gru4rec.ts'
import { sasrecNetwork } from './sasrec.ts'
import type { SequenceNetwork } from './sequence-network.ts'
import { readSequences, readTree, sequentialOf } from './sequential-recommender.ts'

/** A network of some kind from its settings. */
type MakeNetwork = (items: number, settings: Readonly<Record<string, number>>, random: Random) => SequenceNetwork

/** Networks over histories by their kind. */
const networks: Readonly<Record<string, MakeNetwork>> = { gru4rec: gru4recNetwork, sasrec: sasrecNetwork }

/**
 * The network of a saved recommender.
 *
 * @throws {RangeError} when there is none of its kind, or its settings are no numbers
 */
export async function readNetwork(saved: SavedRecommender, kind: string): Promise<SequenceNetwork> {
  const make = networks[kind]
  if (!make) throw new RangeError(`there is no network "${kind}", expected one of ${Object.keys(networks).join(', ')}`)
  const settings = numbersIn(saved.text('network'))
  const network = make(settings['items'] ?? Number.NaN, settings, seeded(0))
  await readTree(saved, network.parameters)
  return network
}

function numbersIn(text: string): Readonly<Record<string, number>> {
  const read: unknown = JSON.parse(text)
  const entries = typeof read === 'object' && read !== null ? Object.entries(read) : []
  const wrong = entries.find(([, number]) => typeof number !== 'number')
  if (entries.length === 0 || wrong)
    throw new RangeError(`the network's settings are ${text}, expected numbers by name`)
  return Object.fromEntries(entries) as Readonly<Record<string, number>>
}

/** Readers of the recommenders that are a network over histories. */
export const sequentialReaders: Readonly<Record<string, RecommenderReader>> = Object.fromEntries(
  Object.keys(networks).map((kind): readonly [string, RecommenderReader] => [
    kind,
    async (saved) => sequentialOf(await readNetwork(saved, kind), await readSequences(saved), saved.seen),
  ]),
)
