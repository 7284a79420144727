import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Signal } from '../../collect/index.ts'
import { seeded } from '../../run/index.ts'
import { exp, expandDims, mul, openOnnx, sub, sum, type Tensor } from '../../tensor/index.ts'
import { calibrateModel, evaluateModel } from '../calibrate.ts'
import { asked, judged } from '../encoder/encoder.fixture.ts'
import { hashedNgrams } from '../encoder/index.ts'
import {
  initRoutedHead,
  mixtureLogOdds,
  type RoutedHeadParameters,
  routedLogWeights,
  routedRewards,
} from '../head/index.ts'
import { pairsOf, takePairs } from '../pairs/index.ts'
import { splitPairs } from '../split.ts'
import { fitPreferences } from './fit-preferences.ts'
import type { ModelKind } from './model-kind.ts'
import { loadModel, saveModel } from './save-model.ts'

/** A mixture of heads whose weights the context tells. */
const routedKind: ModelKind<{ heads: number }, RoutedHeadParameters> = {
  name: 'routed',
  options: z.strictObject({ heads: z.int().default(2) }),
  init: (random, { width, contextWidth }, { heads }) => initRoutedHead(random, width, { heads, contextWidth }),
  score: (parameters, { features, context }) =>
    expandDims(
      sum(mul(routedRewards(parameters, features), exp(routedLogWeights(parameters, context as Tensor))), -1),
      -1,
    ),
  logit: (parameters, { a, b, context }) =>
    mixtureLogOdds(
      sub(routedRewards(parameters, a), routedRewards(parameters, b)),
      routedLogWeights(parameters, context as Tensor),
    ),
}

// Short answers are preferred to "brief" questions, long ones to "detailed" ones.
const random = seeded('routed')
const answers = ['yes', 'no', 'maybe', 'yes because of the rain', 'no because of the wind', 'maybe because of the sun']
const signals: Signal[] = Array.from({ length: 240 }, (_, at) => {
  const brief = random.chance(0.5)
  const { context, candidate: a } = judged(answers[random.integer(3)] as string, {
    context: asked(`${brief ? 'brief' : 'detailed'} please, question ${random.integer(20)}`),
  })
  const { candidate: b } = judged(answers[3 + random.integer(3)] as string)
  const swapped = random.chance(0.5)
  return {
    kind: 'comparison',
    id: `${at}`,
    rater: { id: 'ann', kind: 'simulated' },
    context,
    time: at,
    source: 'simulated',
    a: swapped ? b : a,
    b: swapped ? a : b,
    outcome: brief !== swapped ? 'a' : 'b',
  }
})

it('learns from texts in contexts, and judges alike after it was saved', async () => {
  const data = await pairsOf(signals)
  const [train, held] = splitPairs(data, { by: 'context', shares: [0.75, 0.25] }, seeded(1)).map((part) =>
    takePairs(data, part),
  )
  if (!train || !held) throw new Error('two parts')
  const small = { buckets: 256, projection: 4, characters: false } as const
  const fitted = await fitPreferences({
    kind: routedKind,
    data: train,
    encoder: hashedNgrams({ of: 'candidate', ...small }),
    contextEncoder: hashedNgrams({ of: 'context', ...small }),
    epochs: 120,
    batchSize: 32,
  })
  // By default n-grams are also the candidate's: that of a context's first pair.
  await expect(
    fitPreferences({ kind: routedKind, data: train, encoder: hashedNgrams(), contextEncoder: hashedNgrams() }),
  ).rejects.toThrow('a context encoder reads contexts alone')
  const model = await calibrateModel(fitted, held)
  expect((await evaluateModel(model, held)).accuracy).toBeGreaterThan(0.95)
  // The same two answers, the other way round in the other context.
  const [short, long] = [judged('yes'), judged('no because of the wind')]
  const pair = (words: string) => ({ context: asked(words), a: short.candidate, b: long.candidate })
  const pairs = [pair('brief please'), pair('detailed please')]
  const [brief, detailed] = await model.prefer(pairs)
  expect(brief).toBeGreaterThan(0.8)
  expect(detailed).toBeLessThan(0.2)

  const folder = join(mkdtempSync(join(tmpdir(), 'penchant-routed-')), 'model')
  await saveModel(model, folder)
  const loaded = await loadModel(folder, { kinds: [routedKind as ModelKind] })
  expect(await loaded.prefer(pairs)).toEqual(await model.prefer(pairs))
  expect(await loaded.score([short, long])).toEqual(await model.score([short, long]))
  const scorer = await openOnnx(join(folder, 'score.onnx'))
  expect(scorer.outputs['scores']?.shape).toEqual(['rows', 1])
  await scorer.dispose()
  rmSync(join(folder, '..'), { recursive: true })
})
