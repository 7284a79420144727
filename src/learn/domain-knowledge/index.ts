export { type AspectRubric, opinionRubrics } from './aspect-rubric.ts'
export {
  type AspectTable,
  aspectScores,
  aspectScoresKind,
  fitAspectScores,
  type ImputedAspects,
  imputeAspects,
  naiveAspectMean,
} from './aspect-scores.ts'
export {
  aspectContributions,
  type DomainKnowledgeOptions,
  domainKnowledgeKind,
  domainKnowledgeOptionsSchema,
  fitDomainKnowledge,
  servedReward,
} from './domain-knowledge.ts'
export {
  aspectPrompt,
  readAspectScore,
  type ScoreAspectsOptions,
  type ScoredAspects,
  scoreAspects,
} from './score-aspects.ts'
