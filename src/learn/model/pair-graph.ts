import {
  at,
  cast,
  concat,
  gather,
  type InputSpecs,
  type InputValues,
  type Symbolic,
  type SymbolicInputs,
  spec,
  split,
  sub,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import type { Encoder } from '../encoder/encoder.ts'
import { encodeJudgements, plainFeatures } from '../encoder/plain-features.ts'
import type { PairData, Rows } from '../pairs/pair-data.ts'
import type { JudgedPairs, JudgedRows, ModelKind, ModelParameters } from './model-kind.ts'

/** The encoders of a model; a frozen one's rows are computed before the graph and fed to it as features. */
export interface Encoders {
  readonly encoder: Encoder
  readonly contextEncoder?: Encoder
}

/** What stands in the graph for an encoder: itself, or its rows where it is frozen. */
function inGraph(encoder: Encoder): Encoder {
  return encoder.frozen ? plainFeatures(encoder.width) : encoder
}

/** An encoder's inputs under a prefix, its sizes too, so that two encoders of one graph do not meet. */
function prefixed(prefix: string, { specs }: Encoder): InputSpecs {
  const sized = (dim: number | string): number | string =>
    typeof dim === 'number' ? dim : dim.replaceAll(/[A-Za-z_]\w*/g, (name) => `${prefix}_${name}`)
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [`${prefix}/${name}`, spec(shape.map(sized), dtype)]),
  )
}

function unprefixed<V>(prefix: string, inputs: Readonly<Record<string, V>>): Readonly<Record<string, V>> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, input]) =>
      name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), input] as const] : [],
    ),
  )
}

const withPrefix = <V>(prefix: string, inputs: Readonly<Record<string, V>>): Readonly<Record<string, V>> =>
  Object.fromEntries(Object.entries(inputs).map(([name, input]) => [`${prefix}/${name}`, input]))

/** Inputs of the graph of some pairs. */
export function pairSpecs({ encoder, contextEncoder }: Encoders): InputSpecs {
  return {
    a: spec(['pairs'], 'int32'),
    b: spec(['pairs'], 'int32'),
    rater: spec(['pairs'], 'int32'),
    ...prefixed('row', inGraph(encoder)),
    ...(contextEncoder && { context: spec(['pairs'], 'int32'), ...prefixed('context', inGraph(contextEncoder)) }),
  }
}

/** The pairs of a batch, encoded, as a graph. */
export function symbolicPairs(
  { encoder, contextEncoder }: Encoders,
  parameters: Symbolic<ModelParameters>,
  inputs: SymbolicInputs<InputSpecs>,
): JudgedPairs {
  const { a, b, rater, context } = inputs as { a: Tensor; b: Tensor; rater: Tensor; context?: Tensor }
  const rows = inGraph(encoder).apply(parameters.encoder, unprefixed('row', inputs))
  const contexts =
    contextEncoder && inGraph(contextEncoder).apply(parameters.contextEncoder, unprefixed('context', inputs))
  return {
    a: gather(rows, a),
    b: gather(rows, b),
    both: gather(rows, concat([a, b])),
    rater: cast(rater, 'int64'),
    ...(contexts && context && { context: gather(contexts, context) }),
  }
}

/** Inputs of the graph of some judged rows, each with its own context. */
export function rowSpecs({ encoder, contextEncoder }: Encoders): InputSpecs {
  return {
    rater: spec(['row_rows'], 'int32'),
    ...prefixed('row', inGraph(encoder)),
    ...(contextEncoder && rowsOfContext(prefixed('context', inGraph(contextEncoder)))),
  }
}

/** One context per row. */
function rowsOfContext(specs: InputSpecs): InputSpecs {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [
      name,
      spec(
        shape.map((dim) => (dim === 'context_rows' ? 'row_rows' : dim)),
        dtype,
      ),
    ]),
  )
}

export function symbolicRows(
  { encoder, contextEncoder }: Encoders,
  parameters: Symbolic<ModelParameters>,
  inputs: SymbolicInputs<InputSpecs>,
): JudgedRows {
  const contexts =
    contextEncoder && inGraph(contextEncoder).apply(parameters.contextEncoder, unprefixed('context', inputs))
  return {
    features: inGraph(encoder).apply(parameters.encoder, unprefixed('row', inputs)),
    rater: cast(inputs['rater'] as Tensor, 'int64'),
    ...(contexts && { context: contexts }),
  }
}

/** Log-odds that a is preferred, [pairs]: the kind's own, or the difference of the first aspect's scores. */
export function logitOf<O, P>(kind: ModelKind<O, P>, parameters: Symbolic<P>, pairs: JudgedPairs, options: O): Tensor {
  if (kind.logit) return kind.logit(parameters, pairs, options)
  const { a, b, both, ...shared } = pairs
  const first = (features: Tensor, about: Omit<JudgedRows, 'features'>): Tensor =>
    at(kind.score(parameters, { features, ...about }, options), -1, 0)
  // Contexts may be wide, and laying them end to end twice would cost more than a second product.
  if (both === undefined || shared.context !== undefined) return sub(first(a, shared), first(b, shared))
  const scores = first(both, shared.rater === undefined ? {} : { rater: concat([shared.rater, shared.rater]) })
  const [ofA, ofB] = split(scores, 2) as [Tensor, Tensor]
  return sub(ofA, ofB)
}

/** Rows ready to be fed: features as a whole, or what an encoder prepares of those that are asked for. */
async function feedRows(
  encoder: Encoder,
  rows: Rows,
  places: readonly Int32Array[],
): Promise<{ readonly inputs: Readonly<Record<string, TensorValue>>; readonly places: readonly Int32Array[] }> {
  if ('columns' in rows) return { inputs: { features: value(rows.data, [rows.rows, rows.columns]) }, places }
  const known = new Map<number, number>()
  const renamed = places.map((list) =>
    list.map((place) => {
      const at = known.get(place) ?? known.size
      known.set(place, at)
      return at
    }),
  )
  const judgements = [...known.keys()].map((place) => rows[place] as Judgement)
  return { inputs: await encoder.prepare(judgements), places: renamed }
}

/** What the graph of some pairs is fed; `rows` and `contexts` of frozen encoders are features by now. */
export async function feedPairs(
  { encoder, contextEncoder }: Encoders,
  data: PairData,
  pairs: ArrayLike<number>,
): Promise<InputValues<InputSpecs>> {
  const take = (from: Int32Array): Int32Array => {
    const taken = new Int32Array(pairs.length)
    for (let at = 0; at < taken.length; at++) taken[at] = from[pairs[at] as number] as number
    return taken
  }
  const rows = await feedRows(encoder, data.rows, [take(data.a), take(data.b)])
  const fed = {
    a: rows.places[0] as Int32Array,
    b: rows.places[1] as Int32Array,
    rater: take(data.rater),
    ...withPrefix('row', rows.inputs),
  }
  if (contextEncoder === undefined) return fed
  if (data.contexts === undefined) throw new RangeError('the model reads contexts, the pairs have none')
  const contexts = await feedRows(contextEncoder, data.contexts, [take(data.context)])
  return { ...fed, context: contexts.places[0] as Int32Array, ...withPrefix('context', contexts.inputs) }
}

/** What the graph of some rows is fed, each row with its own context. */
export async function feedJudged(
  { encoder, contextEncoder }: Encoders,
  rows: Rows,
  contexts: Rows | undefined,
  rater: Int32Array,
): Promise<InputValues<InputSpecs>> {
  const all = async (one: Encoder, judged: Rows): Promise<Readonly<Record<string, TensorValue>>> =>
    'columns' in judged ? { features: value(judged.data, [judged.rows, judged.columns]) } : one.prepare(judged)
  const fed = { rater, ...withPrefix('row', await all(encoder, rows)) }
  if (contextEncoder === undefined) return fed
  if (contexts === undefined) throw new RangeError('the model reads contexts, none are given')
  return { ...fed, ...withPrefix('context', await all(contextEncoder, contexts)) }
}

/** Pairs whose rows are features wherever an encoder is frozen. @throws {RangeError} on features of another width */
export async function encodedPairs({ encoder, contextEncoder }: Encoders, data: PairData): Promise<PairData> {
  const rows = await encodedRows(encoder, data.rows, 'features')
  if (contextEncoder === undefined || data.contexts === undefined) return { ...data, rows }
  return { ...data, rows, contexts: await encodedRows(contextEncoder, data.contexts, 'context features') }
}

export async function encodedRows(encoder: Encoder, rows: Rows, what: string): Promise<Rows> {
  if ('columns' in rows) {
    if (rows.columns !== encoder.width)
      throw new RangeError(`${what} have ${rows.columns} columns, the model was made for ${encoder.width}`)
    if (!encoder.frozen)
      throw new RangeError(`${what} are plain numbers, ${encoder.description.kind} is trained on judgements`)
    return rows
  }
  return encoder.frozen ? encodeJudgements(encoder, rows) : rows
}
