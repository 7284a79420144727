import { type Comparison, candidate, contextId } from '../collect/index.ts'
import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

export interface FeedbackWorldOptions {
  /** Axes along which answers differ. Default 12; at least 6. */
  readonly axes?: number
  /** Columns of the answers' vectors. Default 64. */
  readonly width?: number
  /** Axes that differ in each pair. Default 3. */
  readonly active?: number
  /** Default 6000. */
  readonly pairs?: number
  /** Default 40. The second half judge three times as many pairs as the first half. */
  readonly raters?: number
  /** Standard deviation of raters' slopes on the axis of taste. Default 1. */
  readonly taste?: number
  /** Log odds for one standard deviation more words. Default 0.5. */
  readonly lengthEffect?: number
}

/** What is rewarded in a world of feedback: places among its axes. */
export interface FeedbackTruth {
  /** `[axes]`: log odds that people give an answer for one unit more, on average over raters. */
  readonly slopes: Float64Array
  /** The axes with a slope: liked, disliked, and liked a little. */
  readonly rewarded: readonly [number, number, number]
  /** The axis that each rater weighs in their own way; its slope is 0 on average. */
  readonly taste: number
  /** `[raters]`: their slopes on it. */
  readonly tastes: Float64Array
  /** The axis whose answers are longer, which people do not care for beyond their length. */
  readonly lengthy: number
}

export interface FeedbackWorld {
  readonly width: number
  /** `[axes, width]`: unit vectors. */
  readonly directions: Float64Array
  /** `[pairs, axes]`: how much more of each axis the first answer has; mostly 0. */
  readonly amounts: Float64Array
  /** `[pairs, width]`: difference of the answers' vectors. */
  readonly differences: Float32Array
  /** `[pairs]`: words of the first answer − words of the second. */
  readonly lengths: Float64Array
  /** `[pairs]`: 1 when the first was preferred. */
  readonly preferred: Float64Array
  /** `[pairs]`: log odds by which they were drawn. */
  readonly logOdds: Float64Array
  /** `[pairs]`: who judged. */
  readonly raters: readonly string[]
  readonly truth: FeedbackTruth
}

/**
 * Simulated feedback on pairs of answers that differ along a few planted directions. Three of them are rewarded
 * (slopes 1.2, −1 and 0.7), one is a matter of taste, one makes answers longer; people like long answers as such.
 *
 * P(first preferred) = σ(Σ slope·amount + the rater's taste·amount + lengthEffect·length), length in its standard
 * deviations. Amounts are ±(0.5 to 1.5).
 *
 * @throws {RangeError} on fewer than six axes, more active than there are, or fewer pairs than raters
 */
export function feedbackWorld(options: FeedbackWorldOptions, random: Random): FeedbackWorld {
  const { axes = 12, width = 64, active = 3, pairs = 6000, raters: people = 40 } = options
  const { taste: spread = 1, lengthEffect = 0.5 } = options
  for (const [name, value, least] of [
    ['axes', axes, 6],
    ['width', width, 1],
    ['active', active, 1],
    ['raters', people, 2],
    ['pairs', pairs, people],
  ] as const)
    if (!Number.isInteger(value) || value < least)
      throw new RangeError(`${name} is ${value}, expected an integer of at least ${least}`)
  if (active > axes) throw new RangeError(`active is ${active}, expected at most ${axes}, the number of axes`)

  const drawn = random.fork('directions')
  const directions = new Float64Array(axes * width)
  for (let k = 0; k < axes; k++) {
    const row = directions.subarray(k * width, (k + 1) * width)
    row.forEach((_, i) => {
      row[i] = drawn.normal()
    })
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    row.forEach((value, i) => {
      row[i] = value / length
    })
  }
  const [liked, disliked, little, taste, lengthy] = random
    .fork('roles')
    .shuffle(Array.from({ length: axes }, (_, k) => k)) as [number, number, number, number, number]
  const slopes = new Float64Array(axes)
  for (const [axis, slope] of [
    [liked, 1.2],
    [disliked, -1],
    [little, 0.7],
  ] as const)
    slopes[axis] = slope
  const own = random.fork('tastes')
  const tastes = Float64Array.from({ length: people }, () => spread * own.normal())
  const volumes = tastes.map((_, rater) => (rater < people / 2 ? 1 : 3))

  const answers = random.fork('answers')
  const amounts = new Float64Array(pairs * axes)
  const differences = new Float32Array(pairs * width)
  const lengths = new Float64Array(pairs)
  const places = Array.from({ length: axes }, (_, k) => k)
  const judges: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    judges.push(pair < people ? pair : answers.weighted(volumes))
    for (const axis of answers.shuffle(places).slice(0, active)) {
      const amount = (answers.chance(0.5) ? 1 : -1) * (0.5 + answers.uniform())
      amounts[pair * axes + axis] = amount
      for (let i = 0; i < width; i++)
        differences[pair * width + i] =
          (differences[pair * width + i] ?? 0) + amount * (directions[axis * width + i] ?? 0)
    }
    for (let i = 0; i < width; i++)
      differences[pair * width + i] = (differences[pair * width + i] ?? 0) + 0.02 * answers.normal()
    lengths[pair] = Math.round(60 * (amounts[pair * axes + lengthy] ?? 0) + 20 * answers.normal())
  }
  const lengthSpread = Math.sqrt(lengths.reduce((sum, value) => sum + value * value, 0) / pairs)
  const votes = random.fork('votes')
  const logOdds = lengths.map((length, pair) => {
    let odds = (lengthEffect * length) / lengthSpread
    for (let k = 0; k < axes; k++) {
      const slope = (slopes[k] ?? 0) + (k === taste ? (tastes[judges[pair] ?? 0] ?? 0) : 0)
      odds += slope * (amounts[pair * axes + k] ?? 0)
    }
    return odds
  })
  return {
    width,
    directions,
    amounts,
    differences,
    lengths,
    preferred: logOdds.map((odds) => (votes.chance(sigmoid(odds)) ? 1 : 0)),
    logOdds,
    raters: judges.map((judge) => `simulated-rater-${judge + 1}`),
    truth: { slopes, rewarded: [liked, disliked, little], taste, tastes, lengthy },
  }
}

/** The word that stands for an axis in simulated answers, by number: `quar0a`, `quar0b`, … */
export const axisWord = (axis: number, letter: number): string => `quar${axis}${'abcdef'[letter % 6]}`

/**
 * The pairs of a simulated world as comparisons of texts: an answer has four of an axis's six words where it has more of
 * it than the other one, among filler words that mean nothing.
 */
export function* feedbackSignals(world: FeedbackWorld, random: Random): Generator<Comparison> {
  const axes = world.truth.slopes.length
  for (const [pair, preferred] of world.preferred.entries()) {
    const words = random.fork(pair)
    const answer = (sign: 1 | -1) => {
      const said: string[] = []
      for (let k = 0; k < axes; k++)
        if (sign * (world.amounts[pair * axes + k] ?? 0) > 0) {
          const from = words.integer(6)
          for (let letter = 0; letter < 4; letter++) said.push(axisWord(k, from + letter))
        }
      for (let filler = 0; filler < 6; filler++) said.push(`filler${words.integer(40)}`)
      // A longer answer says more of nothing.
      for (let more = 0; more < sign * (world.lengths[pair] ?? 0); more += 10) said.push('indeed')
      return candidate({ modality: 'text', text: `Simulated answer ${pair}: ${words.shuffle(said).join(' ')}.` })
    }
    const messages = [{ role: 'user' as const, content: `Simulated question ${pair + 1}.` }]
    yield {
      kind: 'comparison',
      id: `simulated-feedback/${pair + 1}`,
      rater: { id: world.raters[pair] ?? 'simulated-rater', kind: 'simulated' },
      context: { id: contextId({ messages }), messages },
      time: Date.UTC(2026, 0, 1) + pair * 60_000,
      source: 'simulated-feedback',
      a: answer(1),
      b: answer(-1),
      outcome: preferred === 1 ? 'a' : 'b',
    }
  }
}
