import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { areaUnderCurve } from '../../measure/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { evaluate, gradients, type Tensor } from '../../tensor/index.ts'
import { shopWorld } from '../../worlds/index.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { filterPairs, holdsPair, interactionSet } from '../interactions/interaction-set.ts'
import { loadRecommender } from '../load-recommender.ts'
import { type ChoiceObjective, choiceLoss, hiddenPositiveProbability, labelChances } from './label-flips.ts'
import { knowsHiddenPositives, type NbpoOptions, nbpo } from './nbpo.ts'

const s = (x: number): number => 1 / (1 + Math.exp(-x))
const logits = { taken: [0.7, -1.2], others: [[0.4], [-2]], takenFlips: [-0.5, 1.3], otherFlips: [[-3], [0.8]] }

/** Slopes of what is made large: of taken items' r and f, and of others' r and f. */
async function slopes(objective: ChoiceObjective) {
  const found = await evaluate(({ taken, others, takenFlips, otherFlips }) => {
    const all = [taken, others, takenFlips, otherFlips]
    const wanted = objective === 'bpr' || objective === 'bpo' ? all.slice(0, 2) : all
    const loss = choiceLoss(objective, { taken, others, takenFlips, otherFlips })
    return gradients(loss, wanted) as readonly Tensor[]
  }, logits)
  return (found as unknown as readonly unknown[]).map((list) => [list].flat(9).map((slope) => -Number(slope)))
}

function expectSlopes(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  expect(found.length).toBe(wanted.length)
  for (const [part, list] of wanted.entries())
    for (const [at, slope] of list.entries()) expect(found[part]?.[at], `${part}, ${at}`).toBeCloseTo(slope, 10)
}

const pairs = [0, 1].map((at) => ({
  ri: logits.taken[at] ?? 0,
  rj: logits.others[at]?.[0] ?? 0,
  gi: s(logits.takenFlips[at] ?? 0),
  gj: s(logits.otherFlips[at]?.[0] ?? 0),
}))

describe('flipped labels', () => {
  it('leave two chances that sum to one, whatever the logits', () => {
    for (const preference of [-40, -2, 0, 3, 40])
      for (const flip of [-40, -1, 0, 2, 40]) {
        const { taken, untaken } = labelChances({ preference, flip })
        expect(taken + untaken).toBeCloseTo(1, 12)
      }
    expect(labelChances({ preference: 0, flip: 0 })).toEqual({ taken: 0.25, untaken: 0.75 })
  })

  it('tell how likely what was not taken is liked, by Bayes’ rule and without overflow', () => {
    const [r, f] = [0.7, -1.1]
    const hidden = hiddenPositiveProbability({ preference: r, flip: f })
    expect(hidden).toBeCloseTo((s(f) * s(r)) / labelChances({ preference: r, flip: f }).untaken, 12)
    expect(hiddenPositiveProbability({ preference: 0, flip: 0 })).toBeCloseTo(1 / 3, 12)
    expect(hiddenPositiveProbability({ preference: 900, flip: 900 })).toBe(1)
    expect(hiddenPositiveProbability({ preference: -900, flip: -900 })).toBe(0)
  })

  it('pull as the published gradient has it', async () => {
    expectSlopes(await slopes('nbpo'), [
      pairs.map(({ ri, gi }) => (1 - gi) * s(-ri)),
      pairs.map(({ rj, gj }) => gj * s(-rj) - s(rj)),
      pairs.map(({ ri, gi }) => -gi * s(ri)),
      pairs.map(({ rj, gj }) => (1 - gj) * s(rj)),
    ])
  })

  it('pull by the likelihood and by its surrogate as their derivatives do', async () => {
    expectSlopes(await slopes('likelihood'), [
      pairs.map(({ ri }) => s(-ri)),
      pairs.map(({ rj, gj }) => (-(1 - gj) * s(rj) * s(-rj)) / (s(-rj) + gj * s(rj))),
      pairs.map(({ gi }) => -gi),
      pairs.map(({ rj, gj }) => (gj * (1 - gj) * s(rj)) / (s(-rj) + gj * s(rj))),
    ])
    expectSlopes(await slopes('surrogate'), [
      pairs.map(({ ri, gi }) => (1 - gi) * s(ri) * s(-ri)),
      pairs.map(({ rj, gj }) => -(1 - gj) * s(rj) * s(-rj)),
      pairs.map(({ ri, gi }) => -(1 - gi) * gi * s(ri)),
      pairs.map(({ rj, gj }) => gj * (1 - gj) * s(rj)),
    ])
  })

  it('pull as the baselines do without flips, and nbpo as bpo where none is likely', async () => {
    expectSlopes(await slopes('bpr'), [pairs.map(({ ri, rj }) => s(rj - ri)), pairs.map(({ ri, rj }) => -s(rj - ri))])
    expectSlopes(await slopes('bpo'), [pairs.map(({ ri }) => s(-ri)), pairs.map(({ rj }) => -s(rj))])
    const none = { ...logits, takenFlips: [-60, -60], otherFlips: [[-60], [-60]] }
    const found = await evaluate(
      ({ taken, others, takenFlips, otherFlips }) =>
        gradients(choiceLoss('nbpo', { taken, others, takenFlips, otherFlips }), [taken, others]),
      none,
    )
    const [ofTaken, ofOthers] = await slopes('bpo')
    expectSlopes(
      (found as unknown as readonly unknown[]).map((list) => [list].flat(9).map((slope) => -Number(slope))),
      [ofTaken ?? [], ofOthers ?? []],
    )
  })

  it('let an untaken item rest where σ(r) = γ/(1 + γ)', async () => {
    const gamma = s(0.8)
    const rest = Math.log(gamma)
    expect(s(rest)).toBeCloseTo(gamma / (1 + gamma), 12)
    const found = await evaluate(
      ({ taken, others, takenFlips, otherFlips }) =>
        gradients(choiceLoss('nbpo', { taken, others, takenFlips, otherFlips }), [others]),
      { taken: [0], others: [[rest]], takenFlips: [0], otherFlips: [[0.8]] },
    )
    expect(Number([found as unknown].flat(9)[0])).toBeCloseTo(0, 12)
  })

  it('count a taken item once for each of its others', async () => {
    const two = { taken: [0.3], others: [[0.1, -0.4]] }
    const loss = await evaluate(({ taken, others }) => choiceLoss('bpo', { taken, others }), two)
    expect(loss).toBeCloseTo(-2 * Math.log(s(0.3)) - Math.log(s(-0.1)) - Math.log(s(0.4)), 10)
  })
})

// Of what customers like they see 40 %, whatever it is; the rest looks disliked.
const world = shopWorld({ users: 150, items: 100, circles: 4, inside: 0.6, outside: 0.03 }, seeded(3))
const liked = interactionSet(interactionLog({ ...world, userCount: world.userCount, itemCount: world.itemCount }))
const exposure = seeded(4)
const train = filterPairs(liked, () => exposure.chance(0.4))
const folder = mkdtempSync(join(tmpdir(), 'penchant-nbpo-'))
let folders = 0
const fresh = (seed = 1) => startRun({ seed, folder: join(folder, String(folders++)) })
const quick: NbpoOptions = {
  width: 8,
  flipWidth: 8,
  batchSize: 400,
  epochs: 40,
  checkpointEvery: 0,
  learningRate: 0.03,
}

describe('nbpo', () => {
  it('tells hidden positives from what is truly disliked', async () => {
    const model = await nbpo(train, quick, fresh())
    const [scores, labels]: [number[], number[]] = [[], []]
    for (let user = 0; user < train.users; user++) {
      const untaken = Array.from({ length: train.items }, (_, item) => item).filter((i) => !holdsPair(train, user, i))
      const hidden = model.hiddenPositives(user, untaken)
      for (const [at, item] of untaken.entries()) {
        scores.push(hidden[at] ?? 0)
        labels.push(holdsPair(liked, user, item) ? 1 : 0)
      }
    }
    expect(areaUnderCurve(scores, labels)).toBeGreaterThan(0.7)
  })

  it('is the same for a seed, and saved with its flips', async () => {
    const model = await nbpo(train, { ...quick, epochs: 5 }, fresh())
    const again = await nbpo(train, { ...quick, epochs: 5 }, fresh())
    const other = await nbpo(train, { ...quick, epochs: 5 }, fresh(2))
    const audience = { users: [0, 7] }
    expect(await again.scoreItems(audience)).toEqual(await model.scoreItems(audience))
    expect(await other.scoreItems(audience)).not.toEqual(await model.scoreItems(audience))
    const path = join(folder, 'nbpo.safetensors')
    await model.save(path)
    const loaded = await loadRecommender(path)
    if (!knowsHiddenPositives(loaded)) throw new Error('the flips were lost')
    expect(loaded.hiddenPositives(3, [0, 5])).toEqual(model.hiddenPositives(3, [0, 5]))
    for (const each of [audience, { histories: [[4, 9, 4], [2]] }])
      expect(await loaded.scoreItems(each)).toEqual(await model.scoreItems(each))
  })

  it('keeps its baselines apart when saved: they know of no flips', async () => {
    const model = await nbpo(train, { ...quick, objective: 'bpr', epochs: 2 }, fresh())
    expect([...model.hiddenPositives(0, [1, 2])]).toEqual([0, 0])
    const path = join(folder, 'bpr.safetensors')
    await model.save(path)
    const loaded = await loadRecommender(path)
    expect(loaded.kind).toBe('choice-factors')
    expect(await loaded.scoreItems({ users: [1] })).toEqual(await model.scoreItems({ users: [1] }))
  })

  it('says which options and arguments are out of range', async () => {
    for (const [options, message] of [
      [{ width: 0 }, 'width is 0'],
      [{ negatives: 0 }, 'negatives is 0'],
      [{ learningRate: -1 }, 'learningRate is -1'],
      [{ decay: 0 }, 'decay is 0'],
      [{ lambda: 30 }, 'lambda is 30'],
      [{ flipLambda: -1 }, 'flipLambda is -1'],
    ] as const)
      await expect(nbpo(train, options, fresh()), message).rejects.toThrow(message)
    const model = await nbpo(train, { ...quick, epochs: 1 }, fresh())
    expect(() => model.hiddenPositives(150, [0])).toThrow('there is no user 150')
    expect(() => model.hiddenPositives(0, [100])).toThrow('there is no item 100')
  })
})
