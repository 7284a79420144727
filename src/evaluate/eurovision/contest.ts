import { bootstrap, percentileInterval } from '../../measure/index.ts'
import { type Run, seeded } from '../../run/index.ts'
import type { Entrant } from './entrant.ts'
import { type Fold, forEachPair, pairCount } from './question.ts'

/** Predictions of one show's decided pairs in a bin of confidence. */
interface ConfidenceBin {
  count: number
  /** Sum of max(p, 1 − p). */
  confidence: number
  right: number
}

/** What an entrant got right in one show. */
export interface ShowTally {
  readonly show: string
  /** Decided pairs; what a judge tied is not asked for. */
  readonly pairs: number
  /** Pairs with p on the right side of ½; a p of exactly ½ counts half. */
  readonly right: number
  /** Pairs for which p was exactly ½. */
  readonly undecided: number
  /** Σ −ln p of what happened. */
  readonly loss: number
  readonly bins: readonly Readonly<ConfidenceBin>[]
}

/** A number with its 95 % interval. */
export interface Estimate {
  readonly value: number
  readonly interval: readonly [lower: number, upper: number]
}

/**
 * How an entrant did. Intervals are by bootstrap of whole shows, since the pairs of one show hang together. They are
 * somewhat narrow: shows are few, and those of a year share their jurors. A t interval of the six years' means is about
 * twice as wide for leads over new jurors, and half as wide again for returning ones.
 */
export interface Standing {
  readonly entrant: Pick<Entrant, 'id' | 'title' | 'sees'>
  readonly pairs: number
  /** Share of decided pairs whose order was told. */
  readonly accuracy: Estimate
  /** Mean −ln p of what happened, in nats. A coin has ln 2. */
  readonly logLoss: Estimate
  /** Expected calibration error over ten bins of max(p, 1 − p) from ½ to 1. */
  readonly calibrationError: Estimate
  readonly shows: readonly ShowTally[]
}

const confidenceBins = 10
/** No prediction is so sure that one surprise decides the mean loss. */
const surest = 1e-6

function tallyShow(
  show: string,
  parts: readonly { readonly worth: Float64Array; readonly probabilities: Float64Array }[],
): ShowTally {
  const bins = Array.from({ length: confidenceBins }, (): ConfidenceBin => ({ count: 0, confidence: 0, right: 0 }))
  let [pairs, right, undecided, loss] = [0, 0, 0, 0]
  for (const { worth, probabilities } of parts)
    forEachPair(worth.length, (i, j, position) => {
      const ahead = (worth[i] as number) - (worth[j] as number)
      if (ahead === 0) return
      const p = probabilities[position] as number
      const ofWhatHappened = ahead > 0 ? p : 1 - p
      // Sums of ranks that are equal on paper may differ in their last bits.
      const even = Math.abs(p - 0.5) < 1e-12
      const score = even ? 0.5 : ofWhatHappened > 0.5 ? 1 : 0
      pairs++
      right += score
      undecided += even ? 1 : 0
      loss -= Math.log(Math.min(1 - surest, Math.max(surest, ofWhatHappened)))
      const confidence = Math.max(p, 1 - p)
      const bin = bins[Math.min(confidenceBins - 1, Math.floor((confidence - 0.5) * 2 * confidenceBins))]
      if (!bin) throw new RangeError(`${show}: a probability is ${p}, expected 0 to 1`)
      bin.count++
      bin.confidence += confidence
      bin.right += score
    })
  return { show, pairs, right, undecided, loss, bins }
}

type Statistic = (shows: readonly ShowTally[], weights: ArrayLike<number>) => number

const share =
  (of: (tally: ShowTally) => number): Statistic =>
  (shows, weights) => {
    let [sum, pairs] = [0, 0]
    for (const [k, tally] of shows.entries()) {
      sum += (weights[k] as number) * of(tally)
      pairs += (weights[k] as number) * tally.pairs
    }
    return sum / pairs
  }

const statistics = {
  accuracy: share(({ right }) => right),
  logLoss: share(({ loss }) => loss),
  calibrationError(shows: readonly ShowTally[], weights: ArrayLike<number>): number {
    let [off, pairs] = [0, 0]
    for (let b = 0; b < confidenceBins; b++) {
      let [count, gap] = [0, 0]
      for (const [k, { bins }] of shows.entries()) {
        const bin = bins[b]
        if (!bin) continue
        count += (weights[k] as number) * bin.count
        gap += (weights[k] as number) * (bin.right - bin.confidence)
      }
      off += Math.abs(gap)
      pairs += count
    }
    return off / pairs
  },
} as const satisfies Record<string, Statistic>

/** Every entrant sees the same resamples of shows. */
const resampling = 'eurovision/shows'

function estimate(value: (weights: ArrayLike<number>) => number, shows: number): Estimate {
  const replicates = bootstrap(shows, (counts) => value(counts), seeded(resampling), { replicates: 2_000 })
  return { value: value(new Float64Array(shows).fill(1)), interval: percentileInterval(replicates) }
}

/**
 * Fits an entrant to the training part of every fold, has it predict the others, and scores what it said about every
 * decided pair.
 *
 * @throws {TypeError} when it gives another number of probabilities than there are pairs
 */
export async function tryEntrant(entrant: Entrant, folds: readonly Fold[], run: Run): Promise<Standing> {
  const parts = new Map<string, { worth: Float64Array; probabilities: Float64Array }[]>()
  for (const [done, { name, train, test }] of folds.entries()) {
    run.signal.throwIfAborted()
    run.progress({ label: `${entrant.title}, ${name}`, done, total: folds.length })
    const predict = await entrant.fit(train, run)
    const predicted = await predict(test.map(({ question }) => question))
    for (const [k, { ballot }] of test.entries()) {
      const probabilities = predicted[k]
      if (probabilities?.length !== pairCount(ballot.songs.length))
        throw new TypeError(
          `${entrant.id}: ${ballot.judge} in ${ballot.show} has ${pairCount(ballot.songs.length)} pairs, but ${probabilities?.length} probabilities`,
        )
      const part = parts.get(ballot.show) ?? []
      part.push({ worth: ballot.worth, probabilities })
      parts.set(ballot.show, part)
    }
  }
  const shows = [...parts].map(([show, all]) => tallyShow(show, all))
  const of = (statistic: Statistic): Estimate => estimate((weights) => statistic(shows, weights), shows.length)
  return {
    entrant: { id: entrant.id, title: entrant.title, sees: entrant.sees },
    pairs: shows.reduce((sum, { pairs }) => sum + pairs, 0),
    accuracy: of(statistics.accuracy),
    logLoss: of(statistics.logLoss),
    calibrationError: of(statistics.calibrationError),
    shows,
  }
}

/** Of the same shows, how much more an entrant got right than another, and how much less it lost. */
export interface Lead {
  /** Difference of accuracies, positive when the first is better. */
  readonly accuracy: Estimate
  /** Difference of log-losses, negative when the first is better. */
  readonly logLoss: Estimate
}

/**
 * Compares two standings on the same shows: paired bootstrap of whole shows.
 *
 * @throws {RangeError} when they are not of the same pairs
 */
export function leadOver(first: Standing, second: Standing): Lead {
  const same =
    first.shows.length === second.shows.length &&
    first.shows.every(({ show, pairs }, k) => show === second.shows[k]?.show && pairs === second.shows[k]?.pairs)
  if (!same)
    throw new RangeError(`${first.entrant.id} and ${second.entrant.id} were not tried on the same shows and pairs`)
  const of = (statistic: Statistic): Estimate =>
    estimate((weights) => statistic(first.shows, weights) - statistic(second.shows, weights), first.shows.length)
  return { accuracy: of(statistics.accuracy), logLoss: of(statistics.logLoss) }
}
