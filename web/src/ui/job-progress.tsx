import { useEffect, useState } from 'react'
import { followJob, type Job } from '../api/job.ts'
import { Loading } from './state.tsx'

export interface JobProgressProps {
  readonly id: string
  /** What it is for, such as `tastes`. */
  readonly what: string
  /** Called once when it has succeeded. */
  readonly onDone: () => void
  /** In one line beside what is there already, instead of in its place. Default false. */
  readonly brief?: boolean
}

/** Follows a job until it ends: how far it is, or why it failed. */
export function JobProgress({ id, what, onDone, brief = false }: JobProgressProps) {
  const [job, setJob] = useState<Job>()
  const [lost, setLost] = useState<string>()
  useEffect(() => {
    const stop = new AbortController()
    const follow = async (): Promise<void> => {
      for await (const next of followJob(id, stop.signal)) {
        if (stop.signal.aborted) return
        setJob(next)
        if (next.state === 'done') onDone()
      }
    }
    follow().catch((error: unknown) => {
      if (!stop.signal.aborted) setLost(error instanceof Error ? error.message : String(error))
    })
    return () => stop.abort()
  }, [id])
  const failed =
    lost ?? (job?.state === 'failed' || job?.state === 'cancelled' ? (job.error ?? 'It ended.') : undefined)
  if (failed !== undefined)
    return (
      <p className="notice bad" role="alert">
        The server could not work out the {what}: {failed}
      </p>
    )
  const { label, done, total } = job?.progress ?? { label: 'starting', done: 0 }
  const share = total !== undefined && total > 0 ? ` ${Math.round((100 * done) / total)} %` : ''
  return (
    <>
      <p className="soft" role="status">
        {brief
          ? `Newer signals are being read (${label}${share}); this page follows by itself.`
          : `The server works out the ${what}: ${label}${share}. It takes seconds, once.`}
      </p>
      {!brief && <Loading what={what} rows={8} />}
    </>
  )
}
