import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { adam, adamW, cosineSchedule, type Optimizer, parameterLeaves, value, zeros } from '../../tensor/index.ts'
import { mixtureKind } from '../micro/micro.ts'
import { type FitPreferences, fitPreferences } from '../model/fit-preferences.ts'
import type { FittedModel } from '../model/model-kind.ts'
import { rewardKind } from '../model/reward-kind.ts'
import { featurePairs, type PairData } from '../pairs/index.ts'
import { type LinearPairModel, pairSteps } from './pair-steps.ts'

interface World {
  readonly pairs: number
  readonly width: number
  readonly contextWidth?: number
  readonly weighted?: boolean
}

function world(seed: string | number, { pairs, width, contextWidth = 0, weighted = false }: World): PairData {
  const random = seeded(seed)
  const rows = (columns: number): number[][] =>
    Array.from({ length: pairs }, () => Array.from({ length: columns }, () => random.normal()))
  return featurePairs({
    a: rows(width),
    b: rows(width),
    // Some of them soft.
    targets: Array.from({ length: pairs }, () => (random.chance(0.2) ? random.uniform() : random.integer(2))),
    ...(weighted && { weights: Array.from({ length: pairs }, () => 0.1 + 2 * random.uniform()) }),
    ...(contextWidth > 0 && { contexts: rows(contextWidth) }),
  })
}

const numbersOf = (parameters: unknown): number[] =>
  parameterLeaves(parameters).flatMap(({ leaf }) => Array.from(leaf.data, Number))

/** The same optimiser, of which kernels are told nothing. */
function inGraph(optimizer: Optimizer): Optimizer {
  const { adam: _, ...unnamed } = optimizer
  return unnamed
}

async function both<O, P>(
  given: FitPreferences<O, P> & { readonly optimizer: Optimizer },
): Promise<readonly [kernel: FittedModel<O, P>, graph: FittedModel<O, P>]> {
  const fit = (optimizer: Optimizer): Promise<FittedModel<O, P>> =>
    fitPreferences({ ...given, optimizer }, startRun({ seed: 3 }))
  return [await fit(given.optimizer), await fit(inGraph(given.optimizer))]
}

function expectAlike(found: readonly number[], wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length)
  const apart = found.map((number, at) => Math.abs(number - (wanted[at] as number)) / Math.max(1, Math.abs(number)))
  expect(Math.max(...apart)).toBeLessThan(1e-5)
}

describe('pairSteps', () => {
  it('learns what the graph learns, whatever the sizes, weights, labels and rates', { timeout: 60_000 }, async () => {
    const cases = fc.record({
      seed: fc.nat(1000),
      heads: fc.integer({ min: 0, max: 9 }),
      width: fc.integer({ min: 1, max: 41 }),
      contextWidth: fc.integer({ min: 1, max: 20 }),
      pairs: fc.integer({ min: 2, max: 700 }),
      batchSize: fc.integer({ min: 1, max: 400 }),
      weighted: fc.boolean(),
      evenness: fc.constantFrom(0, 0.05, 0.5),
      decay: fc.constantFrom(0, 0.1),
      scheduled: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, heads, decay, scheduled, evenness, batchSize, ...sizes }) => {
        const learningRate = scheduled ? cosineSchedule(0.02, 20) : 0.01
        const optimizer = decay === 0 ? adam({ learningRate, beta1: 0.8 }) : adamW({ learningRate, weightDecay: decay })
        const data = world(seed, { ...sizes, contextWidth: heads === 0 ? 0 : sizes.contextWidth })
        const shared = { data, batchSize: Math.max(batchSize, Math.ceil(sizes.pairs / 20)), epochs: 2, optimizer }
        const [kernel, graph] =
          heads === 0
            ? await both({ ...shared, kind: rewardKind, options: { bias: false } })
            : await both({ ...shared, kind: mixtureKind, options: { heads, entropyWeight: evenness } })
        expectAlike(numbersOf(kernel.parameters), numbersOf(graph.parameters))
        expectAlike([kernel.metrics['trainLoss'] as number], [graph.metrics['trainLoss'] as number])
      }),
      { seed: 11, numRuns: 15 },
    )
  })

  it('leaves a bias where it is, which is on both sides, and other aspects but for their decay', async () => {
    const data = world('aspects', { pairs: 200, width: 6 })
    const weight = Float32Array.from({ length: 12 }, (_, at) => at / 10)
    const model = await fitPreferences({
      kind: rewardKind,
      options: { aspects: ['overall', 'other'] },
      data,
      batchSize: 50,
      epochs: 1,
      optimizer: adamW({ learningRate: 0.1, weightDecay: 0.5 }),
      parameters: {
        model: { layers: [{ weight: value(weight, [2, 6]), bias: value(Float32Array.of(0.25, -0.5)) }] },
        encoder: {},
        contextEncoder: {},
      },
    })
    const [layer] = model.parameters.model.layers
    expect([...(layer?.bias?.data ?? [])]).toEqual([0.25, -0.5])
    const after = [...(layer?.weight.data ?? [])].map(Number)
    after.slice(6).forEach((number, at) => {
      expect(number).toBeCloseTo(((at + 6) / 10) * 0.95 ** 4, 6)
    })
    expect(after[0]).not.toBeCloseTo(0, 3)
  })

  it('gives equal numbers on any number of threads and however many steps at once', async () => {
    const pairs = 2000
    const [width, heads] = [24, 3]
    const data = world('threads', { pairs, width, contextWidth: 5, weighted: true })
    const { rows, contexts } = data as { rows: { data: Float32Array }; contexts: { data: Float32Array } }
    const columns = {
      a: value(data.a),
      b: value(data.b),
      context: value(data.context),
      target: value(data.targets),
      weight: value(data.weights),
      'row/features': { whole: value(rows.data, [2 * pairs, width]) },
      'context/features': { whole: value(contexts.data, [pairs, 5]) },
    }
    const model: LinearPairModel = {
      heads: 'heads',
      columns: heads,
      router: { weight: 'weight', bias: 'bias', evenness: 0.1 },
    }
    const rule = adamW().adam
    if (rule === undefined) throw new Error('AdamW tells no rule')
    const trained = async (threads: number, atOnce: number): Promise<unknown> => {
      const shapes = { heads: [heads, width], weight: [heads, 5], bias: [heads] }
      const parameters = Object.entries(shapes).map(([path, shape]) => ({
        path,
        value: value(
          Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => Math.sin(at)),
          shape,
        ),
        first: zeros(shape),
        second: zeros(shape),
      }))
      const updates = { updates: 0 }
      const steps = pairSteps(model, parameters, rule, updates, threads)
      const take = steps?.on(columns)
      const losses: number[] = []
      const order = seeded('order').shuffle(Uint32Array.from({ length: pairs }, (_, at) => at))
      for (let from = 0; from < 8; from += atOnce)
        losses.push(...((await take?.(order.subarray(from * 250, (from + atOnce) * 250), 250)) ?? []))
      steps?.dispose()
      expect(updates.updates).toBe(8)
      return [losses, numbersOf(parameters.map(({ value, first, second }) => ({ value, first, second })))]
    }
    const one = await trained(1, 1)
    expect(one).toEqual(await trained(1, 8))
    expect(one).toEqual(await trained(2, 4))
    expect(one).toEqual(await trained(3, 2))
  })

  it('goes on where a stopped fit was, with the same bits', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-pair-steps-'))
    try {
      const given = {
        kind: rewardKind,
        options: { bias: false },
        data: world('resumed', { pairs: 500, width: 10 }),
        batchSize: 64,
        epochs: 4,
        checkpointEvery: 3,
      }
      const whole = await fitPreferences(given, startRun({ seed: 5 }))
      const stop = new AbortController()
      await expect(
        fitPreferences(
          { ...given, onMetrics: ({ updates }) => updates === 13 && stop.abort(new Error('stopped')) },
          startRun({ seed: 5, folder, signal: stop.signal }),
        ),
      ).rejects.toThrow('stopped')
      const resumed = await fitPreferences(given, startRun({ seed: 5, folder }))
      expect(numbersOf(resumed.parameters)).toEqual(numbersOf(whole.parameters))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('tells of features that are no numbers', async () => {
    const data = world('broken', { pairs: 20, width: 3 })
    ;(data.rows as { data: Float32Array }).data[4] = Number.NaN
    await expect(fitPreferences({ kind: rewardKind, data, epochs: 1 })).rejects.toThrow('the loss is NaN')
  })
})
