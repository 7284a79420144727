import { sigmoid } from '../../measure/index.ts'
import { type Compiled, compile, type InputSpecs, type Tensor } from '../../tensor/index.ts'
import type { Judgement, Matrix, Pair } from '../contract.ts'
import { matrixOf, type PairData, type Rows, rowCount } from '../pairs/pair-data.ts'
import type { FittedModel, ModelParts } from './model-kind.ts'
import {
  encodedPairs,
  encodedRows,
  feedJudged,
  feedPairs,
  logitOf,
  pairSpecs,
  rowSpecs,
  symbolicPairs,
  symbolicRows,
} from './pair-graph.ts'

/** What a model is made of, to make another of it. */
export function partsOf<O, P>({ contextEncoder, dataVersion, ...model }: FittedModel<O, P>): ModelParts<O, P> {
  const { kind, options, encoder, parameters, raters, temperature, metrics } = model
  return {
    ...{ kind, options, encoder, parameters, raters, temperature, metrics },
    ...(contextEncoder && { contextEncoder }),
    ...(dataVersion !== undefined && { dataVersion }),
  }
}

/** Judgements, and plain features, in one run of a graph. */
const judgementChunk = 512
const featureChunk = 8192

/**
 * A preference model from its parts, however they were fitted.
 *
 * @throws {RangeError} when the temperature is not above 0
 * @example
 * const model = fittedModel({ kind, options, encoder, parameters: { model, encoder: {}, contextEncoder: {} } })
 * const scores = await model.scoreFeatures({ features: [[1, 0], [0, 1]] })
 */
export function fittedModel<O, P>(parts: ModelParts<O, P>): FittedModel<O, P> {
  const { kind, options, encoder, contextEncoder, parameters, raters = [], temperature = 1, metrics = {} } = parts
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY))
    throw new RangeError(`${kind.name}: temperature is ${temperature}, expected a finite number above 0`)
  const encoders = { encoder, ...(contextEncoder && { contextEncoder }) }
  const aspects = kind.aspects?.(options) ?? ['overall']
  const places = new Map(raters.map((name, place) => [name, place]))
  const placeOf = (name: string | undefined): number => (name === undefined ? -1 : (places.get(name) ?? -1))

  const compiled: { rows?: Promise<Compiled<InputSpecs, Tensor>>; pairs?: Promise<Compiled<InputSpecs, Tensor>> } = {}
  const scoreRows = (): Promise<Compiled<InputSpecs, Tensor>> => {
    compiled.rows ??= compile((inputs, held) => kind.score(held.model, symbolicRows(encoders, held, inputs), options), {
      inputs: rowSpecs(encoders),
      parameters,
    }) as Promise<Compiled<InputSpecs, Tensor>>
    return compiled.rows
  }
  const comparePairs = (): Promise<Compiled<InputSpecs, Tensor>> => {
    compiled.pairs ??= compile(
      (inputs, held) => logitOf(kind, held.model, symbolicPairs(encoders, held, inputs), options),
      { inputs: pairSpecs(encoders), parameters },
    ) as Promise<Compiled<InputSpecs, Tensor>>
    return compiled.pairs
  }

  const scores = async (rows: Rows, contexts: Rows | undefined, rater: Int32Array): Promise<Matrix> => {
    const count = rowCount(rows)
    const data = new Float32Array(count * aspects.length)
    const chunk = 'columns' in rows ? featureChunk : judgementChunk
    for (let from = 0; from < count; from += chunk) {
      const to = Math.min(from + chunk, count)
      const judged = await encodedRows(encoder, part(rows, from, to), 'features')
      const about =
        contexts && contextEncoder && (await encodedRows(contextEncoder, part(contexts, from, to), 'context features'))
      const found = await (await scoreRows())(await feedJudged(encoders, judged, about, rater.subarray(from, to)))
      data.set(found.data as Float32Array, from * aspects.length)
    }
    return { rows: count, columns: aspects.length, data }
  }

  const logits = async (given: PairData): Promise<Float32Array> => {
    const data = await encodedPairs(encoders, placedAmong(given, raters))
    const count = data.a.length
    const found = new Float32Array(count)
    const chunk = 'columns' in data.rows ? featureChunk : judgementChunk
    for (let from = 0; from < count; from += chunk) {
      const pairs = Array.from({ length: Math.min(chunk, count - from) }, (_, at) => from + at)
      found.set((await (await comparePairs())(await feedPairs(encoders, data, pairs))).data as Float32Array, from)
    }
    return found
  }
  const probabilities = async (data: PairData): Promise<Float32Array> =>
    (await logits(data)).map((logit) => sigmoid(logit / temperature))

  return {
    kind,
    options,
    encoder,
    contextEncoder,
    parameters,
    raters,
    temperature,
    metrics,
    dataVersion: parts.dataVersion,
    aspects,
    score: (batch) =>
      scores(
        batch,
        batch,
        Int32Array.from(batch, ({ rater }) => placeOf(rater?.id)),
      ),
    prefer: (pairs) => probabilities(askedPairs(pairs)),
    scoreFeatures: ({ features, contexts, raters: names }) => {
      const rows = matrixOf(features)
      if (names !== undefined && names.length !== rows.rows)
        throw new RangeError(`raters has ${names.length} entries for ${rows.rows} rows`)
      const rater = Int32Array.from({ length: rows.rows }, (_, row) => placeOf(names?.[row]))
      return scores(rows, contexts && matrixOf(contexts, 'contexts'), rater)
    },
    logits,
    probabilities,
    with: (changes) => fittedModel({ ...parts, ...changes }),
    async dispose() {
      const open = [compiled.rows, compiled.pairs]
      delete compiled.rows
      delete compiled.pairs
      for (const graph of open) await (await graph)?.dispose()
    },
  }
}

function part(rows: Rows, from: number, to: number): Rows {
  return 'columns' in rows
    ? { rows: to - from, columns: rows.columns, data: rows.data.subarray(from * rows.columns, to * rows.columns) }
    : rows.slice(from, to)
}

/** The same pairs with places among these raters, −1 for names that are not there. */
export function placedAmong(data: PairData, raters: readonly string[]): PairData {
  if (data.raters === raters) return data
  const places = new Map(raters.map((name, place) => [name, place]))
  const renamed = data.raters.map((name) => places.get(name) ?? -1)
  return { ...data, raters, rater: data.rater.map((place) => (place < 0 ? -1 : (renamed[place] as number))) }
}

/** Pairs that are asked about: nothing is said of them yet. */
function askedPairs(pairs: readonly Pair[]): PairData {
  const side = (candidate: 'a' | 'b'): Judgement[] =>
    pairs.map(({ context, rater, ...sides }) => ({
      context,
      candidate: sides[candidate],
      ...(rater !== undefined && { rater }),
    }))
  const count = pairs.length
  const names = [...new Set(pairs.flatMap(({ rater }) => (rater === undefined ? [] : [rater.id])))]
  const places = new Map(names.map((name, place) => [name, place]))
  const as = side('a')
  return {
    rows: [...as, ...side('b')],
    a: Int32Array.from({ length: count }, (_, pair) => pair),
    b: Int32Array.from({ length: count }, (_, pair) => count + pair),
    targets: new Float32Array(count).fill(0.5),
    weights: new Float32Array(count).fill(1),
    contexts: as,
    context: Int32Array.from({ length: count }, (_, pair) => pair),
    raters: names,
    rater: Int32Array.from(pairs, ({ rater }) => (rater === undefined ? -1 : (places.get(rater.id) as number))),
    sources: ['asked'],
    source: new Int32Array(count),
    columns: {},
  }
}
