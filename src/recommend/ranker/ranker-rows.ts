import { sigmoid } from '../../measure/index.ts'
import {
  type Compiled,
  compile,
  type InputSpecs,
  type SessionOptions,
  spec,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import { lastItems } from '../interactions/sequences.ts'
import {
  applyRankerNetwork,
  mixes,
  type RankerFeatures,
  type RankerInputs,
  type RankerParameters,
  type RankerShape,
} from './ranker-network.ts'

/** Who asks, what they did, and what they ask. */
export interface RankerRequest {
  /** Row of the users' features; absent or −1 where nobody is known. */
  readonly user?: number
  /** Row of the queries' features; absent or −1 where nothing is asked. */
  readonly query?: number
  /** What the user did before, oldest first. Default nothing. */
  readonly history?: ArrayLike<number>
}

/** Items to be scored for requests. */
export interface RankerRows {
  /** [rows] */
  readonly items: ArrayLike<number>
  /** Which request each row is of, ascending: [rows]. */
  readonly requests: ArrayLike<number>
  /** The requests by number. */
  request(number: number): RankerRequest
  /** [rows, numbers], where the model reads some. */
  readonly numbers?: Float32Array
}

/** What a network says of rows. */
export interface ScoredRows {
  /** Log-odds that each item is taken, [rows]. */
  readonly logits: Float32Array
  /** g, [rows, experts]; 1 for a model of one expert. */
  readonly gates: Float32Array
}

/** A network that is compiled when it is first asked. */
export interface RankerScorer {
  /** @throws {RangeError} when a user, a query or an item is not in its table */
  score(rows: RankerRows): Promise<ScoredRows>
  dispose(): Promise<void>
}

/** Rows that go through the network at once. */
const blockRows = 2048

/** A row of a table; what stands for nothing is the row after the last. */
export function rowOrNone(what: string, row: number | undefined, rows: number): number {
  if (row === undefined || row === -1) return rows
  if (!(Number.isInteger(row) && row >= 0 && row < rows))
    throw new RangeError(`there is no ${what} ${row}, expected a whole number from 0 to ${rows - 1}`)
  return row
}

/** The inputs of a network, as they are declared. */
export function rankerInputs(features: RankerFeatures, { length }: RankerShape, requests = 'requests'): InputSpecs {
  return {
    target: spec(['rows'], 'int32'),
    history: spec([requests, length], 'int32'),
    ...(features.users && { user: spec([requests], 'int32') }),
    ...(features.queries && { query: spec([requests], 'int32') }),
    ...(features.numbers && { numbers: spec(['rows', features.numbers]) }),
  }
}

/** Scores rows by a network's numbers as they are at the moment. */
export function rankerScorer(
  parameters: RankerParameters,
  features: RankerFeatures,
  shape: RankerShape,
  session: SessionOptions = {},
): RankerScorer {
  let compiled: Promise<Compiled<InputSpecs, unknown>> | undefined
  const open = (): Promise<Compiled<InputSpecs, unknown>> => {
    compiled ??= compile(
      (inputs, held) => {
        const { logits, gates, experts } = applyRankerNetwork(held, inputs as unknown as RankerInputs, features, shape)
        return { logits, gates: gates ?? experts }
      },
      { ...session, inputs: { ...rankerInputs(features, shape), request: spec(['rows'], 'int32') }, parameters },
    ) as unknown as Promise<Compiled<InputSpecs, unknown>>
    return compiled
  }
  const catalogue = features.items.rows
  const mixed = mixes(shape.model)
  const experts = mixed ? shape.experts : 1
  const block = (rows: RankerRows, from: number, to: number): Record<string, TensorValue> => {
    const numbers: number[] = []
    const request = new Int32Array(to - from)
    for (let row = from; row < to; row++) {
      const own = rows.requests[row] ?? 0
      if (numbers.at(-1) !== own) numbers.push(own)
      request[row - from] = numbers.length - 1
    }
    const asked = numbers.map((number) => rows.request(number))
    const history = lastItems(
      asked.map(({ history = [] }) => history),
      shape.length,
      catalogue,
    )
    const target = Int32Array.from({ length: to - from }, (_, row) => rows.items[from + row] ?? -1)
    for (const item of target) assertItem('item', item, catalogue)
    for (const { history = [] } of asked)
      for (let at = 0; at < history.length; at++) assertItem('behaviour', history[at] ?? -1, catalogue)
    const { users, queries, numbers: width = 0 } = features
    return {
      target: value(target),
      request: value(request),
      history: value(history, [asked.length, shape.length]),
      ...(users && { user: value(Int32Array.from(asked, ({ user }) => rowOrNone('user', user, users.rows))) }),
      ...(queries && { query: value(Int32Array.from(asked, ({ query }) => rowOrNone('query', query, queries.rows))) }),
      ...(width > 0 && {
        numbers: value((rows.numbers ?? new Float32Array(0)).slice(from * width, to * width), [to - from, width]),
      }),
    }
  }
  return {
    async score(rows) {
      const count = rows.items.length
      const width = features.numbers ?? 0
      if ((rows.numbers?.length ?? 0) !== count * width)
        throw new RangeError(
          `there are ${rows.numbers?.length ?? 0} numbers of ${count} items, expected ${width} for each`,
        )
      const scored = { logits: new Float32Array(count), gates: new Float32Array(count * experts).fill(1) }
      const run = await open()
      for (let from = 0; from < count; from += blockRows) {
        const to = Math.min(count, from + blockRows)
        const { logits, gates } = (await run(block(rows, from, to))) as { logits: TensorValue; gates: TensorValue }
        scored.logits.set(logits.data as Float32Array, from)
        if (mixed) scored.gates.set(gates.data as Float32Array, from * experts)
      }
      return scored
    },
    async dispose() {
      const opened = await compiled
      compiled = undefined
      await opened?.dispose()
    },
  }
}

function assertItem(what: string, item: number, catalogue: number): void {
  if (!(Number.isInteger(item) && item >= 0 && item < catalogue))
    throw new RangeError(`there is no ${what} ${item}, expected a whole number from 0 to ${catalogue - 1}`)
}

/** Chances from log-odds. */
export function chancesOf(logits: Float32Array): Float32Array {
  return Float32Array.from(logits, (logit) => sigmoid(logit))
}
