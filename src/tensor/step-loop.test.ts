import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded, startRun } from '../run/index.ts'
import {
  adamW,
  chain,
  clipByGlobalNorm,
  dropout,
  type ExampleColumn,
  examplesOf,
  type FitMetrics,
  fit,
  fitting,
  gather,
  linear,
  logSigmoid,
  mean,
  mul,
  neg,
  relu,
  reshape,
  sgd,
  spec,
  square,
  sub,
  type Tensor,
  type TensorValue,
  trainStep,
  value,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-loop-'))
afterAll(() => rmSync(folder, { recursive: true }))
const random = seeded('step loop')
const normal = (...shape: number[]): TensorValue =>
  value(
    Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal()),
    shape,
  )

const parts = { w: normal(24, 16), b: normal(16), v: normal(16, 1), fixed: normal(1) }
const table = normal(30, 24)
const rowsOf = (count: number): Int32Array => Int32Array.from({ length: count }, () => random.integer(30))
// 70 pairs: four batches of 16 and one of 6.
const columns: Readonly<Record<'preferred' | 'other' | 'weight', ExampleColumn>> = {
  preferred: { table, rows: rowsOf(70) },
  other: { table, rows: rowsOf(70) },
  weight: normal(70),
}

/** A reward head with dropout, a schedule, clipping and an average. */
async function head(): Promise<ReturnType<typeof make>> {
  return make(
    Object.fromEntries(
      Object.entries(parts).map(([name, { shape, data }]) => [name, value(data.slice() as Float32Array, shape)]),
    ) as typeof parts,
  )
}
function make(parameters: typeof parts) {
  return trainStep(
    ({ preferred, other, weight }, { w, b, v, fixed }, { key, scalar }) => {
      const score = (x: typeof preferred): typeof preferred => linear(dropout(relu(linear(x, w, b)), 0.3, key()), v)
      const margin = reshape(sub(score(preferred), score(other)), weight.shape)
      return neg(
        mean(
          mul(
            mul(logSigmoid(margin), square(weight)),
            mul(
              fixed,
              scalar((step) => 1 / step),
            ),
          ),
        ),
      )
    },
    {
      inputs: { preferred: spec(['pairs', 24]), other: spec(['pairs', 24]), weight: spec(['pairs']) },
      parameters,
      trainable: (path) => path !== 'fixed',
      optimizer: chain(clipByGlobalNorm(0.5), adamW({ learningRate: (step) => 0.1 / Math.sqrt(step) })),
      averageDecay: 0.9,
      threads: 2,
      seed: 4,
    },
  )
}

/** Everything a fit ends with. */
async function fitted(stepsAtOnce: number, name: string, checkpointEvery?: number): Promise<unknown> {
  const step = await head()
  const told: FitMetrics[] = []
  const options = { batchSize: 16, epochs: 3, stepsAtOnce, onMetrics: (metrics: FitMetrics) => told.push(metrics) }
  const result = await fit(
    step,
    { ...options, examples: examplesOf(columns), ...(checkpointEvery !== undefined && { checkpointEvery }) },
    startRun({ seed: 2, folder: join(folder, name) }),
  )
  await step.dispose()
  const numbers = [...Object.values(step.parameters), ...Object.values(step.state), ...Object.values(step.averaged)]
  return { result, told, numbers: numbers.map(({ data }) => [...data]), updates: step.updates }
}

describe('many steps in one run', () => {
  it('end at the same bits as one at a time, and tell the same', async () => {
    const one = await fitted(1, 'one')
    expect(await fitted(Number.POSITIVE_INFINITY, 'many')).toEqual(one)
    expect(await fitted(3, 'three', 2)).toEqual(one)
    expect(one).toMatchObject({ updates: 15, result: { updates: 15, epochs: 3 } })
  })

  it('are taken where a fit uses a small step on arrays, and go by batches otherwise', async () => {
    const step = await head()
    const examples = examplesOf(columns)
    const calls: number[] = []
    const counted = Object.assign((inputs: Parameters<typeof step>[0]) => step(inputs), step, {
      async loop(held: Parameters<NonNullable<typeof step.loop>>[0]) {
        const loop = await step.loop?.(held)
        return (
          loop &&
          (async (batches: Uint32Array, size: number) => {
            calls.push(batches.length / size)
            const losses = await loop(batches, size)
            counted.updates = step.updates
            return losses
          })
        )
      },
    })
    const options = { batchSize: 16, epochs: 1, checkpointEvery: 0, stepsAtOnce: 2 }
    await fit(counted, { ...options, examples }, startRun({ folder: join(folder, 'arrays') }))
    // At first one, to see how long it takes; the last batch is smaller.
    expect(calls.reduce((total, steps) => total + steps, 0)).toBe(5)
    expect(calls.at(-1)).toBe(1)
    calls.length = 0
    await fit(counted, { ...options, examples: { ...examples } }, startRun({ folder: join(folder, 'batches') }))
    expect(calls).toEqual([])
    await step.dispose()
  })

  it('read rows of their own, rows of a table, and a value as a whole alike', async () => {
    const [a, b] = [rowsOf(40), rowsOf(40)]
    const taken = (rows: Int32Array): TensorValue => {
      const own = new Float32Array(rows.length * 24)
      rows.forEach((row, at) => {
        own.set(table.data.subarray(24 * row, 24 * (row + 1)) as Float32Array, 24 * at)
      })
      return value(own, [rows.length, 24])
    }
    const layers = (): { readonly w: TensorValue; readonly v: TensorValue } => ({
      w: value((parts.w.data as Float32Array).slice(), [24, 16]),
      v: value((parts.v.data as Float32Array).slice(), [16, 1]),
    })
    const loss = (x: Tensor, y: Tensor, { w, v }: { readonly w: Tensor; readonly v: Tensor }): Tensor =>
      neg(mean(logSigmoid(sub(linear(relu(linear(x, w)), v), linear(relu(linear(y, w)), v)))))
    const optimizer = adamW()
    const pace = { batchSize: 8, epochs: 2 }
    const runOf = (name: string): ReturnType<typeof startRun> =>
      startRun({ seed: 5, folder: join(folder, `way ${name}`) })

    const ends: number[][] = []
    const ways: readonly Readonly<Record<'a' | 'b', ExampleColumn>>[] = [
      { a: taken(a), b: taken(b) },
      { a: { table, rows: a }, b: { table, rows: b } },
      { a: taken(a), b: { table, rows: b } },
    ]
    for (const [index, way] of ways.entries()) {
      const parameters = layers()
      const inputs = { a: spec(['pairs', 24]), b: spec(['pairs', 24]) }
      const step = await trainStep((x, held) => loss(x.a, x.b, held), { inputs, parameters, optimizer })
      expect(await step.loop?.(way)).toBeDefined()
      await fit(step, { ...pace, examples: examplesOf(way) }, runOf(`${index}`))
      ends.push([...parameters.w.data, ...parameters.v.data] as number[])
      await step.dispose()
    }
    const parameters = layers()
    const step = await trainStep((x, held) => loss(gather(x.features, x.a), gather(x.features, x.b), held), {
      inputs: { features: spec(['rows', 24]), a: spec(['pairs'], 'int32'), b: spec(['pairs'], 'int32') },
      parameters,
      optimizer,
    })
    const columns = { features: { whole: table }, a: value(a), b: value(b) }
    expect(await step.loop?.(columns)).toBeDefined()
    await fit(step, { ...pace, examples: examplesOf(columns) }, runOf('whole'))
    ends.push([...parameters.w.data, ...parameters.v.data] as number[])
    await step.dispose()

    const [own, ...others] = ends
    expect(own?.every(Number.isFinite)).toBe(true)
    for (const other of others) expect(other).toEqual(own)
  })

  it('left in their middle are saved as far as they went, and go on exactly', async () => {
    const whole = await fitted(1, 'whole')
    const step = await head()
    const options = { batchSize: 16, epochs: 3, examples: examplesOf(columns) }
    const run = startRun({ seed: 2, folder: join(folder, 'left') })
    for await (const { updates } of fitting(step, options, run)) if (updates === 7) break
    await step.dispose()
    expect(step.updates).toBeGreaterThanOrEqual(7)
    const { result } = whole as { readonly result: unknown }
    expect(await fitted(2, 'left')).toMatchObject({ result, numbers: (whole as { numbers: unknown }).numbers })
  })

  it('name the step whose loss is no number', async () => {
    const step = await trainStep(({ x }, { w }) => mean(square(sub(mul(x, x), w))), {
      inputs: { x: spec(['batch', 1]) },
      parameters: { w: value(Float32Array.from([0])) },
      optimizer: sgd(),
      threads: 1,
    })
    const x = value(Float32Array.from([1, 2, 3, 1e30]), [4, 1])
    const order = [...startRun({ seed: 1 }).random('bad/order/1').shuffle([0, 1, 2, 3])]
    const failing = fit(
      step,
      { examples: examplesOf({ x }), batchSize: 1, epochs: 1, name: 'bad' },
      startRun({ seed: 1, folder: join(folder, 'bad') }),
    )
    await expect(failing).rejects.toThrow(`the loss is Infinity at update ${order.indexOf(3) + 1} (epoch 1)`)
    await step.dispose()
  })

  it('refuse batches that the step would refuse', async () => {
    const step = await head()
    const wrong = { ...columns, weight: normal(70, 2) }
    await expect(
      fit(step, { examples: examplesOf(wrong), batchSize: 16, epochs: 1 }, startRun({ folder: join(folder, 'wrong') })),
    ).rejects.toThrow('input "weight" has shape [16, 2], declared as [pairs]')
    expect(() => examplesOf({ a: { table, rows: Int32Array.from([0, 30]) } })).toThrow(
      'example 1 of "a" is row 30 of a table of 30 rows',
    )
    await step.dispose()
  })
})
