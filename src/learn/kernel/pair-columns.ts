import type { ExampleColumn, TensorValue } from '../../tensor/index.ts'

/** Rows of features as a table. */
export interface FeatureTable {
  readonly rows: number
  readonly columns: number
  readonly data: Float32Array
}

/** Labelled pairs as kernels take them. */
export interface PairColumns {
  readonly a: Int32Array
  readonly b: Int32Array
  readonly context: Int32Array | undefined
  readonly target: Float32Array
  readonly weight: Float32Array
  readonly features: FeatureTable
  readonly contexts: FeatureTable | undefined
}

/** The columns of examples that kernels read; undefined where one is missing, of another type or of another width. */
export function columnsOf(
  given: Readonly<Record<string, ExampleColumn>>,
  width: number,
  contextWidth: number,
): PairColumns | undefined {
  const own = (name: string): TensorValue['data'] | undefined => {
    const column = given[name]
    return column && 'data' in column ? column.data : undefined
  }
  const matrix = (name: string, columns: number): FeatureTable | undefined => {
    const column = given[name]
    if (column === undefined || !('whole' in column)) return undefined
    const { shape, data } = column.whole
    const [rows = 0, across] = shape
    return data instanceof Float32Array && across === columns ? { rows, columns, data } : undefined
  }
  const [a, b, context] = [own('a'), own('b'), own('context')]
  const [target, weight, features] = [own('target'), own('weight'), matrix('row/features', width)]
  const contexts = contextWidth > 0 ? matrix('context/features', contextWidth) : undefined
  if (!(a instanceof Int32Array && b instanceof Int32Array && features)) return undefined
  if (!(target instanceof Float32Array && weight instanceof Float32Array)) return undefined
  if (contextWidth > 0 && !(context instanceof Int32Array && contexts)) return undefined
  return { a, b, context: context instanceof Int32Array ? context : undefined, target, weight, features, contexts }
}
