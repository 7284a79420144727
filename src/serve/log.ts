import { Writable } from 'node:stream'
import pc from 'picocolors'
import { destination, type Logger, pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const names: { readonly [level: number]: string } = {
  20: pc.dim('debug'),
  30: pc.green('info'),
  40: pc.yellow('warn'),
  50: pc.red('error'),
}

/** One short line of a log record, for people. */
function pretty(record: { readonly [name: string]: unknown }): string {
  const { level, time, msg, method, path, status, ms, err } = record
  const clock = pc.dim(new Date(Number(time)).toTimeString().slice(0, 8))
  const request = method ? `${String(method)} ${String(path)} ${String(status)} ${pc.dim(`${String(ms)} ms`)}` : ''
  const trace = err && typeof err === 'object' && 'stack' in err ? `\n${pc.dim(String(err.stack))}` : ''
  return `${clock} ${names[Number(level)] ?? ''} ${[request, msg].filter(Boolean).join(' ')}${trace}\n`
}

/** What must never be written, wherever a record holds it. */
const redact = ['authorization', '*.authorization', '*.headers.authorization', '*.headers.cookie', 'key', 'keys']

/**
 * The server's log, on stderr: short lines on a terminal, one JSON object per line otherwise. Header values are not
 * logged at all; the redaction is for what a later change might log without thinking of it.
 */
export function serverLog(options: { readonly level?: LogLevel; readonly terminal?: boolean } = {}): Logger {
  const { level = 'info', terminal = process.stderr.isTTY === true } = options
  const base = { level, redact, base: null }
  if (!terminal) return pino(base, destination({ fd: 2, sync: true }))
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      process.stderr.write(pretty(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>))
      done()
    },
  })
  return pino(base, lines)
}
