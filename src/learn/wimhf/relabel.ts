/**
 * Turns choices that follow an unwanted axis: of the pairs whose choice goes along with it, the `count` in which it is
 * strongest get the opposite choice. Of equal strengths the earlier pair is turned.
 *
 * @param preferred `[pairs]`: 1 when the first answer was preferred, 0 when the second was, ½ for a tie, which stays
 * @param activations `[pairs]`: z of the axis
 * @param sign 1 when people reward more of it, −1 when they reward less. Default 1
 * @returns the new choices, and which pairs were turned, the strongest first
 * @throws {RangeError} on unequal lengths, or a count that is no whole number
 * @see Movva et al. (2025), arXiv 2510.26202, section on curation
 */
export function relabelAlong(
  preferred: ArrayLike<number>,
  activations: ArrayLike<number>,
  count: number,
  sign: 1 | -1 = 1,
): { readonly preferred: Float64Array; readonly turned: readonly number[] } {
  if (preferred.length !== activations.length)
    throw new RangeError(
      `there are ${preferred.length} choices and ${activations.length} activations, expected as many`,
    )
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`count is ${count}, expected a whole number of at least 0`)
  const turned = Array.from({ length: preferred.length }, (_, row) => row)
    .filter((row) => sign * ((preferred[row] as number) - 0.5) * (activations[row] as number) > 0)
    .sort((i, j) => Math.abs(activations[j] as number) - Math.abs(activations[i] as number) || i - j)
    .slice(0, count)
  const relabelled = Float64Array.from(preferred)
  for (const row of turned) relabelled[row] = 1 - (relabelled[row] as number)
  return { preferred: relabelled, turned }
}
