import { resolve } from 'node:path'
import { Command } from 'commander'
import pc from 'picocolors'
import type { ExperimentReport } from '../../evaluate/index.ts'
import { withExamples } from '../examples.ts'
import { exitCodes } from '../failure.ts'
import { commandRun } from '../progress.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options {
  readonly seeds?: number
  readonly full?: boolean
  readonly json?: boolean
  readonly strict?: boolean
  readonly out?: string
}

function digits(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4)
}

/** A report as lines of text. */
export function reportLines(report: ExperimentReport): readonly string[] {
  const width = Math.max(...report.metrics.map(({ name }) => name.length))
  return [
    pc.bold(report.claim),
    pc.dim(`against ${report.baseline}, on ${report.data}`),
    '',
    ...report.metrics.map(({ name, baseline, method, difference, interval: [lower, upper], better }) => {
      const sign = difference >= 0 ? '+' : ''
      const wanted = better === 'higher' ? '↑' : '↓'
      return `  ${name.padEnd(width)} ${wanted}  ${digits(baseline)} → ${pc.bold(digits(method))}  ${pc.dim(`${sign}${digits(difference)} (${digits(lower)} to ${digits(upper)})`)}`
    }),
    '',
    `${report.holds ? pc.green('✓ it holds') : pc.red('✗ it does not hold')} ${pc.dim(`(${report.seeds} seed${report.seeds === 1 ? '' : 's'}, ${report.seconds.toFixed(1)} s)`)}`,
  ]
}

/** `penchant reproduce`: a method against the baseline that its paper beats. */
export function reproduceCommand(): Command {
  const command = new Command('reproduce')
    .description('run a method against the baseline that its paper beats, and say whether the claim holds')
    .argument('<id>', 'the method; penchant methods lists them')
    .option('--seeds <count>', 'how many seeds (default: the experiment’s own)', wholeNumber(1, 1_000))
    .option('--full', 'the long form')
    .option('--json', 'print {id, claim, baseline, data, metrics, seeds, holds, seconds, figures}')
    .option('--strict', 'exit with 1 when the claim does not hold')
    .option('--out <folder>', 'where the report and its figures go (default: below .cache in the working folder)')
    .action(async (id: string, options: Options) => {
      const { experimentFolder, loadExperiment, runExperiment } = await import('../../evaluate/index.ts')
      const experiment = await loadExperiment(id)
      const folder = experimentFolder(id, options.out === undefined ? undefined : resolve(options.out))
      const { run, end } = commandRun({ folder })
      let report: ExperimentReport
      try {
        report = await runExperiment(experiment, {
          run,
          ...(options.seeds !== undefined && { seeds: options.seeds }),
          ...(options.full && { full: true }),
        })
      } finally {
        end()
      }
      if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
      else process.stdout.write(`${reportLines(report).join('\n')}\n`)
      process.stderr.write(`The report and its figures are in ${folder}\n`)
      if (options.strict && !report.holds) process.exitCode = exitCodes.failed
    })
  return withExamples(
    command,
    [
      'penchant reproduce dpo',
      'penchant reproduce dpo --seeds 5 --json',
      'penchant reproduce dpo --strict --out ./report',
    ],
    '0 the experiment ran (whatever it found), 1 it failed, or --strict and the claim does not hold, 2 unknown method or wrong usage',
  )
}
