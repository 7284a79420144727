import { opinionAspects } from '../../collect/index.ts'

/** What a judge is told of one aspect. */
export interface AspectRubric {
  /** Names the score. */
  readonly aspect: string
  /** What it means for a candidate to be good in this aspect alone. */
  readonly definition: string
  /** What a score stands for, from the lowest whole score to the highest: at least two. */
  readonly levels: readonly string[]
}

const levelled = (good: string): readonly string[] => [
  `nothing of it: the opposite of “${good}”`,
  `hardly: “${good}” is true of very little of the summary`,
  `in part: less than half`,
  `about half, or with serious lapses`,
  `mostly, with small lapses`,
  `entirely: ${good}`,
]

const definitions: Readonly<Record<(typeof opinionAspects)[number], readonly [definition: string, good: string]>> = {
  'aspect-coverage': [
    'Whether the summary speaks of every feature of the product that the reviews discuss, such as price or battery.',
    'every feature that reviews discuss is in the summary',
  ],
  'opinion-faithfulness': [
    'Whether each opinion in the summary is one that reviewers hold: praise stays praise and blame stays blame.',
    'every opinion in the summary is one that reviewers hold',
  ],
  'opinion-coverage': [
    'Whether the opinions that many reviewers share are all in the summary.',
    'every widely shared opinion is in the summary',
  ],
  conciseness: [
    'Whether the summary says what it says in few words, without repeating itself.',
    'no word could be left out without loss',
  ],
  relevance: [
    'Whether the summary keeps to what helps somebody decide about the product.',
    'everything in the summary helps to decide about the product',
  ],
  hallucination: [
    'Whether the summary is free of things that no review says. The fewer there are, the higher the score.',
    'nothing in the summary is made up',
  ],
  'language-correctness': [
    'Whether grammar, spelling and punctuation are right, whatever the summary says.',
    'the language has no mistake',
  ],
}

/** Rubrics of the seven {@link opinionAspects} of a summary of reviews, in their order, from 0 to 5. */
export const opinionRubrics: readonly AspectRubric[] = opinionAspects.map((aspect) => {
  const [definition, good] = definitions[aspect]
  return { aspect, definition, levels: levelled(good) }
})
