import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { tooLarge } from './body.ts'
import { Problem } from './problem.ts'

/** A file that a client sent, on the disk. */
export interface Upload {
  readonly path: string
  /** The name it was sent under, without folders. */
  readonly name: string
  readonly bytes: number
  discard(): Promise<void>
}

/** A file's name as a client may say it: what follows the last slash, without what file systems choke on. */
export function safeName(filename: string): string {
  const name = basename(filename.replaceAll('\\', '/'))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed
    .replace(/[\u0000-\u001f<>:"|?*]/g, '')
    .slice(-200)
  return name === '' || name === '.' || name === '..' ? 'upload' : name
}

/**
 * Streams a request's body to a file in a folder of its own.
 *
 * @throws {Problem} 413 when it is larger than the limit, 400 when it is empty or breaks off; nothing is left behind
 */
export async function receive(
  request: Request,
  options: { readonly folder: string; readonly filename: string; readonly limitBytes: number },
): Promise<Upload> {
  const { folder, limitBytes } = options
  const advice = 'Split the file, or start the server with a higher --import-limit.'
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes, advice)
  if (!request.body) throw new Problem(400, 'empty', 'The body is empty, expected the file’s content.')
  await mkdir(folder, { recursive: true })
  const name = safeName(options.filename)
  const path = join(folder, name)
  const discard = (): Promise<void> => rm(folder, { recursive: true, force: true })
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > limitBytes) done(tooLarge(limitBytes, advice))
      else done(null, chunk)
    },
  })
  try {
    await pipeline(Readable.fromWeb(request.body as ReadableStream<Uint8Array>), counted, createWriteStream(path))
    if (bytes === 0) throw new Problem(400, 'empty', 'The body is empty, expected the file’s content.')
  } catch (error) {
    await discard()
    if (error instanceof Problem || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    throw new Problem(400, 'broken-off', 'The connection broke before the file was there.')
  }
  return { path, name, bytes, discard }
}
