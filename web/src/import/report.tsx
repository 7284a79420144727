import { useState } from 'react'
import { type ImportReport, type Reject, readRejects } from '../api/import.ts'
import { readBoard } from '../api/leaderboard.ts'
import { Preview } from '../leaderboards/preview.tsx'
import { saveFile } from '../ui/download.ts'
import { formatCount, formatCounted, formatDuration } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { Link } from '../ui/router.tsx'
import { Scroller } from '../ui/scroller.tsx'
import { Failure, Loading } from '../ui/state.tsx'

function Rejects({
  id,
  rejects,
  all,
}: {
  readonly id: string
  readonly rejects: readonly Reject[]
  readonly all: number
}) {
  const [error, setError] = useState<Error>()
  const save = async (): Promise<void> => {
    setError(undefined)
    try {
      saveFile(`rejected-${id}.jsonl`, await readRejects(id))
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
    }
  }
  return (
    <section className="part">
      <h2>Not taken</h2>
      <p className="soft about">
        {formatCounted(all, 'line')} could not be read
        {all > rejects.length ? `; here are the first ${formatCount(rejects.length)}` : ''}. Correct them in the file
        and import it again: what was already taken is not taken twice.
      </p>
      <Scroller className="rejects" label="Rejected lines">
        <table>
          <thead>
            <tr>
              <th scope="col" className="number">
                Line
              </th>
              <th scope="col">Field</th>
              <th scope="col">Reason</th>
            </tr>
          </thead>
          <tbody>
            {rejects.map(({ line, path, reason }) => (
              <tr key={`${line} ${path} ${reason}`}>
                <td className="number">{line}</td>
                <td className="path">{path ? <code>{path}</code> : <span className="soft">the line</span>}</td>
                <td>{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      {error && <Failure error={error} />}
      <p className="row">
        <button type="button" onClick={save}>
          Download all rejected lines
        </button>
      </p>
    </section>
  )
}

function Result({ name }: { readonly name: string }) {
  const board = useResource(name, (signal) => readBoard(name, {}, signal))
  return (
    <section className="part">
      <h2>What it amounts to</h2>
      {board.error && <Failure error={board.error} retry={board.reload} />}
      {!board.data && board.loading && <Loading what="the leaderboard" rows={5} />}
      {board.data && (
        <div className="result">
          <Preview competitors={board.data.competitors} count={10} />
        </div>
      )}
      <p className="row">
        <Link href={`/leaderboards/${encodeURIComponent(name)}`} className="button first">
          Open the leaderboard
        </Link>
      </p>
    </section>
  )
}

/** What came of an import: what was taken, what was not and why, and the leaderboard it makes. */
export function Report({ id, report }: { readonly id: string; readonly report: ImportReport }) {
  const { read, inserted, duplicates, rejected, format, seconds, leaderboard, notes = [] } = report
  const refused = report.rejectedCount ?? rejected.length
  return (
    <>
      <dl className="figures">
        <div>
          <dt>Rows read</dt>
          <dd>{formatCount(read)}</dd>
        </div>
        <div>
          <dt>Signals added</dt>
          <dd>{formatCount(inserted)}</dd>
        </div>
        <div>
          <dt>There before</dt>
          <dd>{formatCount(duplicates)}</dd>
        </div>
        <div>
          <dt>Not taken</dt>
          <dd className={refused > 0 ? 'refused' : ''}>{formatCount(refused)}</dd>
        </div>
        <div>
          <dt>Read as</dt>
          <dd>{format}</dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>{formatDuration(seconds)}</dd>
        </div>
      </dl>
      {notes.length > 0 && (
        <section className="notice" aria-label="What was assumed">
          {notes.map((note) => (
            <p key={note}>{note}</p>
          ))}
        </section>
      )}
      {leaderboard && <Result name={leaderboard} />}
      {rejected.length > 0 && <Rejects id={id} rejects={rejected} all={refused} />}
    </>
  )
}
