import { z } from 'zod'
import type { Comparison, SignalSource } from '../../collect/index.ts'
import { configuredModel, type LanguageModel } from '../../llm/index.ts'
import { logisticRegression, sigmoid } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import type { Matrix, Pair, PreferenceModel } from '../contract.ts'
import { wordCount } from '../dissection/compare-answers.ts'
import type { Encoder } from '../encoder/encoder.ts'
import { candidateText, contextText } from '../encoder/judged-text.ts'
import { encodeJudgements } from '../encoder/plain-features.ts'
import { splitGroups } from '../split.ts'
import { type AxisDescription, describeAxes, type WordedPair } from './describe-axes.ts'
import {
  type ExpressedPreference,
  expressedPreferences,
  type MeasuredPairs,
  selectAxes,
} from './expressed-preferences.ts'
import { latentSemantics } from './latent-semantics.ts'
import { axisSubjectivity, type Subjectivity } from './personal-axes.ts'
import { type Axes, axesOptionsSchema, encodeAxes, trainAxes } from './train-axes.ts'

/** Options of {@link wimhf} that can be written down; encoder and language model are given beside them. */
export const wimhfOptionsSchema = z.strictObject({
  /** How axes are found. */
  axes: axesOptionsSchema.prefault({}),
  /** How many axes tell choices best together; published: 5 and 10. */
  selected: z.int().min(0).default(5),
  /** Share of the pairs, whole prompts together, that axes and preferences are learned from. */
  trainShare: z.number().gt(0).lt(1).default(0.8),
  /** Columns of the texts' vectors, where no encoder is given. */
  width: z.int().min(1).default(64),
  /** Ridge of the choices' fit on all axes. This project's own. */
  ridge: z.number().positive().default(1),
})

export type WimhfOptions = z.input<typeof wimhfOptionsSchema> & {
  /** A frozen encoder of candidates. Default latent semantics of the candidates' texts. */
  readonly encoder?: Encoder
  /** Names axes. Default the model that the environment names; `false` for words alone. */
  readonly model?: LanguageModel | false
}

/** One axis: what it is, and what people's choices say about it. */
export interface FeedbackAxis extends ExpressedPreference {
  readonly description: AxisDescription
  /** Whether it is among those that tell choices best together. */
  readonly selected: boolean
  /** Weight in the model of choices on all axes, per unit of z. */
  readonly weight: number
  /** How much raters disagree, where any rater has enough choices. */
  readonly subjectivity?: Subjectivity
}

/** What differs in one pair, and what that makes of the prediction. */
export interface ExplainedPair {
  /** P(a preferred to b). */
  readonly probability: number
  /** Active axes, the one that adds most to the log odds first; `amount` above 0 says that a has more. */
  readonly axes: readonly { readonly axis: FeedbackAxis; readonly amount: number; readonly contribution: number }[]
}

/** An audit of preference data, and the model of choices that comes with it. */
export interface FeedbackAudit extends PreferenceModel {
  readonly axes: readonly FeedbackAxis[]
  readonly dictionary: Axes
  /** Which signals were learned from and which were held out, by id. */
  readonly train: readonly string[]
  readonly heldOut: readonly string[]
  /** Comparisons left out: without words, without a choice or a tie, or of two equal answers. */
  readonly left: number
  explain(pair: Pair): Promise<ExplainedPair>
}

/** Prompts and candidates that are linked by pairs, however long the chain, get one number. */
function components(comparisons: readonly Comparison[]): Int32Array {
  const parent = new Map<string, string>()
  const root = (node: string): string => {
    let at = node
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) at = up
    parent.set(node, at)
    return at
  }
  for (const { context, a, b } of comparisons) {
    const first = root(`context ${context.id}`)
    for (const candidate of [a, b]) parent.set(root(`candidate ${candidate.id}`), first)
  }
  const numbers = new Map<string, number>()
  return Int32Array.from(comparisons, ({ context }) => {
    const group = root(`context ${context.id}`)
    const number = numbers.get(group) ?? numbers.size
    numbers.set(group, number)
    return number
  })
}

function differencesOf(rows: Matrix): Matrix {
  const { columns, data } = rows
  const pairs = rows.rows / 2
  const gaps = new Float32Array(pairs * columns)
  for (let pair = 0; pair < pairs; pair++)
    for (let i = 0; i < columns; i++)
      gaps[pair * columns + i] =
        (data[2 * pair * columns + i] as number) - (data[(2 * pair + 1) * columns + i] as number)
  return { rows: pairs, columns, data: gaps }
}

function rowsOf({ columns, data }: Matrix, members: ArrayLike<number>): Matrix {
  const taken = new Float32Array(members.length * columns)
  for (let at = 0; at < members.length; at++) {
    const row = members[at] as number
    taken.set(data.subarray(row * columns, (row + 1) * columns), at * columns)
  }
  return { rows: members.length, columns, data: taken }
}

const decided = ({ outcome }: Comparison): boolean => outcome === 'a' || outcome === 'b'

const wordsOf = ({ context, a, b }: Comparison): WordedPair => ({
  prompt: contextText(context),
  a: candidateText(a),
  b: candidateText(b),
})

/** Whether a comparison can be used: it has words, two different answers, and a choice or a tie. */
function usable(signal: Comparison): boolean {
  const worded = [signal.a, signal.b].every(({ content }) =>
    ['text', 'conversation', 'item'].includes(content.modality),
  )
  return worded && signal.a.id !== signal.b.id && (decided(signal) || signal.outcome === 'tie')
}

/** The same comparison with its answers the other way round. */
function turnedRound(signal: Comparison): Comparison {
  const { a, b, outcome } = signal
  return { ...signal, a: b, b: a, outcome: outcome === 'a' ? 'b' : outcome === 'b' ? 'a' : outcome }
}

/**
 * Audits preference data: finds, without labels, the few dozen axes along which answers differ, says which of them
 * people's choices reward with length held still, puts them into words, and tells about which raters disagree. What is
 * found are associations, not causes.
 *
 * Which answer stands first is drawn anew, since in files of chosen and rejected answers the first always wins, which
 * would leave nothing to explain. Pairs linked by a prompt or an answer stay together when part of them is held out. Axes are learned from the training
 * part, ties included; choices are fitted on its pairs without ties. As a model of preferences it is a logistic fit on
 * all axes, made antisymmetric: half the log odds of (a, b) less half those of (b, a). `score` is the log odds against an
 * average answer.
 *
 * @throws {z.ZodError} on options that are not as {@link wimhfOptionsSchema} says
 * @throws {RangeError} on fewer than ten usable comparisons, or an encoder that is not frozen
 * @see Movva, Milli, Min & Pierson (2025), “What's In My Human Feedback?”, arXiv 2510.26202
 * @example
 * const audit = await wimhf(store, {}, run)
 * for (const { description, winChange } of audit.axes) console.log(description.text, winChange)
 */
export async function wimhf(signals: SignalSource, options: WimhfOptions, run: Run): Promise<FeedbackAudit> {
  const { encoder: given, model: named, ...written } = options
  const checked = wimhfOptionsSchema.parse(written)
  const model = named === false ? undefined : (named ?? configuredModel())
  const comparisons: Comparison[] = []
  let left = 0
  const sides = run.random('sides')
  for await (const signal of signals.read({ kinds: ['comparison'] })) {
    if (signal.kind !== 'comparison') continue
    if (usable(signal)) comparisons.push(sides.chance(0.5) ? turnedRound(signal) : signal)
    else left++
  }
  if (comparisons.length < 10)
    throw new RangeError(
      `${comparisons.length} comparisons can be used and ${left} cannot, expected at least 10 between two different texts`,
    )
  const [train, held] = splitGroups(
    components(comparisons),
    [checked.trainShare, 1 - checked.trainShare],
    run.random('split'),
  ) as readonly [Int32Array, Int32Array]

  const encoder =
    given ??
    latentSemantics(
      Array.from(train).flatMap((row) => {
        const { a, b } = wordsOf(comparisons[row] as Comparison)
        return [a, b]
      }),
      { width: checked.width },
      run.random('latent semantics'),
    )
  const embedded = await encodeJudgements(
    encoder,
    comparisons.flatMap(({ context, a, b, rater }) => [
      { context, candidate: a, rater },
      { context, candidate: b, rater },
    ]),
  )
  const differences = differencesOf(embedded)
  const distinct = distinctPairs(comparisons, train)
  const dictionary = await trainAxes(rowsOf(differences, distinct), checked.axes, run)
  const activations = encodeAxes(dictionary, differences)

  const measured = (rows: readonly number[]): MeasuredPairs => ({
    activations: rowsOf(activations, rows),
    lengths: rows.map((row) => {
      const { a, b } = wordsOf(comparisons[row] as Comparison)
      return wordCount(a) - wordCount(b)
    }),
    preferred: rows.map((row) => (comparisons[row]?.outcome === 'a' ? 1 : 0)),
  })
  const chosen = Array.from(train).filter((row) => decided(comparisons[row] as Comparison))
  if (chosen.length < 2) throw new RangeError('fewer than two comparisons of the training part are decided')
  const pairs = measured(chosen)
  const expressed = expressedPreferences(pairs)
  const selected = selectAxes(pairs, Math.min(checked.selected, dictionary.features))
  const weights = choiceWeights(pairs, checked.ridge)
  const subjectivity = axisSubjectivity(
    pairs,
    chosen.map((row) => (comparisons[row] as Comparison).rater.id),
  )
  const descriptions = await describeAxes(
    comparisons.map(wordsOf),
    activations,
    Array.from(held),
    { ...(model && { model }) },
    run,
  )
  const axes = expressed.map((found, feature): FeedbackAxis => {
    const disagreement = subjectivity.find((one) => one.feature === feature)
    return {
      ...found,
      description: descriptions[feature] as AxisDescription,
      selected: selected.includes(feature),
      weight: weights[feature] as number,
      ...(disagreement && { subjectivity: disagreement }),
    }
  })

  /** z of pairs, and of the same pairs turned round. */
  const bothWays = ({ rows, columns, data }: Matrix): readonly [Matrix, Matrix] => [
    encodeAxes(dictionary, { rows, columns, data }),
    encodeAxes(dictionary, { rows, columns, data: data.map((number) => -number) }),
  ]
  /** [pairs, features]: half of z less half of the turned pair's. */
  const antisymmetric = (gaps: Matrix): Matrix => {
    const [there, back] = bothWays(gaps)
    return { ...there, data: there.data.map((number, at) => (number - (back.data[at] as number)) / 2) }
  }
  const logOddsOf = ({ rows, columns, data }: Matrix): Float32Array =>
    Float32Array.from({ length: rows }, (_, row) =>
      weights.reduce((sum, weight, k) => sum + weight * (data[row * columns + k] as number), 0),
    )
  const gapsOf = async (asked: readonly Pair[]): Promise<Matrix> =>
    differencesOf(
      await encodeJudgements(
        encoder,
        asked.flatMap(({ context, a, b, rater }) => [
          { context, candidate: a, ...(rater && { rater }) },
          { context, candidate: b, ...(rater && { rater }) },
        ]),
      ),
    )
  const average = meanRow(embedded)

  return {
    aspects: ['overall'],
    axes,
    dictionary,
    train: Array.from(train, (row) => (comparisons[row] as Comparison).id),
    heldOut: Array.from(held, (row) => (comparisons[row] as Comparison).id),
    left,
    prefer: async (asked) => logOddsOf(antisymmetric(await gapsOf(asked))).map(sigmoid),
    async score(batch) {
      const { rows, columns, data } = await encodeJudgements(encoder, batch)
      const gaps = data.map((number, at) => number - (average[at % columns] as number))
      return { rows, columns: 1, data: logOddsOf(antisymmetric({ rows, columns, data: gaps })) }
    },
    async explain(pair) {
      const amounts = antisymmetric(await gapsOf([pair]))
      return {
        probability: sigmoid(logOddsOf(amounts)[0] as number),
        axes: axes
          .map((axis, k) => ({
            axis,
            amount: amounts.data[k] as number,
            contribution: axis.weight * (amounts.data[k] as number),
          }))
          .filter(({ amount }) => amount !== 0)
          .sort((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution)),
      }
    },
  }
}

/** Rows of the training part without those whose two answers an earlier one has, in either order. */
function distinctPairs(comparisons: readonly Comparison[], rows: Int32Array): readonly number[] {
  const seen = new Set<string>()
  return Array.from(rows).filter((row) => {
    const { a, b } = comparisons[row] as Comparison
    const key = [a.id, b.id].sort().join(' ')
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** A logistic fit on all axes without intercept, per unit of z, the ridge on standardised ones. */
function choiceWeights({ activations, preferred }: MeasuredPairs, ridge: number): Float64Array {
  const { rows, columns, data } = activations
  const squares = new Float64Array(columns)
  data.forEach((number, at) => {
    squares[at % columns] = (squares[at % columns] as number) + number * number
  })
  const { coefficients } = logisticRegression(
    { design: Float64Array.from(data), columns, outcomes: preferred },
    // An axis that is never active gets the ridge of one that hardly is, and the weight 0.
    { ridge: Array.from(squares, (sum) => ridge * Math.max(sum / rows, 1e-12)) },
  )
  return coefficients
}

function meanRow({ rows, columns, data }: Matrix): Float64Array {
  const sums = new Float64Array(columns)
  data.forEach((number, at) => {
    sums[at % columns] = (sums[at % columns] as number) + number / rows
  })
  return sums
}
