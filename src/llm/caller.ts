import { setTimeout as sleep } from 'node:timers/promises'
import { APICallError } from 'ai'
import { atMost } from './concurrency.ts'
import { ModelError } from './model-error.ts'

export interface CallOptions {
  /** Attempts after the first that fails for a passing reason. Default 5. */
  readonly retries?: number
  /** Pause before the second attempt, doubled before each further one. Default 500. */
  readonly firstPauseMs?: number
  /** The longest pause, whatever the server asks for. Default 60,000. */
  readonly longestPauseMs?: number
  /** How long one attempt may take. Default 120,000. */
  readonly timeoutMs?: number
  /** Attempts under way at once. Default 8. */
  readonly concurrency?: number
}

/** Calls a model: in turn, each attempt within its time, again where that may help. */
export type Caller = <Result>(
  attempt: (signal: AbortSignal) => PromiseLike<Result>,
  signal: AbortSignal | undefined,
) => Promise<Result>

/** What went wrong with an attempt, in words, and whether another may go well. */
interface Failure {
  readonly message: string
  readonly passing: boolean
  readonly status?: number
  /** Milliseconds that the server asks to wait. */
  readonly pauseMs?: number
}

function pauseAsked(headers: Readonly<Record<string, string>> = {}): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (Number.isFinite(ms)) return ms
  const after = headers['retry-after']
  if (after === undefined) return undefined
  const seconds = Number(after)
  const asked = Number.isFinite(seconds) ? 1000 * seconds : Date.parse(after) - Date.now()
  return Number.isFinite(asked) ? Math.max(0, asked) : undefined
}

function failureOf(error: unknown, timedOut: boolean, timeoutMs: number): Failure {
  if (timedOut) return { message: `no answer within ${timeoutMs} ms`, passing: true }
  if (!APICallError.isInstance(error))
    return { message: error instanceof Error ? error.message : String(error), passing: false }
  const { statusCode: status, responseHeaders, responseBody, message } = error
  if (status === undefined) return { message, passing: true }
  const pauseMs = pauseAsked(responseHeaders)
  if (status < 300)
    return {
      message: `an unreadable answer (${message}): ${(responseBody ?? '').slice(0, 200)}`,
      passing: true,
      status,
    }
  return {
    message: `status ${status}: ${message}`,
    passing: status === 408 || status === 409 || status === 429 || status >= 500,
    status,
    ...(pauseMs !== undefined && { pauseMs }),
  }
}

const wholeNumber = (name: string, number: number, least: number): void => {
  if (!Number.isInteger(number) || number < least)
    throw new RangeError(`${name} is ${number}, expected a whole number of at least ${least}`)
}

/**
 * Makes a caller. An attempt that fails with status 408, 409, 429 or 500 and above, with an answer that cannot be read,
 * without any answer, or because its time is up, is made again after a pause: the server's `retry-after` where it says
 * one, else twice the last. The calls' own errors are {@link ModelError}s without secrets.
 *
 * @param id named in errors
 * @param redact takes secrets out of what errors say
 * @param retried told of each further attempt
 */
export function openCaller(
  id: string,
  options: CallOptions,
  redact: (text: string) => string,
  retried: () => void,
): Caller {
  const { retries = 5, firstPauseMs = 500, longestPauseMs = 60_000, timeoutMs = 120_000, concurrency = 8 } = options
  wholeNumber('retries', retries, 0)
  wholeNumber('firstPauseMs', firstPauseMs, 0)
  wholeNumber('longestPauseMs', longestPauseMs, 0)
  wholeNumber('timeoutMs', timeoutMs, 1)
  const inTurn = atMost(concurrency)
  return (attempt, signal) =>
    inTurn(async () => {
      for (let attempts = 1; ; attempts++) {
        signal?.throwIfAborted()
        const timeout = AbortSignal.timeout(timeoutMs)
        try {
          return await attempt(signal ? AbortSignal.any([signal, timeout]) : timeout)
        } catch (error) {
          signal?.throwIfAborted()
          const { message, passing, status, pauseMs } = failureOf(error, timeout.aborted, timeoutMs)
          if (!passing || attempts > retries)
            throw new ModelError(redact(`${id}: ${message}${attempts > 1 ? ` (after ${attempts} attempts)` : ''}`), {
              attempts,
              ...(status !== undefined && { status }),
            })
          retried()
          await sleep(Math.min(pauseMs ?? firstPauseMs * 2 ** (attempts - 1), longestPauseMs), undefined, {
            ...(signal && { signal }),
          }).catch(() => signal?.throwIfAborted())
        }
      }
    }, signal)
}
