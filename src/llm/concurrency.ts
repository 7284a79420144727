/** Runs work when its turn comes. @throws the signal's reason when it is aborted before that */
export type Turn = <Result>(work: () => Promise<Result>, signal?: AbortSignal) => Promise<Result>

/**
 * Lets so many pieces of work run at once; the others wait, first come first served.
 *
 * @throws {RangeError} unless most is a whole number of at least 1
 */
export function atMost(most: number): Turn {
  if (!Number.isInteger(most) || most < 1)
    throw new RangeError(`concurrency is ${most}, expected a whole number of at least 1`)
  let running = 0
  const waiting = new Set<() => void>()
  const next = (): void => {
    const [first] = waiting
    if (first === undefined) running--
    else {
      waiting.delete(first)
      first()
    }
  }
  return async (work, signal) => {
    signal?.throwIfAborted()
    if (running < most) running++
    else
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(enter)
          reject(signal?.reason)
        }
        const enter = (): void => {
          signal?.removeEventListener('abort', leave)
          resolve()
        }
        waiting.add(enter)
        signal?.addEventListener('abort', leave, { once: true })
      })
    try {
      return await work()
    } finally {
      next()
    }
  }
}
