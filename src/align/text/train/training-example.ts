import type { Examples, TensorValue } from '../../../tensor/index.ts'
import { value } from '../../../tensor/index.ts'
import { type CollateOptions, collateRows, type TokenRow } from '../data/collate.ts'
import type { TokenizedExample } from '../data/tokenize.ts'

/** What a policy is trained on: the completions that a loss sets against each other, each after its prompt. */
export interface TrainingExample {
  /** A pair has the chosen and the rejected completion, a list any number, a labelled completion stands alone. */
  readonly rows: readonly TokenRow[]
  /**
   * Other numbers that a loss reads, by name: one, as the soft label `target`, or one for each row, as `rewards`. The
   * same names in all examples.
   */
  readonly numbers?: Readonly<Record<string, number | readonly number[]>>
  /** ln π_ref of each row's tokens but the first, where the reference was asked beforehand. */
  readonly referenceTokens?: readonly ArrayLike<number>[]
}

/** An example as the tokenizer made it, with the numbers that its loss reads. */
export function trainingExample(
  { prompt, completions }: Pick<TokenizedExample, 'prompt' | 'completions'>,
  numbers?: TrainingExample['numbers'],
): TrainingExample {
  return { rows: completions.map((completion) => ({ prompt, completion })), ...(numbers && { numbers }) }
}

/** The inputs of a training step, by name; which numbers there are depends on the loss. */
export type TrainingInputs = Readonly<Record<string, TensorValue>>

/** What all examples of a training have in common. */
export interface ExampleForm {
  /** Rows of each example. */
  readonly rows: number
  /** Names of numbers that each example has one of. */
  readonly single: readonly string[]
  /** Names of numbers that each row has one of. */
  readonly perRow: readonly string[]
  readonly references: boolean
}

/**
 * The form that examples share. Lists may differ in length: shorter ones are filled up, and told by `present`.
 *
 * @throws {RangeError} naming the first example that differs from the others, has no rows, or an empty one
 */
export function exampleForm(examples: readonly TrainingExample[]): ExampleForm {
  const [first] = examples
  if (!first) throw new RangeError('there are no examples, expected at least one')
  const names = Object.keys(first.numbers ?? {}).sort()
  const isList = (name: string, { numbers }: TrainingExample): boolean => Array.isArray(numbers?.[name])
  for (const [at, example] of examples.entries()) {
    if (example.rows.length === 0) throw new RangeError(`example ${at} has no completions`)
    for (const [row, { prompt, completion }] of example.rows.entries())
      if (prompt.length === 0 || completion.length === 0)
        throw new RangeError(`example ${at} has an empty ${prompt.length === 0 ? 'prompt' : `completion ${row}`}`)
    const own = Object.keys(example.numbers ?? {}).sort()
    if (own.join() !== names.join())
      throw new RangeError(
        `example ${at} has numbers ${own.join(', ') || 'none'}, expected ${names.join(', ') || 'none'}`,
      )
    for (const name of names) {
      const given = example.numbers?.[name]
      if (
        isList(name, example) !== isList(name, first) ||
        (Array.isArray(given) && given.length !== example.rows.length)
      )
        throw new RangeError(
          `example ${at}: ${name} is to be ${isList(name, first) ? 'one for each row' : 'one number'}`,
        )
      if ([given ?? Number.NaN].flat().some((each) => !Number.isFinite(each)))
        throw new RangeError(`example ${at}: ${name} is ${String(given)}, expected finite numbers`)
    }
    for (const [row, { prompt, completion }] of example.rows.entries()) {
      const given = example.referenceTokens?.[row]?.length ?? prompt.length + completion.length - 1
      if (given !== prompt.length + completion.length - 1)
        throw new RangeError(
          `example ${at}, row ${row}: ${given} log-probabilities of the reference, expected one for each token but the first`,
        )
    }
    if ((example.referenceTokens === undefined) !== (first.referenceTokens === undefined))
      throw new RangeError(`example ${at}: some examples have log-probabilities of the reference and some have not`)
  }
  return {
    rows: Math.max(...examples.map(({ rows }) => rows.length)),
    single: names.filter((name) => !isList(name, first)),
    perRow: names.filter((name) => isList(name, first)),
    references: first.referenceTokens !== undefined,
  }
}

/**
 * Examples as batches of a training step: `ids` int64, `mask` and `completionMask` bool [rows, examples, length], numbers
 * [examples] or [rows, examples], `present` bool [rows, examples], and `referenceTokens` [rows, examples, length] with
 * each log-probability in its token's place.
 */
export function trainingBatches(
  examples: readonly TrainingExample[],
  form: ExampleForm,
  options: Omit<CollateOptions, 'side'> = {},
): Examples<TrainingInputs> {
  return {
    count: examples.length,
    batch(indices) {
      const chosen = Array.from(indices, (index) => examples[index] as TrainingExample)
      // A row that is not there is the first once more, which is masked.
      const rowAt = (example: TrainingExample, row: number): number => (row < example.rows.length ? row : 0)
      const rows = Array.from({ length: form.rows }, (_, row) =>
        chosen.map((example) => ({ example, row: rowAt(example, row), present: row < example.rows.length })),
      ).flat()
      const tokens = collateRows(
        rows.map(({ example, row }) => example.rows[row] as TokenRow),
        options,
      )
      const length = tokens.ids.shape[1] ?? 0
      const shape = [form.rows, chosen.length]
      const inputs: Record<string, TensorValue> = {
        ids: { ...tokens.ids, shape: [...shape, length] },
        mask: { ...tokens.mask, shape: [...shape, length] },
        completionMask: { ...tokens.completionMask, shape: [...shape, length] },
        present: value(
          Uint8Array.from(rows, ({ present }) => Number(present)),
          shape,
          'bool',
        ),
      }
      for (const name of form.single)
        inputs[name] = value(Float32Array.from(chosen, ({ numbers }) => Number(numbers?.[name])))
      for (const name of form.perRow)
        inputs[name] = value(
          Float32Array.from(rows, ({ example, row }) => [example.numbers?.[name] ?? 0].flat()[row] ?? 0),
          shape,
        )
      if (form.references) {
        const all = new Float32Array(rows.length * length)
        for (const [at, { example, row }] of rows.entries())
          all.set(example.referenceTokens?.[row] ?? [], at * length + 1)
        inputs['referenceTokens'] = value(all, [...shape, length])
      }
      return inputs
    },
  }
}
