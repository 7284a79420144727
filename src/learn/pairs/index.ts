export {
  checkedPairs,
  type FeaturePairs,
  featurePairs,
  matrixOf,
  type PairData,
  type Rows,
  type Table,
  takePairs,
  withColumns,
} from './pair-data.ts'
