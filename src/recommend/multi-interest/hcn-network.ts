import { applyLinear, type LinearParameters, normalValue } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  broadcastTo,
  concat,
  expandDims,
  gather,
  type Symbolic,
  slice,
  type Tensor,
  type TensorValue,
} from '../../tensor/index.ts'
import { assertSizes } from '../sequential/sequence-network.ts'
import { type CoInterestParameters, coInterests, initCoInterest } from './co-interest.ts'
import {
  centreUsage,
  type ExtractionOptions,
  type ExtractionParameters,
  extractInterests,
  extractionDefaults,
  initExtraction,
} from './interest-extraction.ts'
import { presence } from './interest-models.ts'
import { type InterestNetwork, type InterestParameters, initItems, scalingMap } from './interest-network.ts'
import { anyOf } from './interest-set.ts'

/** The architecture of HCN. */
export interface HcnNetworkOptions extends ExtractionOptions {
  /** d. Default 64. */
  readonly width?: number
  /** Interests of the long past; those of the recent past are `interests`. Default: as many. */
  readonly longInterests?: number
  /** n_s, the latest behaviours. Default 20. */
  readonly short?: number
  /** n_l. Default 100. */
  readonly long?: number
  /** Whether the long past is what came `before` the short one (default), or the last n_l behaviours, the short ones too. */
  readonly longFrom?: 'before' | 'end'
  /** Whether behaviours know their place, counted from the latest. Default true. */
  readonly positions?: boolean
  /** Whether both pasts are read apart and fused; else one extraction reads all. Default true. */
  readonly coInterest?: boolean
}

export const hcnDefaults = {
  ...extractionDefaults,
  width: 64,
  short: 20,
  long: 100,
  longFrom: 'before',
  positions: true,
  coInterest: true,
} as const satisfies HcnNetworkOptions

/** Numbers for one window of the past. */
export interface WindowParameters {
  /** [behaviours, width] */
  readonly positions?: TensorValue
  readonly extraction: ExtractionParameters
}

export interface HcnParameters extends InterestParameters {
  /** From an item's vector to a behaviour, [width, width]; √width times the identity at the start. */
  readonly embed: LinearParameters
  /** The recent past, or all of it where pasts are not read apart. */
  readonly short: WindowParameters
  readonly long?: WindowParameters
  readonly co?: CoInterestParameters
}

/**
 * The network of HCN (see `hcn`): behaviours are maps of their items' vectors and places; interests are extracted from the
 * recent and from the long past, and made one set.
 *
 * @throws {RangeError} on sizes below 1
 */
export function hcnNetwork(items: number, options: HcnNetworkOptions, random: Random): InterestNetwork<HcnParameters> {
  const whole = { ...hcnDefaults, ...options }
  const { width, interests, layers, short, long, longFrom, positions, coInterest } = whole
  const longInterests = whole.longInterests ?? interests
  assertSizes({ items, width, interests, longInterests, layers, short, long })
  const length = longFrom === 'end' ? Math.max(short, long) : short + long
  const recent = coInterest ? short : length
  const part = (name: string, size: number, count: number): WindowParameters => ({
    ...(positions && {
      positions: normalValue(random.fork(`${name}/positions`), [size, width], 0.1),
    }),
    extraction: initExtraction(random.fork(`${name}/extraction`), width, { ...whole, interests: count }),
  })
  const read = (own: Symbolic<WindowParameters>, embedded: Tensor, mask: Tensor, from: number, to: number) => {
    const behaviours = slice(embedded, 1, from, to)
    const there = slice(mask, 1, from, to)
    const placed = own.positions ? add(behaviours, own.positions) : behaviours
    const { interests: found, assignment } = extractInterests(own.extraction, placed, there, whole)
    return { found, there, usage: centreUsage(assignment, there) }
  }
  return {
    kind: 'hcn',
    items,
    length,
    width,
    settings: {
      ...{ width, interests, longInterests, layers, short, long, longFrom, positions, coInterest },
      ...{ shareLayers: whole.shareLayers, update: whole.update, residual: whole.residual, read: whole.read },
    },
    parameters: {
      items: initItems(random.fork('items'), items, width),
      embed: scalingMap(width, Math.sqrt(width)),
      short: part('short', recent, interests),
      ...(coInterest && {
        long: part('long', long, longInterests),
        co: initCoInterest(random.fork('co'), width),
      }),
    },
    interests(parameters, table, ids) {
      const embedded = applyLinear(parameters.embed, gather(table, ids))
      const mask = presence(ids, table)
      const now = read(parameters.short, embedded, mask, length - recent, length)
      if (!parameters.long || !parameters.co) {
        const any = anyOf(mask)
        return { vectors: now.found, valid: spread(any, interests), usage: now.usage }
      }
      const before = read(
        parameters.long,
        embedded,
        mask,
        ...(longFrom === 'end' ? ([length - long, length] as const) : ([0, long] as const)),
      )
      const { vectors, valid } = coInterests(
        parameters.co,
        now.found,
        before.found,
        anyOf(now.there),
        anyOf(before.there),
      )
      return { vectors, valid, usage: concat([now.usage, before.usage], 1) }
    },
  }
}

/** [batch] as [batch, count]. */
function spread(x: Tensor, count: number): Tensor {
  return broadcastTo(expandDims(x, 1), [...x.shape, count])
}
