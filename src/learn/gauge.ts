/**
 * Strengths are defined up to a common constant, so an unpenalised Hessian is singular along 1 on their block, the
 * first rows and columns. What is here gives it an inverse on vectors of sum 0.
 */

/**
 * Makes the θ block of an unpenalised Hessian regular without changing what it does to vectors of sum 0: adds a
 * multiple of 1·1ᵀ over the competitors that have votes, and 1 on the diagonal of the others. Returns the multiple.
 */
export function fixGauge(hessian: Float64Array, size: number, competitors: number): number {
  const active: number[] = []
  let trace = 0
  for (let i = 0; i < competitors; i++) {
    const curvature = hessian[i * size + i] as number
    trace += curvature
    if (curvature > 0) active.push(i)
    else hessian[i * size + i] = 1
  }
  const weight = trace / active.length ** 2
  for (const i of active)
    for (const j of active) {
      if (j > i) break
      hessian[i * size + j] = (hessian[i * size + j] as number) + weight
    }
  return weight
}

/**
 * Takes the added multiple of 1·1ᵀ out of an inverse again: what stays is the covariance around the mean of the active
 * competitors, its rows summing to 0.
 */
export function leaveGauge(inverse: Float64Array, size: number, active: readonly number[], weight: number): void {
  const constant = 1 / (weight * active.length ** 2)
  for (const i of active) for (const j of active) inverse[i * size + j] = (inverse[i * size + j] as number) - constant
}

/** Copies the lower triangle to the upper one. */
export function mirror(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) matrix[j * size + i] = matrix[i * size + j] as number
}
