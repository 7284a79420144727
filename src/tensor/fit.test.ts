import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type Progress, seeded, startRun } from '../run/index.ts'
import {
  adam,
  embeddingTable,
  examplesOf,
  type FitMetrics,
  type FitOptions,
  type FitResult,
  fit,
  fitting,
  gather,
  gradients,
  type InputValues,
  mean,
  mul,
  sgd,
  spec,
  square,
  sub,
  sum,
  type TrainStep,
  trainStep,
  value,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-fit-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A moment to kill a process at: once it has printed a number of lines, and a little later. */
interface Moment {
  readonly lines: number
  readonly laterMs: number
}

/** Runs the fixture and gives its lines; with a moment kills it then. */
function child(runFolder: string, moment?: Moment, checkpointEvery = 2): Promise<readonly string[]> {
  const pauseMs = moment ? 30 : 0
  const script = fileURLToPath(new URL('./fit.fixture.ts', import.meta.url))
  const options = ['--disable-warning=ExperimentalWarning', script, runFolder, `${pauseMs}`, `${checkpointEvery}`]
  const process_ = spawn(process.execPath, options)
  let text = ''
  let errors = ''
  process_.stderr.on('data', (chunk) => {
    errors += chunk
  })
  process_.stdout.on('data', (chunk) => {
    text += chunk
    if (moment && text.split('\n').length > moment.lines) setTimeout(() => process_.kill('SIGKILL'), moment.laterMs)
  })
  return new Promise((resolve, reject) => {
    process_.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(text.trim().split('\n'))
      else reject(new Error(errors))
    })
  })
}

/** w moves towards the mean of the batch: loss (w − x)². */
async function toy(
  rate = 0.1,
): Promise<TrainStep<{ x: ReturnType<typeof spec> }, { w: ReturnType<typeof value> }, unknown>> {
  return trainStep(({ x }, { w }) => mean(square(sub(x, w))), {
    inputs: { x: spec(['batch', 1]) },
    parameters: { w: value(Float32Array.from([0])) },
    optimizer: sgd({ learningRate: rate }),
    threads: 1,
  })
}
const examples = examplesOf({ x: value(Float32Array.from([1, 2, 3, 4, 5]), [5, 1]) })

describe('fit', () => {
  it('killed at any moment and started again ends with exactly the numbers of an undisturbed run', async () => {
    const undisturbed = await child(join(folder, 'whole'), undefined, 0)
    // Parameters, averages and a table of rows are compared: those of the third epoch of seven, which was the best.
    expect(JSON.parse(undisturbed.at(-1) ?? '').history).toHaveLength(7)
    const random = seeded('moments to kill at')
    const firstUpdates: number[] = []
    for (let kill = 0; kill < 4; kill++) {
      const moment = { lines: 2 + random.integer(4), laterMs: random.integer(25) }
      const [first] = await child(join(folder, 'killed'), moment)
      firstUpdates.push(Number(first))
    }
    const rest = await child(join(folder, 'killed'))
    firstUpdates.push(Number(rest[0]))
    // Each went on from where the one before had saved, and none had come to the end.
    expect(firstUpdates[0]).toBe(1)
    firstUpdates.slice(1).forEach((update, index) => {
      expect(update).toBeGreaterThan(firstUpdates[index] ?? 0)
    })
    expect(rest.at(-1)).toBe(undisturbed.at(-1))
    // Checkpoints wait for the disk, which may be busy.
  }, 180_000)

  it('takes every example once an epoch, in an order by the seed', async () => {
    const orders: number[][] = []
    for (const seed of [1, 1, 2]) {
      const order: number[] = []
      const spying = {
        count: 5,
        batch(indices: Uint32Array) {
          order.push(...indices)
          return examples.batch(indices)
        },
      }
      const run = startRun({ seed, folder: join(folder, `order-${orders.length}`) })
      await fit(await toy(), { examples: spying, batchSize: 2, epochs: 2 }, run)
      orders.push(order)
    }
    const [first, again, other] = orders
    expect(first?.slice(0, 5).toSorted()).toEqual([0, 1, 2, 3, 4])
    expect(first?.slice(5)).not.toEqual(first?.slice(0, 5))
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('stops early with the parameters of the best epoch', async () => {
    const step = await toy()
    const scores = [3, 5, 4, 4.9, 2]
    let epoch = 0
    const seen: number[] = []
    const result = await fit(
      step,
      {
        examples,
        batchSize: 5,
        epochs: 10,
        validate: () => {
          seen.push(Number(step.parameters.w.data[0]))
          return { score: scores[epoch++] ?? 0 }
        },
        earlyStopping: { metric: 'score', goal: 'max', patience: 2 },
      },
      startRun({ folder: join(folder, 'early') }),
    )
    expect(result.stopped).toBe('early')
    expect(result.epochs).toBe(4)
    expect(result.best).toEqual({ epoch: 2, value: 5 })
    expect(step.parameters.w.data[0]).toBe(seen[1])
    const lines = readFileSync(join(folder, 'early', 'fit.metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line).validation.score)).toEqual([3, 5, 4, 4.9])
  })

  it('reports the mean loss of an epoch, progress, and every step', async () => {
    const metrics: FitMetrics[] = []
    const progress: Progress[] = []
    const result = await fit(
      await toy(1e-9),
      { examples, batchSize: 2, epochs: 1, onMetrics: (entry) => metrics.push(entry) },
      startRun({ folder: join(folder, 'metrics'), onProgress: (entry) => progress.push(entry) }),
    )
    // w stays at 0: the mean of 1, 4, 9, 16, 25 is 11, whatever the batches.
    expect(result.history[0]?.loss).toBeCloseTo(11, 4)
    expect(metrics.map(({ kind }) => kind)).toEqual(['step', 'step', 'step', 'epoch'])
    expect(progress.at(-1)).toEqual({ label: 'fit: epoch 1 of 1', done: 3, total: 3 })
  })

  it('saves where it stands when it is aborted', async () => {
    const controller = new AbortController()
    const run = startRun({ folder: join(folder, 'aborted'), signal: controller.signal })
    const step = await toy()
    const stopping = fit(
      step,
      {
        examples,
        batchSize: 1,
        epochs: 3,
        onMetrics: ({ updates }) => updates === 4 && controller.abort(new Error('enough')),
      },
      run,
    )
    await expect(stopping).rejects.toThrow('enough')
    const next = await toy()
    const result = await fit(next, { examples, batchSize: 1, epochs: 3 }, startRun({ folder: join(folder, 'aborted') }))
    expect(result.updates).toBe(15)
    const whole = await toy()
    await fit(whole, { examples, batchSize: 1, epochs: 3 }, startRun({ folder: join(folder, 'not-aborted') }))
    expect(next.parameters.w.data[0]).toBe(whole.parameters.w.data[0])
  })

  it('goes on when a finished fit is asked for more epochs, and does nothing when it is not', async () => {
    const longer = async (...epochs: readonly number[]): Promise<unknown> => {
      let w: unknown
      for (const count of epochs) {
        const step = await toy()
        const run = startRun({ folder: join(folder, `longer-${epochs.join('-')}`) })
        await fit(step, { examples, batchSize: 2, epochs: count }, run)
        w = step.parameters.w.data[0]
      }
      return w
    }
    expect(await longer(2, 5, 5)).toBe(await longer(5))
  })

  it('goes on from where it was, not from the best epoch, when it is asked for more epochs', async () => {
    const random = seeded('going on')
    const targets = value(
      Float32Array.from({ length: 24 }, () => random.normal()),
      [12, 2],
    )
    const which = value(
      BigInt64Array.from({ length: 12 }, () => BigInt(random.integer(5))),
      [12],
    )
    const scores = [4, 2, 3, 3, 1, 5, 6]
    const trained = async (name: string, ...epochs: readonly number[]): Promise<readonly (readonly number[])[]> => {
      const ends: (readonly number[])[] = []
      for (const count of epochs) {
        const table = embeddingTable({ rows: 5, width: 2, optimizer: { kind: 'adam', learningRate: 0.1, exact: true } })
        const step = await trainStep(
          ({ rows, which, targets }, { w }) => {
            const loss = mean(square(sub(mul(gather(rows, which), w), sub(targets, w))))
            return { loss, slope: gradients(loss, rows) }
          },
          {
            inputs: { rows: spec(['touched', 2]), which: spec(['batch'], 'int64'), targets: spec(['batch', 2]) },
            parameters: { w: value(Float32Array.from([0.5, 1])) },
            optimizer: adam({ learningRate: 0.1 }),
            averageDecay: 0.5,
            threads: 1,
          },
        )
        await fit(
          step,
          {
            examples: examplesOf({ which, targets }),
            tables: { items: { table, rows: 'rows', indices: ['which'], gradient: 'slope' } },
            batchSize: 4,
            epochs: count,
            validate: () => ({ score: scores[step.updates / 3 - 1] ?? 9 }),
            earlyStopping: { metric: 'score', patience: 4 },
          },
          startRun({ folder: join(folder, name) }),
        )
        ends.push([...step.parameters.w.data, ...step.averaged.w.data, ...table.data].map(Number))
      }
      return ends
    }
    const [three, seven, again] = await trained('three-then-seven', 3, 7, 7)
    expect(seven).toEqual((await trained('seven', 7))[0])
    expect(again).toEqual(seven)
    // The best of three was the second, the best of seven the fifth.
    expect(three).toEqual((await trained('two', 2))[0])
    expect(seven).toEqual((await trained('five', 5))[0])
    expect(three).not.toEqual(seven)
  })

  it('goes on after metrics that are no numbers, and takes none of them for the best', async () => {
    const scores = [Number.NaN, Number.POSITIVE_INFINITY, 5, Number.NaN, 7]
    const trained = async (name: string, ...epochs: readonly number[]): Promise<FitResult | undefined> => {
      let result: FitResult | undefined
      for (const count of epochs) {
        const step = await toy()
        result = await fit(
          step,
          {
            examples,
            batchSize: 5,
            epochs: count,
            validate: () => ({ score: scores[step.updates - 1] ?? 0 }),
            earlyStopping: { metric: 'score', patience: 3 },
          },
          startRun({ folder: join(folder, name) }),
        )
      }
      return result
    }
    const whole = await trained('no-numbers', 5)
    expect(whole?.best).toEqual({ epoch: 3, value: 5 })
    expect(whole?.history.map(({ validation }) => validation?.['score'])).toEqual(scores)
    expect(await trained('no-numbers-in-parts', 1, 2, 4, 5)).toEqual(whole)
  })

  it('is a stream of metrics, which saves where it stands when it is left', async () => {
    const options = { examples, batchSize: 2, epochs: 2 }
    const whole = await toy()
    const called: FitMetrics[] = []
    await fit(
      whole,
      { ...options, onMetrics: (metrics) => called.push(metrics) },
      startRun({ folder: join(folder, 'called') }),
    )
    const taken: FitMetrics[] = []
    const first = await toy()
    for await (const metrics of fitting(first, options, startRun({ folder: join(folder, 'stream') }))) {
      taken.push(metrics)
      if (metrics.updates === 2) break
    }
    expect(first.updates).toBe(2)
    const rest = await toy()
    for await (const metrics of fitting(rest, options, startRun({ folder: join(folder, 'stream') })))
      taken.push(metrics)
    expect(taken).toEqual(called)
    expect(called.map(({ kind }) => kind).join(' ')).toBe('step step step epoch step step step epoch')
    expect(rest.parameters.w.data[0]).toBe(whole.parameters.w.data[0])
  })

  it('tells from the start how much there is to do, and where it goes on', async () => {
    const told = async (epochs: number, patience: number): Promise<readonly Progress[]> => {
      const progress: Progress[] = []
      await fit(
        await toy(),
        { examples, batchSize: 3, epochs, validate: () => ({ same: 1 }), earlyStopping: { metric: 'same', patience } },
        startRun({ folder: join(folder, 'told'), onProgress: (entry) => progress.push(entry) }),
      )
      return progress
    }
    const [start, ...more] = await told(1, 9)
    expect(start).toEqual({ label: 'fit: epoch 1 of 1', done: 0, total: 2 })
    expect(more.at(-1)).toEqual({ label: 'fit: validation of epoch 1 of 1', done: 2, total: 2 })
    const [next, ...others] = await told(5, 1)
    expect(next).toEqual({ label: 'fit: epoch 2 of 5', done: 2, total: 10 })
    expect(others.at(-1)).toEqual({ label: 'fit: stopped early after epoch 2', done: 4, total: 4 })
  })

  it('gives inputs that read one table their places among the same rows', async () => {
    const table = embeddingTable({ rows: 6, width: 1, optimizer: { kind: 'sgd', learningRate: 1 } })
    table.data.set([10, 11, 12, 13, 14, 15])
    const step = await trainStep(
      ({ rows, liked, shown }) => {
        const loss = sub(sum(gather(rows, shown)), sum(gather(rows, liked)))
        return { loss, slope: gradients(loss, rows) }
      },
      {
        inputs: { rows: spec(['touched', 1]), liked: spec(['batch'], 'int64'), shown: spec(['batch', 2], 'int64') },
        parameters: {},
        optimizer: sgd(),
      },
    )
    const batches: (readonly number[])[] = []
    await fit(
      step,
      {
        examples: {
          count: 2,
          batch: (indices) => {
            batches.push([...indices])
            return { liked: BigInt64Array.from([5n, 2n]), shown: BigInt64Array.from([2n, 0n, 2n, 2n]) }
          },
        },
        tables: { items: { table, rows: 'rows', indices: ['liked', 'shown'], gradient: 'slope' } },
        batchSize: 2,
        epochs: 1,
      },
      startRun({ folder: join(folder, 'two-readers') }),
    )
    expect(batches).toHaveLength(1)
    // Shown thrice and liked once: 2 falls by 2. Shown once: 0 falls by 1. Liked once: 5 rises by 1.
    expect([...table.data]).toEqual([9, 11, 10, 13, 14, 16])
  })

  it('says what is wrong with a table: no indices, no gradient', async () => {
    const table = embeddingTable({ rows: 5, width: 1 })
    const step = await trainStep(({ rows, which }) => ({ loss: mean(gather(rows, which)), other: mean(rows) }), {
      inputs: { rows: spec(['touched', 1]), which: spec(['batch'], 'int64') },
      parameters: {},
      optimizer: sgd(),
    })
    const which = value(BigInt64Array.from([3n, 4n]))
    const options = (indices: readonly ('which' | 'rows')[]): FitOptions<InputValues<typeof inputs>, 'rows'> => ({
      examples: examplesOf({ which }),
      tables: { items: { table, rows: 'rows', indices, gradient: 'slope' } },
      batchSize: 2,
      epochs: 1,
    })
    const inputs = { rows: spec(['touched', 1]), which: spec(['batch'], 'int64') }
    const run = startRun({ folder: join(folder, 'table') })
    await expect(fit(step, options(['which']), run)).rejects.toThrow(
      'the step reports no "slope", which is to be the gradient of the table "items"; it reports other',
    )
    await expect(fit(step, options(['rows']), run)).rejects.toThrow(
      'the batch has no "rows", which is to index the table "items"',
    )
  })

  it('says what is wrong: a loss that is no number, a metric that is missing, a checkpoint of another model', async () => {
    const run = (name: string): ReturnType<typeof startRun> => startRun({ folder: join(folder, name) })
    await expect(fit(await toy(1e30), { examples, batchSize: 1, epochs: 9 }, run('nan'))).rejects.toThrow(
      /the loss is (NaN|Infinity) at update \d+/,
    )
    const earlyStopping = { metric: 'recall', patience: 1 }
    await expect(fit(await toy(), { examples, batchSize: 5, epochs: 1, earlyStopping }, run('metric'))).rejects.toThrow(
      'early stopping on "recall", but validate returned nothing',
    )
    await fit(await toy(), { examples, batchSize: 5, epochs: 1 }, run('other'))
    const other = await trainStep(({ x }, { v }) => mean(mul(x, v)), {
      inputs: { x: spec(['batch', 1]) },
      parameters: { v: value(Float32Array.from([0])) },
      optimizer: sgd(),
    })
    await expect(fit(other, { examples, batchSize: 5, epochs: 1 }, run('other'))).rejects.toThrow(
      '"parameters/v" is missing, expected [1]',
    )
  })
})
