import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openOnnx, openSafetensors } from '../../tensor/index.ts'
import { featurePairs } from '../pairs/index.ts'
import { fitPreferences } from './fit-preferences.ts'

import type { FittedModel, ModelKind } from './model-kind.ts'
import { logitOf } from './pair-graph.ts'
import { rewardKind } from './reward-kind.ts'
import { loadModel, saveModel } from './save-model.ts'
import { tasteKind } from './taste-kind.fixture.ts'

const parent = mkdtempSync(join(tmpdir(), 'penchant-models-'))
afterAll(() => rmSync(parent, { recursive: true }))
let folders = 0
const fresh = (): string => join(parent, `model-${folders++}`)

const data = featurePairs({
  a: [
    [1, 0],
    [0.5, 2],
    [0, 1],
    [3, 1],
  ],
  b: [
    [0, 1],
    [1, 1],
    [2, 2],
    [1, 0],
  ],
  raters: ['ann', 'bob', 'ann', 'bob'],
  contexts: [[1], [2], [3], [4]],
})
const reward = await fitPreferences({
  kind: rewardKind,
  data: { ...data },
  options: { hidden: [3], aspects: ['help', 'style'] },
  epochs: 3,
  dataVersion: 'v7',
})
const taste = await fitPreferences({ kind: tasteKind, data, options: { scaled: true }, epochs: 3 })
const kinds = [tasteKind as ModelKind]

it('gives back the same model, raters, temperature and all', async () => {
  for (const model of [
    reward.with({ temperature: 2.5, metrics: { loss: Number.NaN, accuracy: 1 } }),
    taste,
  ] as FittedModel[]) {
    const folder = fresh()
    await saveModel(model, folder)
    const loaded = await loadModel(folder, { kinds })
    expect(loaded.parameters).toEqual(model.parameters)
    expect(await loaded.probabilities(data)).toEqual(await model.probabilities(data))
    for (const fact of ['aspects', 'options', 'raters', 'temperature', 'metrics', 'dataVersion'] as const)
      expect(loaded[fact]).toEqual(model[fact])
    const rows = { features: [[1, 2]], contexts: [[2]], raters: ['bob'] }
    expect(await loaded.scoreFeatures(rows)).toEqual(await model.scoreFeatures(rows))
  }
})

it('exports a scorer of any number of rows, named for people', async () => {
  const folder = fresh()
  await saveModel(taste, folder)
  const onnx = await openOnnx(join(folder, 'score.onnx'))
  expect(Object.keys(onnx.inputs).sort()).toEqual(['context_features', 'features', 'rater'])
  expect(onnx.outputs['scores']?.shape).toEqual(['rows', 1])
  const { scores } = await onnx({
    features: [
      [1, 2],
      [3, 4],
    ],
    context_features: [[2], [1]],
    rater: [1, -1],
  })
  const expected = await taste.scoreFeatures({
    features: [
      [1, 2],
      [3, 4],
    ],
    contexts: [[2], [1]],
    raters: ['bob', 'nobody'],
  })
  expect([...(scores?.data ?? [])]).toEqual([...expected.data])
  expect(JSON.parse(onnx.metadata['aspects'] ?? '')).toEqual(['overall'])
  await onnx.dispose()
  expect((await openSafetensors(join(folder, 'model.safetensors'))).names).toContain('model.tastes')
})

it('exports a comparer of kinds that compare in their own way', async () => {
  const kind: typeof rewardKind = {
    ...rewardKind,
    name: 'own',
    logit: (held, pairs, options) => logitOf(rewardKind, held, pairs, options),
  }
  const { contexts, ...plain } = data
  expect(contexts).toBeDefined()
  const model = await fitPreferences({ kind, data: plain, epochs: 1 })
  const folder = fresh()
  await saveModel(model, folder)
  const onnx = await openOnnx(join(folder, 'compare.onnx'))
  const { logits } = await onnx({
    features: [
      [1, 0],
      [0, 1],
    ],
    a: [0, 1, 0],
    b: [1, 0, 0],
  })
  const expected = await model.logits(
    featurePairs({
      a: [
        [1, 0],
        [0, 1],
      ],
      b: [
        [0, 1],
        [1, 0],
      ],
    }),
  )
  expect([...(logits?.data ?? [])].slice(0, 2)).toEqual([...expected])
  await onnx.dispose()
})

it('refuses a folder that holds something, and replaces a model only when asked', async () => {
  const folder = fresh()
  await saveModel(reward as FittedModel, folder)
  await expect(saveModel(taste as FittedModel, folder)).rejects.toThrow('already holds')
  await saveModel(taste as FittedModel, folder, { replace: true })
  expect((await loadModel(folder, { kinds })).kind.name).toBe('taste')
  const other = fresh()
  mkdirSync(other)
  writeFileSync(join(other, 'letters.txt'), 'dear')
  await expect(saveModel(taste as FittedModel, other, { replace: true })).rejects.toThrow('no model.json')
  expect(readFileSync(join(other, 'letters.txt'), 'utf8')).toBe('dear')
})

it('leaves nothing behind when it cannot be written, and the old model whole', async () => {
  const folder = fresh()
  await saveModel(reward as FittedModel, folder)
  const broken = {
    ...(taste as FittedModel),
    kind: {
      ...tasteKind,
      score: () => {
        throw new Error('no graph')
      },
    } as unknown as ModelKind,
  }
  await expect(saveModel(broken, folder, { replace: true })).rejects.toThrow('no graph')
  expect((await loadModel(folder)).kind.name).toBe('reward')
  expect(readdirSync(parent).filter((name) => name.includes('partial'))).toEqual([])
})

it('says what is wrong with a model that it does not open', async () => {
  const saved = async (): Promise<string> => {
    const folder = fresh()
    await saveModel(taste, folder)
    return folder
  }
  await expect(loadModel(fresh())).rejects.toThrow('there is no model.json')

  const folder = await saved()
  await expect(loadModel(folder)).rejects.toThrow('is a model of kind "taste"; known are reward')
  const numbers = join(folder, 'model.safetensors')
  const bytes = readFileSync(numbers)
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
  writeFileSync(numbers, bytes)
  await expect(loadModel(folder, { kinds })).rejects.toThrow('model.safetensors was changed')
  rmSync(numbers)
  await expect(loadModel(folder, { kinds })).rejects.toThrow('model.safetensors is missing')

  const edited = async (edit: (manifest: Record<string, unknown>) => void): Promise<Promise<FittedModel>> => {
    const place = await saved()
    const path = join(place, 'model.json')
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    edit(manifest)
    writeFileSync(path, JSON.stringify(manifest))
    return loadModel(place, { kinds })
  }
  await expect(
    edited((manifest) => {
      manifest['formatVersion'] = 9
    }),
  ).rejects.toThrow('format 9; this version reads formats up to 1')
  await expect(
    edited((manifest) => {
      manifest['options'] = { scaled: 'yes' }
    }),
  ).rejects.toThrow('options of "taste"')
  await expect(
    edited((manifest) => {
      delete manifest['raters']
    }),
  ).rejects.toThrow('raters')
  await expect(
    edited((manifest) => {
      manifest['raters'] = ['ann']
    }),
  ).rejects.toThrow('"model.tastes" is [2, 2], the model asks for [1, 2]')
  await expect(
    edited((manifest) => {
      ;(manifest['encoder'] as Record<string, unknown>)['kind'] = 'unheard-of'
    }),
  ).rejects.toThrow('encoder "unheard-of"')
  await expect(
    edited((manifest) => {
      ;(manifest['encoder'] as Record<string, unknown>)['options'] = { width: 3 }
    }),
  ).rejects.toThrow('was fitted with the encoder')
  await expect(
    edited((manifest) => {
      manifest['files'] = {}
    }),
  ).rejects.toThrow('gives no hash of model.safetensors')
  await expect(
    edited((manifest) => {
      manifest['aspects'] = ['underall']
    }),
  ).rejects.toThrow('names the scores underall; by its options they are overall')
  await expect(
    edited((manifest) => {
      manifest['files'] = { '../model.json': 'a'.repeat(64), ...(manifest['files'] as object) }
    }),
  ).rejects.toThrow('no file beside it')
})
