import { useEffect, useRef, useState } from 'react'
import { reportOf } from '../api/import.ts'
import { cancelJob, followJob, type Job } from '../api/job.ts'
import { Link } from '../ui/router.tsx'
import { Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import './import-page.css'
import { Meter } from './meter.tsx'
import { Report } from './report.tsx'

/** The job at every step until it ends. */
function useJob(id: string): { readonly job: Job | undefined; readonly error: Error | undefined; retry(): void } {
  const [state, setState] = useState<{ job?: Job; error?: Error }>({})
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    const follow = async (): Promise<void> => {
      try {
        for await (const job of followJob(id, stop.signal)) if (!stop.signal.aborted) setState({ job })
      } catch (error) {
        if (!stop.signal.aborted) setState({ error: error instanceof Error ? error : new Error(String(error)) })
      }
    }
    setState({})
    void follow()
    return () => stop.abort()
  }, [id, attempt])
  return { job: state.job, error: state.error, retry: () => setAttempt(attempt + 1) }
}

function Running({ job }: { readonly job: Job }) {
  const { label, done, total } = job.progress
  // The estimate starts anew with each part of the work, since parts go at different speeds.
  const part = useRef({ label: '', startedAt: 0 })
  if (part.current.label !== label) part.current = { label, startedAt: performance.now() }
  const [error, setError] = useState<Error>()
  return (
    <section className="sending" aria-label="Progress">
      <Meter label={label} done={done} total={total} startedAt={part.current.startedAt} />
      <button type="button" onClick={() => cancelJob(job.id).catch(setError)}>
        Stop
      </button>
      {error && <Failure error={error} />}
    </section>
  )
}

/** An import: how far it is, and then what came of it. */
export function JobPage({ id }: { readonly id: string }) {
  useTitle('Import')
  const { job, error, retry } = useJob(id)
  const report = job?.state === 'done' ? reportOf(job.result) : undefined
  const titles = { running: 'Importing …', done: 'Imported', failed: 'Not imported', cancelled: 'Stopped' } as const
  return (
    <>
      <header className="head">
        <p className="crumb">
          <Link href="/import">Import</Link>
        </p>
        <h1 aria-live="polite">{job ? titles[job.state] : 'Import'}</h1>
      </header>
      {error && <Failure error={error} retry={retry} />}
      {!job && !error && <Loading what="the import" rows={4} />}
      {job?.state === 'running' && <Running job={job} />}
      {job?.error && (
        <div className="notice bad" role="alert">
          <p className="lines">{job.error}</p>
        </div>
      )}
      {report && <Report id={id} report={report} />}
      {job && job.state !== 'running' && (
        <p className="row again">
          <Link href="/import" className="button">
            Import another file
          </Link>
        </p>
      )}
    </>
  )
}
