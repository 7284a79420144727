import { kendallTau } from '../../measure/index.ts'
import type { FittedModel } from '../model/model-kind.ts'

import { type ListData, listCount, speaks } from './list-data.ts'

/** How well scores put lists in order. */
export interface ListEvaluation {
  /** Lists that say anything. */
  readonly lists: number
  /** Mean over lists of Kendall's τ-b between scores and labels; a list whose scores are all equal counts 0. */
  readonly tau: number
  /** Share of the pairs of a list at least the gap apart that are in order; equal scores count half. NaN without any. */
  readonly accuracy: number
  /** How many such pairs there are. */
  readonly pairs: number
}

/**
 * Kendall's τ-b and ranking accuracy of scores against the labels of lists. Give all items as one list for the τ of a
 * whole test set.
 *
 * @param scores of the entries of `data`, list after list: [entries]
 * @param options.minimumGap least difference of labels for a pair to be counted in the accuracy. Default 0
 * @throws {RangeError} when there are not as many scores as entries, or no list says anything
 */
export function listAgreement(
  scores: ArrayLike<number>,
  data: Pick<ListData, 'starts' | 'labels'>,
  { minimumGap = 0 }: { readonly minimumGap?: number } = {},
): ListEvaluation {
  if (scores.length !== data.labels.length)
    throw new RangeError(`there are ${scores.length} scores of ${data.labels.length} entries`)
  let [lists, tau, pairs, right] = [0, 0, 0, 0]
  for (let list = 0; list < listCount(data); list++) {
    const [from, to] = [data.starts[list] as number, data.starts[list + 1] as number]
    const labels = data.labels.subarray(from, to)
    if (!speaks(labels)) continue
    const own = Float64Array.from(labels, (_, at) => scores[from + at] as number)
    lists++
    const found = kendallTau(own, labels)
    tau += Number.isNaN(found) ? 0 : found
    for (let i = 0; i < own.length; i++)
      for (let j = 0; j < own.length; j++) {
        const gap = (labels[i] as number) - (labels[j] as number)
        if (!(gap > 0 && gap >= minimumGap)) continue
        const lead = (own[i] as number) - (own[j] as number)
        pairs++
        right += lead > 0 ? 1 : lead === 0 ? 0.5 : 0
      }
  }
  if (lists === 0) throw new RangeError('no list has two different labels, so there is no order to compare with')
  return { lists, tau: tau / lists, accuracy: right / pairs, pairs }
}

/** {@link listAgreement} of a model's scores (of its first aspect) with the labels of lists. */
export async function evaluateLists(
  model: Pick<FittedModel, 'score' | 'scoreFeatures'>,
  data: ListData,
  options: { readonly minimumGap?: number } = {},
): Promise<ListEvaluation> {
  const { rows } = data
  const scored =
    'columns' in rows ? await model.scoreFeatures(await askedRows(data)) : await model.score(askedJudgements(data))
  const first = Float64Array.from(data.items, (_, at) => scored.data[at * scored.columns] as number)
  return listAgreement(first, data, options)
}

/** Entries one by one, each with its list's rater. */
async function askedRows({ rows, items, starts, rater, raters }: ListData) {
  if (!('columns' in rows)) throw new TypeError('the rows are judgements')
  const { columns } = rows
  const data = new Float32Array(items.length * columns)
  items.forEach((row, at) => {
    data.set(rows.data.subarray(row * columns, (row + 1) * columns), at * columns)
  })
  const names: string[] = []
  rater.forEach((of, list) => {
    while (names.length < (starts[list + 1] as number)) names.push(raters[of] ?? '')
  })
  return { features: { rows: items.length, columns, data }, raters: names }
}

function askedJudgements({ rows, items }: ListData) {
  return Array.from(items, (row) => ('columns' in rows ? [] : (rows[row] ?? []))).flat()
}
