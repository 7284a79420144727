import {
  type ExampleColumn,
  type ExampleStream,
  type Examples,
  examplesOf,
  type InputSpecs,
  type InputValues,
  value,
} from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'
import { type PairData, takeRows } from '../pairs/pair-data.ts'
import { type PairStream, pairsFrom, shuffledParts } from '../pairs/stream-pairs.ts'
import { type Encoders, encodedPairs, feedPairs } from './pair-graph.ts'

/**
 * Labelled pairs as examples. Features are handed over as arrays, from which a fit takes its batches by itself; what an
 * encoder reads anew in each step is prepared batch by batch.
 */
export async function pairExamples(encoders: Encoders, data: PairData): Promise<Examples<InputValues<InputSpecs>>> {
  const columns = Object.entries(data.columns).map(([name, from]) => [`column/${name}`, from] as const)
  if ('columns' in data.rows && (encoders.contextEncoder === undefined || 'columns' in (data.contexts ?? []))) {
    const { rows, contexts } = data as { rows: Matrix; contexts?: Matrix }
    const whole = (matrix: Matrix): ExampleColumn => ({ whole: value(matrix.data, [matrix.rows, matrix.columns]) })
    return examplesOf<string>({
      a: value(data.a),
      b: value(data.b),
      rater: value(data.rater),
      'row/features': whole(rows),
      ...(encoders.contextEncoder && contexts && { context: value(data.context), 'context/features': whole(contexts) }),
      ...Object.fromEntries(columns),
      target: value(data.targets),
      weight: value(data.weights),
    })
  }
  return {
    count: data.a.length,
    async batch(indices) {
      const places = Int32Array.from(indices)
      return {
        ...(await feedPairs(encoders, data, places)),
        target: Float32Array.from(places, (pair) => data.targets[pair] as number),
        weight: Float32Array.from(places, (pair) => data.weights[pair] as number),
        ...Object.fromEntries(columns.map(([name, from]) => [name, takeRows(from, places)])),
      }
    },
  }
}

/** The pairs of a stream as examples: what is held of them are those of the buffer, and features of half of it. */
export function streamedExamples(encoders: Encoders, stream: PairStream): ExampleStream<InputValues<InputSpecs>> {
  return {
    async *pieces(random, batchSize) {
      for await (const pairs of shuffledParts(stream, random, batchSize))
        yield {
          count: pairs.length,
          open: async () => pairExamples(encoders, await encodedPairs(encoders, pairsFrom(pairs, stream.raters))),
        }
    },
  }
}
