import * as z from 'zod/mini'
import { askForKey } from './key.ts'
import { ApiError, address, keyHeaders, problemIn, readFile, request } from './request.ts'

const rejectSchema = z.object({
  line: z.number(),
  reason: z.string(),
  path: z.optional(z.string()),
  row: z.optional(z.unknown()),
})
/** A row that was not taken, and why. */
export type Reject = z.infer<typeof rejectSchema>

const reportSchema = z.object({
  read: z.number(),
  inserted: z.number(),
  duplicates: z.number(),
  rejected: z.array(rejectSchema),
  rejectedCount: z.optional(z.number()),
  format: z.string(),
  seconds: z.number(),
  leaderboard: z.optional(z.string()),
  /** What the rows left unsaid, and what was made of it. */
  notes: z.optional(z.array(z.string())),
})
/** What came of an import. */
export type ImportReport = z.infer<typeof reportSchema>

/** The report in a job's result. */
export function reportOf(result: unknown): ImportReport | undefined {
  const parsed = reportSchema.safeParse(result)
  return parsed.success ? parsed.data : undefined
}

export interface ImportRequest {
  readonly file: File
  /** Found out by the server when undefined. */
  readonly format?: string | undefined
  /** Save the good rows although others are bad. */
  readonly keepGoing: boolean
  readonly source?: string | undefined
}

const acceptedSchema = z.object({ job: z.object({ id: z.string() }) })

/** How far the sending of a file is, in bytes. */
export type Sent = (sent: number, total: number) => void

function upload(
  target: string,
  file: File,
  onSent: Sent,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const http = new XMLHttpRequest()
    http.open('POST', target)
    http.setRequestHeader('Content-Type', 'application/octet-stream')
    for (const [name, value] of Object.entries(keyHeaders())) http.setRequestHeader(name, value)
    http.upload.addEventListener('progress', ({ loaded, total }) => onSent(loaded, total))
    http.addEventListener('load', () => resolve({ status: http.status, body: http.responseText }))
    http.addEventListener('error', () =>
      reject(new ApiError(0, 'unreachable', 'The connection broke while the file was being sent.')),
    )
    http.addEventListener('abort', () => reject(new ApiError(0, 'stopped', 'The sending was stopped.')))
    signal.addEventListener('abort', () => http.abort(), { once: true })
    http.send(file)
  })
}

/** Sends a file, telling how far it is, and gives the id of the job that reads it. */
export async function startImport(
  { file, format, keepGoing, source }: ImportRequest,
  onSent: Sent,
  signal: AbortSignal,
): Promise<string> {
  const target = address('/v1/imports', { filename: file.name, format, keepGoing, source })
  for (;;) {
    const { status, body } = await upload(target, file, onSent, signal)
    if (status >= 200 && status < 300) return acceptedSchema.parse(JSON.parse(body)).job.id
    const problem = problemIn(status, body)
    if (status !== 401) throw problem
    await askForKey().catch(() => {
      throw problem
    })
  }
}

/** Every rejected row of an import as the server keeps them, one JSON object per line. */
export function readRejects(id: string): Promise<Blob> {
  return readFile(`/v1/imports/${encodeURIComponent(id)}/rejects`)
}

const formatsSchema = z.object({ formats: z.array(z.object({ name: z.string(), description: z.string() })) })
/** A format the server can read. */
export type Format = z.infer<typeof formatsSchema>['formats'][number]

/** The formats the server can read. */
export async function listFormats(signal: AbortSignal): Promise<readonly Format[]> {
  return (await request(formatsSchema, '/v1/imports/formats', { signal })).formats
}
