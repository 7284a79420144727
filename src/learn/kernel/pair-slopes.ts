import { kernels } from '../../tensor/index.ts'
import { expCode, log1pCode, logCode } from './vector-math.ts'

const { f32x4, forBelow, get, i32, i32x4, namedLocals, set, tee } = kernels
type Code = kernels.Code

/** What a kernel of slopes reads and writes, by its distance in bytes from where a part of a batch is worked on. */
export interface SlopePlaces {
  /** Leads of a over b, [K, pairs], each row `stride` bytes after the last; they become the loss's slopes. */
  readonly leads: number
  /** Logits of the heads' weights, [K, pairs]; they become slopes too. */
  readonly logits: number
  readonly targets: number
  readonly weights: number
  readonly stride: number
}

/** Numbers of a step, in bytes from the first: what kernels are told for each. */
export const stepScalars = { perWeight: 0, perPair: 4, factor: 8, offset: 12, rate: 16, bytes: 32 } as const

const parameters = ['work', 'count', 'scalars', 'loss'] as const

/** 1/(1 + t), left on the stack. */
const overOnePlus = (t: number): Code => [f32x4.constant(1), get(t), f32x4.constant(1), f32x4.add, f32x4.divide]

/** Of a lead z in a local: t = e^−|z|, then s = σ(z). */
function sigmoidCode(z: number, t: number, s: number, work: readonly [number, number]): Code {
  const [x, n] = work
  return [
    [get(z), f32x4.absolute, f32x4.negate, set(x), expCode(x, n), set(t)],
    // σ(|z|) or σ(−|z|) = t σ(|z|).
    [overOnePlus(t), tee(s), get(t), get(s), f32x4.multiply],
    [f32x4.constant(0), get(z), f32x4.isBelow, i32x4.choose],
    // What is 0 counts as below: σ is ½ either way.
    set(s),
  ]
}

/**
 * The pairwise logistic loss of one lead z, ℓ = max(z, 0) − y z + ln(1 + e^−|z|), and its slope σ(z) − y, each times the
 * pair's weight and `perWeight`.
 */
export function logisticSlopes({ leads, targets, weights }: SlopePlaces): kernels.WasmFunction {
  const v128 = ['z', 't', 's', 'y', 'w', 'each', 'total', 'u', 'v', 'e', 'q'] as const
  const { at, ...declared } = namedLocals(parameters, { i32: ['end'], f32: [], v128 })
  const work = [at.u, at.v, at.e, at.q] as const
  const body: Code = [
    [get(at.scalars), f32x4.loadSplat(stepScalars.perWeight), set(at.each), f32x4.constant(0), set(at.total)],
    [get(at.work), get(at.count), i32.constant(4), i32.multiply, i32.add, set(at.end)],
    forBelow(
      at.work,
      at.end,
      16,
      [get(at.work), f32x4.load(leads), set(at.z), get(at.work), f32x4.load(targets), set(at.y)],
      [get(at.work), f32x4.load(weights), get(at.each), f32x4.multiply, set(at.w)],
      sigmoidCode(at.z, at.t, at.s, [at.u, at.v]),
      [get(at.z), f32x4.constant(0), f32x4.most, get(at.y), get(at.z), f32x4.multiply, f32x4.subtract],
      [log1pCode(at.t, work), f32x4.add, get(at.w), get(at.total), f32x4.multiplyAdd, set(at.total)],
      [get(at.work), get(at.s), get(at.y), f32x4.subtract, get(at.w), f32x4.multiply, f32x4.store(leads)],
    ),
    [get(at.loss), get(at.total), f32x4.store()],
  ]
  return { ...declared, body }
}

/** What {@link mixtureSlopes} works with beside: three more rows for each head. */
export interface MixturePlaces extends SlopePlaces {
  readonly ofA: number
  readonly ofB: number
  readonly shares: number
}

/**
 * The loss of a mixture P = Σ_k π_k σ(z_k), π = softmax(l),
 *
 *     ℓ = −y ln P − (1 − y) ln(1 − P)   times the pair's weight and `perWeight`,
 *     + Σ_k π_k ln π_k                  times `perPair`
 *
 * With q_k = π_k σ(z_k)/P and r_k = π_k σ(−z_k)/(1 − P) its slopes are
 *
 *     ∂ℓ/∂z_k = −y q_k σ(−z_k) + (1 − y) r_k σ(z_k)
 *     ∂ℓ/∂l_k = π_k − y q_k − (1 − y) r_k,   ∂/∂l_k Σ π ln π = π_k (ln π_k − Σ π ln π)
 *
 * Pairs of no weight fill a batch up, and count nowhere.
 *
 * @param heads K
 */
export function mixtureSlopes(heads: number, places: MixturePlaces): kernels.WasmFunction {
  const { leads, logits, ofA, ofB, shares, targets, weights, stride } = places
  const v128 = [
    ...(['z', 't', 's', 'l', 'y', 'w', 'each', 'perPair', 'entropy', 'total', 'most', 'mostA', 'mostB'] as const),
    ...(['sum', 'sumA', 'sumB', 'logSum', 'lnB', 'evenness', 'share', 'a', 'b', 'u', 'v', 'e', 'q'] as const),
  ] as const
  const { at, ...declared } = namedLocals(parameters, { i32: ['end', 'head'], f32: [], v128 })
  const work = [at.u, at.v, at.e, at.q] as const
  const lowest = f32x4.constant(-3e38)
  // `head` goes through the rows of a head for four pairs.
  const eachHead = (...body: readonly Code[]): Code => [
    [get(at.work), set(at.head)],
    Array.from(
      { length: heads },
      (_, k): Code => [body, k < heads - 1 ? [get(at.head), i32.constant(stride), i32.add, set(at.head)] : []],
    ),
  ]
  const load = (place: number): Code => [get(at.head), f32x4.load(place)]
  const keep = (local: number, place: number): Code => [get(at.head), get(local), f32x4.store(place)]
  const raise = (most: number, to: Code): Code => [get(most), to, f32x4.most, set(most)]
  const expLess = (place: number, less: number): Code => [
    [load(place), get(less), f32x4.subtract, set(at.u)],
    expCode(at.u, at.v),
  ]
  const logSum = (sum: number, most: number): Code => [
    [get(sum), set(at.u)],
    [logCode(at.u, at.e, at.q), get(most), f32x4.add],
  ]
  const oneLess = (local: number): Code => [f32x4.constant(1), get(local), f32x4.subtract]
  const body: Code = [
    [get(at.scalars), f32x4.loadSplat(stepScalars.perWeight), set(at.each)],
    [get(at.scalars), f32x4.loadSplat(stepScalars.perPair), set(at.perPair), f32x4.constant(0), set(at.total)],
    [get(at.work), get(at.count), i32.constant(4), i32.multiply, i32.add, set(at.end)],
    forBelow(
      at.work,
      at.end,
      16,
      [get(at.work), f32x4.load(targets), set(at.y)],
      [get(at.work), f32x4.load(weights), get(at.each), f32x4.multiply, set(at.w)],
      [f32x4.constant(0), get(at.w), f32x4.isBelow, get(at.perPair), i32x4.and, set(at.entropy)],
      // ln Σ eˡ
      [lowest, set(at.most)],
      eachHead(raise(at.most, load(logits))),
      [f32x4.constant(0), set(at.sum)],
      eachHead(expLess(logits, at.most), [get(at.sum), f32x4.add, set(at.sum)]),
      [logSum(at.sum, at.most), set(at.logSum)],
      // a = ln π + ln σ(z) and b = ln π + ln σ(−z); the leads become σ(z), the logits ln π.
      [lowest, set(at.mostA), lowest, set(at.mostB), f32x4.constant(0), set(at.evenness)],
      eachHead(
        [load(leads), set(at.z), sigmoidCode(at.z, at.t, at.s, [at.u, at.v]), keep(at.s, leads)],
        [load(logits), get(at.logSum), f32x4.subtract, set(at.l), keep(at.l, logits)],
        [get(at.l), set(at.u), expCode(at.u, at.v), set(at.share), keep(at.share, shares)],
        [get(at.l), get(at.share), get(at.evenness), f32x4.multiplyAdd, set(at.evenness)],
        [log1pCode(at.t, work), set(at.a), get(at.l), get(at.a), f32x4.subtract, set(at.l)],
        [get(at.l), get(at.z), f32x4.constant(0), f32x4.least, f32x4.add, set(at.a), keep(at.a, ofA)],
        [get(at.l), get(at.z), f32x4.constant(0), f32x4.most, f32x4.subtract, set(at.b), keep(at.b, ofB)],
        [raise(at.mostA, get(at.a)), raise(at.mostB, get(at.b))],
      ),
      [f32x4.constant(0), set(at.sumA), f32x4.constant(0), set(at.sumB)],
      eachHead(
        [expLess(ofA, at.mostA), set(at.a), keep(at.a, ofA), get(at.sumA), get(at.a), f32x4.add, set(at.sumA)],
        [expLess(ofB, at.mostB), set(at.b), keep(at.b, ofB), get(at.sumB), get(at.b), f32x4.add, set(at.sumB)],
      ),
      // −w (ln(1 − P) + y (ln P − ln(1 − P))) and the unevenness
      [logSum(at.sumB, at.mostB), set(at.lnB)],
      [logSum(at.sumA, at.mostA), get(at.lnB), f32x4.subtract, get(at.y), get(at.lnB), f32x4.multiplyAdd, f32x4.negate],
      [get(at.w), get(at.total), f32x4.multiplyAdd, set(at.total)],
      [get(at.entropy), get(at.evenness), get(at.total), f32x4.multiplyAdd, set(at.total)],
      // y/Σ and (1 − y)/Σ turn the parts into shares of what was said.
      [get(at.y), get(at.sumA), f32x4.divide, set(at.sumA), oneLess(at.y), get(at.sumB), f32x4.divide, set(at.sumB)],
      eachHead(
        [load(ofA), get(at.sumA), f32x4.multiply, set(at.a), load(ofB), get(at.sumB), f32x4.multiply, set(at.b)],
        [load(leads), set(at.s), load(shares), set(at.share)],
        [get(at.b), get(at.s), f32x4.multiply, get(at.a), oneLess(at.s), f32x4.multiply, f32x4.subtract],
        [get(at.w), f32x4.multiply, set(at.z), keep(at.z, leads)],
        [get(at.share), get(at.a), f32x4.subtract, get(at.b), f32x4.subtract, get(at.w), f32x4.multiply],
        [load(logits), get(at.evenness), f32x4.subtract, get(at.share), f32x4.multiply],
        [get(at.entropy), f32x4.multiply, f32x4.add, set(at.l), keep(at.l, logits)],
      ),
    ),
    [get(at.loss), get(at.total), f32x4.store()],
  ]
  return { ...declared, body }
}
