import { useCallback, useEffect, useState } from 'react'

/** Something that is fetched: what there is of it, whether it is being fetched, and why it could not be. */
export interface Resource<Data> {
  /** The last that came, even while another is on its way. */
  readonly data: Data | undefined
  /** The key that `data` came for. */
  readonly of: string | undefined
  readonly loading: boolean
  readonly error: Error | undefined
  /** Fetches again. */
  reload(): void
}

/**
 * Fetches when `key` changes, and forgets what comes too late.
 *
 * @param key names what is fetched; nothing is while it is undefined
 */
export function useResource<Data>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<Data>,
): Resource<Data> {
  const [state, setState] = useState<{ data?: Data; of?: string; error?: Error; loading: boolean }>({ loading: true })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    if (key === undefined) return setState({ loading: false })
    const stop = new AbortController()
    setState(({ data, of }) => ({ ...(data !== undefined && of !== undefined && { data, of }), loading: true }))
    load(stop.signal).then(
      (data) => stop.signal.aborted || setState({ data, of: key, loading: false }),
      (error: unknown) =>
        stop.signal.aborted ||
        setState(({ data, of }) => ({
          ...(data !== undefined && of !== undefined && { data, of }),
          error: error instanceof Error ? error : new Error(String(error)),
          loading: false,
        })),
    )
    return () => stop.abort()
  }, [key, attempt])
  const reload = useCallback(() => setAttempt((before) => before + 1), [])
  return { data: state.data, of: state.of, loading: state.loading, error: state.error, reload }
}
