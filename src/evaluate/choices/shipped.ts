import type { SignalSource } from '../../collect/index.ts'
import type { Choices } from './choices.ts'
import { shopChoices } from './shop-choices.ts'
import { songChoices, songSignals } from './song-choices.ts'

/** Choices that come with the package. */
export interface ShippedChoices {
  readonly name: string
  readonly title: string
  /** What a choice is, in a few sentences. */
  readonly description: string
  readonly attribution?: string
  /** Whether nobody real chose. */
  readonly simulated: boolean
  /** The set of signals that they are read from; absent where they need none. */
  readonly source?: string
  /** @param store holds the shipped signals, as far as they were not erased */
  load(store: Pick<SignalSource, 'read'>): Promise<Choices>
}

const shipped: readonly ShippedChoices[] = [
  {
    name: 'eurovision-songs',
    title: 'Eurovision songs, 1975–2022',
    description:
      'Chosen means: among the three best of a show, with 8, 10 or 12 points, by a country’s jury, its televote, or both together where they are not known apart. Songs that nobody chose are left out.',
    attribution:
      'MIRoVision: J. A. Burgoyne, J. Spijkervet, D. J. Baker, “Measuring the Eurovision Song Contest: A Living Dataset for Real-World MIR”, ISMIR 2023',
    simulated: false,
    source: 'eurovision-points',
    load: (store) => songChoices(store.read(songSignals)),
  },
  {
    name: 'simulated-shop',
    title: 'A simulated shop',
    description:
      'Simulated: 600 customers who do not exist, each with one of eight departments that they mostly buy from. Some goods of a department are better known than others.',
    simulated: true,
    load: async () => shopChoices(),
  },
]

/** The choices that come with the package, real ones first. */
export function shippedChoices(): readonly ShippedChoices[] {
  return shipped
}
