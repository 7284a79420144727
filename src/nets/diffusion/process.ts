import {
  add,
  cast,
  constant,
  div,
  gather,
  mean,
  mul,
  reshape,
  square,
  sub,
  type Tensor,
  value,
} from '../../tensor/index.ts'
import { sizeAt } from '../shape.ts'
import type { NoiseSchedule } from './noise-schedule.ts'

/**
 * What a denoiser is asked for, x_t = a x₀ + s e being clean signal and noise:
 *
 * - `eps`: e, on a schedule with a = √ᾱ and s = √(1 − ᾱ);
 * - `v`: a e − s x₀ (Salimans & Ho 2022, arXiv 2202.00512), on such a schedule;
 * - `flow`: e − x₀, with a = 1 − t and s = t for t in (0, 1] (rectified flow, Liu et al. 2022, arXiv 2209.03003).
 */
export type DiffusionProcess =
  | { readonly parameterization: 'eps' | 'v'; readonly schedule: NoiseSchedule }
  | { readonly parameterization: 'flow' }

/** Factors on signal and noise, and the time that the net is told (0 to about 1000). */
export interface Rates<Number> {
  readonly signal: Number
  readonly noise: Number
  readonly seen: Number
}

/**
 * Factors at one time.
 *
 * @param time a step from 0 to the schedule's last, or −1 for the clean picture; for `flow` from 0 to 1
 * @throws {RangeError} for any other time
 */
export function ratesAt(process: DiffusionProcess, time: number): Rates<number> {
  if (process.parameterization === 'flow') {
    if (!(time >= 0 && time <= 1)) throw new RangeError(`flow: the time is ${time}, expected from 0 to 1`)
    return { signal: 1 - time, noise: time, seen: 1000 * time }
  }
  const last = process.schedule.length - 1
  const kept = time === -1 ? 1 : process.schedule[time]
  if (kept === undefined)
    throw new RangeError(
      `diffusion: the time is ${time}, expected a step from 0 to ${last}, or −1 for the clean picture`,
    )
  return { signal: Math.sqrt(kept), noise: Math.sqrt(1 - kept), seen: time }
}

/**
 * Factors for a batch, shaped to multiply a tensor of the given rank.
 *
 * @param time [batch]: int64 steps, or floats in (0, 1] for `flow`
 * @returns signal and noise [batch, 1, …], seen [batch]
 */
export function batchRates(
  process: DiffusionProcess,
  time: Tensor,
  rank: number,
  dtype: Tensor['dtype'] = 'float32',
): Rates<Tensor> {
  const shaped = (x: Tensor): Tensor => reshape(x, [sizeAt(time, 0), ...Array.from({ length: rank - 1 }, () => 1)])
  if (process.parameterization === 'flow') {
    const t = shaped(cast(time, dtype))
    return { signal: sub(1, t), noise: t, seen: mul(cast(time, dtype), 1000) }
  }
  // Rounded after the root: in float32 1 − ᾱ has lost its first steps.
  const table = (of: (kept: number) => number): Tensor =>
    cast(gather(constant(value(process.schedule.map(of))), time), dtype)
  return {
    signal: shaped(table(Math.sqrt)),
    noise: shaped(table((kept) => Math.sqrt(1 - kept))),
    seen: cast(time, dtype),
  }
}

/** x_t = a x₀ + s e. */
export function noised(clean: Tensor, noise: Tensor, rates: Pick<Rates<Tensor>, 'signal' | 'noise'>): Tensor {
  return add(mul(rates.signal, clean), mul(rates.noise, noise))
}

/** What the denoiser ought to predict. */
export function denoisingTarget(
  parameterization: DiffusionProcess['parameterization'],
  clean: Tensor,
  noise: Tensor,
  rates: Pick<Rates<Tensor>, 'signal' | 'noise'>,
): Tensor {
  if (parameterization === 'eps') return noise
  if (parameterization === 'flow') return sub(noise, clean)
  return sub(mul(rates.signal, noise), mul(rates.noise, clean))
}

/**
 * Clean picture and noise as linear functions of x_t and the prediction: `clean = state·clean.state +
 * prediction·clean.prediction`, and likewise the noise.
 */
export interface Recovery {
  readonly clean: { readonly state: number; readonly prediction: number }
  readonly noise: { readonly state: number; readonly prediction: number }
}

/** The factors of `Recovery` at given rates. The clean picture is out of `eps`'s reach where no signal is left. */
export function recovery(
  parameterization: DiffusionProcess['parameterization'],
  { signal, noise }: Pick<Rates<number>, 'signal' | 'noise'>,
): Recovery {
  if (parameterization === 'eps')
    return { clean: { state: 1 / signal, prediction: -noise / signal }, noise: { state: 0, prediction: 1 } }
  if (parameterization === 'flow')
    return { clean: { state: 1, prediction: -noise }, noise: { state: 1, prediction: signal } }
  return { clean: { state: signal, prediction: -noise }, noise: { state: noise, prediction: signal } }
}

/** The clean picture and the noise that a prediction stands for, in a graph; see `recovery`. */
export function recovered(
  parameterization: DiffusionProcess['parameterization'],
  state: Tensor,
  prediction: Tensor,
  { signal, noise }: Pick<Rates<Tensor>, 'signal' | 'noise'>,
): { readonly clean: Tensor; readonly noise: Tensor } {
  if (parameterization === 'eps') return { clean: div(sub(state, mul(noise, prediction)), signal), noise: prediction }
  if (parameterization === 'flow')
    return { clean: sub(state, mul(noise, prediction)), noise: add(state, mul(signal, prediction)) }
  return {
    clean: sub(mul(signal, state), mul(noise, prediction)),
    noise: add(mul(noise, state), mul(signal, prediction)),
  }
}

/** A denoiser with its conditions bound: x_t [batch, …] and seen times [batch] to a prediction like x_t. */
export type Predict = (state: Tensor, seen: Tensor) => Tensor

/**
 * How far a denoiser is from its target on each picture: the mean (not the sum) over all entries of the squared error.
 * What diffusion models are trained on, and what preference losses compare.
 *
 * @param clean [batch, …]
 * @param noise standard normal, like `clean`
 * @param time [batch]: int64 steps, or floats in (0, 1] for `flow`
 * @returns [batch]
 */
export function denoisingErrors(
  predict: Predict,
  clean: Tensor,
  noise: Tensor,
  time: Tensor,
  process: DiffusionProcess,
): Tensor {
  const rates = batchRates(process, time, clean.shape.length, clean.dtype)
  const prediction = predict(noised(clean, noise, rates), rates.seen)
  const target = denoisingTarget(process.parameterization, clean, noise, rates)
  return mean(
    square(sub(prediction, target)),
    clean.shape.slice(1).map((_, axis) => axis + 1),
  )
}
