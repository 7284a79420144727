import {
  type FittedModel,
  fitPreferences,
  type Matrix,
  type ModelKind,
  type PairData,
  type TrainingOptions,
} from '../../learn/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import { type Entrant, trainingPairs } from './entrant.ts'
import { type Example, forEachPair, pairCount, type Question } from './question.ts'
import { scalingOf } from './scaling.ts'
import type { SongFeatures } from './song-features.ts'

/** What a preference model is shown of the contest. */
export interface PreferenceView {
  /** Of each song: its features. */
  readonly songs: SongFeatures
  /** Of the question as a whole, for models that read contexts. Default: nothing. */
  readonly question?: (question: Question) => readonly number[]
  /** Who counts as the rater, for models that know raters. Default: the judge's country. */
  readonly rater?: (question: Question) => string
}

/** What {@link preferenceEntrant} fits, and how. */
export interface PreferenceEntrantOptions<O, P>
  extends Omit<TrainingOptions, 'validation' | 'parameters' | 'checkpointEvery' | 'onMetrics'> {
  readonly kind: ModelKind<O, P>
  /** Checked by the kind's schema. Default `{}`. */
  readonly options?: unknown
  /** Pairs to learn from at most. Default 100,000. */
  readonly pairs?: number
  /** Models from different starts, whose probabilities are averaged. Default 1. */
  readonly members?: number
}

/**
 * A preference model of any kind as an entrant: songs are rows of features, standardised over the training songs; the
 * question is the context, the judge's country the rater. Countries that the training part lacks are unknown raters.
 *
 * @example
 * preferenceEntrant(about, { songs: jurorFeatures }, { kind: rewardKind, options: { hidden: [32] } })
 */
export function preferenceEntrant<O, P>(
  about: Pick<Entrant, 'id' | 'title' | 'sees'>,
  view: PreferenceView,
  options: PreferenceEntrantOptions<O, P>,
): Entrant {
  const { songs, question: ofQuestion, rater: raterOf = ({ country }) => country } = view
  const { kind, options: kindOptions, pairs: mostPairs = 100_000, members = 1, ...training } = options
  const width = songs.names.length

  return {
    ...about,
    async fit(train, run) {
      const songScale = scalingOf(
        train.map(({ question }) => songs.of(question)),
        width,
      )
      const questionRows = ofQuestion && train.map(({ question }) => ofQuestion(question))
      const questionScale = questionRows && scalingOf(questionRows, questionRows[0]?.length ?? 0)

      /** Songs, contexts and raters of some questions; pairs are still to be named. */
      const describe = (questions: readonly Question[]) => {
        const starts = Int32Array.from(questions, () => 0)
        let count = 0
        for (const [q, { songs: own }] of questions.entries()) {
          starts[q] = count
          count += own.length
        }
        const data = new Float32Array(count * width)
        for (const [q, question] of questions.entries()) {
          const rows = songs.of(question)
          for (const i of question.songs.keys()) data.set(songScale(rows, i), ((starts[q] as number) + i) * width)
        }
        const rows: Matrix = { rows: count, columns: width, data }
        const contexts = questionScale && questions.map((question) => questionScale(ofQuestion?.(question) ?? []))
        const names = questions.map(raterOf)
        const raters = [...new Set(names)]
        const place = new Map(raters.map((name, at) => [name, at]))
        const pairData = (pairs: Pick<PairData, 'a' | 'b' | 'context'>): PairData => {
          const size = pairs.a.length
          return {
            rows,
            a: pairs.a.map((song, pair) => (starts[pairs.context[pair] as number] as number) + song),
            b: pairs.b.map((song, pair) => (starts[pairs.context[pair] as number] as number) + song),
            context: pairs.context,
            targets: new Float32Array(size).fill(1),
            weights: new Float32Array(size).fill(1),
            ...(contexts && {
              contexts: {
                rows: contexts.length,
                columns: contexts[0]?.length ?? 0,
                data: Float32Array.from(contexts.flat()),
              },
            }),
            raters,
            rater: pairs.context.map((q) => place.get(names[q] as string) as number),
            sources: ['eurovision'],
            source: new Int32Array(size),
            columns: {},
          }
        }
        return pairData
      }

      const learned = learnedPairs(train, run, about.id, mostPairs)
      const data = describe(train.map(({ question }) => question))(learned)
      const models: FittedModel<O, P>[] = []
      for (let member = 0; member < members; member++) {
        const own = startRun({ seed: run.seed + member, signal: run.signal, folder: run.folder })
        models.push(
          await fitPreferences(
            { batchSize: 512, epochs: 3, ...training, kind, options: kindOptions ?? {}, data, checkpointEvery: 0 },
            own,
          ),
        )
      }
      return async (questions) => {
        const asked = everyPair(questions)
        const probabilities = new Float64Array(asked.a.length)
        const given = describe(questions)(asked)
        for (const model of models)
          for (const [pair, p] of (await model.probabilities(given)).entries())
            probabilities[pair] = (probabilities[pair] as number) + p / models.length
        let end = 0
        return questions.map((question) => {
          end += pairCount(question.songs.length)
          return probabilities.slice(end - pairCount(question.songs.length), end)
        })
      }
    },
  }
}

/** Decided training pairs, the preferred song first; the context is the example. */
function learnedPairs(train: readonly Example[], run: Run, id: string, most: number) {
  const { example, preferred, other } = trainingPairs(train, run.random(`${id}/pairs`), most)
  if (example.length === 0) throw new RangeError(`${id}: there are no decided pairs to learn from`)
  return { a: Int32Array.from(preferred), b: Int32Array.from(other), context: Int32Array.from(example) }
}

/** All pairs of all questions, in the order of {@link forEachPair}. */
function everyPair(questions: readonly Question[]) {
  const total = questions.reduce((sum, { songs }) => sum + pairCount(songs.length), 0)
  const [a, b, context] = [new Int32Array(total), new Int32Array(total), new Int32Array(total)]
  let start = 0
  for (const [q, { songs }] of questions.entries()) {
    forEachPair(songs.length, (i, j, position) => {
      a[start + position] = i
      b[start + position] = j
      context[start + position] = q
    })
    start += pairCount(songs.length)
  }
  return { a, b, context }
}
