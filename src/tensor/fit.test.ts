import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type Progress, startRun } from '../run/index.ts'
import {
  examplesOf,
  type FitMetrics,
  fit,
  mean,
  mul,
  sgd,
  spec,
  square,
  sub,
  type TrainStep,
  trainStep,
  value,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-fit-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the fixture; with `killAfter` kills it once it has printed that many lines. */
function child(runFolder: string, killAfter = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
  const pause = Number.isFinite(killAfter) ? ['20'] : []
  const script = fileURLToPath(new URL('./fit.fixture.ts', import.meta.url))
  const process_ = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, runFolder, ...pause])
  let text = ''
  let errors = ''
  process_.stderr.on('data', (chunk) => {
    errors += chunk
  })
  process_.stdout.on('data', (chunk) => {
    text += chunk
    if (text.split('\n').length > killAfter) process_.kill('SIGKILL')
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
  it('killed and started again ends with exactly the numbers of an undisturbed run', async () => {
    const undisturbed = await child(join(folder, 'whole'))
    const first = await child(join(folder, 'killed'), 7)
    expect(first.length).toBeLessThan(20)
    const second = await child(join(folder, 'killed'), 4)
    expect(Number(second[0])).toBeGreaterThan(1)
    const rest = await child(join(folder, 'killed'))
    expect(rest.length).toBeLessThan(undisturbed.length)
    expect(rest.at(-1)).toBe(undisturbed.at(-1))
  })

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
