import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded, startRun } from '../run/index.ts'
import { shopLog } from './baseline/shop.fixture.ts'
import { evaluateRanking } from './evaluation/evaluate-ranking.ts'
import { interactionSet } from './interactions/interaction-set.ts'
import { loadRecommender } from './load-recommender.ts'
import { recommenderKind, recommenderKinds } from './recommender-kinds.ts'
import { randomSplit } from './split.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-kinds-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { train, valid, test } = randomSplit(interactionSet(shopLog(seeded('kinds'))), seeded('split'), {
  test: 0.1,
  valid: 0.1,
})
const small: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ease: { lambda: 20 },
  als: { width: 8, iterations: 3 },
  bpr: { width: 8, epochs: 20 },
}

describe('every kind', () => {
  it.each(Object.keys(recommenderKinds))('%s is fitted by name, saved and read', async (name) => {
    const { fit, options, validates, explains } = recommenderKind(name)
    const brief = small[name] ?? (validates ? { epochs: 2, validateEvery: 1, width: 8 } : {})
    expect(options.safeParse(brief).success).toBe(true)
    const run = startRun({ seed: 1, folder: join(folder, name) })
    const { recommender, chosen } = await fit({ train, ...(validates && { valid }) }, brief, run)
    const path = join(folder, `${name}.safetensors`)
    await recommender.save(path)
    const read = await loadRecommender(path)
    const audience = { histories: [[0, 4, 8], []] }
    expect((await read.recommend(audience)).items).toEqual((await recommender.recommend(audience)).items)
    expect(recommender.explain !== undefined).toBe(explains)
    if (validates) expect(chosen?.['epochs']).toBeOneOf([1, 2])
    else expect(chosen).toBeUndefined()
    for (const one of [recommender, read]) await one.dispose()
  })

  it('refuses options that it does not have', () => {
    for (const { options } of Object.values(recommenderKinds))
      expect(options.safeParse({ colour: 'red' }).error?.issues[0]?.message).toContain('colour')
    expect(() => recommenderKind('easy')).toThrow('there is no recommender "easy", expected one of popularity, ')
    expect(() => recommenderKind('constructor')).toThrow('there is no recommender "constructor"')
  })
})

it('tells the best epoch, which is the one whose numbers stand', async () => {
  const { fit } = recommenderKind('mf')
  const options = { epochs: 12, validateEvery: 1, patience: 12, width: 8, learningRate: 0.05, batchSize: 512 }
  const runOf = (name: string) => startRun({ seed: 2, folder: join(folder, name) })
  const { recommender, chosen } = await fit({ train, valid }, options, runOf('best'))
  const again = await fit({ train }, { ...options, ...chosen }, runOf('again'))
  const recall = async (model: typeof recommender) =>
    (await evaluateRanking(model, test, { cutoffs: [20], metrics: ['recall'] })).means['recall@20']
  expect(await recall(again.recommender)).toBeCloseTo((await recall(recommender)) ?? 0, 6)
  for (const model of [recommender, again.recommender]) await model.dispose()
})
