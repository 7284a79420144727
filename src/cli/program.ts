import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { doctorCommand } from './command/doctor.ts'
import { exportCommand } from './command/export.ts'
import { importCommand } from './command/import.ts'
import { leaderboardCommand } from './command/leaderboard.ts'
import { learnCommand } from './command/learn.ts'
import { methodsCommand } from './command/methods.ts'
import { recommendCommand } from './command/recommend.ts'
import { reproduceCommand } from './command/reproduce.ts'
import { startCommand } from './command/start.ts'

/** The `penchant` command with all that it can do. */
export function program(): Command {
  const root = new Command('penchant')
    .description('Learns what people prefer from what they do, and makes software follow it.')
    .version(packageJson.version, '-V, --version')
    .option('--debug', 'show the whole error when something fails')
    .showHelpAfterError('(penchant --help says more)')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  $ penchant start',
        '  $ penchant leaderboard votes.csv',
        '  $ penchant import votes.csv --data ./data',
        '  $ penchant learn pairs.jsonl --out models/helpful',
        '  $ penchant recommend fit films ratings.csv --at-least 4',
        '',
        'Results go to stdout, everything else to stderr.',
        'Exit codes: 0 fine, 1 the work failed, 2 wrong usage or bad input',
      ].join('\n'),
    )
  for (const make of [
    startCommand,
    importCommand,
    exportCommand,
    leaderboardCommand,
    learnCommand,
    recommendCommand,
    methodsCommand,
    reproduceCommand,
    doctorCommand,
  ])
    root.addCommand(make())
  return root
}
