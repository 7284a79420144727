import { type Candidate, type Context, candidate } from '../../collect/index.ts'
import type { Random } from '../../run/index.ts'
import { wordCount } from '../dissection/compare-answers.ts'
import { candidateText } from '../encoder/judged-text.ts'
import type { Reversal } from './reversals.ts'

/** Something that can be counted in a text, and asked for in words. */
export interface TextCriterion {
  readonly name: string
  /** Ways to ask for more of it. */
  readonly more: readonly string[]
  /** Ways to ask for less. */
  readonly less: readonly string[]
  /** How much a text has of it. */
  measure(text: string): number
  /** Two texts closer than this are level. */
  readonly apart: number
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0
const perWords = (text: string, pattern: RegExp): number => (100 * count(text, pattern)) / Math.max(1, wordCount(text))

/** Words of judgement and words of doubt, in lower case. */
const lists = {
  polite: /\b(?:please|thanks?|thank you|kindly|sorry|appreciate[sd]?|welcome|recommend(?:ed)?)\b/giu,
  contrast: /\b(?:but|however|although|though|while|whereas|despite|yet|nevertheless)\b/giu,
  informal: /\b(?:gonna|wanna|kinda|yeah|hey|lol|cool|awesome|guys|stuff|super|really|pretty|bit|lot)\b|!/giu,
  praise: /\b(?:good|great|excellent|perfect|love[sd]?|best|happy|easy|comfortable|nice|well)\b/giu,
  blame:
    /\b(?:bad|poor|worst|hate[sd]?|broken?|broke|issues?|problems?|difficult|uncomfortable|complain\w*|disappoint\w*)\b/giu,
}

/**
 * Criteria that a rule can check, for any text: how long it is, its numbers, lists, questions, length of words, and
 * words of courtesy, contrast, praise, blame and colloquial speech (per hundred words). The word lists are English and
 * this project's own.
 */
export const textCriteria: readonly TextCriterion[] = [
  {
    name: 'length',
    more: ['I want a long and detailed answer.', 'Longer is better.'],
    less: ['I want a short answer.', 'Brevity counts: be brief.'],
    measure: wordCount,
    apart: 8,
  },
  {
    name: 'numbers',
    more: ['Give numbers and figures.', 'I like digits and quantities.'],
    less: ['No numbers, please.', 'Digits and figures put me off.'],
    measure: (text) => count(text, /\d+/gu),
    apart: 1,
  },
  {
    name: 'list',
    more: ['Format it as a list.', 'I like bullet points.'],
    less: ['Write running prose, no bullets.', 'Lists annoy me.'],
    measure: (text) => count(text, /^[ \t]*(?:[-*•]|\d+[.)])[ \t]+\S/gmu),
    apart: 1,
  },
  {
    name: 'questions',
    more: ['Ask me something back.', 'I like questions.'],
    less: ['Do not ask me anything.', 'Questions are unwelcome.'],
    measure: (text) => count(text, /\?/gu),
    apart: 1,
  },
  {
    name: 'long words',
    more: ['Use an elevated vocabulary.', 'I enjoy long, learned words.'],
    less: ['Use simple vocabulary.', 'Short plain words for a child.'],
    measure: (text) => text.replaceAll(/[^\p{L}]/gu, '').length / Math.max(1, wordCount(text)),
    apart: 0.25,
  },
  ...(
    [
      [
        'courtesy',
        lists.polite,
        ['Be polite and courteous.', 'Manners matter to me.'],
        ['Skip the courtesies.', 'No pleasantries.'],
      ],
      [
        'contrast',
        lists.contrast,
        ['Weigh pros against cons.', 'Show both sides.'],
        ['Take one side, without reservations.', 'No ifs and buts.'],
      ],
      [
        'colloquial',
        lists.informal,
        ['Write casually, as to a friend.', 'Chatty is fine.'],
        ['Keep it formal.', 'A sober, formal register.'],
      ],
      [
        'praise',
        lists.praise,
        ['Stress the strengths.', 'Tell me what is good about it.'],
        ['I do not want to hear praise.', 'Spare me the compliments.'],
      ],
      [
        'blame',
        lists.blame,
        ['Tell me the weaknesses.', 'What goes wrong with it?'],
        ['Leave complaints out.', 'Nothing negative.'],
      ],
    ] as const
  ).map(
    ([name, pattern, more, less]): TextCriterion => ({
      name,
      more,
      less,
      measure: (text) => perWords(text, pattern),
      apart: 0.8,
    }),
  ),
]

/** Two texts to be told apart by criteria. */
export interface CriterionPair {
  readonly context: Context
  readonly a: Candidate
  readonly b: Candidate
}

/** What a criterion says of two texts: 1 where a has more of it, −1 where b has, 0 where they are level. */
export function criterionOrder({ measure, apart }: TextCriterion, a: string, b: string): -1 | 0 | 1 {
  const gap = measure(a) - measure(b)
  return gap >= apart ? 1 : gap <= -apart ? -1 : 0
}

export interface RuleReversalsOptions {
  /** Default {@link textCriteria}. */
  readonly criteria?: readonly TextCriterion[]
  /** Reversals of each pair of texts, at most. Default 1. */
  readonly perPair?: number
  /** Which way criteria are asked for. Default both. */
  readonly ask?: 'more' | 'less' | 'both'
}

/**
 * Reversals made by rule, with exact labels, from any pairs of texts: for each, a criterion by which a is the better one
 * and another by which b is, worded at random. Texts that criteria do not tell apart both ways give none.
 *
 * @throws {RangeError} when a candidate has no words
 */
export function ruleReversals(
  pairs: readonly CriterionPair[],
  options: RuleReversalsOptions,
  random: Random,
): readonly Reversal[] {
  const { criteria = textCriteria, perPair = 1, ask = 'both' } = options
  const ways: readonly ('more' | 'less')[] = ask === 'both' ? ['more', 'less'] : [ask]
  return pairs.flatMap(({ context, a, b }) => {
    const [first, second] = [candidateText(a), candidateText(b)]
    const favouring = (side: 1 | -1): { criterion: TextCriterion; way: 'more' | 'less' }[] =>
      criteria.flatMap((criterion) => {
        const order = criterionOrder(criterion, first, second)
        return ways.flatMap((way) =>
          order !== 0 && order * (way === 'more' ? 1 : -1) === side ? [{ criterion, way }] : [],
        )
      })
    const [forA, forB] = [favouring(1), favouring(-1)]
    const possible = forA.flatMap((one) =>
      // The opposite of one and the same criterion would be no second purpose.
      forB.flatMap((other) => (other.criterion === one.criterion ? [] : [[one, other] as const])),
    )
    return random
      .shuffle(possible)
      .slice(0, perPair)
      .map(([one, other]) => ({
        context,
        a,
        b,
        favoursA: random.pick(one.criterion[one.way]),
        favoursB: random.pick(other.criterion[other.way]),
      }))
  })
}

/** A text with the letters of each word in random order: an answer that is right only where nonsense is asked for. */
export function nonsenseOf(text: string, random: Random): string {
  return text.replaceAll(/\p{L}+/gu, (word) => random.shuffle([...word]).join(''))
}

/**
 * Adversarial reversals: a text against nonsense of as many letters, where one criterion asks for sense and the other
 * for nonsense. A model that knows what is good and ignores its criterion gets half of them right.
 *
 * @throws {RangeError} when a candidate has no words
 */
export function nonsenseReversals(
  answers: readonly { readonly context: Context; readonly candidate: Candidate }[],
  random: Random,
): readonly Reversal[] {
  return answers.flatMap(({ context, candidate: sensible }) => {
    const text = candidateText(sensible)
    const nonsense = nonsenseOf(text, random)
    if (nonsense === text) return []
    return [
      {
        context,
        a: sensible,
        b: candidate({ modality: 'text', text: nonsense }),
        favoursA: 'Answer sensibly.',
        favoursB: 'Answer with nonsense.',
      },
    ]
  })
}
