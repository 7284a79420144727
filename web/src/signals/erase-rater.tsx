import { useId, useRef, useState } from 'react'
import { eraseRater } from '../api/signal.ts'
import { Failure } from '../ui/state.tsx'

export interface EraseRaterProps {
  readonly rater: string
  /** Told how many signals went. */
  readonly onErased: (signals: number) => void
}

/** Erases everything a rater said, once the person has confirmed it. */
export function EraseRater({ rater, onErased }: EraseRaterProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const title = useId()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const erase = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const erased = await eraseRater(rater)
      dialog.current?.close()
      onErased(erased)
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
    }
    setBusy(false)
  }
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Erase this rater …
      </button>
      <dialog ref={dialog} aria-labelledby={title} onClose={() => setError(undefined)}>
        <div className="stack">
          <h2 id={title}>Erase everything this rater said?</h2>
          <p>
            All signals of <strong className="id">{rater}</strong> are removed, with the contents that nothing else
            mentions. Leaderboards change accordingly. This cannot be undone.
          </p>
          {error && <Failure error={error} />}
          <div className="row">
            <button type="button" className="grave" onClick={erase} disabled={busy}>
              {busy ? 'Erasing …' : 'Erase for good'}
            </button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Keep
            </button>
          </div>
        </div>
      </dialog>
    </>
  )
}
