import { parentPort } from 'node:worker_threads'
import { type CheckedBlock, checkBlock } from './check-block.ts'

// Checks blocks of lines of signals on a thread of its own.

/** What the thread is asked: the block's bytes, the number of its first line, and the longest line allowed. */
export interface CheckRequest {
  readonly line: number
  readonly bytes: Uint8Array
  readonly limit: number
}

parentPort?.on('message', ({ line, bytes, limit }: CheckRequest) => {
  const checked: CheckedBlock = checkBlock(
    { line, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) },
    limit,
  )
  parentPort?.postMessage(checked, [checked.ids.buffer as ArrayBuffer])
})
