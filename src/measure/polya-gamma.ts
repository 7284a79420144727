import type { Random } from '../run/index.ts'
import { normalCdf } from './normal.ts'

// Where the two series of the Jacobi density change over (Devroye 2009).
const change = 0.64
const root = Math.sqrt(1 / change)

const exponential = (random: Random): number => -Math.log1p(-random.uniform())

/** Share of the envelope that lies to the right of the change, for tilt z. */
function rightShare(z: number): number {
  const rate = (Math.PI * Math.PI) / 8 + (z * z) / 2
  const base = Math.log(rate) + rate * change
  const upper = base - z + Math.log(normalCdf(root * (change * z - 1)))
  const lower = base + z + Math.log(normalCdf(-root * (change * z + 1)))
  return 1 / (1 + (4 / Math.PI) * (Math.exp(upper) + Math.exp(lower)))
}

/** Inverse Gaussian with mean 1/z and shape 1, no larger than the change. */
function drawLeft(random: Random, z: number): number {
  if (z * change < 1) {
    for (;;) {
      let first = exponential(random)
      while (first * first > (2 * exponential(random)) / change) first = exponential(random)
      const x = change / (1 + change * first) ** 2
      if (random.uniform() <= Math.exp(-0.5 * z * z * x)) return x
    }
  }
  for (;;) {
    const x = drawInverseGaussian(random, 1 / z, 1)
    if (x <= change) return x
  }
}

/** Term n of the alternating series of the density at x. */
function term(n: number, x: number): number {
  const half = n + 0.5
  return x <= change
    ? Math.PI * half * (2 / (Math.PI * x)) ** 1.5 * Math.exp((-2 * half * half) / x)
    : Math.PI * half * Math.exp((-half * half * Math.PI * Math.PI * x) / 2)
}

/**
 * A draw from the inverse Gaussian distribution; its variance is mean³/shape.
 *
 * @param mean positive; may be very large
 * @param shape positive
 * @see Michael, Schucany & Haas (1976), The American Statistician 30, 88–90
 */
export function drawInverseGaussian(random: Random, mean: number, shape: number): number {
  if (!(mean > 0 && shape > 0 && mean < Number.POSITIVE_INFINITY))
    throw new RangeError(`mean is ${mean} and shape is ${shape}, expected finite positive numbers`)
  const normal = random.normal()
  const v = (mean * normal * normal) / (2 * shape)
  // The product of the two roots is mean²; taking the smaller as a quotient loses no digits for a large mean.
  const growth = 1 + v + Math.sqrt(2 * v + v * v)
  const small = mean / growth
  return random.uniform() * (mean + small) <= mean ? small : mean * growth
}

/**
 * A draw from the Pólya–Gamma distribution PG(1, tilt), exactly: the ω with which e^{(y − ½)s − ω·s²/2}, averaged over
 * PG(1, 0), is the logistic likelihood of y at s. Its mean is tanh(tilt/2)/(2·tilt).
 *
 * @see Polson, Scott & Windle (2013), JASA 108, 1339–1349 (arXiv 1205.0310)
 */
export function drawPolyaGamma(random: Random, tilt: number): number {
  const z = Math.abs(tilt) / 2
  if (!(z < Number.POSITIVE_INFINITY)) throw new RangeError(`tilt is ${tilt}, expected a finite number`)
  const rate = (Math.PI * Math.PI) / 8 + (z * z) / 2
  const right = rightShare(z)
  for (;;) {
    const x = random.uniform() < right ? change + exponential(random) / rate : drawLeft(random, z)
    let sum = term(0, x)
    const height = random.uniform() * sum
    for (let n = 1; ; n++) {
      if (n % 2 === 1) {
        sum -= term(n, x)
        if (height <= sum) return x / 4
      } else {
        sum += term(n, x)
        if (height > sum) break
      }
    }
  }
}
