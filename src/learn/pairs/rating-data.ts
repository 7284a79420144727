import type { Matrix } from '../contract.ts'
import { matrixOf, type Rows, rowCount, type Table } from './pair-data.ts'

/** Ratings by aspect to learn from; a `RatingTable` is one. */
export interface RatingData {
  /** What was rated: features, or judgements for an encoder to read. */
  readonly rows: Rows
  readonly aspects: readonly string[]
  /** [rows, aspects]; NaN where a row was not rated for an aspect. */
  readonly values: Matrix
  /** How much each row counts, above 0: [rows]. */
  readonly weights: Float32Array
}

export interface FeatureRatings {
  /** [rows, width] */
  readonly features: Table
  /** [rows, aspects]; `null` or NaN where a row was not rated for an aspect. */
  readonly values: readonly (readonly (number | null)[])[]
  /** Default `aspect 1`, `aspect 2`, … */
  readonly aspects?: readonly string[]
  /** [rows], above 0. Default all 1. */
  readonly weights?: ArrayLike<number>
}

/**
 * Ratings from plain arrays, checked.
 *
 * @throws {RangeError} when there are no rows, sizes differ, or a number is out of range; naming where
 * @example
 * const ratings = featureRatings({ features: [[1, 0], [0, 1]], values: [[90, null], [10, 50]] })
 */
export function featureRatings({ features, values, aspects, weights }: FeatureRatings): RatingData {
  const rows = matrixOf(features)
  const columns = aspects?.length ?? values[0]?.length ?? 0
  const data = new Float32Array(values.length * columns)
  values.forEach((row, at) => {
    if (row.length !== columns)
      throw new RangeError(`featureRatings: row ${at} has ${row.length} ratings, expected ${columns}, one per aspect`)
    data.set(
      row.map((rating) => rating ?? Number.NaN),
      at * columns,
    )
  })
  return checkedRatings({
    rows,
    aspects: aspects ?? Array.from({ length: columns }, (_, at) => `aspect ${at + 1}`),
    values: { rows: values.length, columns, data },
    weights: weights === undefined ? new Float32Array(values.length).fill(1) : Float32Array.from(weights),
  })
}

/** Checks that everything fits together. @throws {RangeError} naming the row that is wrong and what it should be */
export function checkedRatings(data: RatingData): RatingData {
  const { rows, aspects, values, weights } = data
  const count = rowCount(rows)
  const twice = aspects.find((name, at) => aspects.indexOf(name) !== at)
  if (twice !== undefined) throw new RangeError(`the aspect "${twice}" is named twice, expected each once`)
  if (count === 0 || aspects.length === 0) throw new RangeError('there are no ratings to learn from')
  if (values.rows !== count || values.columns !== aspects.length || values.data.length !== count * aspects.length)
    throw new RangeError(
      `ratings are ${values.rows} × ${values.columns}, expected ${count} × ${aspects.length}: rows and aspects`,
    )
  if (weights.length !== count) throw new RangeError(`there are ${weights.length} weights for ${count} rated rows`)
  const infinite = values.data.findIndex((rating) => Math.abs(rating) === Number.POSITIVE_INFINITY)
  if (infinite >= 0)
    throw new RangeError(
      `row ${Math.floor(infinite / aspects.length)} is rated ${values.data[infinite]} for "${aspects[infinite % aspects.length]}", expected a finite number, or NaN for none`,
    )
  const unweighted = weights.findIndex((weight) => !(weight > 0 && weight < Number.POSITIVE_INFINITY))
  if (unweighted >= 0)
    throw new RangeError(`the weight of row ${unweighted} is ${weights[unweighted]}, expected a finite number above 0`)
  return data
}

/** Some of the rated rows, in the order of the indices. */
export function takeRatings(data: RatingData, indices: ArrayLike<number>): RatingData {
  const { rows, values, weights, aspects } = data
  const places = Int32Array.from(indices)
  const wrong = places.find((place) => place < 0 || place >= weights.length)
  if (wrong !== undefined) throw new RangeError(`takeRatings: there is no row ${wrong} among ${weights.length}`)
  const taken = ({ columns, data: from }: Matrix): Matrix => {
    const to = new Float32Array(places.length * columns)
    places.forEach((place, at) => {
      to.set(from.subarray(place * columns, (place + 1) * columns), at * columns)
    })
    return { rows: places.length, columns, data: to }
  }
  return {
    rows: 'columns' in rows ? taken(rows) : Array.from(places, (place) => rows[place] as (typeof rows)[number]),
    aspects,
    values: taken(values),
    weights: Float32Array.from(places, (place) => weights[place] as number),
  }
}

/** The rows that were rated for at least one aspect. */
export function ratedRows({ values: { rows, columns, data } }: RatingData): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row).filter((row) =>
    data.subarray(row * columns, (row + 1) * columns).some((rating) => !Number.isNaN(rating)),
  )
}
