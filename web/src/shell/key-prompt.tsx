import { type FormEvent, useEffect, useRef, useSyncExternalStore } from 'react'
import { currentKey, giveKey, keyIsAsked, refuseKey, watchKey } from '../api/key.ts'

/** Asks for the API key when the server wants one. The key stays in this tab. */
export function KeyPrompt() {
  const asked = useSyncExternalStore(watchKey, keyIsAsked)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (asked) dialog.current?.showModal()
    else dialog.current?.close()
  }, [asked])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const key = new FormData(event.currentTarget).get('key')
    if (typeof key === 'string' && key.trim() !== '') giveKey(key.trim())
  }
  return (
    <dialog ref={dialog} aria-labelledby="key-title" onCancel={refuseKey}>
      {asked && (
        <form onSubmit={submit} className="stack">
          <h2 id="key-title">This server needs a key</h2>
          <p className="soft">
            {currentKey() ? 'The key that was given is not one of this server’s. ' : ''}
            Whoever runs the server has one. It is kept until this tab is closed.
          </p>
          <label className="field">
            API key
            <input name="key" type="password" autoComplete="off" required />
          </label>
          <div className="row">
            <button type="submit" className="first">
              Go on
            </button>
            <button type="button" onClick={refuseKey}>
              Not now
            </button>
          </div>
        </form>
      )}
    </dialog>
  )
}
