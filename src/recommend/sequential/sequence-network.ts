import { type Symbolic, type Tensor, type TensorValue, zeros } from '../../tensor/index.ts'

/** Numbers that every network over histories has. */
export interface SequenceParameters {
  /** [items + 1, width]: item i is row i + 1, row 0 stands for padding. They are what scores are taken with, too. */
  readonly items: TensorValue
  /** [items], added to the scores. */
  readonly bias?: TensorValue
}

/** What a network may be given beside the ids. */
export interface SequenceInputs {
  /** uint32 [2]: which draw of dropout; without it nothing is dropped. */
  readonly key?: Tensor
  /** [batch, length, width] to take in place of the gathered item embeddings. */
  readonly embedded?: Tensor
}

/** Where several histories share a row. */
export interface PackedInputs extends SequenceInputs {
  /** int32 [batch, length]: which of the row's histories a position belongs to. */
  readonly segments?: Tensor
  /** int32 [batch, length]: which of the network's positions it is at. */
  readonly places?: Tensor
}

/**
 * A network that reads a history in order and says, as a vector, what may come next: the score of an item is its
 * embedding times that vector, plus its bias.
 *
 * Ids are whole numbers [batch, length], an item's number plus 1, padded with 0 on the left.
 */
export interface SequenceNetwork<P extends SequenceParameters = SequenceParameters> {
  /** Tells saved recommenders apart. */
  readonly kind: string
  /** Of the catalogue. */
  readonly items: number
  /** Most items of a history that are read: the last ones. */
  readonly length: number
  readonly width: number
  /** As they are at the start, float32. */
  readonly parameters: P
  /**
   * Which lengths of rows it takes: up to `length`, `named` ones too or only `numbers`, giving the same vectors; or the
   * `whole` length alone.
   */
  readonly lengths: 'named' | 'numbers' | 'whole'
  /** What the network can be made again from. */
  readonly settings: Readonly<Record<string, number>>
  /** The vector after the whole history: [batch, width]. */
  last(parameters: Symbolic<P>, ids: Tensor, inputs?: SequenceInputs): Tensor
  /**
   * The vector after every position, [batch, length, width], where each knows only what came before it: then every item
   * of a history can be learned from, and histories may share a row.
   */
  states?(parameters: Symbolic<P>, ids: Tensor, inputs?: PackedInputs): Tensor
}

/** The same network with a bias of each item, 0 at the start. */
export function withItemBias<P extends SequenceParameters>(network: SequenceNetwork<P>): SequenceNetwork<P> {
  return {
    ...network,
    parameters: { ...network.parameters, bias: zeros([network.items]) },
    settings: { ...network.settings, bias: 1 },
  }
}

/** @throws {RangeError} naming the first that is no whole number of at least `least` */
export function assertSizes(sizes: Readonly<Record<string, number>>, least = 1): void {
  for (const [name, size] of Object.entries(sizes))
    if (!(Number.isInteger(size) && size >= least))
      throw new RangeError(`${name} is ${size}, expected a whole number of at least ${least}`)
}

/** @throws {RangeError} naming the first that is no share from 0 to below 1 */
export function assertShares(shares: Readonly<Record<string, number>>): void {
  for (const [name, share] of Object.entries(shares))
    if (!(share >= 0 && share < 1)) throw new RangeError(`${name} is ${share}, expected a share from 0 to below 1`)
}
