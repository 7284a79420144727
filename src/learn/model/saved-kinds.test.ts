import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { openOnnx } from '../../tensor/index.ts'
import { asked, judged } from '../encoder/encoder.fixture.ts'
import {
  candidateText,
  categoricalFeatures,
  type Encoder,
  encodeJudgements,
  givenFeatures,
  hashedNgrams,
  joinEncoders,
  learnBytePairs,
  ngramRarity,
  numericFeatures,
  transformerEncoder,
} from '../encoder/index.ts'
import { featurePairs, type PairData } from '../pairs/index.ts'
import { fitPreferences } from './fit-preferences.ts'
import type { FittedModel } from './model-kind.ts'

import { modelKinds } from './model-kinds.ts'
import { rewardKind } from './reward-kind.ts'
import { loadModel, saveModel } from './save-model.ts'

const parent = mkdtempSync(join(tmpdir(), 'penchant-saved-'))
afterAll(() => rmSync(parent, { recursive: true }))
let folders = 0

const random = seeded('saved kinds')
const table = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()))
const pairs = 12
const width = 4
const data = featurePairs({
  a: table(pairs, width),
  b: table(pairs, width),
  targets: Array.from({ length: pairs }, () => random.pick([0, 0.5, 1])),
  raters: Array.from({ length: pairs }, (_, pair) => ['ann', 'bob', 'cy'][pair % 3] as string),
  contexts: table(pairs, 3),
})
const asking = { features: table(5, width), contexts: table(5, 3), raters: ['cy', 'ann', 'nobody', 'bob', 'ann'] }

const optionsOf: Readonly<Record<string, readonly object[]>> = {
  reward: [{ hidden: [3], aspects: ['second', 'first'] }],
  ratings: [{ aspects: ['b', 'a'], direction: [-1, 2] }],
  'domain-knowledge': [{ aspects: ['d', 'c', 'b', 'a'] }],
  'general-preference': [{ dimensions: 4, contextScales: true }, { normalized: false }],
  mixture: [{ heads: 3 }, { heads: 2, mixing: 'rewards' }],
  'adapted-mixture': [{ heads: 3 }],
  pal: [{}, { variant: 'B', prototypes: 3, dimensions: 2 }, { projector: 'residual', mixing: 'after' }],
}
const cases = modelKinds.flatMap((kind) =>
  (optionsOf[kind.name] ?? [{}]).map((options) => ({ kind, options, name: `${kind.name} ${JSON.stringify(options)}` })),
)

it.each(cases)('opens $name to the same numbers, and so does ONNX Runtime', async ({ kind, options }) => {
  const model = await fitPreferences({ kind, data, options, epochs: 2 })
  const folder = join(parent, `${folders++}`)
  await saveModel(model, folder)
  const loaded = await loadModel(folder)
  expect(loaded.parameters).toEqual(model.parameters)
  expect(loaded.aspects).toEqual(model.aspects)
  const expected = await model.scoreFeatures(asking)
  expect(await loaded.scoreFeatures(asking)).toEqual(expected)
  expect(await loaded.logits(data)).toEqual(await model.logits(data))

  const onnx = await openOnnx(join(folder, 'score.onnx'))
  const everything: Readonly<Record<string, number[] | number[][]>> = {
    features: asking.features,
    context_features: asking.contexts,
    rater: asking.raters.map((name) => model.raters.indexOf(name)),
  }
  const read = Object.keys(onnx.inputs).map((name) => [name, everything[name] ?? []])
  const { scores } = await onnx(Object.fromEntries(read))
  expect(scores?.shape).toEqual([5, model.aspects.length])
  expected.data.forEach((score, at) => {
    expect(scores?.data[at]).toBeCloseTo(score, 5)
  })
  await onnx.dispose()
  await Promise.all([model.dispose(), loaded.dispose()])
})

const context = asked('Which one?')
const judgements = ['kind words', 'rude words', 'kind and clear', 'just noise'].map((text, at) =>
  judged(text, {
    context,
    features: { length: text.length, tone: at % 2 === 0 ? 'soft' : 'hard' },
    rater: { id: `r${at % 2}`, kind: 'human', traits: { age: 30 + at } },
  }),
)
const judgedPairs: PairData = {
  ...featurePairs({ a: [[0], [0]], b: [[0], [0]] }),
  rows: judgements,
  a: Int32Array.of(0, 2),
  b: Int32Array.of(1, 3),
}
const lengths = numericFeatures({ of: 'candidate', columns: [{ name: 'length', mean: 10, deviation: 3 }] })
const ngrams = hashedNgrams({
  projection: 3,
  buckets: 32,
  interactions: true,
  rarity: ngramRarity(judgements, { buckets: 32 }),
})
const tones = categoricalFeatures({
  of: 'candidate',
  columns: [{ name: 'tone', categories: ['soft', 'hard'] }],
  embedding: 2,
})
const encoders: Readonly<Record<string, Encoder>> = {
  'numeric features': lengths as Encoder,
  'given features': givenFeatures({ of: 'rater', names: ['age'] }) as Encoder,
  'frozen n-grams': hashedNgrams({ projection: 'none', buckets: 16 }) as Encoder,
  'trained n-grams': ngrams as Encoder,
  'learned categories': tones as Encoder,
  transformer: transformerEncoder(
    learnBytePairs(
      judgements.map(({ candidate }) => candidateText(candidate)),
      { size: 260 },
    ),
    { width: 8, layers: 1, heads: 2, length: 16 },
  ) as Encoder,
  'several, some trained': joinEncoders([
    ngrams as Encoder,
    lengths as Encoder,
    joinEncoders([tones as Encoder]),
  ]) as Encoder,
}

it.each(Object.entries(encoders))('opens a model that reads by %s, and so does ONNX Runtime', async (_, encoder) => {
  const model = await fitPreferences({ kind: rewardKind, data: judgedPairs, encoder, epochs: 2 })
  const folder = join(parent, `${folders++}`)
  await saveModel(model as FittedModel, folder)
  const loaded = await loadModel(folder)
  const expected = await model.score(judgements)
  expect(await loaded.score(judgements)).toEqual(expected)

  const onnx = await openOnnx(join(folder, 'score.onnx'))
  const {
    rows,
    columns,
    data: features,
  } = encoder.frozen ? await encodeJudgements(encoder, judgements) : { rows: 0, columns: 0, data: new Float32Array() }
  const inputs = encoder.frozen
    ? { features: { dtype: 'float32' as const, shape: [rows, columns], data: features } }
    : Object.fromEntries(
        Object.entries(await encoder.prepare(judgements)).map(([name, input]) => [name.replaceAll('/', '_'), input]),
      )
  const { scores } = await onnx('rater' in onnx.inputs ? { ...inputs, rater: [-1, -1, -1, -1] } : inputs)
  expected.data.forEach((score, at) => {
    expect(scores?.data[at]).toBeCloseTo(score, 5)
  })
  await onnx.dispose()
  await Promise.all([model.dispose(), loaded.dispose()])
})
