import pc from 'picocolors'
import type { ZodError } from 'zod'

/** Exit codes of every command. */
export const exitCodes = { fine: 0, failed: 1, badInput: 2, interrupted: 130 } as const

/** What the person gave is wrong: an unknown name, a missing file, a broken row. Ends the command with 2. */
export class InputError extends Error {
  override readonly name = 'InputError'
}

/**
 * Blames a file for an error of reading it, unless the system or a wish to stop is behind it.
 *
 * @param stopped whether the work was asked to stop
 */
export function blamedOnInput(error: unknown, stopped: boolean): unknown {
  const foreign = !(error instanceof Error) || 'code' in error || inputErrors.has(error.name) || stopped
  return foreign ? error : new InputError(error.message, { cause: error })
}

/** Names of errors that say the input is at fault, whichever room throws them. */
const inputErrors = new Set([
  'InputError',
  'ImportError',
  'CannotServeError',
  'FolderInUseError',
  'SignalConflictError',
  'UnknownExperimentError',
  'VoteTableError',
  'ZodError',
])

const unreadable: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'it may not be read or written',
  EPERM: 'it may not be read or written',
  EISDIR: 'it is a folder, expected a file',
  ENOTDIR: 'a part of the path is a file, expected a folder',
}

/** The exit code an error ends a command with. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return exitCodes.failed
  if (error.name === 'AbortError' || error.message === 'interrupted') return exitCodes.interrupted
  if (inputErrors.has(error.name)) return exitCodes.badInput
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && code in unreadable ? exitCodes.badInput : exitCodes.failed
}

/** What an error says, in one line; a line for each bad row of a file. */
export function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'ZodError') return issuesLine(error as ZodError)
  const { code, path } = error as NodeJS.ErrnoException
  const why = code === undefined ? undefined : unreadable[code]
  const message = why !== undefined && path !== undefined ? `${path}: ${why}` : error.message
  return error.name === 'ImportError' ? message : message.replace(/\s*\n\s*/g, ' ')
}

/** What a schema found, path by path; its own message is JSON. */
function issuesLine({ issues }: ZodError): string {
  return issues
    .map(({ path, message }) => (path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message))
    .join('; ')
}

/** Writes an error to stderr: one line, or all of it when debugging. */
export function tellError(error: unknown, debug: boolean): void {
  if (debug && error instanceof Error) console.error(error)
  else process.stderr.write(`${pc.red('penchant:')} ${lineOf(error)}\n`)
}
