import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import {
  adagrad,
  adam,
  attachEmbeddingTable,
  type EmbeddingTable,
  embeddingTable,
  gather,
  gradients,
  loadEmbeddingTable,
  mapEmbeddingRows,
  mean,
  type Optimizer,
  type RowOptimizer,
  sgd,
  spec,
  square,
  sub,
  sum,
  trainStep,
  value,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-embedding-'))
afterAll(() => rmSync(folder, { recursive: true }))

const [rows, width, batch] = [12, 3, 8]

interface Batch {
  readonly items: readonly number[]
  readonly y: Float32Array
}
const batches: readonly Batch[] = (() => {
  const random = seeded('batches')
  return Array.from({ length: 20 }, () => ({
    items: Array.from({ length: batch }, () => random.integer(rows - 1)),
    y: Float32Array.from({ length: batch }, () => random.normal()),
  }))
})()

/** Trains a table by rows, and the same as a dense parameter of the graph. */
async function trained(
  byRows: RowOptimizer,
  dense: Optimizer,
): Promise<{ table: EmbeddingTable; parameter: Float32Array }> {
  const table = embeddingTable({ rows, width, optimizer: byRows, deviation: 0.5, seed: 1 })
  const parameter = Float32Array.from(table.data)
  const rowStep = await trainStep(
    ({ touched, at, y }) => {
      const loss = mean(square(sub(sum(gather(touched, at), 1), y)))
      return { loss, gradient: gradients(loss, touched) }
    },
    {
      inputs: { touched: spec(['touched', width]), at: spec([batch], 'int64'), y: spec([batch]) },
      parameters: {},
      optimizer: sgd(),
    },
  )
  const denseStep = await trainStep(({ at, y }, { w }) => mean(square(sub(sum(gather(w, at), 1), y))), {
    inputs: { at: spec([batch], 'int64'), y: spec([batch]) },
    parameters: { w: value(parameter, [rows, width]) },
    optimizer: dense,
  })
  for (const { items, y } of batches) {
    const touched = table.touch(items)
    const { loss, metrics } = await rowStep({ touched: touched.values, at: touched.positions, y })
    table.update(touched, metrics.gradient)
    const other = await denseStep({ at: BigInt64Array.from(items, BigInt), y })
    if (byRows.kind === 'adagrad') expect(loss).toBeCloseTo(other.loss, 5)
  }
  return { table, parameter }
}

describe('EmbeddingTable', () => {
  it('hands out each touched row once and says where indices find them', () => {
    const table = embeddingTable({ rows: 5, width: 2 })
    table.data.set([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    const touched = table.touch([3, 1, 3], [3, 1])
    expect([...touched.ids]).toEqual([3, 1])
    expect([...touched.values.data]).toEqual([3, 3, 1, 1])
    expect([...touched.positions.data]).toEqual([0n, 1n, 0n])
    expect(touched.positions.shape).toEqual([3, 1])
    expect(() => table.touch([5])).toThrow('index 0 is 5, expected from 0 to 4')
  })

  it('trains by Adagrad exactly as a dense parameter does', async () => {
    const { table, parameter } = await trained({ kind: 'adagrad', learningRate: 0.1 }, adagrad({ learningRate: 0.1 }))
    expect([...table.data]).toEqual([...parameter])
  })

  it('trains by exact Adam exactly as a dense parameter does, schedules included', async () => {
    const learningRate = (step: number): number => 0.1 / step
    const { table, parameter } = await trained({ kind: 'adam', learningRate, exact: true }, adam({ learningRate }))
    table.settle()
    expect([...table.data]).toEqual([...parameter])
  })

  it('trains by SGD exactly as a dense parameter does, keeping nothing beside the numbers', async () => {
    const learningRate = (step: number): number => 0.1 / step
    const { table, parameter } = await trained({ kind: 'sgd', learningRate }, sgd({ learningRate }))
    expect([...table.data]).toEqual([...parameter])
    expect(table.memory.first.byteLength + table.memory.second.byteLength).toBe(0)
    const path = join(folder, 'sgd.safetensors')
    await table.save(path)
    const again = await loadEmbeddingTable(path, { kind: 'sgd' })
    expect([...again.data]).toEqual([...table.data])
    await expect(loadEmbeddingTable(path)).rejects.toThrow(`"first" is missing, expected [${rows}, ${width}]`)
  })

  describe('by exact Adam, where rows are rarely touched', () => {
    /** Dense Adam in float64, one step after the other. */
    function dense(
      start: readonly number[],
      gradientAt: (step: number) => readonly number[] | undefined,
      steps: number,
      { learningRate = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 },
    ): number[] {
      const cells = start.map((x) => ({ x, m: 0, v: 0 }))
      for (let step = 1; step <= steps; step++)
        cells.forEach((cell, at) => {
          const g = gradientAt(step)?.[at] ?? 0
          // The graph's own decays are float32.
          cell.m = Math.fround(beta1) * cell.m + (1 - beta1) * g
          cell.v = Math.fround(beta2) * cell.v + (1 - beta2) * g * g
          const [mean, square] = [cell.m / (1 - beta1 ** step), cell.v / (1 - beta2 ** step)]
          cell.x -= (learningRate * mean) / (Math.sqrt(square) + epsilon)
        })
      return cells.map(({ x }) => x)
    }
    // The last cells have gradients so small that ε is not small beside them.
    const gradient = [1, -0.3, 1e-3, 1e-7, -3e-8, 0]
    const touchedAt = [1, 2, 3, 40, 1200, 1203, 5000]
    it.each([
      ['usual rates', {}],
      ['a quickly forgotten square', { beta1: 0.8, beta2: 0.9 }],
      ['a momentum that outlasts the square', { beta1: 0.99, beta2: 0.9, learningRate: 1e-4 }],
      ['no momentum', { beta1: 0 }],
      ['a large ε', { epsilon: 0.1 }],
    ])('stands where the dense parameter stands: %s', (_, options) => {
      const table = embeddingTable({
        rows: 2,
        width: 6,
        optimizer: { kind: 'adam', learningRate: 0.01, ...options, exact: true },
      })
      for (let step = 1; step <= 6000; step++) {
        const touched = table.touch(touchedAt.includes(step) ? [1] : [])
        const numbers = touchedAt.includes(step) ? gradient.map((g) => g * Math.cos(step)) : []
        table.update(touched, value(Float32Array.from(numbers), [touched.ids.length, 6]))
      }
      table.settle()
      const expected = dense(
        [0, 0, 0, 0, 0, 0],
        (step) => (touchedAt.includes(step) ? gradient.map((g) => g * Math.cos(step)) : undefined),
        6000,
        options,
      )
      const found = [...table.data.subarray(6)]
      found.forEach((number, at) => {
        const error = Math.abs(number - (expected[at] ?? 0)) / Math.abs(expected[at] || 1)
        expect(error, `cell ${at}: ${number} for ${expected[at]}`).toBeLessThan(2e-6)
      })
      expect([...table.data.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0])
    })

    it('asks for the numbers of a step once, however many rows missed it', () => {
      let asked = 0
      const table = embeddingTable({
        rows: 50,
        width: 2,
        deviation: 1,
        optimizer: {
          kind: 'adam',
          exact: true,
          learningRate: () => {
            asked++
            return 0.1
          },
        },
      })
      const everyRow = Array.from({ length: 50 }, (_, id) => id)
      const update = (ids: readonly number[]): void =>
        table.update(table.touch(ids), value(new Float32Array(2 * ids.length).fill(1), [ids.length, 2]))
      update(everyRow)
      for (let step = 2; step <= 1000; step++) update([])
      update(everyRow)
      // Each step once for itself and once for all that missed it.
      expect(asked).toBeLessThanOrEqual(2001)
    })
  })

  it('moves only touched rows by lazy Adam', async () => {
    const { table, parameter } = await trained({ kind: 'adam', learningRate: 0.1 }, adam({ learningRate: 0.1 }))
    expect([...table.data]).not.toEqual([...parameter])
    const before = Array.from(table.data)
    const touched = table.touch([2])
    table.update(touched, value(new Float32Array(width), [1, width]))
    const moved = before.flatMap((number, cell) => (number === table.data[cell] ? [] : [Math.floor(cell / width)]))
    expect(new Set(moved)).toEqual(new Set([2]))
  })

  it('goes on from a file as if nothing had happened, and reads single rows from it', async () => {
    const { table } = await trained({ kind: 'adam', learningRate: 0.1 }, adam())
    const path = join(folder, 'table.safetensors')
    await table.save(path)
    const again = await loadEmbeddingTable(path, { kind: 'adam', learningRate: 0.1 })
    expect(again.updates).toBe(20)
    for (const each of [table, again]) {
      const touched = each.touch([1, 4])
      each.update(touched, value(Float32Array.from([1, 2, 3, 4, 5, 6]), [2, width]))
    }
    expect([...again.data]).toEqual([...table.data])
    const mapped = await mapEmbeddingRows(path)
    expect([...mapped.read([5, 0]).data]).toEqual([
      ...table.data.subarray(5 * width, 6 * width),
      ...table.data.subarray(0, width),
    ])
    expect(() => mapped.read([12])).toThrow('expected from 0 to 11')
    mapped.close()
  })

  it('is seen by other threads where it lies', async () => {
    const table = embeddingTable({ rows: 4, width: 2 })
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads')
       new Float32Array(workerData.table)[3] = 7
       parentPort.postMessage('written')`,
      { eval: true, workerData: table.memory },
    )
    await new Promise((resolve) => worker.once('message', resolve))
    await worker.terminate()
    expect(attachEmbeddingTable(table.memory).data[3]).toBe(7)
    expect(table.touch([1]).values.data[1]).toBe(7)
  })

  it('of ten million rows takes memory only for rows in use', () => {
    const before = process.memoryUsage().rss
    const table = embeddingTable({ rows: 10_000_000, width: 64 })
    const touched = table.touch(Array.from({ length: 1000 }, (_, i) => i * 9973))
    table.update(touched, value(new Float32Array(64_000).fill(1), [1000, 64]))
    expect(table.touch([0]).values.data[0]).toBeCloseTo(-1e-3, 8)
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 27)
  })
})
