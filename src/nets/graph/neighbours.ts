import {
  add,
  cast,
  compile,
  equal,
  expandDims,
  matmul,
  normalize,
  range,
  type SparseEntries,
  spec,
  type TensorValue,
  topK,
  value,
} from '../../tensor/index.ts'

/** Rows that are compared at once: bounds the memory of the similarities. */
const blockRows = 512

/**
 * The hyperedges of nearest neighbours: hyperedge j belongs to row i when j is among the k rows most similar to i by
 * cosine, i itself being the first (arXiv 2504.16576). Similarities that are not positive make no neighbour, so that a
 * row of zeros has only itself.
 *
 * @param features float32 [n, width]
 * @param k neighbours of each row, itself included
 * @returns entries of an [n, n] incidence, at most n · k
 * @throws {RangeError} unless k is from 1 to n
 */
export async function neighbourEntries(
  features: TensorValue,
  k: number,
): Promise<SparseEntries & { readonly rows: Int32Array; readonly columns: Int32Array }> {
  const [rows = 0, width = 0] = features.shape
  if (features.shape.length !== 2)
    throw new RangeError(`neighbourEntries: the features are [${features.shape.join(', ')}], expected [n, width]`)
  if (!(Number.isInteger(k) && k >= 1 && k <= rows))
    throw new RangeError(`neighbourEntries: k is ${k}, expected a whole number from 1 to ${rows}`)
  const nearest = await compile(
    ({ all, some, ids }) => {
      const own = cast(equal(expandDims(ids, 1), range(rows)), 'float32')
      // A row comes before all others, also those equal to it.
      return topK(add(matmul(normalize(some), normalize(all), { transposeB: true }), own), k)
    },
    { inputs: { all: spec([rows, width]), some: spec(['block', width]), ids: spec(['block'], 'int64') } },
  )
  const kept: number[][] = []
  const data = Float32Array.from(features.data as ArrayLike<number>)
  for (let from = 0; from < rows; from += blockRows) {
    const count = Math.min(blockRows, rows - from)
    const { values, indices } = await nearest({
      all: value(data, [rows, width]),
      some: value(data.subarray(from * width, (from + count) * width), [count, width]),
      ids: BigInt64Array.from({ length: count }, (_, at) => BigInt(from + at)),
    })
    indices.data.forEach((column, at) => {
      if (Number(values.data[at]) > 0) kept.push([from + Math.floor(at / k), Number(column)])
    })
  }
  await nearest.dispose()
  return {
    rows: Int32Array.from(kept, ([row = 0]) => row),
    columns: Int32Array.from(kept, ([, column = 0]) => column),
  }
}
