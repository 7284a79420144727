import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adamW,
  compile,
  constant,
  logSoftmax,
  matmul,
  mean,
  neg,
  reshape,
  rotary,
  slice,
  spec,
  takeAlong,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { checkNet, distance, expected, fixture, numbersOf, whole } from '../checks.fixture.ts'
import { loadDecoder, saveDecoder } from './checkpoint.ts'
import { fullDecoderConfig, parseDecoderConfig } from './config.ts'
import { applyDecoder, decoderLoss } from './decoder.ts'
import { initDecoder } from './parameters.ts'
import { rotaryAngles, rotaryFrequencies } from './rotary-angles.ts'

const folder = mkdtempSync(join(tmpdir(), 'decoder-'))
afterAll(() => rmSync(folder, { recursive: true }))

const small = {
  vocabulary: 7,
  width: 8,
  layers: 2,
  heads: 4,
  keyHeads: 2,
  hidden: 6,
  queryBias: true,
  outputBias: true,
}

describe('decoder', () => {
  it.each(['llama', 'qwen2'])('computes the logits of a %s checkpoint as PyTorch does', async (name) => {
    const { config, parameters } = await loadDecoder(fixture(name))
    const { ids = [], logits = [] } = expected(name)
    const found = await numbersOf(parameters, (p) => applyDecoder(p, constant(whole(ids)), config))
    expect(distance(found, logits)).toBeLessThan(1e-4)
  })

  it('saves what it loads, for others to read', async () => {
    for (const name of ['llama', 'qwen2']) {
      const loaded = await loadDecoder(fixture(name))
      await saveDecoder(join(folder, name), loaded.parameters, loaded.config)
      const again = await loadDecoder(join(folder, name))
      expect(again).toEqual(loaded)
    }
  })

  it('takes named sizes, and one row for itself', async () => {
    const config = fullDecoderConfig(small)
    const parameters = initDecoder(seeded(1), config)
    const run = await compile(({ ids }, p) => applyDecoder(p, ids, config), {
      inputs: { ids: spec(['batch', 'sequence'], 'int64') },
      parameters,
    })
    const two = await run({
      ids: whole([
        [1, 2, 3],
        [6, 5, 4],
      ]),
    })
    const one = await run({ ids: whole([[6, 5, 4]]) })
    expect(two.shape).toEqual([2, 3, 7])
    expect(distance(Array.from(two.data, Number).slice(21), Array.from(one.data, Number))).toBeLessThan(1e-6)
    await run.dispose()
  })

  it('is causal: a later token changes no earlier logits', async () => {
    const parameters = initDecoder(seeded(2), small)
    const at = (last: number): Promise<number[]> =>
      numbersOf(parameters, (p) => applyDecoder(p, constant(whole([[1, 2, 3, last]])), small))
    const [a, b] = [await at(4), await at(5)]
    expect(distance(a.slice(0, 21), b.slice(0, 21))).toBe(0)
    expect(distance(a.slice(21), b.slice(21))).toBeGreaterThan(1e-4)
  })

  it('sees through a window only as far as its layers reach', async () => {
    // Two layers of windows of two keys: a position sees at most two positions back.
    const config = { ...small, windows: [2, 2] }
    const parameters = initDecoder(seeded(2), config)
    const at = (first: number): Promise<number[]> =>
      numbersOf(parameters, (p) => applyDecoder(p, constant(whole([[first, 2, 3, 1]])), config))
    const [a, b] = [await at(4), await at(5)]
    expect(distance(a.slice(21), b.slice(21))).toBe(0)
    expect(distance(a.slice(14, 21), b.slice(14, 21))).toBeGreaterThan(1e-6)
  })

  it('ignores padding on the left, given mask and positions', async () => {
    const parameters = initDecoder(seeded(3), small)
    const bare = await numbersOf(parameters, (p) => applyDecoder(p, constant(whole([[3, 1, 2]])), small))
    const padded = await numbersOf(parameters, (p) =>
      applyDecoder(p, constant(whole([[0, 0, 3, 1, 2]])), small, {
        positions: constant(whole([[0, 0, 0, 1, 2]])),
        mask: constant(value(Uint8Array.from([0, 0, 1, 1, 1]), [1, 5], 'bool')),
      }),
    )
    expect(distance(padded.slice(14), bare)).toBeLessThan(1e-6)
  })

  it('has rotary positions that are relative', async () => {
    // ⟨turn(q, m), turn(k, n)⟩ depends on m − n only.
    const config = { headWidth: 8, rotaryBase: 100, rotaryScaling: { kind: 'none' } as const }
    const random = seeded(4)
    const vector = (): number[] => Array.from({ length: 8 }, () => random.normal())
    const [q, k] = [vector(), vector()]
    const product = async (m: number, n: number): Promise<number> => {
      const found = await numbersOf({}, () => {
        const tables = rotaryAngles(40, config, 'float64')
        const turned = (x: number[], at: number) =>
          rotary(constant(value(Float64Array.from(x), [1, 1, 1, 8])), tables, constant(whole([[at]])))
        return matmul(turned(q, m), turned(k, n), { transposeB: true })
      })
      return found[0] ?? Number.NaN
    }
    const near = await product(5, 2)
    expect(await product(33, 30)).toBeCloseTo(near, 10)
    expect(Math.abs((await product(5, 3)) - near)).toBeGreaterThan(1e-3)
  })

  it('stretches rotary angles as Llama 3.1 does', () => {
    const scaling = {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 16,
    } as const
    const config = { headWidth: 8, rotaryBase: 10_000, rotaryScaling: scaling }
    // Frequencies 1, 0.1, 0.01, 0.001 turn 2.546, 0.255, … times in 16 positions: the first lies on the ramp at
    // (2.5465 − 1)/3 = 0.51549, the others are slow.
    const [first = 0, ...slow] = rotaryFrequencies(config)
    const turns = 16 / (2 * Math.PI)
    const kept = (turns - 1) / 3
    expect(first).toBeCloseTo(kept + (1 - kept) / 8, 12)
    expect(distance(slow, [0.1 / 8, 0.01 / 8, 0.001 / 8])).toBeLessThan(1e-15)
  })

  it('has the gradients that finite differences give', async () => {
    for (const [seed, config] of [
      small,
      { ...small, tied: true, queryBias: false, windows: [2, undefined] },
    ].entries()) {
      const random = seeded(seed)
      const parameters = initDecoder(random, config, 'float64')
      const check = await checkNet(parameters, (p) =>
        decoderLoss(
          p,
          constant(
            whole([
              [1, 2, 3, 1],
              [0, 6, 5, 6],
            ]),
          ),
          config,
        ),
      )
      expect(check.error).toBeLessThan(1e-6)
      const logits = await checkNet(parameters, (p) => applyDecoder(p, constant(whole([[4]])), config))
      expect(logits.error).toBeLessThan(1e-6)
    }
  })

  it('has the loss of softmax and log, weighted by token', async () => {
    const parameters = initDecoder(seeded(5), small, 'float64')
    const ids = [[1, 2, 3, 1]]
    const [direct = 0] = await numbersOf(parameters, (p) => {
      const logits = applyDecoder(p, constant(whole([[1, 2, 3]])), small)
      return neg(mean(takeAlong(logSoftmax(logits), reshape(constant(whole([[2, 3, 1]])), [1, 3, 1]))))
    })
    const [loss = 1] = await numbersOf(parameters, (p) => decoderLoss(p, constant(whole(ids)), small))
    expect(loss).toBeCloseTo(direct, 12)
    const [last = 1] = await numbersOf(parameters, (p) =>
      decoderLoss(p, constant(whole(ids)), small, { weights: constant(value(Float64Array.from([0, 0, 2]), [1, 3])) }),
    )
    const [lastDirect = 0] = await numbersOf(parameters, (p) => {
      const logits = slice(applyDecoder(p, constant(whole([[1, 2, 3]])), small), 1, 2)
      return neg(mean(takeAlong(logSoftmax(logits), constant(value(BigInt64Array.from([1n]), [1, 1, 1])))))
    })
    expect(last).toBeCloseTo(lastDirect, 12)
  })

  it('learns a sequence by heart', async () => {
    const parameters = initDecoder(seeded(6), small)
    const step = await trainStep(({ ids }, p) => decoderLoss(p, ids, small), {
      inputs: { ids: spec([1, 6], 'int64') },
      parameters,
      optimizer: adamW({ learningRate: 0.02 }),
    })
    let loss = 0
    for (let update = 0; update < 60; update++) loss = (await step({ ids: whole([[1, 2, 1, 3, 1, 4]]) })).loss
    // After 1 come 2, 3 and 4: only positions tell them apart.
    expect(loss).toBeLessThan(0.1)
    await step.dispose()
  })

  it('says what does not fit', async () => {
    expect(() => fullDecoderConfig({ ...small, keyHeads: 3 })).toThrow('4 heads are no multiple of 3 key heads')
    expect(() => fullDecoderConfig({ ...small, width: 12 })).toThrow('a head has 3 features, expected an even')
    expect(() => parseDecoderConfig({ model_type: 'gpt2' })).toThrow('model_type')
    const { config } = await loadDecoder(fixture('llama'))
    const { readDecoder } = await import('./checkpoint.ts')
    const { openSafetensors } = await import('../../tensor/index.ts')
    const checkpoint = await openSafetensors(fixture('llama'))
    await expect(readDecoder(checkpoint, { ...config, hidden: 50 })).rejects.toThrow(
      '"model.layers.0.mlp.gate_proj.weight" is [48, 32] in the checkpoint, the configuration asks for [50, 32]',
    )
  })
})
