import { answerProperties } from './answer-properties.ts'
import { type ComparisonForm, compareLengths, wordCount } from './compare-answers.ts'

/** Properties that can be counted in a text without a language model. */
export const surfaceProperties = [
  'interactive',
  'well formatted',
  'step-by-step',
  'informal expressions',
  'non-repetitive',
  'lengthy',
] as const

export type SurfaceRatings = Readonly<Record<Exclude<(typeof surfaceProperties)[number], 'lengthy'>, number>> & {
  readonly words: number
}

const informal =
  /(?:\b(?:gonna|wanna|gotta|kinda|sorta|yeah|yep|nope|hey|lol|omg|btw|tbh|dunno|ain't|y'all|cool|awesome|guys|stuff|super)\b|\p{Extended_Pictographic}|!{2,})/giu

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

/** 0 to 3: how many of three rising bounds a number reaches. */
const grade = (number: number, bounds: readonly [number, number, number]): number =>
  bounds.filter((bound) => number >= bound).length

/** Share of word trigrams that occurred before. */
function repeatedTrigrams(text: string): number {
  const words = text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []
  const trigrams = words.slice(2).map((word, i) => `${words[i]} ${words[i + 1]} ${word}`)
  return trigrams.length === 0 ? 0 : 1 - new Set(trigrams).size / trigrams.length
}

/**
 * Rates from 0 to 3 what can be counted in an answer: a question or offer at its end, lists, headings and tables,
 * numbered steps, slang and emoji, and how little it repeats itself. A stand-in for ratings by a language model, which
 * sees more; the bounds are this project's own.
 */
export function surfaceRatings(text: string): SurfaceRatings {
  const lines = text.split('\n')
  const listed = lines.filter((line) => /^\s*(?:[-*•]|\d+[.)])\s+\S/u.test(line)).length
  const marked =
    count(text, /^#{1,6}\s/gmu) +
    count(text, /^\|.*\|\s*$/gmu) +
    count(text, /^```/gmu) +
    Math.floor(count(text, /\*\*[^*\n]+\*\*/gu) / 2)
  const steps =
    lines.filter((line) => /^\s*(?:\d+[.)]|step\s+\d+)/iu.test(line)).length +
    count(text, /\b(?:first|second|third|then|next|finally)(?:ly)?,/giu)
  const end = text.trimEnd().slice(-200)
  return {
    interactive:
      (/\?\s*$/u.test(end) ? 2 : 0) + (/\b(?:let me know|feel free|would you like|happy to)\b/iu.test(end) ? 1 : 0),
    'well formatted': grade(listed + 2 * marked, [1, 3, 6]),
    'step-by-step': grade(steps, [2, 3, 5]),
    'informal expressions': grade(count(text, informal), [1, 2, 4]),
    'non-repetitive': 3 - grade(repeatedTrigrams(text), [0.05, 0.15, 0.3]),
    words: wordCount(text),
  }
}

/**
 * The comparison vector of two texts in the order of {@link answerProperties}, 0 for all but the
 * {@link surfaceProperties}.
 *
 * @returns `[29]`
 */
export function compareSurfaces(a: string, b: string, form: ComparisonForm = 'sign'): Float64Array {
  const [first, second] = [surfaceRatings(a), surfaceRatings(b)]
  return Float64Array.from(answerProperties, ({ name }) => {
    if (name === 'lengthy') return compareLengths(first.words, second.words, form)
    if (!(name in first)) return 0
    const gap = first[name as keyof SurfaceRatings] - second[name as keyof SurfaceRatings]
    return form === 'sign' ? Math.sign(gap) : gap / 3
  })
}
