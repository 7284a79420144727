import { readFileSync } from 'node:fs'
import { InputError } from './failure.ts'

/**
 * The API keys of a server: those in `PENCHANT_API_KEYS`, commas between, and those in a file, one a line. Lines that
 * begin with `#` are notes.
 *
 * @throws {InputError} when the file holds no key
 */
export function apiKeys(file: string | undefined): readonly string[] {
  const trimmed = (texts: readonly string[]): string[] => texts.map((text) => text.trim()).filter((text) => text !== '')
  const fromEnvironment = trimmed((process.env['PENCHANT_API_KEYS'] ?? '').split(','))
  if (file === undefined) return fromEnvironment
  const fromFile = trimmed(readFileSync(file, 'utf8').split('\n')).filter((line) => !line.startsWith('#'))
  if (fromFile.length === 0) throw new InputError(`${file} holds no API key, expected one a line`)
  return [...new Set([...fromEnvironment, ...fromFile])]
}
