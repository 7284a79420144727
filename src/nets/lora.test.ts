import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { adam, constant, mean, openSafetensors, spec, square, sub, trainStep, value } from '../tensor/index.ts'
import { checkNet, distance, expected, fixture, numbersOf, whole } from './checks.fixture.ts'
import { decoderLayout, loadDecoder } from './decoder/checkpoint.ts'
import { applyDecoder } from './decoder/decoder.ts'
import type { DecoderParameters } from './decoder/parameters.ts'
import { addLora, isLoraPath, loraParameters, mergeLora, removeLora } from './lora.ts'
import { applyMlp, initMlp } from './mlp.ts'
import { loadPeft, savePeft } from './peft.ts'

const folder = mkdtempSync(join(tmpdir(), 'lora-'))
afterAll(() => rmSync(folder, { recursive: true }))

const x = value(Float64Array.from([0.3, -0.8, 1.1, 2, 0.1, -1]), [2, 3])

describe('lora', () => {
  it('adds alpha/rank · B A, by hand', async () => {
    // W = 1, A = [2; 3], B = [5, 7], alpha 4, rank 2: W + 2·(10 + 21) = 63
    const layer = {
      weight: value(Float64Array.from([1]), [1, 1]),
      lora: loraParameters(value(Float64Array.from([2, 3]), [2, 1]), value(Float64Array.from([5, 7]), [1, 2]), 4),
    }
    const parameters = { layers: [layer] }
    const one = constant(value(Float64Array.from([1]), [1, 1]))
    expect(await numbersOf(parameters, (p) => applyMlp(p, one))).toEqual([63])
    expect(mergeLora(parameters).layers[0]?.weight.data[0]).toBe(63)
  })

  it('changes nothing at first, and trains only its factors', async () => {
    const base = initMlp(seeded(1), [3, 5, 2])
    const adapted = addLora(seeded(2), base, { rank: 2, targets: (path) => path === 'layers.0' })
    const input = constant(value(Float32Array.from(x.data as Float64Array), [2, 3]))
    const before = await numbersOf(base, (p) => applyMlp(p, input))
    expect(await numbersOf(adapted, (p) => applyMlp(p, input))).toEqual(before)
    const held = base.layers[0]?.weight.data.slice()
    const step = await trainStep(({ target }, p) => mean(square(sub(applyMlp(p, input), target))), {
      inputs: { target: spec([2, 2]) },
      parameters: adapted,
      optimizer: adam({ learningRate: 0.1 }),
      trainable: isLoraPath,
    })
    const target = [
      [1, 2],
      [3, 4],
    ]
    const first = (await step({ target })).loss
    for (let update = 0; update < 20; update++) await step({ target })
    expect((await step({ target })).loss).toBeLessThan(first)
    expect(base.layers[0]?.weight.data).toEqual(held)
    await step.dispose()

    const tuned = await numbersOf(adapted, (p) => applyMlp(p, input))
    expect(distance(tuned, before)).toBeGreaterThan(0.01)
    const merged = mergeLora(adapted)
    expect(merged.layers[0]?.lora).toBeUndefined()
    expect(distance(await numbersOf(merged, (p) => applyMlp(p, input)), tuned)).toBeLessThan(1e-5)
    expect(await numbersOf(removeLora(adapted), (p) => applyMlp(p, input))).toEqual(before)
  })

  it('has the gradients that finite differences give', async () => {
    const adapted = addLora(seeded(2), initMlp(seeded(1), [3, 2], { dtype: 'float64' }), { rank: 2 })
    const b = adapted.layers[0]?.lora?.b.data
    for (const at of b?.keys() ?? []) if (b instanceof Float64Array) b[at] = at / 3 - 0.4
    const { error } = await checkNet(adapted, (p, { x }) => (x ? applyMlp(p, x) : []), { x })
    expect(error).toBeLessThan(1e-6)
  })

  it("loads PEFT's adapters and computes what PyTorch does, merged or not", async () => {
    const { config, parameters } = await loadDecoder(fixture('llama'))
    const adapted = await loadPeft<DecoderParameters>(fixture('lora'), parameters, decoderLayout(config))
    const { ids = [], logits = [] } = expected('lora')
    const run = (p: DecoderParameters): Promise<number[]> =>
      numbersOf(p, (symbolic) => applyDecoder(symbolic, constant(whole(ids)), config))
    expect(distance(await run(adapted), logits)).toBeLessThan(1e-4)
    expect(distance(await run(mergeLora(adapted)), logits)).toBeLessThan(1e-4)
    expect(distance(await run(parameters), logits)).toBeGreaterThan(0.1)
  })

  it("writes adapters under PEFT's names", async () => {
    const { config, parameters } = await loadDecoder(fixture('llama'))
    const layout = decoderLayout(config)
    const adapted = await loadPeft<DecoderParameters>(fixture('lora'), parameters, layout)
    await savePeft<DecoderParameters>(join(folder, 'again'), adapted, layout)
    const [theirs, ours] = await Promise.all(
      [fixture('lora'), join(folder, 'again')].map((path) => openSafetensors(join(path, 'adapter_model.safetensors'))),
    )
    expect(ours?.names.toSorted()).toEqual(theirs?.names.toSorted())
    for (const name of theirs?.names ?? []) expect(await ours?.read(name)).toEqual(await theirs?.read(name))
    const file = JSON.parse(readFileSync(join(folder, 'again', 'adapter_config.json'), 'utf8'))
    expect(file).toMatchObject({ peft_type: 'LORA', r: 2, lora_alpha: 6, bias: 'none' })
    expect(file.target_modules.toSorted()).toEqual(['down_proj', 'q_proj', 'v_proj'])
  })

  it('names modules whole where only some layers are adapted', async () => {
    const { config, parameters } = await loadDecoder(fixture('llama'))
    const layout = decoderLayout(config)
    const adapted = addLora(seeded(1), parameters, { rank: 1, targets: (path) => path === 'layers.1.query' })
    await savePeft<DecoderParameters>(join(folder, 'one'), adapted, layout)
    const file = JSON.parse(readFileSync(join(folder, 'one', 'adapter_config.json'), 'utf8'))
    expect(file.target_modules).toEqual(['model.layers.1.self_attn.q_proj'])
    const again = await loadPeft<DecoderParameters>(join(folder, 'one'), parameters, layout)
    expect(again.layers[1]?.query.lora).toEqual(adapted.layers[1]?.query.lora)
    expect(again.layers[0]?.query.lora).toBeUndefined()
  })

  it('says what does not fit', async () => {
    const parameters = initMlp(seeded(1), [3, 2])
    expect(() => addLora(seeded(1), parameters, { targets: () => false })).toThrow('no linear map matches')
    expect(() => addLora(seeded(1), parameters, { alpha: 1.5 })).toThrow('alpha is 1.5, expected a whole number')
    await expect(savePeft(folder, parameters, parameters as never)).rejects.toThrow('no low-rank additions')
  })
})
