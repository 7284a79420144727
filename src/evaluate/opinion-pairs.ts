import { type Comparison, opinionAspects, shippedDatasets } from '../collect/index.ts'
import { featurePairs, type PairData } from '../learn/index.ts'
import { mean, standardDeviation } from '../measure/index.ts'
import type { Run } from '../run/index.ts'

/**
 * Human choices between two summaries of opinions, by the seven scores of each summary (`opinionAspects`), in the parts
 * that the data set comes in: 800 pairs to learn from, 140 to judge by. Scores are standardised over the summaries of the
 * training part; the source of a pair is who chose.
 *
 * @throws {Error} when the data set is missing
 */
export async function opinionPairs(run: Run): Promise<{ readonly train: PairData; readonly validation: PairData }> {
  const dataset = shippedDatasets().find(({ name }) => name === 'opinpref')
  if (!dataset) throw new Error('the choices between opinion summaries (opinpref) are missing')
  const choices: Comparison[] = []
  for await (const signal of dataset.load(run)) if (signal.kind === 'comparison') choices.push(signal)
  const partOf = (name: string): readonly Comparison[] => choices.filter(({ context }) => context.tags?.includes(name))
  const scores = ({ features }: Comparison['a']): number[] => opinionAspects.map((aspect) => Number(features?.[aspect]))
  const train = partOf('train')
  const learned = train.flatMap(({ a, b }) => [scores(a), scores(b)])
  const scales = opinionAspects.map((_, k) => {
    const column = learned.map((row) => row[k] as number)
    return { centre: mean(column), spread: standardDeviation(column) || 1 }
  })
  const row = (summary: Comparison['a']): number[] =>
    scores(summary).map((score, k) => (score - (scales[k]?.centre ?? 0)) / (scales[k]?.spread ?? 1))
  const pairs = (own: readonly Comparison[]): PairData =>
    featurePairs({
      a: own.map(({ a }) => row(a)),
      b: own.map(({ b }) => row(b)),
      targets: own.map(({ outcome }) => (outcome === 'a' ? 1 : 0)),
      sources: own.map(({ rater }) => rater.id),
    })
  return { train: pairs(train), validation: pairs(partOf('validation')) }
}
