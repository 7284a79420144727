import { kernels } from '../../tensor/index.ts'

const { f32x4, get, i32, i32x4, set } = kernels
type Code = kernels.Code

/** c₀ xⁿ + c₁ xⁿ⁻¹ + … by Horner's rule, left on the stack. */
function polynomial(x: number, coefficients: readonly number[]): Code {
  const [first = 0, ...others] = coefficients
  return others.reduce<Code>(
    (sum, coefficient) => [sum, get(x), f32x4.constant(coefficient), f32x4.multiplyAdd],
    f32x4.constant(first),
  )
}

/** ln 2 in two parts, of which the first times a small whole number is exact. */
const [coarse, fine] = [0.693359375, -2.1219444e-4]

/**
 * eˣ of four numbers, left on the stack, to about 1e-7 of itself; x is taken for within −87 and 88. The polynomials are
 * those of Moshier's Cephes library (expf, logf).
 *
 * @param x a v128 local, overwritten
 * @param n a v128 local to work with
 */
export function expCode(x: number, n: number): Code {
  return [
    [get(x), f32x4.constant(-87), f32x4.most, f32x4.constant(88), f32x4.least, set(x)],
    [get(x), f32x4.constant(Math.LOG2E), f32x4.multiply, f32x4.nearest, set(n)],
    [get(n), f32x4.constant(-coarse), get(x), f32x4.multiplyAdd, set(x)],
    [get(n), f32x4.constant(-fine), get(x), f32x4.multiplyAdd, set(x)],
    polynomial(x, [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]),
    [get(x), get(x), f32x4.multiply, get(x), f32x4.multiplyAdd, f32x4.constant(1), f32x4.add],
    // Times 2ⁿ: n is added to the exponent.
    [get(n), i32x4.fromFloat, i32.constant(23), i32x4.shiftLeft, i32x4.add],
  ]
}

/** The bits of √½. */
const rootHalf = 0x3f3504f3

/**
 * ln x of four numbers above 0, left on the stack, to about 1e-7 of itself or of 1.
 *
 * @param x a v128 local, overwritten
 * @param e @param square v128 locals to work with
 */
export function logCode(x: number, e: number, square: number): Code {
  return [
    // x = 2ᵉ m with m from √½ to below √2; then m − 1.
    [get(x), i32x4.constant(rootHalf), i32x4.subtract, i32.constant(23), i32x4.shiftRight, set(e)],
    [get(x), get(e), i32.constant(23), i32x4.shiftLeft, i32x4.subtract, f32x4.constant(-1), f32x4.add, set(x)],
    [get(e), i32x4.toFloat, set(e), get(x), get(x), f32x4.multiply, set(square)],
    polynomial(
      x,
      [
        7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
        2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
      ],
    ),
    [get(x), f32x4.multiply, get(square), f32x4.multiply],
    [get(e), f32x4.constant(fine), f32x4.multiply, f32x4.add],
    [get(square), f32x4.constant(-0.5), f32x4.multiply, f32x4.add, get(x), f32x4.add],
    [get(e), f32x4.constant(coarse), f32x4.multiply, f32x4.add],
  ]
}

/**
 * ln(1 + t) of four numbers from 0 to 1, left on the stack, to about 2e-7 of itself: what 1 + t is rounded by is made up
 * for.
 *
 * @param t a v128 local, which stays
 * @param work four v128 locals to work with
 */
export function log1pCode(t: number, work: readonly [number, number, number, number]): Code {
  const [u, held, e, square] = work
  return [
    [get(t), f32x4.constant(1), f32x4.add, set(u), get(u), set(held)],
    logCode(u, e, square),
    [get(t), get(held), f32x4.constant(-1), f32x4.add, f32x4.subtract, get(held), f32x4.divide, f32x4.add],
  ]
}
