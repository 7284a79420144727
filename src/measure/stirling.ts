// k = 0…15, where the series is not exact enough; the first entry is there for its place only.
const smallErrors = [
  0, 0.08106146679532726, 0.0413406959554093, 0.02767792568499834, 0.020790672103765093, 0.016644691189821193,
  0.013876128823070748, 0.01189670994589177, 0.010411265261972096, 0.009255462182712733, 0.00833056343336287,
  0.007573675487951841, 0.00694284010720953, 0.006408994188004207, 0.0059513701127588475, 0.005554733551962801,
]

/**
 * ln k! − ((k + ½)·ln k − k + ½·ln 2π): what Stirling's formula leaves out, to full precision for integers k ≥ 1.
 *
 * @see Loader (2000), "Fast and accurate computation of binomial probabilities"
 */
export function stirlingRemainder(k: number): number {
  if (k < smallErrors.length) return smallErrors[k] as number
  const square = k * k
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / k
}
