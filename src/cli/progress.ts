import { Presets, SingleBar } from 'cli-progress'
import pc from 'picocolors'
import { type Run, type RunOptions, startRun } from '../run/index.ts'

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

function bar(): ProgressTeller {
  let shown: SingleBar | undefined
  let label = ''
  const end = (): void => {
    shown?.stop()
    shown = undefined
  }
  return {
    tell(progress) {
      if (progress.label !== label) end()
      label = progress.label
      if (progress.total === undefined || progress.total <= 0) return
      if (!shown) {
        const format = `${pc.cyan('{bar}')} {percentage} % · {label} · {eta_formatted} left`
        shown = new SingleBar(
          { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, etaBuffer: 50 },
          Presets.shades_classic,
        )
        shown.start(progress.total, progress.done, { label })
      }
      shown.setTotal(progress.total)
      shown.update(progress.done, { label })
    },
    end,
  }
}

function quietLines(): ProgressTeller {
  let last = Number.NEGATIVE_INFINITY
  let label = ''
  const started = performance.now()
  return {
    tell({ label: next, done, total }) {
      const now = performance.now()
      if (now - started < quietEveryMs || (next === label && now - last < quietEveryMs)) return
      label = next
      last = now
      process.stderr.write(`${label}: ${total === undefined ? done : `${done} of ${total}`}\n`)
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
