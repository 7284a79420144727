export { type AlignOptions, alignPolicy, type OwnLoss, type ReferenceMode, withReference } from './align-policy.ts'
export {
  type NamedLossOptions,
  namedLoss,
  type PolicyPair,
  type ReportedLoss,
  type RowsLoss,
  type ScoredRows,
  scoreRows,
  tokenMeasures,
} from './policy-loss.ts'
export {
  type ExampleForm,
  exampleForm,
  type TrainingExample,
  type TrainingInputs,
  trainingBatches,
  trainingExample,
} from './training-example.ts'
