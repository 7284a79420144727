import { Command, Option } from 'commander'
import pc from 'picocolors'
import { boardTable } from '../board-table.ts'
import { counted } from '../counted.ts'
import { withExamples } from '../examples.ts'
import { blamedOnInput } from '../failure.ts'
import { printable } from '../printable.ts'
import { commandRun } from '../progress.ts'
import { readVotes } from '../vote-file.ts'
import { wholeNumber } from '../whole-number.ts'

const models = ['bradley-terry', 'davidson', 'rao-kupper'] as const

interface Options {
  readonly json?: boolean
  readonly model: (typeof models)[number]
  readonly a?: string
  readonly b?: string
  readonly winner?: string
  readonly features?: readonly string[]
  readonly featureScale?: 'difference' | 'relative'
  readonly intervals: 'sandwich' | 'bootstrap'
  readonly bothBad: 'tie' | 'drop'
  readonly seed: number
}

const list = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

/** `penchant leaderboard`: a file of votes into ratings, without a store. */
export function leaderboardCommand(): Command {
  const command = new Command('leaderboard')
    .description('rate competitors from a file of pairwise votes (CSV, JSON, JSON lines or Parquet)')
    .argument('<file>', 'one vote a row: who stood left, who right, and who won')
    .option('--json', 'print {competitors, features, votes, model, intervals, warnings}')
    .addOption(new Option('--model <name>', 'how ratings explain votes').choices(models).default('bradley-terry'))
    .option('--a <column>', 'who stood left (default: a or model_a)')
    .option('--b <column>', 'who stood right (default: b or model_b)')
    .option('--winner <column>', 'a, b, tie, both-bad or skipped, in the customary spellings (default: winner)')
    .option(
      '--features <columns>',
      'effects to estimate beside the ratings: columns of differences a − b, or names that NAME_a and NAME_b share',
      list,
    )
    .addOption(
      new Option('--feature-scale <scale>', 'how two sides become one number').choices(['difference', 'relative']),
    )
    .addOption(
      new Option('--intervals <kind>', '95 % intervals').choices(['sandwich', 'bootstrap']).default('sandwich'),
    )
    .addOption(new Option('--both-bad <what>', 'what becomes of “both bad”').choices(['tie', 'drop']).default('tie'))
    .option('--seed <number>', 'seed of the bootstrap', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .action(async (file: string, options: Options) => {
      const { a, b, winner, features, featureScale, model, intervals, bothBad, seed } = options
      const { run, end } = commandRun({ seed })
      const { leaderboardFromVotes, leaderboardJson } = await import('../../evaluate/index.ts')
      try {
        const votes = await readVotes(
          file,
          {
            ...(a !== undefined && { a }),
            ...(b !== undefined && { b }),
            ...(winner !== undefined && { winner }),
            ...(features && { features }),
          },
          run,
        )
        const board = leaderboardFromVotes(
          votes,
          { model, intervals, bothBad, ...(featureScale && { featureScale }) },
          run,
        )
        end()
        if (options.json) {
          process.stdout.write(`${JSON.stringify(leaderboardJson(board), undefined, 2)}\n`)
          return
        }
        const columns = process.stdout.columns ?? 100
        process.stdout.write(`${boardTable(board, { columns }).join('\n')}\n`)
        process.stderr.write(
          pc.dim(`${counted(board.votes, 'vote')}, ${board.model}, 95 % ${board.intervals} intervals\n`),
        )
        for (const warning of board.warnings) process.stderr.write(`${pc.yellow('note:')} ${printable(warning)}\n`)
      } catch (error) {
        throw blamedOnInput(error, run.signal.aborted)
      } finally {
        end()
      }
    })
  return withExamples(
    command,
    [
      'penchant leaderboard votes.csv',
      'penchant leaderboard battles.parquet --model davidson --json',
      'penchant leaderboard games.csv --a visitor --b opponent --winner result --features home_ice',
    ],
    '0 fine, 1 it failed, 2 a row that is not a vote, a missing column or wrong usage',
  )
}
