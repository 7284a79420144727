import { type DragEvent, useEffect, useRef, useState } from 'react'
import { formatBytes } from '../ui/format.ts'

const hasFiles = (event: { readonly dataTransfer: DataTransfer | null }): boolean =>
  event.dataTransfer?.types.includes('Files') ?? false

export interface DropZoneProps {
  readonly file: File | undefined
  readonly disabled: boolean
  readonly onFile: (file: File) => void
}

/** Where a file is dropped, or chosen with a button. */
export function DropZone({ file, disabled, onFile }: DropZoneProps) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [problem, setProblem] = useState<string>()

  // A file dropped beside the zone would make the browser leave the page and open it.
  useEffect(() => {
    const keep = (event: globalThis.DragEvent): void => {
      if (hasFiles(event)) event.preventDefault()
    }
    addEventListener('dragover', keep)
    addEventListener('drop', keep)
    return () => {
      removeEventListener('dragover', keep)
      removeEventListener('drop', keep)
    }
  }, [])

  const take = (files: FileList | null): void => {
    const [one, ...others] = files ?? []
    setProblem(others.length > 0 ? 'One file at a time: the first was taken.' : undefined)
    if (!one) return
    if (one.size === 0) setProblem(`${one.name} is empty.`)
    else onFile(one)
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    setOver(false)
    if (!disabled) take(event.dataTransfer.files)
  }

  return (
    <section
      className={`drop-zone${over ? ' over' : ''}${file ? ' full' : ''}`}
      aria-label="The file"
      onDragOver={(event) => {
        if (disabled || !hasFiles(event)) return
        event.preventDefault()
        event.dataTransfer.dropEffect = 'copy'
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        ref={input}
        type="file"
        hidden
        accept=".csv,.tsv,.json,.jsonl,.ndjson,.parquet,.gz,.txt,.dat"
        onChange={(event) => {
          take(event.target.files)
          event.target.value = ''
        }}
      />
      {file ? (
        <p className="name">
          {file.name} <span className="soft">{formatBytes(file.size)}</span>
        </p>
      ) : (
        <p className="name">Drop a file here</p>
      )}
      <button type="button" disabled={disabled} onClick={() => input.current?.click()}>
        {file ? 'Choose another' : 'or choose one'}
      </button>
      <p className="soft small">CSV, TSV, JSON, JSON Lines or Parquet, plain or gzipped</p>
      <p role="status" className="small problem">
        {problem}
      </p>
    </section>
  )
}
