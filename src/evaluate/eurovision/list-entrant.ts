import {
  type FitLists,
  featureLists,
  fitLists,
  type RewardOptions,
  type ScoreHeadParameters,
} from '../../learn/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import { type Entrant, pairLogit } from './entrant.ts'
import type { Question } from './question.ts'
import { scalingOf } from './scaling.ts'
import { type SongFeatures, songFeatures } from './song-features.ts'

/** What {@link listEntrant} fits, and how: everything `fitLists` takes but the data. */
export type ListEntrantOptions = Omit<
  FitLists<RewardOptions, ScoreHeadParameters>,
  'data' | 'kind' | 'encoder' | 'validation' | 'onMetrics'
>

/**
 * A network that learns whole ballots as lists. A list loss fixes an order and not a scale, so what its scores are worth
 * in log-odds is fitted afterwards, to pairs of the same training ballots.
 */
export function listEntrant(
  about: Pick<Entrant, 'id' | 'title' | 'sees'>,
  songs: SongFeatures,
  options: ListEntrantOptions,
): Entrant {
  const width = songs.names.length
  return {
    ...about,
    async fit(train, run: Run) {
      const scale = scalingOf(
        train.map(({ question }) => songs.of(question)),
        width,
      )
      const rowsOf = (question: Question): number[][] => {
        const rows = songs.of(question)
        return question.songs.map((_, i) => scale(rows, i))
      }
      const data = featureLists({
        features: train.map(({ question }) => rowsOf(question)),
        labels: train.map(({ ballot }) => ballot.worth),
      })
      const own = startRun({ seed: run.seed, signal: run.signal, folder: run.folder })
      const model = await fitLists({ ...options, data }, own)
      const scores = new WeakMap<Question, readonly number[]>()
      const score = async (questions: readonly Question[]): Promise<void> => {
        const { data: all, columns } = await model.scoreFeatures({ features: questions.flatMap(rowsOf) })
        let at = 0
        for (const question of questions)
          scores.set(
            question,
            question.songs.map(() => all[columns * at++] as number),
          )
      }
      await score(train.map(({ question }) => question))
      const calibrated = await pairLogit(about, songFeatures({ score: (question) => scores.get(question) ?? [] })).fit(
        train,
        run,
      )
      return async (questions) => {
        await score(questions)
        return calibrated(questions)
      }
    },
  }
}
