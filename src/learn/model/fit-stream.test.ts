import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Comparison, candidate } from '../../collect/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { adam } from '../../tensor/index.ts'
import { evaluateModel } from '../calibrate.ts'
import { asked } from '../encoder/encoder.fixture.ts'
import { hashedNgrams, numericFeatures } from '../encoder/index.ts'
import { pairsOf, streamPairs } from '../pairs/index.ts'
import { type FitStreamedPreferences, fitPreferences } from './fit-preferences.ts'
import { rewardKind } from './reward-kind.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-fit-stream-'))
afterAll(() => rmSync(folder, { recursive: true }))

const random = seeded('stream world')
const drinks = Array.from({ length: 30 }, (_, at) => {
  const features = { sweet: random.normal(), hot: random.normal() }
  return candidate({ modality: 'text', text: `drink ${at}` }, { features })
})
const liking = ({ features }: (typeof drinks)[number]): number =>
  1.5 * Number(features?.['sweet']) - Number(features?.['hot'])
const context = asked('What to drink?')
const signals = Array.from({ length: 600 }, (_, at): Comparison => {
  const a = random.integer(30)
  const b = (a + 1 + random.integer(29)) % 30
  const [first, second] = [drinks[a], drinks[b]] as [(typeof drinks)[number], (typeof drinks)[number]]
  return {
    kind: 'comparison',
    ...{ id: `signal ${at}`, context, time: at, source: 'test', a: first, b: second },
    rater: { id: 'ann', kind: 'human' },
    outcome: random.chance(1 / (1 + Math.exp(liking(second) - liking(first)))) ? 'a' : 'b',
  }
})
const encoder = numericFeatures({
  of: 'candidate',
  columns: ['sweet', 'hot'].map((name) => ({ name, mean: 0, deviation: 1 })),
})
const given = { kind: rewardKind, encoder, batchSize: 32, epochs: 4 } as const
const fitted = (buffer: number, more: Partial<FitStreamedPreferences<unknown, unknown>> = {}, seed = 1) =>
  fitPreferences(
    { ...given, ...(more as object), data: streamPairs(signals, { buffer, raters: ['ann'] }) },
    startRun({ seed }),
  )

describe('a fit to a stream', () => {
  it('is the fit to all pairs where they fit into the buffer', async () => {
    const held = await fitPreferences({ ...given, data: await pairsOf(signals) }, startRun({ seed: 1 }))
    for (const buffer of [600, 5000]) {
      const streamed = await fitted(buffer)
      expect(streamed.parameters).toEqual(held.parameters)
      expect(streamed.metrics).toEqual(held.metrics)
    }
  })

  it('learns the same from a small buffer, reading anew for each epoch', async () => {
    const [small, again, other] = [await fitted(64), await fitted(64), await fitted(64, {}, 2)]
    expect(again.parameters).toEqual(small.parameters)
    expect(other.parameters).not.toEqual(small.parameters)
    const test = await pairsOf(signals)
    const [held, streamed] = await Promise.all([await fitted(600), small].map((model) => evaluateModel(model, test)))
    expect(streamed?.logLoss).toBeCloseTo(held?.logLoss as number, 2)
    expect(streamed?.accuracy).toBeGreaterThan(0.75)
  })

  it('stops early on held-out pairs, and cannot hold out a share', async () => {
    const validation = await pairsOf(signals.slice(0, 100))
    const model = await fitted(64, { validation, epochs: 30, patience: 2, optimizer: adam({ learningRate: 0.5 }) })
    expect(model.metrics['epochs']).toBe((model.metrics['bestEpoch'] as number) + 2)
    await expect(fitted(64, { validation: 0.1 as never })).rejects.toThrow('no share can be held out')
  })

  it('goes on where it was stopped, to the same numbers', async () => {
    const start = { ...given, checkpointEvery: 3, encoder: hashedNgrams({ buckets: 64, projection: 4 }) }
    const fit = (name: string, stopAfter = Number.POSITIVE_INFINITY) => {
      const abort = new AbortController()
      let updates = 0
      const told = { updates: 0 }
      const model = fitPreferences(
        {
          ...start,
          data: streamPairs(signals, { buffer: 96 }),
          onMetrics: () => {
            told.updates++
            if (++updates === stopAfter) abort.abort(new Error('stopped'))
          },
        },
        startRun({ folder: join(folder, name), signal: abort.signal }),
      )
      return { model, told }
    }
    const whole = await fit('whole').model
    await expect(fit('parts', 30).model).rejects.toThrow('stopped')
    const resumed = fit('parts')
    expect((await resumed.model).parameters).toEqual(whole.parameters)
    expect(resumed.told.updates).toBeLessThan(4 * 20 - 25)
  })
})
