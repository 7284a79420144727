export type { JudgedPairs, JudgedRows, LabelledPairs, ModelKind, ModelSizes } from './model-kind.ts'
