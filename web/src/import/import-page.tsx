import { useEffect, useRef, useState } from 'react'
import { listFormats, startImport } from '../api/import.ts'
import { listJobs } from '../api/job.ts'
import { formatBytes, formatMoment } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { Link, navigate } from '../ui/router.tsx'
import { Failure } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import { DropZone } from './drop-zone.tsx'
import { Guide } from './guide.tsx'
import './import-page.css'
import { Meter } from './meter.tsx'

const states = { running: 'running', done: 'done', failed: 'failed', cancelled: 'stopped' } as const

function Earlier() {
  const { data } = useResource('jobs', listJobs)
  const imports = (data ?? []).filter(({ kind }) => kind === 'import').slice(0, 10)
  if (imports.length === 0) return null
  return (
    <section className="part">
      <h2>Earlier imports</h2>
      <ul className="earlier">
        {imports.map(({ id, state, startedAt, error }) => (
          <li key={id}>
            <Link href={`/import/${id}`}>{formatMoment(startedAt)} UTC</Link>
            <span className={`state ${state}`}>{states[state]}</span>
            {error && <span className="soft small">{error}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface Sending {
  readonly file: File
  readonly startedAt: number
  readonly sent: number
}

/** Takes a file of signals and sends it to the server. */
export function ImportPage() {
  useTitle('Import')
  const formats = useResource('formats', listFormats)
  const [file, setFile] = useState<File>()
  const [format, setFormat] = useState('')
  const [keepGoing, setKeepGoing] = useState(true)
  const [source, setSource] = useState('')
  const [sending, setSending] = useState<Sending>()
  const [error, setError] = useState<Error>()
  const stop = useRef<AbortController>(undefined)
  useEffect(() => () => stop.current?.abort(), [])

  const start = async (chosen: File): Promise<void> => {
    const controller = new AbortController()
    stop.current = controller
    setError(undefined)
    setSending({ file: chosen, startedAt: performance.now(), sent: 0 })
    try {
      const id = await startImport(
        { file: chosen, keepGoing, format: format || undefined, source: source.trim() || undefined },
        (sent) => setSending((before) => before && { ...before, sent }),
        controller.signal,
      )
      if (!controller.signal.aborted) navigate(`/import/${encodeURIComponent(id)}`)
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure instanceof Error ? failure : new Error(String(failure)))
      setSending(undefined)
    }
  }

  return (
    <>
      <header className="head">
        <h1>Import</h1>
        <p className="lead">
          A file of votes, rankings or ratings becomes signals and, where it can, a leaderboard. What cannot be read is
          listed line by line, and nothing is guessed.
        </p>
      </header>
      <DropZone file={file} disabled={sending !== undefined} onFile={setFile} />
      {error && <Failure error={error} />}
      {sending ? (
        <section className="sending" aria-label="Sending">
          <Meter
            label={`Sending ${sending.file.name}`}
            done={sending.sent}
            total={sending.file.size}
            startedAt={sending.startedAt}
            show={formatBytes}
          />
          <button type="button" onClick={() => stop.current?.abort()}>
            Stop
          </button>
        </section>
      ) : (
        <form
          className="import-options"
          onSubmit={(event) => {
            event.preventDefault()
            if (file) void start(file)
          }}
        >
          <label className="field">
            Format
            <select value={format} onChange={(event) => setFormat(event.target.value)}>
              <option value="">Find out from the file</option>
              {formats.data?.map(({ name, description }) => (
                <option key={name} value={name}>
                  {name}: {description}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            Name of the data
            <input
              value={source}
              placeholder={file ? file.name.replace(/\.[^.]+$/, '') : 'as the file is called'}
              onChange={(event) => setSource(event.target.value)}
            />
          </label>
          <label className="check">
            <input type="checkbox" checked={keepGoing} onChange={(event) => setKeepGoing(event.target.checked)} />
            <span>
              Keep going past broken lines
              <span className="aside soft small">Otherwise the first one stops the import and nothing is saved.</span>
            </span>
          </label>
          <button type="submit" className="first" disabled={!file}>
            {file ? `Import ${file.name}` : 'Choose a file first'}
          </button>
        </form>
      )}
      <Earlier />
      <Guide />
    </>
  )
}
