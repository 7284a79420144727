export { type EvaluateRankingOptions, evaluateRanking, seenIn } from './evaluate-ranking.ts'
export { type EvaluateSampledOptions, evaluateSampled, type SampledReport } from './evaluate-sampled.ts'
export {
  byGroup,
  type CatalogueMeasures,
  compareReports,
  type GroupMeans,
  type ListMetricName,
  listMetrics,
  type MetricAt,
  type RankingReport,
  type RankingReportOptions,
  rankingReport,
} from './ranking-report.ts'
