import type { Random } from '../../run/index.ts'
import { type FmlpRecNetworkOptions, fmlpRecNetwork } from './fmlp-rec.ts'
import { type Gru4recNetworkOptions, gru4recNetwork } from './gru4rec.ts'
import { type NextItNetNetworkOptions, nextItNetNetwork } from './next-it-net.ts'
import { type SasrecNetworkOptions, sasrecNetwork } from './sasrec.ts'
import { type SequenceNetwork, withItemBias } from './sequence-network.ts'
import { type SrGnnNetworkOptions, srGnnNetwork } from './sr-gnn.ts'

/** Sizes of the networks over histories, by kind. */
interface SettingsByKind {
  readonly gru4rec: Gru4recNetworkOptions
  readonly sasrec: SasrecNetworkOptions
  readonly 'next-it-net': NextItNetNetworkOptions
  readonly 'sr-gnn': SrGnnNetworkOptions
  readonly 'fmlp-rec': FmlpRecNetworkOptions
}

/** Networks over histories that recommenders are made of. */
export type NetworkKind = keyof SettingsByKind

/** What a network of a kind can be told. */
export type NetworkSettings<Kind extends NetworkKind> = SettingsByKind[Kind]

const networks: {
  readonly [Kind in NetworkKind]: (items: number, settings: SettingsByKind[Kind], random: Random) => SequenceNetwork
} = {
  gru4rec: gru4recNetwork,
  sasrec: sasrecNetwork,
  'next-it-net': nextItNetNetwork,
  'sr-gnn': srGnnNetwork,
  'fmlp-rec': fmlpRecNetwork,
}

export const networkKinds = Object.keys(networks) as readonly NetworkKind[]

/** A network of a kind with its numbers at the start. @throws {RangeError} on an unknown kind or sizes out of range */
export function sequenceNetwork<Kind extends NetworkKind>(
  kind: Kind,
  items: number,
  settings: NetworkSettings<Kind>,
  random: Random,
): SequenceNetwork {
  const make = networks[kind]
  if (!make) throw new RangeError(`there is no network "${kind}", expected one of ${networkKinds.join(', ')}`)
  return make(items, settings, random)
}

/**
 * A network as it was saved, its numbers yet to be read.
 *
 * @param settings the JSON of `SequenceNetwork.settings`
 * @throws {RangeError} when there is none of its kind, or its settings are no numbers
 */
export function savedNetworkOf(kind: string, settings: string, random: Random): SequenceNetwork {
  const read: unknown = JSON.parse(settings)
  const entries = typeof read === 'object' && read !== null ? Object.entries(read) : []
  if (entries.length === 0 || entries.some(([, number]) => typeof number !== 'number'))
    throw new RangeError(`the network's settings are ${settings}, expected numbers by name`)
  const numbers = Object.fromEntries(entries) as Readonly<Record<string, number>>
  const network = sequenceNetwork(kind as NetworkKind, numbers['items'] ?? Number.NaN, numbers, random)
  return numbers['bias'] === 1 ? withItemBias(network) : network
}
