import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { logisticRegression } from '../../measure/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { adam } from '../../tensor/index.ts'
import { evaluateModel } from '../calibrate.ts'
import type { Pair } from '../contract.ts'
import { asked, judged } from '../encoder/encoder.fixture.ts'
import { givenFeatures, hashedNgrams } from '../encoder/index.ts'
import { pairLoss } from '../loss/index.ts'
import { featurePairs, type PairData, takePairs, withColumns } from '../pairs/index.ts'
import { adaptRaters } from './adapt-raters.ts'
import { fitPreferences } from './fit-preferences.ts'
import { memberRun, outOfFold } from './out-of-fold.ts'
import { logitOf } from './pair-graph.ts'
import { rewardKind } from './reward-kind.ts'
import { tasteKind } from './taste-kind.fixture.ts'

const width = 4
function world(seed: string, pairs: number, noise = 1): PairData {
  const random = seeded(seed)
  const weights = [1.5, -1, 0.5, 0]
  const row = (): number[] => Array.from({ length: width }, () => random.normal())
  const [a, b] = [Array.from({ length: pairs }, row), Array.from({ length: pairs }, row)]
  const targets = a.map((first, pair) => {
    const margin = first.reduce((sum, x, k) => sum + (x - (b[pair]?.[k] as number)) * (weights[k] as number), 0)
    return random.uniform() < 1 / (1 + Math.exp(-margin / noise)) ? 1 : 0
  })
  return featurePairs({ a, b, targets })
}
const differences = (data: PairData): Float64Array => {
  const rows = (data.rows as { data: Float32Array }).data
  return Float64Array.from({ length: data.a.length * width }, (_, at) => {
    const [pair, k] = [Math.floor(at / width), at % width]
    return (
      (rows[(data.a[pair] as number) * width + k] as number) - (rows[(data.b[pair] as number) * width + k] as number)
    )
  })
}

describe('fitPreferences', () => {
  it('finds the likeliest linear model', async () => {
    const data = world('linear', 300)
    const model = await fitPreferences({
      kind: rewardKind,
      options: { bias: false },
      data,
      batchSize: 300,
      epochs: 600,
      optimizer: adam({ learningRate: 0.03 }),
    })
    const { coefficients } = logisticRegression({ design: differences(data), columns: width, outcomes: data.targets })
    const { weight } = model.parameters.model.layers[0] as { weight: { data: ArrayLike<number> } }
    coefficients.forEach((coefficient, k) => {
      expect(weight.data[k]).toBeCloseTo(coefficient, 3)
    })
    expect((await evaluateModel(model, data)).accuracy).toBeGreaterThan(0.75)
  })

  it('gives the same numbers for the same seed and others for another, and leaves its start as it was', async () => {
    const fit = (seed: number) =>
      fitPreferences({ kind: rewardKind, data: world('seed', 80), epochs: 3, validation: 0.2 }, startRun({ seed }))
    const [one, again, other] = [await fit(1), await fit(1), await fit(2)]
    expect(one.parameters).toEqual(again.parameters)
    expect(one.metrics).toEqual(again.metrics)
    expect(one.parameters).not.toEqual(other.parameters)
    const start = structuredClone(one.parameters)
    await fitPreferences({ kind: rewardKind, data: world('seed', 80), epochs: 2, parameters: one.parameters })
    expect(one.parameters).toEqual(start)
  })

  it('keeps the best epoch on held-out pairs', async () => {
    const model = await fitPreferences({
      kind: rewardKind,
      options: { hidden: [64] },
      data: world('small', 40),
      validation: world('small held', 200),
      epochs: 200,
      patience: 5,
      optimizer: adam({ learningRate: 0.03 }),
    })
    expect(model.metrics['epochs']).toBe((model.metrics['bestEpoch'] as number) + 5)
    const report = await evaluateModel(model, world('small held', 200))
    expect(report.logLoss).toBeCloseTo(model.metrics['validationLogLoss'] as number, 6)
  })

  it('goes on where it was stopped, to the same numbers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-fit-'))
    const data = world('resume', 100)
    const given = { kind: rewardKind, data, epochs: 4, batchSize: 16, checkpointEvery: 5 } as const
    const whole = await fitPreferences(given, startRun({ folder: join(folder, 'whole') }))
    const abort = new AbortController()
    let updates = 0
    const stopped = fitPreferences(
      {
        ...given,
        onMetrics: () => {
          if (++updates === 12) abort.abort(new Error('stopped'))
        },
      },
      startRun({ folder: join(folder, 'parts'), signal: abort.signal }),
    )
    await expect(stopped).rejects.toThrow('stopped')
    let more = 0
    const resumed = await fitPreferences(
      { ...given, onMetrics: () => void more++ },
      startRun({ folder: join(folder, 'parts') }),
    )
    expect(resumed.parameters).toEqual(whole.parameters)
    expect(more).toBeLessThan(4 * 7 + 4 - 10)
    // Other data in the same folder is another fit.
    const other = await fitPreferences(
      { ...given, data: world('other', 100) },
      startRun({ folder: join(folder, 'parts') }),
    )
    expect(other.parameters).not.toEqual(whole.parameters)
    rmSync(folder, { recursive: true })
  })

  it('takes a loss that reads columns', async () => {
    const data = withColumns(world('columns', 60), { lead: new Float32Array(60).fill(1) })
    let shape: unknown
    const model = await fitPreferences({
      kind: rewardKind,
      data,
      epochs: 1,
      loss(parameters, pairs, options) {
        const { lead } = pairs.columns
        shape = lead?.shape
        return pairLoss(logitOf(rewardKind, parameters, pairs, options), {
          target: pairs.target,
          ...(lead && { lead }),
        })
      },
    })
    expect(shape).toEqual(['pairs'])
    expect(Number.isFinite(model.metrics['trainLoss'])).toBe(true)
  })

  it('reads judgements with an encoder, frozen or trained with the head, and then judges new ones', async () => {
    const context = asked('How?')
    const good = ['kind words', 'kind and clear', 'clear words', 'so kind']
    const bad = ['rude words', 'rude noise', 'just noise', 'so rude']
    const judgements = [...good, ...bad].map((words) => judged(words, { context }))
    const pairs = good.flatMap((_, i) => bad.map((_, j) => [i, 4 + j] as const))
    const data: PairData = {
      ...featurePairs({ a: pairs.map(() => [0]), b: pairs.map(() => [0]) }),
      rows: judgements,
      a: Int32Array.from(pairs, ([a]) => a),
      b: Int32Array.from(pairs, ([, b]) => b),
    }
    const features = Object.fromEntries(judgements.map(({ candidate }, at) => [candidate.id, [at < 4 ? 1 : -1, 0.5]]))
    const [first, last] = [judgements[0], judgements[7]]
    if (!first || !last) throw new Error('eight judgements')
    const asPair: Pair = { context, a: last.candidate, b: first.candidate }
    for (const encoder of [
      givenFeatures({ rows: features }),
      hashedNgrams({ of: 'candidate', words: [1, 1], characters: false, buckets: 64, projection: 4 }),
    ]) {
      const model = await fitPreferences({ kind: rewardKind, data, encoder })
      const [probability] = await model.prefer([asPair])
      expect(probability).toBeLessThan(0.3)
      const { data: scores } = await model.score([first, last])
      expect(scores[0]).toBeGreaterThan(scores[1] as number)
      expect(await model.prefer([{ context, a: first.candidate, b: first.candidate }])).toEqual(Float32Array.of(0.5))
      expect(await model.prefer([])).toHaveLength(0)
    }
  })

  it('says what is missing', async () => {
    const data = world('wrong', 10)
    const ties = { ...data, targets: new Float32Array(10).fill(0.5) }
    await expect(fitPreferences({ kind: rewardKind, data: ties })).rejects.toThrow('every pair is a tie')
    await expect(fitPreferences({ kind: rewardKind, data: { ...data, rows: [] } })).rejects.toThrow(
      'expected a whole number from 0 to -1',
    )
    const judgement = { ...data, rows: Array.from({ length: 20 }, (_, i) => judged(`${i}`)) }
    await expect(fitPreferences({ kind: rewardKind, data: judgement })).rejects.toThrow('an encoder is needed')
    await expect(fitPreferences({ kind: rewardKind, data, options: { layers: 3 } })).rejects.toThrow('layers')
    const model = await fitPreferences({ kind: rewardKind, data, epochs: 1 })
    await expect(model.score([judged('x')])).rejects.toThrow('fitted on plain features')
    await expect(model.scoreFeatures({ features: [[1, 2]] })).rejects.toThrow(
      'features have 2 columns, the model was made for 4',
    )
  })

  it('learns from labels of a single side: a is always preferred', async () => {
    const data = world('one side', 50)
    const model = await fitPreferences({
      kind: rewardKind,
      data: { ...data, targets: new Float32Array(50).fill(1) },
      epochs: 2,
    })
    expect(Number.isFinite(model.metrics['trainLoss'])).toBe(true)
  })
})

describe('raters and contexts', () => {
  const random = seeded('tastes')
  const make = (raters: readonly string[], pairs: number): PairData => {
    const row = (): number[] => Array.from({ length: 2 }, () => random.normal())
    const [a, b] = [Array.from({ length: pairs }, row), Array.from({ length: pairs }, row)]
    const who = a.map(() => random.pick(raters))
    // Even raters like the first column, odd ones dislike it.
    const targets = a.map((first, pair) => {
      const lead = (first[0] as number) - (b[pair]?.[0] as number)
      return Number(Number(who[pair]?.at(-1)) % 2 === 0 ? lead > 0 : lead < 0)
    })
    return featurePairs({
      a,
      b,
      targets,
      raters: who,
      contexts: a.map(() => [1]),
      contextIds: a.map((_, pair) => pair),
    })
  }

  it('fits raters apart, adapts to new ones, and leaves everything else as it was', async () => {
    const model = await fitPreferences({
      kind: tasteKind,
      options: { scaled: true },
      data: make(['r0', 'r1', 'r2', 'r3'], 400),
      epochs: 60,
    })
    const test = make(['r0', 'r1', 'r2', 'r3'], 200)
    expect((await evaluateModel(model, test)).accuracy).toBeGreaterThan(0.9)
    const newcomers = make(['n4', 'n5'], 60)
    const strangers = await evaluateModel(model, newcomers)
    const adapted = await adaptRaters({ model, data: newcomers })
    expect(strangers.accuracy).toBeLessThan(0.75)
    expect((await evaluateModel(adapted, make(['n5', 'n4'], 200))).accuracy).toBeGreaterThan(0.9)
    expect(adapted.raters).toEqual([...model.raters, ...newcomers.raters])
    expect(adapted.parameters.model.shared).toEqual(model.parameters.model.shared)
    expect(await adapted.logits(test)).toEqual(await model.logits(test))
    await expect(
      adaptRaters({ model: await fitPreferences({ kind: rewardKind, data: newcomers, epochs: 1 }), data: newcomers }),
    ).rejects.toThrow('no parameters of raters')
  })

  it('does not let one rater depend on another', async () => {
    const model = await fitPreferences({ kind: tasteKind, data: make(['r0', 'r1'], 60), epochs: 5 })
    const both = make(['n4', 'n5'], 40)
    const alone = takePairs(
      both,
      [...both.rater.keys()].filter((pair) => both.raters[both.rater[pair] as number] === 'n4'),
    )
    const [together, single] = [await adaptRaters({ model, data: both }), await adaptRaters({ model, data: alone })]
    const [x, y] = [await together.logits(alone), await single.logits(alone)]
    x.forEach((logit, pair) => {
      expect(logit).toBeCloseTo(y[pair] as number, 2)
    })
  })

  it('does not let a rater be held back by thousands of others', async () => {
    const model = await fitPreferences({ kind: tasteKind, data: make(['r0', 'r1'], 60), epochs: 5 })
    const crowd = make(
      Array.from({ length: 1500 }, (_, at) => `c${at}`),
      6000,
    )
    const alone = takePairs(
      crowd,
      [...crowd.rater.keys()].filter((pair) => crowd.raters[crowd.rater[pair] as number] === 'c7'),
    )
    const [together, single] = [await adaptRaters({ model, data: crowd }), await adaptRaters({ model, data: alone })]
    const [x, y] = [await together.logits(alone), await single.logits(alone)]
    x.forEach((logit, pair) => {
      expect(logit).toBeCloseTo(y[pair] as number, 5)
    })
    expect(together.metrics['adaptationLoss']).toBeLessThan(Math.LN2)
  })
})

describe('outOfFold', () => {
  it('scores every pair by models that have not seen it', async () => {
    // Labels by chance in more columns than pairs: whoever has seen a pair knows it, nobody else can.
    const random = seeded('chance')
    const row = (): number[] => Array.from({ length: 120 }, () => random.normal())
    const data = featurePairs({
      a: Array.from({ length: 60 }, row),
      b: Array.from({ length: 60 }, row),
      targets: Array.from({ length: 60 }, () => random.integer(2)),
    })
    const training = { kind: rewardKind, data, epochs: 40, batchSize: 64 }
    const inSample = await evaluateModel(await fitPreferences(training), data)
    expect(inSample.accuracy).toBe(1)
    const { logits, folds } = await outOfFold(
      { ...training, folds: 3, members: 4, bootstrap: true },
      startRun({ seed: 2 }),
    )
    expect(logits.rows).toBe(60)
    expect(folds.map((fold) => new Set(fold).size)).toEqual([3, 3, 3, 3])
    const right = Array.from({ length: 60 }, (_, pair) => {
      const mean = [...logits.data.slice(4 * pair, 4 * pair + 4)].reduce((sum, logit) => sum + logit, 0)
      return Number(mean > 0 === (data.targets[pair] === 1))
    })
    expect(right.reduce((sum, one) => sum + one, 0)).toBeLessThan(45)
    const again = await outOfFold({ ...training, folds: 3, members: 4, bootstrap: true }, startRun({ seed: 2 }))
    expect(again.logits.data).toEqual(logits.data)
  })

  it('gives each fold the model that a fit of its own would give, to the last bit', async () => {
    const data = world('member', 90)
    const run = startRun({ seed: 5 })
    const training = { kind: rewardKind, epochs: 3, batchSize: 16 }
    const { logits, folds } = await outOfFold({ ...training, data, folds: 3, members: 2 }, run)
    const places = [...data.a.keys()]
    const outside = places.filter((pair) => folds[1]?.[pair] !== 2)
    const within = places.filter((pair) => folds[1]?.[pair] === 2)
    const alone = await fitPreferences({ ...training, data: takePairs(data, outside) }, memberRun(run, 1 * 3 + 2))
    expect(within.map((pair) => logits.data[2 * pair + 1])).toEqual([...(await alone.logits(takePairs(data, within)))])
  })
})
