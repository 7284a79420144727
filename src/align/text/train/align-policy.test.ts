import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isLoraPath } from '../../../nets/index.ts'
import { startRun } from '../../../run/index.ts'
import { type FitMetrics, mean, parameterLeaves, sub } from '../../../tensor/index.ts'
import { type AlignOptions, alignPolicy, openScorer, sequenceLogProbability, type TextPolicy } from '../index.ts'
import { letterPairs, letterPolicy } from '../letters.fixture.ts'
import type { TrainingExample } from './training-example.ts'

const run = (seed = 1) => startRun({ seed, folder: mkdtempSync(join(tmpdir(), 'align-')) })
const pairs = letterPairs(24)

async function trained(
  options: AlignOptions,
  examples: readonly TrainingExample[] = pairs,
): Promise<{ readonly policy: TextPolicy; readonly metrics: readonly FitMetrics[] }> {
  const metrics: FitMetrics[] = []
  const policy = await alignPolicy(
    letterPolicy(),
    examples,
    { learningRate: 3e-3, ...options, onMetrics: (entry) => metrics.push(entry) },
    run(),
  )
  return { policy, metrics }
}
const losses = (metrics: readonly FitMetrics[]) => metrics.filter(({ kind }) => kind === 'step').map(({ loss }) => loss)
const weights = ({ parameters }: TextPolicy) =>
  parameterLeaves(parameters).map(({ path, leaf }) => [path, [...(leaf.data as Float32Array)]] as const)
const before = weights(letterPolicy())

describe('alignPolicy', () => {
  it('begins DPO at ln 2 and prefers what was chosen, whether the reference is asked before or in every step', async () => {
    const asked = await trained({ epochs: 3, evaluation: pairs.slice(0, 8) })
    const frozen = await trained({ epochs: 3, reference: 'frozen' })
    expect(losses(asked.metrics)[0]).toBeCloseTo(Math.LN2, 5)
    expect(losses(asked.metrics).at(-1)).toBeLessThan(0.65)
    for (const [at, loss] of losses(frozen.metrics).entries())
      expect(loss).toBeCloseTo(losses(asked.metrics)[at] ?? 0, 4)
    const held = asked.metrics.at(-1)?.validation
    expect(held?.['rewardAccuracy']).toBe(1)
    expect(held?.['rewardMargin']).toBeCloseTo((held?.['chosenReward'] ?? 0) - (held?.['rejectedReward'] ?? 0), 5)
    expect(held?.['entropy']).toBeGreaterThan(0)
    expect(asked.metrics[0]?.reported).toMatchObject({ rewardMargin: 0, rewardAccuracy: 0, chosenLength: 3 })
  })

  it('reports the rewards that its own scorer gives', async () => {
    const { policy, metrics } = await trained({ epochs: 1, evaluation: pairs })
    const sums = async (of: TextPolicy) => {
      const scorer = await openScorer(of)
      const found = await scorer.tokens(pairs.flatMap(({ rows }) => rows))
      await scorer.dispose()
      return found.map((tokens) => tokens.reduce((total, each) => total + each, 0))
    }
    const [after, start] = [await sums(policy), await sums(letterPolicy())]
    const chosen = pairs.map((_, at) => 0.1 * ((after[2 * at] ?? 0) - (start[2 * at] ?? 0)))
    const reward = chosen.reduce((total, each) => total + each, 0) / pairs.length
    expect(metrics.at(-1)?.validation?.['chosenReward']).toBeCloseTo(reward, 5)
  })

  it('leaves the given policy as it was, and with an adapter its weights too', async () => {
    const policy = letterPolicy()
    const adapted = await alignPolicy(policy, pairs, { adapter: { rank: 2 }, learningRate: 1e-2 }, run())
    expect(weights(policy)).toEqual(before)
    const leaves = parameterLeaves(adapted.parameters)
    const base = weights(adapted).filter(([path]) => !String(path).includes('lora'))
    expect(base).toEqual(before)
    const moved = leaves.filter(({ path, leaf }) => isLoraPath(path) && path.endsWith('.b') && leaf.data.some(Boolean))
    expect(moved).toHaveLength(14)
  })

  it('ends with the same bits whether it was stopped or not', async () => {
    const options: AlignOptions = {
      epochs: 3,
      batchSize: 4,
      accumulate: 2,
      checkpointEvery: 1,
      reference: { every: 2 },
    }
    const whole = await alignPolicy(letterPolicy(), pairs, options, run(5))
    const folder = mkdtempSync(join(tmpdir(), 'align-'))
    for (const stopAfter of [3, 10]) {
      const stop = new AbortController()
      const going = alignPolicy(
        letterPolicy(),
        pairs,
        { ...options, onMetrics: ({ updates }) => updates >= stopAfter && stop.abort(new Error('enough')) },
        startRun({ seed: 5, folder, signal: stop.signal }),
      )
      await expect(going).rejects.toThrow('enough')
    }
    const resumed = await alignPolicy(letterPolicy(), pairs, options, startRun({ seed: 5, folder }))
    expect(weights(resumed)).toEqual(weights(whole))
    expect(weights(whole)).not.toEqual(before)
  })

  it('moves a following reference: with share 1 after every update it is DPO against the policy before the step', async () => {
    const { metrics } = await trained({ batchSize: 8, epochs: 2, reference: { every: 1, share: 1 } })
    for (const loss of losses(metrics)) expect(loss).toBeCloseTo(Math.LN2, 5)
  })

  it('accumulates gradients: four steps of two are one of eight', async () => {
    const first = pairs.slice(0, 8)
    const shared = { schedule: 'constant', warmUp: 0, clipNorm: 1e9 } as const
    const one = await trained({ ...shared, batchSize: 8 }, first)
    const four = await trained({ ...shared, batchSize: 2, accumulate: 4 }, first)
    const [a, b] = [weights(one.policy).flatMap(([, of]) => of), weights(four.policy).flatMap(([, of]) => of)]
    expect(Math.max(...a.map((each, at) => Math.abs(Number(each) - Number(b[at]))))).toBeLessThan(1e-4)
    expect(a).not.toEqual(before.flatMap(([, of]) => of))
  })

  it('trains by losses of lists, of labelled completions, of prompts, of distributions and of one’s own', async () => {
    const lists = pairs.map(({ rows }, at) => ({
      rows: at % 2 ? rows : [...rows, ...rows.slice(0, 1)],
      numbers: { rewards: at % 2 ? [2, 1] : [3, 1, 2] },
    }))
    const pro = await trained({ loss: [{ name: 'pro' }], epochs: 3 }, lists)
    expect(losses(pro.metrics).at(-1)).toBeLessThan(losses(pro.metrics)[0] ?? 0)
    const labelled = pairs.flatMap(({ rows }, at) =>
      rows.map((row, side) => ({
        rows: [row, { prompt: row.prompt, completion: pairs[(at + 1) % pairs.length]?.rows[side]?.completion ?? [7] }],
        numbers: { desirable: side === 0 ? 1 : 0 },
      })),
    )
    const kto = await trained({ loss: 'kto', epochs: 2 }, labelled)
    expect(losses(kto.metrics)[0]).toBeCloseTo(0.5, 5)
    expect(losses(kto.metrics).at(-1)).toBeLessThan(0.48)
    const prompts = pairs.map(({ rows: [chosen, rejected] }) => ({
      rows: [chosen, { ...rejected, prompt: [0, 1, 2] }] as TrainingExample['rows'],
    }))
    const jpo = await trained({ loss: 'jpo' }, prompts)
    expect(losses(jpo.metrics)[0]).toBeCloseTo(Math.LN2, 5)
    const tdpo = await trained({ loss: 'tdpo' })
    expect(losses(tdpo.metrics)[0]).toBeCloseTo(Math.LN2, 5)
    await expect(trained({ loss: 'tdpo', reference: 'precomputed' })).rejects.toThrow("expected reference: 'frozen'")
    const own = await trained({
      epochs: 4,
      loss: {
        name: 'margin',
        reference: false,
        rows: ({ tokens, mask }) => {
          const sums = sequenceLogProbability(tokens, mask)
          return { loss: mean(sub(sums, 0)) }
        },
      },
    })
    expect(losses(own.metrics).at(-1)).toBeLessThan(losses(own.metrics)[0] ?? 0)
  })

  it('says what is wrong with examples and options', async () => {
    await expect(trained({}, [])).rejects.toThrow('there are no examples')
    await expect(trained({}, [{ rows: [{ prompt: [1], completion: [] }] }])).rejects.toThrow('empty completion 0')
    await expect(trained({ loss: 'soft' })).rejects.toThrow('target is missing')
    await expect(trained({ loss: [{ name: 'kto' }, { name: 'sigmoid' }] })).rejects.toThrow('expected losses alike')
    await expect(trained({ loss: 'rloo' })).rejects.toThrow('a loss of sampled completions')
    await expect(trained({ learningRate: -1 })).rejects.toThrow('learningRate is -1')
    await expect(
      trained({}, [...pairs.slice(0, 2), { ...pairs[0], numbers: { target: 1 } } as TrainingExample]),
    ).rejects.toThrow('example 2 has numbers target')
  })
})
