import { resolve } from 'node:path'
import type { Command } from 'commander'
import envPaths from 'env-paths'

/** Where signals are kept unless told otherwise: `PENCHANT_DATA`, or the place the system has for such data. */
export function defaultDataFolder(): string {
  return process.env['PENCHANT_DATA'] || envPaths('penchant', { suffix: '' }).data
}

/** Gives a command its `--data` option. */
export function withDataFolder(command: Command): Command {
  return command.option(
    '--data <folder>',
    'folder that holds the signals (default: $PENCHANT_DATA, or the system’s place for data)',
  )
}

/** The folder a command is to use. */
export function dataFolder(options: { readonly data?: string }): string {
  return resolve(options.data ?? defaultDataFolder())
}
