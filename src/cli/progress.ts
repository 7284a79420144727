import { Presets, SingleBar } from 'cli-progress'
import pc from 'picocolors'
import { type Progress, type Run, type RunOptions, startRun } from '../run/index.ts'

/** A quiet line is written this often at most, so that a log of a long job stays short. */
const quietEveryMs = 5_000

/** Tells a person how far a job is, on stderr. */
export interface ProgressTeller {
  readonly tell: NonNullable<RunOptions['onProgress']>
  /** Ends the bar; what is written next starts on a line of its own. */
  end(): void
}

/** A bar with the time left on a terminal, and a quiet line every few seconds elsewhere. */
export function progressTeller(): ProgressTeller {
  return process.stderr.isTTY ? bar() : quietLines()
}

/** Before this much is done, what is left is anybody's guess. */
const tellingShare = 0.02

/**
 * The time left in words, when the rest goes on as what was done: `3 s left`, `2 min left`.
 *
 * @param share how much is done, from 0 to 1
 * @returns nothing while it cannot be told
 */
export function timeLeft(elapsedMs: number, share: number): string {
  if (share < tellingShare || share >= 1) return ''
  const seconds = ((elapsedMs / share) * (1 - share)) / 1000
  if (seconds < 90) return `${Math.ceil(seconds)} s left`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min left` : `${(seconds / 3600).toFixed(1)} h left`
}

function shareOf({ done, total }: Progress): number | undefined {
  return total === undefined || total <= 0 ? undefined : Math.min(1, Math.max(0, done / total))
}

function bar(): ProgressTeller {
  let shown: SingleBar | undefined
  let [label, started, before] = ['', 0, 0]
  const end = (): void => {
    shown?.stop()
    shown = undefined
  }
  return {
    tell(progress) {
      if (progress.label !== label) end()
      label = progress.label
      const share = shareOf(progress)
      if (share === undefined) return
      if (!shown) {
        // A job that goes on after a stop begins with a share done.
        ;[started, before] = [performance.now(), share]
        const format = `${pc.cyan('{bar}')} {percentage} % · {label} {left}`
        shown = new SingleBar(
          { format, stream: process.stderr, hideCursor: true, clearOnComplete: true },
          Presets.shades_classic,
        )
        shown.start(1_000, 0, { label, left: '' })
      }
      const left = before < 1 ? timeLeft(performance.now() - started, (share - before) / (1 - before)) : ''
      shown.update(Math.round(share * 1_000), { label, left: left && `· ${left}` })
    },
    end,
  }
}

function quietLines(): ProgressTeller {
  let last = performance.now()
  return {
    tell(progress) {
      const now = performance.now()
      if (now - last < quietEveryMs) return
      last = now
      const share = shareOf(progress)
      process.stderr.write(
        `${progress.label}: ${share === undefined ? progress.done : `${Math.floor(share * 100)} %`}\n`,
      )
    },
    end() {},
  }
}

/**
 * A run for a command: progress on stderr, warnings too, and stopped by Ctrl-C.
 *
 * @returns the run and what to call when the work has ended
 */
export function commandRun(options: { readonly seed?: number; readonly folder?: string } = {}): {
  readonly run: Run
  readonly end: () => void
} {
  const teller = progressTeller()
  const abort = new AbortController()
  const interrupt = (): void => abort.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const run = startRun({
    ...options,
    signal: abort.signal,
    onProgress: teller.tell,
    onLog({ level, message }) {
      if (level === 'debug') return
      teller.end()
      process.stderr.write(`${level === 'warn' ? pc.yellow('warning: ') : ''}${message}\n`)
    },
  })
  return {
    run,
    end() {
      teller.end()
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    },
  }
}
