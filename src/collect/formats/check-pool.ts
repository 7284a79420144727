import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type CheckedBlock, checkBlock } from './check-block.ts'
import type { CheckRequest } from './check-worker.ts'
import type { LineBlock, LongLine } from './lines.ts'

/** A block and what checking found. */
export interface Checked {
  readonly block: LineBlock | LongLine
  readonly found: CheckedBlock
}

/** How many blocks may be under way for each thread. */
const ahead = 2

// The compiled package has the script beside this file with the extension this file has then.
const script = new URL(`./check-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/**
 * Checks blocks of lines of signals on several threads and hands them on in order, holding a bounded number of them.
 *
 * @param threads default: as many as the machine runs at once, at most 4
 */
export async function* checkedBlocks(
  blocks: AsyncIterable<LineBlock | LongLine>,
  limit: number,
  threads = Math.min(4, availableParallelism()),
): AsyncGenerator<Checked> {
  const workers = Array.from(
    { length: threads },
    () => new Worker(script, { execArgv: ['--disable-warning=ExperimentalWarning'] }),
  )
  const idle = [...workers]
  const underWay: Promise<Checked>[] = []
  let freed = Promise.withResolvers<void>()

  const check = async (block: LineBlock): Promise<Checked> => {
    let worker = idle.pop()
    while (!worker) {
      await freed.promise
      worker = idle.pop()
    }
    worker.postMessage({ line: block.line, bytes: block.bytes, limit } satisfies CheckRequest)
    const [found] = (await once(worker, 'message')) as [CheckedBlock]
    idle.push(worker)
    freed.resolve()
    freed = Promise.withResolvers<void>()
    return { block, found }
  }

  try {
    for await (const block of blocks) {
      const checking = 'tooLong' in block ? Promise.resolve({ block, found: checkBlock(block, limit) }) : check(block)
      // A failure is met when the block's turn comes; until then it must not count as unhandled.
      checking.catch(() => undefined)
      underWay.push(checking)
      if (underWay.length >= ahead * threads) yield (await underWay.shift()) as Checked
    }
    while (underWay.length > 0) yield (await underWay.shift()) as Checked
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
