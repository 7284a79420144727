import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import type { SignalFilter } from '../../collect/index.ts'
import { counted } from '../counted.ts'
import { dataFolder, withDataFolder } from '../data-folder.ts'
import { withExamples } from '../examples.ts'
import { blamedOnInput } from '../failure.ts'
import { formatOption } from '../format-option.ts'
import { commandRun } from '../progress.ts'

const kinds = ['comparison', 'ranking', 'rating', 'choice', 'edit', 'reply', 'instruction', 'answer'] as const
const styles = ['plain', 'conversational', 'implicit', 'implicit-conversational', 'unpaired'] as const

interface Options {
  readonly data?: string
  readonly out: string
  readonly kind?: (typeof kinds)[number]
  readonly source?: string
  readonly format?: typeof import('../format-option.ts').formatChoices[number]
  readonly style?: (typeof styles)[number]
  readonly json?: boolean
}

/** `penchant export`: signals into a file. */
export function exportCommand(): Command {
  const command = withDataFolder(new Command('export').description('write signals to a file that others can read'))
    .requiredOption('--out <file>', 'where to: .jsonl, .json, .csv, .tsv, .parquet, also .gz; - for stdout')
    .addOption(new Option('--kind <kind>', 'only signals of this kind').choices(kinds))
    .option('--source <name>', 'only signals from this source')
    .addOption(formatOption('how to write the rows (default: signals, which loses nothing)'))
    .addOption(new Option('--style <name>', 'how preference pairs are laid out').choices(styles))
    .option('--json', 'print the report as JSON')
    .action(async (options: Options) => {
      const { exportSignals, openSqliteStore } = await import('../../collect/index.ts')
      const { kind, source, format, style, out } = options
      const filter: SignalFilter = {
        ...(kind && { kinds: [kind] }),
        ...(source !== undefined && { sources: [source] }),
      }
      const store = await openSqliteStore(dataFolder(options))
      const { run, end } = commandRun()
      try {
        const snapshot = await store.snapshot()
        const to = out === '-' ? process.stdout : resolve(out)
        const report = await exportSignals(
          snapshot,
          { to, filter, ...(format && { format }), ...(style && { style }) },
          run,
        ).finally(() => snapshot.close())
        end()
        const told = out === '-' ? process.stderr : process.stdout
        if (options.json) told.write(`${JSON.stringify(report, undefined, 2)}\n`)
        else
          told.write(
            `${pc.green('✓')} ${counted(report.written, 'signal')}, ${counted(report.rows, 'row')} to ${out} ${pc.dim(`(${report.format}, ${report.seconds.toFixed(1)} s)`)}\n`,
          )
        for (const { reason, count } of report.inexpressible)
          process.stderr.write(`${pc.yellow(`${count} left out`)}: ${reason}\n`)
        for (const { field, count } of report.leftOut)
          process.stderr.write(
            `${pc.dim('note:')} ${report.format} has no place for ${field} (${counted(count, 'signal')})\n`,
          )
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
      'penchant export --data ./data --out signals.jsonl.gz',
      'penchant export --kind comparison --format preference-pairs --out pairs.parquet',
      'penchant export --format interactions --out clicks.csv',
    ],
    '0 fine, 1 it failed, 2 a format that does not fit the file, or wrong usage',
  )
}
