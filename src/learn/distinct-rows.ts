/** Which rows of a table are equal. */
export interface DistinctRows {
  /** `[rows]`: the number of each row's group; groups are numbered in order of first appearance. */
  readonly group: Int32Array
  /** `[groups]`: the first row of each group. */
  readonly first: Int32Array
}

/**
 * Groups equal rows by hashing: `columns` are float64 columns of equal length, −0 equals 0. Time grows with the number
 * of rows only.
 */
export function distinctRows(columns: readonly Float64Array[], rows: number): DistinctRows {
  const bits = new Float64Array(1)
  const words = new Int32Array(bits.buffer)
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, rows * 2)))
  const table = new Int32Array(capacity).fill(-1)
  const group = new Int32Array(rows)
  const first = new Int32Array(rows)
  let groups = 0
  for (let row = 0; row < rows; row++) {
    let hash = 0x9e3779b9
    for (const column of columns) {
      bits[0] = (column[row] as number) + 0
      hash = Math.imul(hash ^ (words[0] as number), 0x85ebca6b)
      hash = Math.imul(hash ^ (hash >>> 15) ^ (words[1] as number), 0xc2b2ae35)
    }
    hash ^= hash >>> 16
    let slot = hash & (capacity - 1)
    for (;;) {
      const known = table[slot] as number
      if (known < 0) {
        table[slot] = groups
        first[groups] = row
        group[row] = groups++
        break
      }
      const twin = first[known] as number
      if (columns.every((column) => column[twin] === column[row])) {
        group[row] = known
        break
      }
      slot = (slot + 1) & (capacity - 1)
    }
  }
  return { group, first: first.slice(0, groups) }
}
