import type { ReactNode } from 'react'
import { ApiError } from '../api/request.ts'
import './state.css'

/** Shown while something is fetched: a quiet outline of what will come. */
export function Loading({ what, rows = 6 }: { readonly what: string; readonly rows?: number }) {
  return (
    <div className="loading" role="status">
      <span className="hidden">Loading {what} …</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className="bar" style={{ inlineSize: `${92 - ((row * 17) % 38)}%` }} aria-hidden="true" />
      ))}
    </div>
  )
}

/** What went wrong, in the server's words, and a way to try again. */
export function Failure({ error, retry }: { readonly error: Error; readonly retry?: () => void }) {
  const issues = error instanceof ApiError ? error.issues : []
  return (
    <div className="notice bad" role="alert">
      <p>
        <strong>That did not work.</strong> {error.message}
      </p>
      {issues.length > 0 && (
        <ul>
          {issues.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path && <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      )}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Says that there is nothing, and what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="title">{title}</p>
      {children}
    </div>
  )
}
