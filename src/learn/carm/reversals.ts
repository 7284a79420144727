import { type Candidate, type Comparison, type Context, contextId } from '../../collect/index.ts'
import type { Pair, PreferenceModel } from '../contract.ts'
import { withCriterion } from './criterion-context.ts'

/** Two answers of which each is the better one for some purpose. */
export interface Reversal {
  readonly context: Context
  readonly a: Candidate
  readonly b: Candidate
  /** In words: by which a is the better one. */
  readonly favoursA: string
  /** By which b is. */
  readonly favoursB: string
}

export interface ReversalSignalsOptions {
  /** Default `reversals`. */
  readonly source?: string
  /** Default a rater of that name, a model. */
  readonly rater?: Comparison['rater']
}

/**
 * Reversals as comparisons: two of each, with the same answers and opposite outcomes, their contexts told apart by the
 * criterion. Both share their candidates, so `splitPairs` by `component` keeps them together (a split by context would
 * not).
 */
export function reversalSignals(
  reversals: readonly Reversal[],
  options: ReversalSignalsOptions = {},
): readonly Comparison[] {
  const { source = 'reversals', rater = { id: source, kind: 'model' } } = options
  return reversals.flatMap(({ context, a, b, favoursA, favoursB }, at) =>
    (
      [
        ['a', favoursA],
        ['b', favoursB],
      ] as const
    ).map(
      ([outcome, criterion]): Comparison => ({
        kind: 'comparison',
        id: `${source}/${at}/${outcome}/${contextId({ messages: [{ role: 'user', content: `${context.id} ${a.id} ${b.id}` }] }).slice(0, 16)}`,
        rater,
        context: withCriterion(context, criterion),
        time: 0,
        source,
        a,
        b,
        outcome,
      }),
    ),
  )
}

/** How well a model follows contexts. */
export interface ReversalReport {
  readonly reversals: number
  /** Accuracy with the criterion given, over both members of each reversal; a probability of ½ counts half. */
  readonly withContext: number
  /** The same without: exactly ½ for whatever is blind to the criterion. Anything else is a leak. */
  readonly withoutContext: number
  /** Share of reversals with both members right. 0 without reading the criterion. */
  readonly bothRight: number
  /** Share of reversals whose order changes with the criterion. */
  readonly flips: number
}

/**
 * Judges reversals with and without their criteria.
 *
 * @throws {RangeError} when there are none
 */
export async function evaluateReversals(
  model: Pick<PreferenceModel, 'prefer'>,
  reversals: readonly Reversal[],
): Promise<ReversalReport> {
  if (reversals.length === 0) throw new RangeError('evaluateReversals: there are no reversals')
  const asked = (criterion: (one: Reversal) => string): Promise<Float32Array> =>
    model.prefer(
      reversals.map((one): Pair => ({ context: withCriterion(one.context, criterion(one)), a: one.a, b: one.b })),
    )
  const [forA, forB, plain] = [
    await asked(({ favoursA }) => favoursA),
    await asked(({ favoursB }) => favoursB),
    await asked(() => ''),
  ]
  const right = (lead: number): number => (lead > 0 ? 1 : lead === 0 ? 0.5 : 0)
  let [given, none, both, flips] = [0, 0, 0, 0]
  for (let at = 0; at < reversals.length; at++) {
    const [first, second, blind] = [(forA[at] as number) - 0.5, 0.5 - (forB[at] as number), (plain[at] as number) - 0.5]
    given += right(first) + right(second)
    none += right(blind) + right(-blind)
    both += first > 0 && second > 0 ? 1 : 0
    flips += first * second > 0 ? 1 : 0
  }
  const count = reversals.length
  return {
    reversals: count,
    withContext: given / (2 * count),
    withoutContext: none / (2 * count),
    bothRight: both / count,
    flips: flips / count,
  }
}
