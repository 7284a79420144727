/** What the scorer is asked. */
export interface ScorerQuestion {
  /** A model as ONNX, from `features` to `scores`. */
  readonly model: ArrayBuffer
  /** `[rows, width]` */
  readonly features: Float32Array<ArrayBuffer>
  readonly width: number
}

/** What it answers. */
export interface ScorerAnswer {
  /** `[rows, aspects]` */
  readonly scores: Float32Array
  readonly aspects: number
  /** How long the model ran, in milliseconds. */
  readonly ms: number
}

/**
 * Runs a model in this browser, in a worker of its own.
 *
 * @throws {Error} when the browser cannot run it, saying why
 */
export function scoreHere(question: ScorerQuestion, signal: AbortSignal): Promise<ScorerAnswer> {
  const worker = new Worker(new URL('./onnx-scorer.ts', import.meta.url), { type: 'module', name: 'scorer' })
  const { promise, resolve, reject } = Promise.withResolvers<ScorerAnswer>()
  worker.onmessage = ({ data }: MessageEvent<ScorerAnswer | { readonly error: string }>) => {
    if ('error' in data) reject(new Error(`The model cannot be run in this browser: ${data.error}`))
    else resolve(data)
  }
  worker.onerror = (event) =>
    reject(new Error(`The model cannot be run in this browser: ${event.message || 'its worker did not start'}`))
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  worker.postMessage(question)
  return promise.finally(() => {
    signal.removeEventListener('abort', stop)
    worker.terminate()
  })
}
