import { normalValue } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  concat,
  constant,
  type Symbolic,
  sparseMatmul,
  sparseMatrix,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import type { FeatureTable, Field } from '../impressions/feature-table.ts'

/** A vector for each value of each field: [values, width]. */
export type FieldVectors = Readonly<Record<string, TensorValue>>

/** Standard deviation of the vectors at the start. */
const spread = 0.1

/** Vectors for the values of all fields. */
export function initFieldVectors(random: Random, { fields }: FeatureTable, width: number): FieldVectors {
  return Object.fromEntries(fields.map(({ name, size }) => [name, normalValue(random, [size, width], spread)]))
}

/** Columns of what {@link applyFeatures} makes of a table. */
export function featureWidth({ fields, numbers }: FeatureTable, width: number): number {
  return fields.length * width + (numbers?.width ?? 0)
}

/** The mean of the vectors of a row's values; zeros where it has none, and in the row after the last. */
function fieldMeans({ size, values }: Field, rows: number, vectors: Tensor): Tensor {
  const own = new Uint32Array(values.columns.length)
  const weights = new Float32Array(values.columns.length)
  for (let row = 0; row < rows; row++) {
    const [from, to] = [values.offsets[row] ?? 0, values.offsets[row + 1] ?? 0]
    own.fill(row, from, to)
    weights.fill(1 / (to - from), from, to)
  }
  return sparseMatmul(sparseMatrix(rows + 1, size, { rows: own, columns: values.columns, values: weights }), vectors)
}

/**
 * What is known of all rows of a table as vectors: for each field the mean of its values' vectors, then the row's
 * numbers. One more row, of zeros, stands for nobody and nothing.
 *
 * @returns [rows + 1, {@link featureWidth}]
 */
export function applyFeatures(vectors: Symbolic<FieldVectors>, { rows, fields, numbers }: FeatureTable): Tensor {
  const parts = fields.map((field) => fieldMeans(field, rows, vectors[field.name] as Tensor))
  if (numbers) {
    const held = new Float32Array((rows + 1) * numbers.width)
    held.set(numbers.data)
    parts.push(constant(value(held, [rows + 1, numbers.width])))
  }
  return parts.length === 1 ? (parts[0] as Tensor) : concat(parts, -1)
}
