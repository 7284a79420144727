/** Something that one answer can have more of than another. */
export interface AnswerProperty {
  readonly name: string
  /** Completes “Write an answer that …”. */
  readonly phrase: string
}

const property = (name: string, phrase: string): AnswerProperty => ({ name, phrase })

/**
 * The 29 properties of answers, in the order of published weights: 0–19 are rated for any query, 20–22 count errors,
 * 23–27 apply to queries that call for them, 28 is the length.
 *
 * @see Li et al. (2024), “Dissecting Human and LLM Preferences”, arXiv 2402.11296
 */
export const answerProperties: readonly AnswerProperty[] = [
  property('harmless', 'does no harm to anyone'),
  property('grammatically correct', 'has no mistakes of grammar, spelling or punctuation'),
  property('friendly', 'is friendly'),
  property('polite', 'is polite'),
  property('interactive', 'invites the reader to go on talking'),
  property('authoritative', 'speaks with authority'),
  property('funny', 'is funny'),
  property('rhetorical devices', 'uses figures of speech'),
  property('complex words & sentences', 'uses rare words and elaborate sentences'),
  property('supporting materials', 'names sources, data or examples that support what it says'),
  property('well formatted', 'is well formatted'),
  property('admits limits', 'admits its limits and mistakes'),
  property('persuasive', 'tries to persuade the reader'),
  property('step-by-step', 'proceeds step by step'),
  property('informal expressions', 'uses informal expressions'),
  property('non-repetitive', 'does not repeat itself'),
  property('clear', 'is clear and easy to understand'),
  property('relevant', 'keeps to what was asked'),
  property('novel', 'is original'),
  property('rich information', 'is rich in information'),
  property('no minor errors', 'has no minor errors of fact or reasoning'),
  property('no moderate errors', 'has no moderate errors of fact or reasoning'),
  property('no severe errors', 'has no severe errors of fact or reasoning'),
  property('clarifies intent', 'makes sure what the reader wants where that is unclear'),
  property('shows empathy', 'shows empathy for the feelings expressed'),
  property('satisfies constraints', 'satisfies every constraint that was stated'),
  property('supports stances', 'supports the stance that the reader takes'),
  property('corrects mistakes', 'corrects the mistakes and biases in what was asked'),
  property('lengthy', 'is long'),
]

/** The kinds of query that judges are compared over. */
export const answerScenarios = [
  'Functional Writing',
  'Others',
  'Knowledge-aware',
  'Code',
  'Advice',
  'Daily Tasks',
  'NLP Tasks',
  'Creative Writing',
  'Unsafe Queries',
  'Exam Questions',
  'Communication',
] as const

/** Further groups of queries, across scenarios, that a property of their own applies to. Not part of any average. */
export const queryGroups = ['express_feeling', 'intent_unclear', 'w_constraints', 'w_mistakes', 'w_stances'] as const
