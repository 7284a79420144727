import { join } from 'node:path'
import { pairedBootstrap } from '../../measure/index.ts'
import { contentHash, type Run, seeded, startRun, writeWhole } from '../../run/index.ts'
import type { Experiment, ExperimentReport, Measurement, MetricSummary, Trial } from './experiment.ts'
import { measurementsFigure } from './measurements-figure.ts'

export interface RunExperimentOptions {
  /** Number of seeds: 0, 1, …; default the experiment's own. */
  readonly seeds?: number
  /** The long form; default false. */
  readonly full?: boolean
  /** Reports, figures and checkpoints go to its folder; its seed is not used, since an experiment has its own. */
  readonly run: Run
}

/** What one seed gave, and how long it took. */
export interface SeedResult {
  readonly seed: number
  readonly seconds: number
  readonly measurements: readonly Measurement[]
}

type FinishedTrial = SeedResult & Pick<Trial, 'figures'>

/** The folder of an experiment's report: below `out`, or in the working folder's cache. */
export function experimentFolder(id: string, out?: string): string {
  return out === undefined ? join(process.cwd(), '.cache', 'penchant', 'experiments', id) : join(out, id)
}

function checkMeasurements(id: string, seed: number, measurements: readonly Measurement[]): void {
  if (measurements.length === 0) throw new TypeError(`experiment ${id}, seed ${seed}: nothing was measured`)
  const names = new Set<string>()
  for (const { name, baseline, method } of measurements) {
    if (names.has(name)) throw new TypeError(`experiment ${id}, seed ${seed}: "${name}" is measured twice`)
    names.add(name)
    for (const [side, value] of [
      ['baseline', baseline],
      ['method', method],
    ] as const)
      if (!Number.isFinite(value))
        throw new TypeError(`experiment ${id}, seed ${seed}: "${name}" of the ${side} is ${value}, expected a number`)
  }
}

/** The values of each measurement over seeds, in the order of the first seed's. */
function summarise(id: string, trials: readonly SeedResult[]): MetricSummary[] {
  const [first, ...others] = trials
  if (!first) throw new RangeError(`experiment ${id}: seeds is 0, expected at least 1`)
  for (const { seed, measurements } of others) {
    const same =
      measurements.length === first.measurements.length &&
      measurements.every(({ name, better }, k) => {
        const expected = first.measurements[k]
        return name === expected?.name && better === expected.better
      })
    if (!same) throw new TypeError(`experiment ${id}: seed ${seed} measured other things than seed ${first.seed}`)
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  return first.measurements.map(({ name, better }, k) => {
    const of = (side: 'baseline' | 'method'): number[] => trials.map(({ measurements }) => measurements[k]?.[side] ?? 0)
    const baseline = of('baseline')
    const method = of('method')
    const { difference, interval } = pairedBootstrap(method, baseline, seeded(`${id}/${name}`))
    return { name, baseline: mean(baseline), method: mean(method), difference, interval, better }
  })
}

/**
 * Runs a method against its baseline with seeds 0, 1, …, summarises every measurement by its mean and the 95 % paired
 * bootstrap interval of the difference, and lets the experiment judge.
 *
 * Writes `report.json` (what is returned), `trials.json` (every seed's measurements) and the figures, as SVG, to the
 * run's folder. A stopped run goes on after the last finished seed when it is started again with the same folder, as
 * long as the experiment's code has not changed. With one seed there is nothing to resample and the interval is a point.
 *
 * @throws {TypeError} when a seed measures nothing, measures something twice or other things than the first, or gives a
 * number that is not finite
 */
export async function runExperiment(experiment: Experiment, options: RunExperimentOptions): Promise<ExperimentReport> {
  const { run, full = false } = options
  const seeds = options.seeds ?? experiment.seeds
  if (!Number.isInteger(seeds) || seeds < 1)
    throw new RangeError(`seeds is ${seeds}, expected an integer of at least 1`)
  const { id, claim, baseline, data } = experiment
  const code = contentHash(`${claim}\n${baseline}\n${data}\n${experiment.trial.toString()}`)
  const checkpoint = (seed: number): string => `experiment/${id}/${full ? 'full' : 'default'}/${code}/${seed}`

  const trials: FinishedTrial[] = []
  for (let seed = 0; seed < seeds; seed++) {
    run.signal.throwIfAborted()
    const label = `${id}, seed ${seed + 1} of ${seeds}`
    run.progress({ label, done: seed, total: seeds })
    const saved = run.checkpoints.load(checkpoint(seed))
    if (saved && saved.length > 0) {
      trials.push(JSON.parse(new TextDecoder().decode(saved)) as FinishedTrial)
      run.log({ level: 'info', message: `seed ${seed} was finished before`, fields: { experiment: id, seed } })
      continue
    }
    const started = performance.now()
    const trial = await experiment.trial(
      startRun({
        seed,
        signal: run.signal,
        folder: join(run.folder, `seed-${seed}`),
        onLog: (line) => run.log({ ...line, fields: { ...line.fields, seed } }),
        onProgress: (inner) =>
          run.progress({
            label: `${label}: ${inner.label}`,
            done: seed + (inner.total ? Math.min(1, inner.done / inner.total) : 0),
            total: seeds,
          }),
      }),
      { full },
    )
    checkMeasurements(id, seed, trial.measurements)
    const finished: FinishedTrial = {
      seed,
      seconds: (performance.now() - started) / 1000,
      measurements: trial.measurements,
      ...(seed === 0 && trial.figures && { figures: trial.figures }),
    }
    trials.push(finished)
    run.checkpoints.save(checkpoint(seed), new TextEncoder().encode(JSON.stringify(finished)))
  }

  const results = trials.map(({ seed, seconds, measurements }): SeedResult => ({ seed, seconds, measurements }))
  const figures = [
    ...(trials[0]?.figures ?? []),
    { name: 'measurements', svg: await measurementsFigure(experiment, results) },
  ]
  for (const { name, svg } of figures) writeWhole(join(run.folder, `${name}.svg`), svg)
  const metrics = summarise(id, results)
  const report: ExperimentReport = {
    id,
    claim,
    baseline,
    data,
    metrics,
    seeds,
    holds: experiment.holds(metrics),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
    figures: figures.map(({ name }) => `${name}.svg`),
  }
  writeWhole(join(run.folder, 'trials.json'), `${JSON.stringify(results, undefined, 2)}\n`)
  writeWhole(join(run.folder, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`)
  // What was finished is reported now; a later run measures anew.
  for (let seed = 0; seed < seeds; seed++) run.checkpoints.save(checkpoint(seed), new Uint8Array())
  run.progress({
    label: `${id}: ${report.holds ? 'the claim holds' : 'the claim does not hold'}`,
    done: seeds,
    total: seeds,
  })
  return report
}
