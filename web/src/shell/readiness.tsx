import { useEffect, useState } from 'react'

const pauseMs = 1_500

/**
 * Says that the server is still loading, while it is. `onReady` is called once when it stops loading, so that what was
 * shown meanwhile can be fetched again.
 */
export function Readiness({ onReady }: { readonly onReady: () => void }) {
  const [state, setState] = useState<{ status: string; detail?: string }>()
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let waited = false
    let over = false
    const look = async (): Promise<void> => {
      const answer = await fetch('/readyz').then(
        (response): Promise<{ status: string; detail?: string }> => response.json(),
        () => undefined,
      )
      if (over) return
      setState(answer)
      if (answer?.status === 'loading') {
        waited = true
        timer = setTimeout(look, pauseMs)
      } else if (waited) onReady()
    }
    void look()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [onReady])
  if (state?.status === 'loading')
    return (
      <p className="banner" role="status">
        The server is still loading{state.detail ? `: ${state.detail}` : ''}. More will appear by itself.
      </p>
    )
  if (state?.status === 'failed')
    return (
      <p className="banner bad" role="alert">
        The server did not load everything{state.detail ? `: ${state.detail}` : ''}. Its log says why.
      </p>
    )
  return null
}
