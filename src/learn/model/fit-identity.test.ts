import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { adam } from '../../tensor/index.ts'
import type { ScoreHeadParameters } from '../head/index.ts'
import { hinge } from '../loss/index.ts'
import { featurePairs } from '../pairs/index.ts'
import { type FitPreferences, fitPreferences, preferenceFitter } from './fit-preferences.ts'
import type { ModelParameters } from './model-kind.ts'
import { memberRun } from './out-of-fold.ts'

import { logitOf } from './pair-graph.ts'
import { type RewardOptions, rewardKind } from './reward-kind.ts'

const parent = mkdtempSync(join(tmpdir(), 'penchant-identity-'))
afterAll(() => rmSync(parent, { recursive: true }))

const random = seeded('identity')
const rows = (count: number) => Array.from({ length: count }, () => [random.normal(), random.normal()])
const sample = () =>
  featurePairs({ a: rows(30), b: rows(30), targets: Array.from({ length: 30 }, () => random.integer(2)) })
const data = sample()
type Given = FitPreferences<RewardOptions, ScoreHeadParameters>
const given: Given = { kind: rewardKind, data, epochs: 3, batchSize: 8, checkpointEvery: 2 }

it('never goes on from the checkpoint of a fit that differs in anything but its pairs', async () => {
  const start = (await fitPreferences({ ...given, checkpointEvery: 0 }, startRun({ seed: 9 })))
    .parameters as ModelParameters
  const others: readonly Partial<Given>[] = [
    {},
    { optimizer: adam({ learningRate: 0.3 }) },
    // The same at first, another later.
    { optimizer: adam({ learningRate: (step) => (step < 5 ? 0.3 : 0.01) }) },
    { loss: (held, pairs, options) => hinge(logitOf(rewardKind, held, pairs, options), { target: pairs.target }) },
    { trainable: (path) => path.endsWith('weight') },
    { parameters: start },
    { validation: sample() },
  ]
  const shared = startRun({ folder: join(parent, 'shared'), seed: 1 })
  for (const [at, other] of others.entries()) {
    const together = await fitPreferences({ ...given, ...other }, shared)
    const alone = await fitPreferences({ ...given, ...other }, startRun({ folder: join(parent, `${at}`), seed: 1 }))
    expect(together.parameters).toEqual(alone.parameters)
    // Checkpoints decide no number.
    const without = await fitPreferences({ ...given, ...other, checkpointEvery: 0 }, shared)
    expect(together.parameters).toEqual(without.parameters)
  }
})

it('keeps members of an ensemble apart that share a seed and pairs', async () => {
  const run = startRun({ folder: join(parent, 'members'), seed: 1 })
  const start = (await fitPreferences(given, startRun({ seed: 9 }))).parameters as ModelParameters
  const [one, two] = [
    await fitPreferences({ ...given, parameters: start }, memberRun(run, 0)),
    await fitPreferences({ ...given, parameters: start }, memberRun(run, 1)),
  ]
  expect(one.parameters).not.toEqual(two.parameters)
})

it('starts each fit by the run it is given, the first one too', async () => {
  const fitter = await preferenceFitter({ ...given, checkpointEvery: 0 }, startRun({ seed: 1 }))
  const [first, second] = [
    await fitter.fit(data, undefined, startRun({ seed: 2 })),
    await fitter.fit(data, undefined, startRun({ seed: 2 })),
  ]
  await fitter.dispose()
  expect(second.parameters).toEqual(first.parameters)
})
