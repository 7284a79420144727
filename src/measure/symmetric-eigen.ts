export interface SymmetricEigen {
  /** `[size]`, descending. */
  readonly values: Float64Array
  /** `[size, size]`: row k is the unit eigenvector of value k. */
  readonly vectors: Float64Array
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations: for up to a few hundred rows.
 *
 * @param matrix `[size, size]`; only its lower triangle is read
 * @throws {RangeError} on the wrong number of entries, or one that is not finite
 * @see Golub & Van Loan, Matrix Computations, 4th ed., section 8.5
 */
export function symmetricEigen(matrix: Float64Array, size: number): SymmetricEigen {
  if (matrix.length !== size * size)
    throw new RangeError(`the matrix has ${matrix.length} numbers, expected ${size}² = ${size * size}`)
  const bad = matrix.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new RangeError(`entry ${bad} of the matrix is ${matrix[bad]}, expected a finite number`)
  const a = Float64Array.from(matrix)
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) a[j * size + i] = a[i * size + j] as number
  const vectors = new Float64Array(size * size)
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1
  const at = (i: number, j: number): number => a[i * size + j] as number
  const norm = Math.sqrt(a.reduce((sum, value) => sum + value * value, 0))
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0
    for (let i = 1; i < size; i++) for (let j = 0; j < i; j++) off += at(i, j) ** 2
    if (Math.sqrt(off) <= 1e-15 * norm) break
    for (let p = 0; p < size - 1; p++)
      for (let q = p + 1; q < size; q++) {
        const between = at(p, q)
        if (between === 0) continue
        const theta = (at(q, q) - at(p, p)) / (2 * between)
        const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const cosine = 1 / Math.sqrt(tangent * tangent + 1)
        const sine = tangent * cosine
        const rows = (data: Float64Array): void => {
          for (let k = 0; k < size; k++) {
            const [x, y] = [data[p * size + k] as number, data[q * size + k] as number]
            data[p * size + k] = cosine * x - sine * y
            data[q * size + k] = sine * x + cosine * y
          }
        }
        rows(a)
        rows(vectors)
        for (let k = 0; k < size; k++) {
          const [x, y] = [at(k, p), at(k, q)]
          a[k * size + p] = cosine * x - sine * y
          a[k * size + q] = sine * x + cosine * y
        }
      }
  }
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => at(j, j) - at(i, i))
  const sorted = new Float64Array(size * size)
  for (const [to, from] of order.entries()) sorted.set(vectors.subarray(from * size, (from + 1) * size), to * size)
  return { values: Float64Array.from(order, (i) => at(i, i)), vectors: sorted }
}
