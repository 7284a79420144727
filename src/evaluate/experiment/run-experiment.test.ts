import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Run, startRun } from '../../run/index.ts'
import { type Experiment, type Measurement, metricNamed } from './experiment.ts'
import { experimentFolder, runExperiment } from './run-experiment.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penchant-experiment-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An experiment whose method is better by 1 and by the seed. */
function experiment(changes: Partial<Experiment> = {}): Experiment {
  return {
    id: 'example',
    claim: 'Adding one adds one.',
    baseline: 'nothing added',
    data: 'Simulated: numbers.',
    seeds: 3,
    trial: async (run) => ({ measurements: [measured('score', run.seed, 2 * run.seed + 1)] }),
    holds: ([score]) => (score?.interval[0] ?? 0) > 0,
    ...changes,
  }
}
const measured = (name: string, baseline: number, method: number): Measurement => ({
  name,
  baseline,
  method,
  better: 'higher',
})

describe('runExperiment', () => {
  it('summarises seeds 0, 1, … by their means and the paired difference', async () => {
    const report = await runExperiment(experiment(), { run: startRun({ folder }) })
    // Baselines 0, 1, 2; methods 1, 3, 5; differences 1, 2, 3, whose resampled means lie between 1 and 3.
    expect(report.metrics).toEqual([
      { name: 'score', baseline: 1, method: 3, difference: 2, interval: [1, 3], better: 'higher' },
    ])
    expect(report.seeds).toBe(3)
    expect(report.holds).toBe(true)
  })

  it('can say no, and says it in the report it writes', async () => {
    const report = await runExperiment(
      experiment({ trial: async ({ seed }) => ({ measurements: [measured('score', seed, 1)] }) }),
      { run: startRun({ folder }) },
    )
    expect(report.holds).toBe(false)
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report)
  })

  it('lets an experiment ask for a metric by name', async () => {
    const { metrics } = await runExperiment(experiment(), { run: startRun({ folder }) })
    expect(metricNamed(metrics, 'score').difference).toBe(2)
    expect(() => metricNamed(metrics, 'scores')).toThrow('"scores" was not measured')
  })

  it('writes the figures of the first seed and one of all measurements', async () => {
    const report = await runExperiment(
      experiment({
        trial: async ({ seed }) => ({
          measurements: [measured('score', 0, 1)],
          figures: [{ name: 'shape', svg: `<svg>seed ${seed}</svg>` }],
        }),
      }),
      { run: startRun({ folder }) },
    )
    expect(report.figures).toEqual(['shape.svg', 'measurements.svg'])
    expect(readFileSync(join(folder, 'shape.svg'), 'utf8')).toBe('<svg>seed 0</svg>')
    expect(readFileSync(join(folder, 'measurements.svg'), 'utf8')).toContain('Adding one adds one.')
  })

  it('gives the same report for the same seeds, but for the time it took', async () => {
    const reports = []
    for (const name of ['first', 'second']) {
      const noisy = experiment({
        trial: async (run) => ({
          measurements: [measured('score', run.random('a').normal(), run.random('b').normal())],
        }),
      })
      const { seconds: _, ...report } = await runExperiment(noisy, {
        run: startRun({ folder: join(folder, name) }),
        seeds: 5,
      })
      reports.push(JSON.stringify(report))
    }
    expect(reports[0]).toBe(reports[1])
  })

  it('goes on after the last finished seed when it was stopped, and starts anew when it had ended', async () => {
    const stop = new AbortController()
    const ran: number[] = []
    const counted = experiment({
      trial: async (run: Run) => {
        ran.push(run.seed)
        if (run.seed === 1 && ran.length === 2) stop.abort()
        run.signal.throwIfAborted()
        return { measurements: [measured('score', run.seed, run.seed + 1)] }
      },
    })
    await expect(runExperiment(counted, { run: startRun({ folder, signal: stop.signal }) })).rejects.toThrow('abort')
    expect(ran).toEqual([0, 1])
    const report = await runExperiment(counted, { run: startRun({ folder }) })
    expect(ran).toEqual([0, 1, 1, 2])
    expect(report.metrics[0]?.difference).toBe(1)
    await runExperiment(counted, { run: startRun({ folder }) })
    expect(ran.slice(4)).toEqual([0, 1, 2])
  })

  it('tells how far it is, within a seed as well', async () => {
    const seen: (readonly [number, number | undefined])[] = []
    await runExperiment(
      experiment({
        seeds: 2,
        trial: async (run) => {
          run.progress({ label: 'half', done: 1, total: 2 })
          return { measurements: [measured('score', 0, 1)] }
        },
      }),
      { run: startRun({ folder, onProgress: ({ done, total }) => seen.push([done, total]) }) },
    )
    expect(seen).toEqual([
      [0, 2],
      [0.5, 2],
      [1, 2],
      [1.5, 2],
      [2, 2],
    ])
  })

  it('refuses measurements that mean nothing', async () => {
    const withMeasurements = (measurements: readonly Measurement[]): Promise<unknown> =>
      runExperiment(experiment({ trial: async () => ({ measurements }) }), { run: startRun({ folder }) })
    await expect(withMeasurements([])).rejects.toThrow('experiment example, seed 0: nothing was measured')
    await expect(withMeasurements([measured('score', 0, Number.NaN)])).rejects.toThrow('"score" of the method is NaN')
    await expect(withMeasurements([measured('x', 0, 1), measured('x', 0, 1)])).rejects.toThrow('"x" is measured twice')
    const changing = experiment({
      trial: async ({ seed }) => ({ measurements: [measured(seed === 0 ? 'x' : 'y', 0, 1)] }),
    })
    await expect(runExperiment(changing, { run: startRun({ folder }) })).rejects.toThrow('seed 1 measured other things')
    await expect(runExperiment(experiment(), { run: startRun({ folder }), seeds: 0 })).rejects.toThrow('seeds is 0')
  })

  it('leaves the seeds their own folders', async () => {
    await runExperiment(
      experiment({
        seeds: 2,
        trial: async (run) => ({
          measurements: [measured('score', 0, run.folder.endsWith(`seed-${run.seed}`) ? 1 : 0)],
        }),
      }),
      { run: startRun({ folder }) },
    )
    expect(readdirSync(folder).sort()).toEqual([
      'checkpoints',
      'measurements.svg',
      'report.json',
      'seed-0',
      'seed-1',
      'trials.json',
    ])
  })
})

describe('experimentFolder', () => {
  it('is below the folder asked for, else in the working folder’s cache', () => {
    expect(experimentFolder('dpo', 'results')).toBe(join('results', 'dpo'))
    expect(experimentFolder('dpo')).toBe(join(process.cwd(), '.cache', 'penchant', 'experiments', 'dpo'))
  })
})
