import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, pipeline as startPipeline } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Run } from '../../run/index.ts'

/** A file that can be read from its start again and again, and is the same each time. */
export interface Input {
  /** Its name in messages, without folders. */
  readonly name: string
  /** Size on the disk, as stored. */
  readonly bytes: number
  /**
   * The content, decompressed, without a byte-order mark, in pieces of about a mebibyte that the caller may keep.
   * `onBytes` is told how many stored bytes have been read.
   *
   * @throws {Error} when the file changed since it was opened, is UTF-16, or its compressed data is damaged
   */
  chunks(onBytes?: (done: number) => void): AsyncIterable<Buffer>
  /** Path of the content, decompressed, for readers that open files themselves. */
  plainPath(): Promise<string>
  /** Releases the file and removes what was put aside for it. */
  close(): Promise<void>
}

const pieceBytes = 1 << 20

async function* stored(file: FileHandle, onBytes: ((done: number) => void) | undefined): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const piece = Buffer.allocUnsafeSlow(pieceBytes)
    const { bytesRead } = await file.read(piece, 0, pieceBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    onBytes?.(position)
    yield bytesRead === pieceBytes ? piece : piece.subarray(0, bytesRead)
  }
}

async function* decompressed(pieces: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: pieceBytes })
  let failure: Error | null | undefined
  startPipeline(Readable.from(pieces), gunzip, (error) => {
    failure = error
  })
  try {
    for await (const piece of gunzip) yield piece as Buffer
  } catch (error) {
    throw new Error(
      `${name}: the compressed data is damaged or ends early (${(failure ?? (error as Error)).message})`,
      {
        cause: error,
      },
    )
  } finally {
    gunzip.destroy()
  }
}

async function* withoutByteOrderMark(pieces: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const piece of pieces) {
    if (!head) {
      yield piece
      continue
    }
    head = head.length === 0 ? piece : Buffer.concat([head, piece])
    if (head.length < 3) continue
    yield checkedHead(head, name)
    head = undefined
  }
  if (head && head.length > 0) yield checkedHead(head, name)
}

function checkedHead(head: Buffer, name: string): Buffer {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff))
    throw new Error(`${name} is UTF-16 text, expected UTF-8`)
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head
}

/**
 * Opens a file, or puts a stream aside in the run's folder so that it can be read twice.
 *
 * @param name what messages call it; default: the file's name, `the stream` for a stream
 */
export async function openInput(
  from: string | AsyncIterable<Uint8Array | string>,
  run: Run,
  name = typeof from === 'string' ? basename(from) : 'the stream',
): Promise<Input> {
  let folder: string | undefined
  const aside = async (): Promise<string> => {
    folder ??= await mkdtemp(join(run.folder, 'import-'))
    return folder
  }
  const removeAside = async (): Promise<void> => {
    if (folder) await rm(folder, { recursive: true, force: true })
  }
  let path: string
  if (typeof from === 'string') path = from
  else {
    path = join(await aside(), 'stream')
    try {
      await pipeline(Readable.from(from), (await open(path, 'w')).createWriteStream(), { signal: run.signal })
    } catch (error) {
      await removeAside()
      throw error
    }
  }
  const file = await open(path, 'r')
  const opened = await file.stat()
  if (!opened.isFile()) {
    await file.close()
    throw new Error(`${name} is not a file`)
  }
  const magic = Buffer.alloc(2)
  await file.read(magic, 0, 2, 0)
  const compressed = magic[0] === 0x1f && magic[1] === 0x8b

  const unchanged = async (): Promise<void> => {
    const now = await file.stat()
    if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs)
      throw new Error(`${name} was changed while it was read; import it again`)
  }
  async function* content(onBytes?: (done: number) => void): AsyncGenerator<Buffer> {
    const pieces = stored(file, onBytes)
    yield* compressed ? decompressed(pieces, name) : pieces
  }
  let plain: string | undefined = compressed ? undefined : path
  return {
    name,
    bytes: opened.size,
    async *chunks(onBytes) {
      for await (const piece of withoutByteOrderMark(content(onBytes), name)) {
        await unchanged()
        yield piece
      }
      await unchanged()
    },
    async plainPath() {
      if (!plain) {
        const unpacked = join(await aside(), 'unpacked')
        await pipeline(Readable.from(content()), (await open(unpacked, 'w')).createWriteStream(), {
          signal: run.signal,
        })
        plain = unpacked
      }
      return plain
    },
    async close() {
      await file.close()
      await removeAside()
    },
  }
}
