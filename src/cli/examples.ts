import type { Command } from 'commander'

/** Adds worked examples and what the exit codes mean to a command's help. */
export function withExamples(command: Command, examples: readonly string[], codes: string): Command {
  return command.addHelpText(
    'after',
    ['', 'Examples:', ...examples.map((line) => `  $ ${line}`), '', `Exit codes: ${codes}`].join('\n'),
  )
}
