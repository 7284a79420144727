import { type Command, CommanderError } from 'commander'
import { exitCodeOf, exitCodes, tellError } from './failure.ts'
import { program } from './program.ts'

/** Makes a command and those below it throw where commander would end the process. */
function throwing(command: Command): Command {
  command.exitOverride()
  for (const below of command.commands) throwing(below)
  return command
}

/**
 * Runs the command that the arguments ask for.
 *
 * @param args what follows `penchant`
 * @returns the exit code
 */
export async function runCli(args: readonly string[]): Promise<number> {
  const root = throwing(program())
  try {
    await root.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? exitCodes.fine)
  } catch (error) {
    // commander has said what is wrong already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.badInput
    tellError(error, root.opts<{ debug?: boolean }>().debug === true || args.includes('--debug'))
    return exitCodeOf(error)
  }
}
