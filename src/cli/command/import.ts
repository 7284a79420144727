import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import pc from 'picocolors'
import { counted } from '../counted.ts'
import { dataFolder, withDataFolder } from '../data-folder.ts'
import { withExamples } from '../examples.ts'
import { blamedOnInput, InputError } from '../failure.ts'
import { formatOption } from '../format-option.ts'
import { commandRun } from '../progress.ts'

interface Options {
  readonly data?: string
  readonly format?: string
  readonly keepGoing?: boolean
  readonly source?: string
  readonly json?: boolean
}

/** `penchant import`: a file of preference data into the store. */
export function importCommand(): Command {
  const command = withDataFolder(
    new Command('import')
      .description('read a file of preference data (CSV, JSON, JSON lines, Parquet; gzipped or not) into the store')
      .argument('<file>', 'the file'),
  )
    .addOption(formatOption('how to read the rows (default: told from the file)'))
    .option('--keep-going', 'keep the good rows of a file that has bad ones')
    .option('--source <name>', 'name of the data (default: the file’s name)')
    .option('--json', 'print the report as JSON')
    .action(async (file: string, options: Options) => {
      const path = resolve(file)
      if (!existsSync(path)) throw new InputError(`${file}: there is no such file`)
      const { isFormatName, openSqliteStore } = await import('../../collect/index.ts')
      const { importWithBoards } = await import('../../serve/index.ts')
      const folder = dataFolder(options)
      const { run, end } = commandRun({ folder: join(folder, 'imports') })
      const store = await openSqliteStore(folder)
      try {
        const { format, source } = options
        const report = await importWithBoards(
          path,
          {
            store,
            keepGoing: options.keepGoing === true,
            ...(format !== undefined && isFormatName(format) && { format }),
            ...(source !== undefined && { source }),
          },
          run,
        )
        end()
        if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
        else {
          const already = report.duplicates > 0 ? `, ${report.duplicates} were there already` : ''
          process.stdout.write(
            `${pc.green('✓')} ${counted(report.inserted, 'signal')} from ${counted(report.read, 'row')} of ${file}${already} ${pc.dim(`(${report.format}, ${report.seconds.toFixed(1)} s)`)}\n`,
          )
        }
        if (report.leaderboard !== undefined && !options.json)
          process.stderr.write(`Its leaderboard is "${report.leaderboard}" in the studio: penchant start\n`)
        for (const note of report.notes) process.stderr.write(`${pc.dim('note:')} ${note}\n`)
        if (report.rejectedCount > 0) {
          for (const { line, reason } of report.rejected) process.stderr.write(`${file}, line ${line}: ${reason}\n`)
          process.stderr.write(
            `${pc.yellow(`${counted(report.rejectedCount, 'row')} rejected`)}, all of them in ${relative('', report.rejectsFile ?? '')}\n`,
          )
        }
      } catch (error) {
        throw blamedOnInput(error, run.signal.aborted)
      } finally {
        end()
        await store.close()
      }
    })
  return withExamples(
    command,
    [
      'penchant import votes.csv --data ./data',
      'penchant import ratings.parquet --format ratings --source app',
      'penchant import votes.jsonl.gz --keep-going',
    ],
    '0 fine (with --keep-going also when rows were rejected), 1 it failed, 2 a bad row, an unknown format or wrong usage',
  )
}
