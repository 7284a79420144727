import { answerProperties } from './answer-properties.ts'

/** What was found in one answer. */
export interface AnswerAnnotation {
  /** From 0 to 3, one for each of the first twenty properties, under its name; `repetitive` for the 16th. */
  readonly ratings: Readonly<Record<string, number>>
  /** How many errors of each severity; absent where accuracy does not apply to the answer. */
  readonly errors?: { readonly severe: number; readonly moderate: number; readonly minor: number }
  /** How well it clears up an unclear intent, 0 to 3; absent where the query's intent is clear. */
  readonly intent?: number
  /** How much empathy it shows, 0 to 3; absent where the query expresses no feeling. */
  readonly empathy?: number
  /** How well it satisfies each constraint the query states, 0 to 3. */
  readonly constraints?: readonly number[]
  /** How it stands to each stance the query takes: 2 strongly for it, 0 neutral, −2 strongly against. */
  readonly stances?: readonly number[]
  /** For each mistake in the query: 3 pointed out and corrected, 2 corrected silently, 1 pointed out only, 0 neither. */
  readonly mistakes?: readonly number[]
  readonly words: number
}

/** How a difference counts: by its sign alone, or by its size too, from −1 to 1. */
export type ComparisonForm = 'sign' | 'linear'

// At up to 11 words for the shorter answer: how many words make the other one longer.
const longerFrom = [1, 3, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19]

/**
 * Which of two answers is noticeably longer: 1 the first, −1 the second, 0 neither. Small differences do not count: the
 * shorter must have at most .7, .8 or .9 of the words and lack at least 10, 20 or 40; below 12 words a table decides.
 * In the linear form: sign·min(1, ln(1 + |difference|)/ln 501).
 *
 * @param a words of the first answer
 */
export function compareLengths(a: number, b: number, form: ComparisonForm = 'sign'): number {
  for (const words of [a, b])
    if (!(Number.isInteger(words) && words >= 0))
      throw new RangeError(`an answer has ${words} words, expected a whole number`)
  const sign = Math.sign(a - b)
  if (form === 'linear') return sign * Math.min(1, Math.log(1 + Math.abs(a - b)) / Math.log(501))
  const [shorter, longer] = a < b ? [a, b] : [b, a]
  const few = longerFrom[shorter]
  if (few !== undefined) return longer >= few ? sign : 0
  const lacking = longer - shorter
  const noticeable =
    (shorter <= 0.7 * longer && lacking >= 10) ||
    (shorter <= 0.8 * longer && lacking >= 20) ||
    (shorter <= 0.9 * longer && lacking >= 40)
  return noticeable ? sign : 0
}

/** Words of a text: what lies between spaces. */
export function wordCount(text: string): number {
  return text.split(/\s+/u).filter((word) => word !== '').length
}

const clamped = (difference: number): number => Math.max(-1, Math.min(1, difference))

const average = (scores: readonly number[] | undefined): number | undefined =>
  scores && scores.length > 0 ? scores.reduce((sum, score) => sum + score, 0) / scores.length : undefined

/** The sign, or the share of a full scale, by which the first has more; 0 where either was not judged. */
function difference(a: number | undefined, b: number | undefined, form: ComparisonForm, scale = 3): number {
  if (a === undefined || b === undefined) return 0
  return form === 'sign' ? Math.sign(a - b) : clamped((a - b) / scale)
}

function compareRatings(name: string, a: AnswerAnnotation, b: AnswerAnnotation, form: ComparisonForm): number {
  const key = name === 'non-repetitive' ? 'repetitive' : name
  const [first, second] = [a.ratings[key], b.ratings[key]]
  for (const rating of [first, second])
    if (!(rating !== undefined && rating >= 0 && rating <= 3))
      throw new RangeError(`the rating of "${key}" is ${rating}, expected a number from 0 to 3`)
  if (key === 'repetitive') return difference(second, first, form)
  // An answer is to the point or it is not; more of it makes no difference.
  if (name === 'relevant' && form === 'sign')
    return Math.sign(first as number) === Math.sign(second as number) ? 0 : (first as number) > 0 ? 1 : -1
  return difference(first, second, form)
}

/**
 * The comparison vector of two answers to one query: for each of the {@link answerProperties}, 1 when the first has more
 * of it, −1 when the second has, 0 when they are level or it does not apply.
 *
 * @returns `[29]`, or undefined when accuracy applies to only one of the answers or to neither: such pairs are left
 *   out, for every judge alike
 * @throws {RangeError} on a rating that is missing or outside 0 to 3
 * @see Li et al. (2024), arXiv 2402.11296, whose released code compares so
 */
export function compareAnswers(
  a: AnswerAnnotation,
  b: AnswerAnnotation,
  form: ComparisonForm = 'sign',
): Float64Array | undefined {
  const [errorsA, errorsB] = [a.errors, b.errors]
  if (!errorsA || !errorsB) return undefined
  const ofQuery = (name: 'constraints' | 'stances' | 'mistakes'): number =>
    difference(average(a[name]), average(b[name]), form)
  return Float64Array.of(
    ...answerProperties.slice(0, 20).map(({ name }) => compareRatings(name, a, b, form)),
    difference(errorsB.minor, errorsA.minor, form, 5),
    difference(errorsB.moderate, errorsA.moderate, form, 5),
    difference(errorsB.severe, errorsA.severe, form, 5),
    difference(a.intent, b.intent, form),
    difference(a.empathy, b.empathy, form),
    ofQuery('constraints'),
    ofQuery('stances'),
    ofQuery('mistakes'),
    compareLengths(a.words, b.words, form),
  )
}
