import {
  and,
  any,
  cast,
  dimAt,
  div,
  equal,
  exp,
  expandDims,
  flatten,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  logSoftmax,
  logSumExp,
  mul,
  neg,
  type Operand,
  or,
  pad,
  range,
  softmax,
  softplus,
  sub,
  sum,
  type Tensor,
  where,
} from '../../tensor/index.ts'
import { safeDivide } from './reduction.ts'

export interface ListLossOptions {
  /** Which places of a list hold an item: bool [lists, n]. Default: all. */
  readonly mask?: Tensor
  /** How much each list counts: [lists]. Default 1. */
  readonly weight?: Tensor
  /** Divides scores. Default 1. */
  readonly temperature?: Operand
  /**
   * `mean`: over lists that say anything (over comparisons, for losses that are sums of comparisons), 0 when none does;
   * `sum`; or `none`: one loss per list. Default mean.
   */
  readonly reduction?: 'mean' | 'sum' | 'none'
}

/** Far enough below every score that e^· is 0, near enough that nothing becomes infinite. */
const never = -1e30

interface Lists {
  /** [lists, n, 1] less [lists, 1, n]: place i's score less place j's, divided by the temperature. */
  readonly lead: Tensor
  /** bool [lists, n, n]: both places hold an item and i's label is the greater one. */
  readonly above: Tensor
  readonly row: (x: Tensor) => Tensor
  readonly column: (x: Tensor) => Tensor
  readonly both: Tensor | undefined
}

function listsOf(scores: Tensor, labels: Tensor, { mask, temperature = 1 }: ListLossOptions): Lists {
  const row = (x: Tensor): Tensor => expandDims(x, -1)
  const column = (x: Tensor): Tensor => expandDims(x, -2)
  const scaled = temperature === 1 ? scores : div(scores, temperature)
  const both = mask && and(row(mask), column(mask))
  const greaterLabel = greater(row(labels), column(labels))
  return {
    lead: sub(row(scaled), column(scaled)),
    above: both ? and(both, greaterLabel) : greaterLabel,
    row,
    column,
    both,
  }
}

/** @param units how much there is to take the mean over, per list */
function reduceLists(losses: Tensor, units: Tensor, { weight, reduction = 'mean' }: ListLossOptions): Tensor {
  const weighted = weight === undefined ? losses : mul(losses, weight)
  if (reduction === 'none') return weighted
  if (reduction === 'sum') return sum(weighted)
  return safeDivide(sum(weighted), sum(weight === undefined ? units : mul(units, weight)))
}

/** [lists]: 1 where a list holds two items of different labels. */
function speaking(above: Tensor, scores: Tensor): Tensor {
  return cast(any(above, [-2, -1]), scores.dtype)
}

/**
 * ListMLE, the negative log-likelihood of an order under Plackett–Luce: the best item is chosen among all, the next one
 * among the rest, and so on,
 *
 *     ℓ = −Σ_i ln( e^{s_i} / (e^{s_i} + Σ_{j: y_j < y_i} e^{s_j}) )
 *
 * Items of equal label do not compete with each other. A list of two is {@link pairLoss}; one of fewer than two items
 * or of equal labels alone costs 0.
 *
 * @param scores [lists, n]
 * @param labels [lists, n], greater is better; they need not be sorted
 * @returns a scalar, or [lists] with `reduction: 'none'`
 * @see Xia et al. (2008), "Listwise approach to learning to rank"; Plackett (1975)
 */
export function listMle(scores: Tensor, labels: Tensor, options: ListLossOptions = {}): Tensor {
  const { lead, above } = listsOf(scores, labels, options)
  const losses = sum(logSumExp(withZero(where(above, neg(lead), never)), -1), -1)
  return reduceLists(losses, speaking(above, scores), options)
}

/** One more entry, 0, along the last axis. */
function withZero(x: Tensor): Tensor {
  return pad(x, [[0, 1]])
}

/**
 * ListNet: the cross-entropy between the distributions that labels and scores make over a list,
 *
 *     ℓ = −Σ_i softmax(y/T_y)_i ln softmax(s)_i
 *
 * A list of two is {@link pairLoss} with the target σ((y_1 − y_2)/T_y); one of fewer than two items or of equal labels
 * alone costs 0.
 *
 * @param scores [lists, n]
 * @param labels [lists, n], greater is better
 * @see Cao et al. (2007), "Learning to rank: from pairwise approach to listwise approach", top-one form
 */
export function listNet(
  scores: Tensor,
  labels: Tensor,
  options: ListLossOptions & {
    /** Divides labels. Default 1. */
    readonly labelTemperature?: number
  } = {},
): Tensor {
  const { mask, temperature = 1, labelTemperature = 1 } = options
  const present = (x: Tensor): Tensor => (mask === undefined ? x : where(mask, x, never))
  const scaled = present(temperature === 1 ? scores : div(scores, temperature))
  const wanted = softmax(present(div(labels, labelTemperature)))
  const given = logSoftmax(scaled)
  const terms = mul(wanted, given)
  const speaks = speaking(listsOf(scores, labels, options).above, scores)
  const losses = neg(sum(mask === undefined ? terms : where(mask, terms, 0), -1))
  return reduceLists(mul(losses, speaks), speaks, options)
}

/**
 * RankNet over all pairs of a list: Σ_{y_i > y_j} softplus(−(s_i − s_j)). The mean is over comparisons.
 *
 * @param scores [lists, n]
 * @param labels [lists, n], greater is better
 * @see Burges et al. (2005), "Learning to rank using gradient descent"
 */
export function rankNet(scores: Tensor, labels: Tensor, options: ListLossOptions = {}): Tensor {
  return rankList(scores, labels, { ...options, form: 'exact' })
}

export interface RankListOptions extends ListLossOptions {
  /**
   * `exact`: the sum of the comparisons' losses; `logSumExp`: ln(1 + Σ e^{−lead}), one value per list, which leaves out
   * products and attends to the most violated comparisons. Default exact.
   */
  readonly form?: 'exact' | 'logSumExp'
  /**
   * How many places apart (in the order of labels) two items are compared: `all`, some numbers from 1, or a range whose
   * ends may change while training (numbers or scalars, see `LossContext.scalar`). Default all.
   */
  readonly skips?: 'all' | readonly number[] | { readonly from?: Operand; readonly to?: Operand }
  /** Least difference of labels for a comparison; equal labels are never compared. Default 0. */
  readonly minimumGap?: number
  /** γ: comparisons k places apart count γ^{k−1}. Default 1. */
  readonly decay?: number
}

/**
 * RankList: every neighbour and every item several places apart should be in order. With E the pairs (i, j) whose
 * labels differ by at least the minimum gap, i the better one, k places apart for a k among the skips,
 *
 *     exact: ℓ = Σ_E γ^{k−1} softplus(−(s_i − s_j)/T)
 *     logSumExp: ℓ = ln(1 + Σ_E γ^{k−1} e^{−(s_i − s_j)/T}) ≤ exact
 *
 * With equal scores these are |E| ln 2 and ln(1 + |E|). Places are those of labels, never of scores; equal labels keep
 * the order of the list. The mean is over comparisons (exact) or over lists that have any (logSumExp).
 *
 * @param scores [lists, n]
 * @param labels [lists, n], greater is better
 * @throws {RangeError} when a skip, the gap or the decay is out of range
 * @see Naini, Diaz & Busso (2025), arXiv 2508.09826
 */
export function rankList(scores: Tensor, labels: Tensor, options: RankListOptions = {}): Tensor {
  const { form = 'exact', skips = 'all', minimumGap = 0, decay = 1 } = options
  if (!(minimumGap >= 0)) throw new RangeError(`rankList: minimumGap is ${minimumGap}, expected at least 0`)
  if (!(decay > 0)) throw new RangeError(`rankList: decay is ${decay}, expected a number above 0`)
  const lists = listsOf(scores, labels, options)
  const { lead, above, row, column } = lists
  const wide = minimumGap === 0 ? above : and(above, greaterOrEqual(sub(row(labels), column(labels)), minimumGap))
  const everything = skips === 'all' && decay === 1
  const apart = everything ? undefined : placesApart(lists, labels, scores.dtype)
  const compared = apart === undefined || skips === 'all' ? wide : and(wide, among(apart, skips))
  const weights = cast(compared, scores.dtype)
  const logScale = apart === undefined || decay === 1 ? undefined : mul(sub(apart, 1), Math.log(decay))
  if (form === 'logSumExp') {
    const energy = logScale === undefined ? neg(lead) : sub(logScale, lead)
    const masked = flatten(where(compared, energy, never), -2, -1)
    return reduceLists(logSumExp(withZero(masked), -1), cast(any(compared, [-2, -1]), scores.dtype), options)
  }
  const counted = logScale === undefined ? weights : where(compared, exp(logScale), 0)
  const losses = sum(mul(softplus(neg(lead)), counted), [-2, -1])
  return reduceLists(losses, sum(counted, [-2, -1]), options)
}

/** [lists, n, n]: how many places j comes after i in the order of labels, equal labels in the order of the list. */
function placesApart({ above, row, column, both }: Lists, labels: Tensor, dtype: Tensor['dtype']): Tensor {
  const places = range(dimAt(labels.shape, -1))
  const earlier = and(equal(row(labels), column(labels)), less(row(places), column(places)))
  const before = or(above, both ? and(both, earlier) : earlier)
  const place = sum(cast(before, dtype), -2)
  return sub(column(place), row(place))
}

/** bool: whether a number of places apart is one of those asked for. */
function among(apart: Tensor, skips: Exclude<NonNullable<RankListOptions['skips']>, 'all'>): Tensor {
  if (isList(skips)) {
    if (skips.length === 0) throw new RangeError('rankList: skips is empty, expected at least one number')
    for (const skip of skips)
      if (!Number.isInteger(skip) || skip < 1)
        throw new RangeError(`rankList: a skip is ${skip}, expected a whole number of at least 1`)
    return skips.map((skip) => equal(apart, skip)).reduce(or)
  }
  const { from = 1, to } = skips
  const far = greaterOrEqual(apart, from)
  return to === undefined ? far : and(far, lessOrEqual(apart, to))
}

function isList(skips: object): skips is readonly number[] {
  return Array.isArray(skips)
}
