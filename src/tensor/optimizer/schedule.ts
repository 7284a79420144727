/** A number by the count of updates, from 1: a learning rate and its like. */
export type Schedule = (step: number) => number

/** A schedule from a fixed number or a schedule. */
export function asSchedule(given: number | Schedule): Schedule {
  return typeof given === 'function' ? given : () => given
}

/** Always the same. */
export function constantSchedule(rate: number): Schedule {
  return () => rate
}

/**
 * From 0 to a schedule's own value in a straight line over the first steps: `rate · min(1, step/warmUp)`; the inner
 * schedule counts from 1 at the first step after warm-up, and gives its first value during it.
 */
export function withWarmUp(warmUpSteps: number, after: number | Schedule): Schedule {
  const then = asSchedule(after)
  return (step) => (step <= warmUpSteps ? (then(1) * step) / warmUpSteps : then(step - warmUpSteps))
}

/** From `from` to `to` in a straight line over a number of steps, then `to`. */
export function linearSchedule(from: number, to: number, steps: number): Schedule {
  return (step) => from + (to - from) * Math.min(1, Math.max(0, step - 1) / Math.max(1, steps - 1))
}

/** `final + (rate − final) (1 + cos π t)/2` with t from 0 at the first step to 1 at the last (arXiv 1608.03983). */
export function cosineSchedule(rate: number, steps: number, final = 0): Schedule {
  return (step) => {
    const t = Math.min(1, Math.max(0, step - 1) / Math.max(1, steps - 1))
    return final + ((rate - final) * (1 + Math.cos(Math.PI * t))) / 2
  }
}

/** `rate · min(step/warmUp, √(warmUp/step))`, at its peak `rate` after warm-up (arXiv 1706.03762, section 5.3). */
export function inverseSquareRootSchedule(rate: number, warmUpSteps: number): Schedule {
  return (step) => rate * Math.min(step / warmUpSteps, Math.sqrt(warmUpSteps / step))
}

/** `rate · factor^⌊(step − 1)/every⌋` */
export function stepDecaySchedule(rate: number, factor: number, every: number): Schedule {
  return (step) => rate * factor ** Math.floor((step - 1) / every)
}

/** `rate · factor^((step − 1)/every)` */
export function exponentialSchedule(rate: number, factor: number, every: number): Schedule {
  return (step) => rate * factor ** ((step - 1) / every)
}
