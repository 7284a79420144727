import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { compile, type Symbolic, spec } from '../../tensor/index.ts'
import { expected, fixture, whole } from '../checks.fixture.ts'
import { addLora, mergeLora } from '../lora.ts'
import { loadDecoder } from './checkpoint.ts'
import type { DecoderConfig } from './config.ts'
import { applyDecoder } from './decoder.ts'
import { type DecoderGenerator, openGenerator } from './generate.ts'
import { type DecoderParameters, initDecoder } from './parameters.ts'

/** The same by computing everything anew for every token. */
async function recomputed(
  parameters: DecoderParameters,
  config: DecoderConfig,
  prompt: readonly number[],
  count: number,
): Promise<number[]> {
  const tokens = [...prompt]
  const run = await compile(({ ids }, p: Symbolic<DecoderParameters>) => applyDecoder(p, ids, config), {
    inputs: { ids: spec([1, 'sequence'], 'int64') },
    parameters,
    threads: 1,
  })
  for (let done = 0; done < count; done++) {
    const { data } = await run({ ids: whole([tokens]) })
    const last = Array.from(data, Number).slice(-config.vocabulary)
    tokens.push(last.indexOf(Math.max(...last)))
  }
  await run.dispose()
  return tokens.slice(prompt.length)
}

describe('generation', () => {
  const config = { vocabulary: 50, width: 32, layers: 2, heads: 4, keyHeads: 2, hidden: 40, queryBias: true }
  // Large weights, so that the likeliest tokens vary.
  const scaled = (parameters: DecoderParameters): DecoderParameters => {
    for (const layer of parameters.layers)
      for (const map of [layer.query, layer.key, layer.value, layer.output, layer.gate, layer.up, layer.down])
        for (const numbers of [map.weight.data, map.bias?.data ?? []])
          if (numbers instanceof Float32Array) for (const at of numbers.keys()) numbers[at] = 10 * (numbers[at] ?? 0)
    return parameters
  }
  const parameters = scaled(initDecoder(seeded(1), config))
  let generator: DecoderGenerator
  beforeAll(async () => {
    generator = await openGenerator(parameters, config, { threads: 1 })
  })
  afterAll(() => generator.dispose())

  it.each(['llama', 'qwen2'])('writes what PyTorch writes from a %s checkpoint', async (name) => {
    const loaded = await loadDecoder(fixture(name))
    const { ids = [], generated = [] } = expected(name)
    const own = await openGenerator(loaded.parameters, loaded.config, { threads: 1 })
    expect(await own.generate(ids, { count: 12 })).toEqual(generated)
    await own.dispose()
  })

  it('with kept keys and values equals full recomputation, for rows of different lengths', async () => {
    const prompts = [[3, 1, 4, 1, 5, 9], [2], [7, 1, 8]]
    const written = await generator.generate(prompts, { count: 8 })
    for (const [row, prompt] of prompts.entries())
      expect(written[row]).toEqual(await recomputed(parameters, config, prompt, 8))
    expect(new Set(written.flat()).size).toBeGreaterThan(4)
  })

  it('keeps to windows', async () => {
    for (const windows of [
      [3, 3],
      [1, undefined],
    ]) {
      const windowed = { ...config, windows }
      const own = await openGenerator(parameters, windowed, { threads: 1 })
      const prompts = [
        [3, 1, 4, 1, 5, 9],
        [2, 7],
      ]
      const written = await own.generate(prompts, { count: 6 })
      for (const [row, prompt] of prompts.entries())
        expect(written[row]).toEqual(await recomputed(parameters, windowed, prompt, 6))
      await own.dispose()
    }
  })

  it('ends rows at stop tokens, and reports steps', async () => {
    const prompt = [3, 1, 4]
    const [whole = []] = await generator.generate([prompt], { count: 8 })
    const stop = whole[2] ?? 0
    const steps: (number | undefined)[][] = []
    const written = await generator.generate([prompt, [2]], {
      count: 8,
      stop: [stop],
      onStep: (tokens) => steps.push([...tokens]),
    })
    expect(written[0]).toEqual(whole.slice(0, whole.indexOf(stop) + 1))
    expect(steps.map(([token]) => token).filter((token) => token !== undefined)).toEqual(written[0])
  })

  it('draws the same tokens from the same seed, whatever rows lie beside', async () => {
    const sampling = { temperature: 2, topK: 20, topP: 0.95 }
    const draw = (prompts: number[][], seed: number): Promise<number[][]> =>
      generator.generate(prompts, { count: 10, sampling: { ...sampling, random: seeded(seed) } })
    const alone = await draw([[3, 1, 4]], 1)
    const beside = await draw(
      [
        [3, 1, 4],
        [9, 9],
      ],
      1,
    )
    expect(beside[0]).toEqual(alone[0])
    expect(await draw([[3, 1, 4]], 2)).not.toEqual(alone)
  })

  it('at a temperature near 0 draws the likeliest', async () => {
    const greedy = await generator.generate([[5, 6]], { count: 6 })
    const cold = await generator.generate([[5, 6]], { count: 6, sampling: { temperature: 1e-6, random: seeded(1) } })
    expect(cold).toEqual(greedy)
  })

  it('merges low-rank additions', async () => {
    const adapted = addLora(seeded(3), parameters, { rank: 2 })
    for (const layer of adapted.layers) {
      const b = layer.query.lora?.b.data
      if (b instanceof Float32Array) for (const at of b.keys()) b[at] = Math.sin(at)
    }
    const own = await openGenerator(adapted, config, { threads: 1 })
    const [written] = await own.generate([[1, 2, 3]], { count: 6 })
    expect(written).toEqual(await recomputed(mergeLora(adapted), config, [1, 2, 3], 6))
    await own.dispose()
  })

  it('says what is wrong with prompts and options', async () => {
    await expect(generator.generate([[1], []], { count: 1 })).rejects.toThrow('prompt 1 has no tokens')
    await expect(generator.generate([[50]], { count: 1 })).rejects.toThrow('token 50, expected from 0 to 49')
    await expect(generator.generate([[1]], { count: -1 })).rejects.toThrow('count is -1')
    const sampling = { temperature: 0, random: seeded(1) }
    await expect(generator.generate([[1]], { count: 1, sampling })).rejects.toThrow('temperature is 0')
    expect(await generator.generate([], { count: 3 })).toEqual([])
    await expect(openGenerator(initDecoder(seeded(1), config, 'float64'), config)).rejects.toThrow('float64')
    await expect(
      generator.generate([[1]], { count: 3, signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough')
  })
})
