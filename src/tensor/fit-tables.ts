import type { InputSpecs, InputValues } from './compile.ts'
import type { EmbeddingTable } from './embedding-table.ts'
import { isTensorValue, type TensorValue, toValue, type ValueLike, value } from './graph/value.ts'
import type { TrainStep } from './train-step.ts'

/** A table (see `embeddingTable`) whose rows a step is given, and tells the gradient of. */
export interface FitTable<Inputs, Rows extends keyof Inputs> {
  readonly table: EmbeddingTable
  /** The step's input for the rows that a batch touches, [touched, width]. Batches leave it out. */
  readonly rows: Rows
  /** Inputs that in batches are indices into the table; the step gets their places among the touched rows. */
  readonly indices: readonly (keyof Inputs)[]
  /** Which of the step's metrics is the gradient of the loss with respect to the rows. */
  readonly gradient: string
}

/** A table and its name in the checkpoint. */
export type NamedTable<Inputs, Rows extends keyof Inputs> = readonly [string, FitTable<Inputs, Rows>]

/** One update of a step, and how the tables it reads follow. */
export async function takeStep<I extends InputSpecs, P, R, Rows extends keyof I>(
  step: TrainStep<I, P, R>,
  tables: readonly NamedTable<InputValues<I>, Rows>[],
  batch: Omit<InputValues<I>, Rows>,
): Promise<{
  readonly loss: number
  /** Scalars among the step's metrics; undefined where there is none. */
  readonly reported: Readonly<Record<string, number>> | undefined
  updateTables(): void
}> {
  const numbers: Readonly<Record<PropertyKey, ValueLike | undefined>> = { ...batch }
  const inputs: Record<PropertyKey, ValueLike> = { ...batch }
  const touched = tables.map(([name, { table, rows, indices, gradient }]) => {
    const given = indices.map((input) => {
      const like = numbers[input]
      if (like === undefined)
        throw new RangeError(`fit: the batch has no "${String(input)}", which is to index the table "${name}"`)
      return { input, like, value: toValue(like, 'int64') }
    })
    const all = new BigInt64Array(given.reduce((count, { value: { data } }) => count + data.length, 0))
    let from = 0
    for (const {
      value: { data },
    } of given) {
      all.set(data as BigInt64Array, from)
      from += data.length
    }
    const found = table.touch(all)
    from = 0
    for (const {
      input,
      like,
      value: { shape, data },
    } of given) {
      const places = found.positions.data.slice(from, from + data.length) as BigInt64Array
      from += data.length
      // A flat array stays one, to be given its declared shape.
      inputs[input] = ArrayBuffer.isView(like) ? places : value(places, shape)
    }
    inputs[rows] = found.values
    return { name, table, gradient, rows: found }
  })
  const { loss, metrics } = await step(inputs as InputValues<I>)
  const told = metrics as Readonly<Record<string, unknown>>
  const scalars = Object.entries(told).filter(([, told]) => isTensorValue(told) && told.shape.length === 0)
  return {
    loss,
    reported:
      scalars.length === 0
        ? undefined
        : Object.fromEntries(scalars.map(([name, scalar]) => [name, Number((scalar as TensorValue).data[0])])),
    updateTables() {
      for (const { name, table, gradient, rows } of touched) {
        const found = told[gradient]
        if (!isTensorValue(found))
          throw new RangeError(
            `fit: the step reports no "${gradient}", which is to be the gradient of the table "${name}"; it reports ${Object.keys(told).join(', ') || 'only the loss'}`,
          )
        table.update(rows, found)
      }
    },
  }
}
