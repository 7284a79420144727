const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0)

// Coefficients of W. J. Cody, "Rational Chebyshev approximations for the error function" (1969), in the form of the
// normal distribution: |x| up to 0.67448975, up to √32, and beyond.
const centreTop = [18154.98125334356, 1067.6894854603709, 161.02823106855587, 2.2352520354606837, 0.06568233791820745]
const centreBottom = [45507.78933502673, 10260.932208618979, 976.0985517377767, 47.202581904688245, 1]
const middleTop = [
  9842.714838383978, 11602.65143764735, 6848.190450536283, 2494.5375852903726, 597.2702763948002, 93.50665613217785,
  8.883149794388377, 0.39894151208813466, 1.0765576773720192e-8,
]
const middleBottom = [
  19685.429676859992, 38912.00328609327, 34900.95272114598, 18615.571640885097, 6485.558298266761, 1519.3775994075547,
  235.387901782625, 22.266688044328117, 1,
]
const tailTop = [
  2.9112874951168793e-5, 0.0014216191932278934, 0.022235277870649807, 0.12740116116024736, 0.215898534057957,
  0.023073441764940174,
]
const tailBottom = [
  7.297515550839662e-5, 0.0037823963320275824, 0.06598813786892856, 0.4682382124808651, 1.284260096144911, 1,
]
const inverseRootTwoPi = 0.3989422804014327

/** P(Z > x) of a standard normal Z for x of at least 0.67448975, without cancellation. */
function upperTail(x: number): number {
  // e^{−x²/2} in two factors, so that the rounding of x² is not magnified.
  const coarse = Math.trunc(x * 16) / 16
  const density = Math.exp(-coarse * coarse * 0.5) * Math.exp(-(x - coarse) * (x + coarse) * 0.5)
  if (x <= 5.656854249492381) return (density * polynomial(middleTop, x)) / polynomial(middleBottom, x)
  const inverseSquare = 1 / (x * x)
  const correction = (inverseSquare * polynomial(tailTop, inverseSquare)) / polynomial(tailBottom, inverseSquare)
  return (density * (inverseRootTwoPi - correction)) / x
}

/**
 * Φ(x) = P(Z ≤ x) of a standard normal Z, to about 15 digits, relative accuracy in the lower tail included.
 *
 * @see Cody (1969), Mathematics of Computation 23, 631–637
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN
  const magnitude = Math.abs(x)
  if (magnitude <= 0.67448975) {
    const square = x * x
    return 0.5 + (x * polynomial(centreTop, square)) / polynomial(centreBottom, square)
  }
  if (magnitude > 40) return x < 0 ? 0 : 1
  const tail = upperTail(magnitude)
  return x < 0 ? tail : 1 - tail
}

// Coefficients of algorithm AS 241, routine PPND16.
const nearTop = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
]
const nearBottom = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
]
const farTop = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
]
const farBottom = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
]
const farthestTop = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
]
const farthestBottom = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
  1.421511758316446e-7, 2.0442631033899397e-15,
]

/**
 * The x with Φ(x) = probability, to about 16 digits; ∓infinity at 0 and 1.
 *
 * @throws {RangeError} outside [0, 1]
 * @see Wichura (1988), algorithm AS 241, Applied Statistics 37, 477–484
 * @example
 * normalQuantile(0.975) // 1.959963984540054
 */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1))
    throw new RangeError(`probability is ${probability}, expected a number from 0 to 1`)
  const centred = probability - 0.5
  if (Math.abs(centred) <= 0.425) {
    const r = 0.180625 - centred * centred
    return (centred * polynomial(nearTop, r)) / polynomial(nearBottom, r)
  }
  const tail = centred < 0 ? probability : 1 - probability
  if (tail === 0) return centred < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const root = Math.sqrt(-Math.log(tail))
  const magnitude =
    root <= 5
      ? polynomial(farTop, root - 1.6) / polynomial(farBottom, root - 1.6)
      : polynomial(farthestTop, root - 5) / polynomial(farthestBottom, root - 5)
  return centred < 0 ? -magnitude : magnitude
}
