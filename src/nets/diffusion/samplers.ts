import type { Random } from '../../run/index.ts'
import { type TensorValue, value } from '../../tensor/index.ts'
import { type DiffusionProcess, ratesAt, recovery } from './process.ts'

/**
 * A denoiser at work: predicts for a whole batch at one time.
 *
 * @param state [batch, …]
 * @param seen the time as the net is told it; for `flow` 1000 t
 * @returns numbers like `state`
 */
export type Denoise = (state: TensorValue, seen: number) => Promise<TensorValue> | TensorValue

export interface SamplerOptions {
  /** Default 25. */
  readonly steps?: number
  /** Clip every estimate of the clean picture to this range, and let the noise follow. Default none. */
  readonly clip?: readonly [number, number]
  /** Called after each step with its index, from 0; may stop the job by throwing. */
  readonly onStep?: (step: number) => void
}

export interface DdimOptions extends SamplerOptions {
  /** How much fresh noise each step adds: 0 (default) none, 1 as much as DDPM. Needs `random`. */
  readonly eta?: number
  readonly random?: Random
}

/** Times that DDIM visits: from the last step to 0 in equal distances, rounded; −1, the clean picture, follows them. */
export function ddimTimes(scheduleSteps: number, steps: number): readonly number[] {
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= scheduleSteps))
    throw new RangeError(`ddim: steps is ${steps}, expected a whole number from 1 to ${scheduleSteps}`)
  const last = scheduleSteps - 1
  return Array.from({ length: steps }, (_, at) => (steps === 1 ? last : Math.round(last - (last * at) / (steps - 1))))
}

/**
 * One deterministic step between two times, in either direction: x' = a' x₀ + s' e with x₀ and e from the prediction.
 * Forwards in time it inverts (pictures to noise).
 *
 * @param state, prediction numbers of one length
 * @param from, to times as in `ratesAt`
 * @param clip range for x₀; e is then taken again from the state
 */
export function ddimStep(
  process: DiffusionProcess,
  state: ArrayLike<number>,
  prediction: ArrayLike<number>,
  from: number,
  to: number,
  clip?: readonly [number, number],
): Float32Array {
  const [here, there] = [ratesAt(process, from), ratesAt(process, to)]
  const { clean, noise } = recovery(process.parameterization, here)
  if (prediction.length !== state.length)
    throw new RangeError(`ddim: the prediction has ${prediction.length} numbers, the state ${state.length}`)
  return Float32Array.from(state, (x, at) => {
    const p = prediction[at] ?? Number.NaN
    let x0 = clean.state * x + clean.prediction * p
    let e = noise.state * x + noise.prediction * p
    if (clip && (x0 < clip[0] || x0 > clip[1])) {
      x0 = Math.min(clip[1], Math.max(clip[0], x0))
      e = here.noise === 0 ? e : (x - here.signal * x0) / here.noise
    }
    return there.signal * x0 + there.noise * e
  })
}

function numbersOf(x: TensorValue): ArrayLike<number> {
  if (x.data instanceof BigInt64Array || x.data instanceof BigUint64Array)
    throw new TypeError(`sampler: the state is ${x.dtype}, expected floating numbers`)
  return x.data
}

/**
 * DDIM (Song, Meng & Ermon 2020, arXiv 2010.02502): from noise to pictures along a schedule, for `eps` and `v`.
 *
 * @param noise standard normal [batch, …]
 * @returns pictures like `noise`
 */
export async function sampleDdim(
  denoise: Denoise,
  noise: TensorValue,
  process: DiffusionProcess & { readonly parameterization: 'eps' | 'v' },
  options: DdimOptions = {},
): Promise<TensorValue> {
  const { steps = 25, eta = 0, random, clip, onStep } = options
  if (eta > 0 && random === undefined) throw new TypeError('ddim: eta adds noise, and no `random` is given to draw it')
  const times = ddimTimes(process.schedule.length, steps)
  let state = value(Float32Array.from(numbersOf(noise)), noise.shape)
  for (const [step, from] of times.entries()) {
    const prediction = numbersOf(await denoise(state, ratesAt(process, from).seen))
    const to = times[step + 1] ?? -1
    const moved = ddimStep(process, numbersOf(state), prediction, from, to, clip)
    state = value(
      eta > 0 && random ? renoised(process, state, prediction, from, to, { moved, eta, random, clip }) : moved,
      noise.shape,
    )
    onStep?.(step)
  }
  return state
}

/** The step with σ = η √((1 − ᾱ')/(1 − ᾱ)) √(1 − ᾱ/ᾱ') of fresh noise in place of as much of the old (equation 16). */
function renoised(
  process: DiffusionProcess,
  state: TensorValue,
  prediction: ArrayLike<number>,
  from: number,
  to: number,
  options: {
    readonly moved: Float32Array
    readonly eta: number
    readonly random: Random
    readonly clip: readonly [number, number] | undefined
  },
): Float32Array {
  const [here, there] = [ratesAt(process, from), ratesAt(process, to)]
  const sigma = options.eta * (there.noise / here.noise) * Math.sqrt(1 - (here.signal / there.signal) ** 2)
  const kept = Math.sqrt(Math.max(0, there.noise ** 2 - sigma ** 2))
  // The direction towards the noise, s' e, is what the plain step adds to a' x₀.
  const clean = ddimStep(process, numbersOf(state), prediction, from, -1, options.clip)
  return options.moved.map((x, at) => {
    const signal = there.signal * (clean[at] ?? 0)
    const direction = there.noise === 0 ? 0 : (x - signal) / there.noise
    return signal + kept * direction + sigma * options.random.normal()
  })
}

/** Pictures to the noise they would come from: DDIM run forwards in time. */
export async function invertDdim(
  denoise: Denoise,
  clean: TensorValue,
  process: DiffusionProcess & { readonly parameterization: 'eps' | 'v' },
  options: Pick<SamplerOptions, 'steps' | 'onStep'> = {},
): Promise<TensorValue> {
  const { steps = 25, onStep } = options
  const times = ddimTimes(process.schedule.length, steps).toReversed()
  let state = value(Float32Array.from(numbersOf(clean)), clean.shape)
  let from = -1
  for (const [step, to] of times.entries()) {
    // The clean picture is taken to lie at the first time: nets are not trained at none.
    const prediction = numbersOf(await denoise(state, ratesAt(process, Math.max(0, from)).seen))
    state = value(ddimStep(process, numbersOf(state), prediction, from, to), clean.shape)
    from = to
    onStep?.(step)
  }
  return state
}

/**
 * Euler's method for `flow`: x ← x + (t' − t) v from t = 1 to 0 in equal steps.
 *
 * @param noise standard normal [batch, …]
 */
export async function sampleEuler(
  denoise: Denoise,
  noise: TensorValue,
  options: SamplerOptions = {},
): Promise<TensorValue> {
  const { steps = 25, clip, onStep } = options
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new RangeError(`euler: steps is ${steps}, expected a whole number of at least 1`)
  const process: DiffusionProcess = { parameterization: 'flow' }
  let state = value(Float32Array.from(numbersOf(noise)), noise.shape)
  for (let step = 0; step < steps; step++) {
    const [from, to] = [1 - step / steps, 1 - (step + 1) / steps]
    const prediction = numbersOf(await denoise(state, ratesAt(process, from).seen))
    // On straight paths Euler's step is DDIM's: (1 − t') x₀ + t' e = x + (t' − t) v.
    state = value(ddimStep(process, numbersOf(state), prediction, from, Math.max(0, to), clip), noise.shape)
    onStep?.(step)
  }
  return state
}

/**
 * Classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598): unconditional + scale · (conditional −
 * unconditional). Scale 1 is the conditional prediction and asks only for it.
 */
export function guided(conditional: Denoise, unconditional: Denoise, scale: number): Denoise {
  if (scale === 1) return conditional
  return async (state, seen) => {
    const [towards, away] = [await conditional(state, seen), await unconditional(state, seen)]
    const free = numbersOf(away)
    return value(
      Float32Array.from(numbersOf(towards), (p, at) => (free[at] ?? 0) + scale * (p - (free[at] ?? 0))),
      state.shape,
    )
  }
}
