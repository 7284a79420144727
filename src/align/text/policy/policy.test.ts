import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addLora } from '../../../nets/index.ts'
import { seeded } from '../../../run/index.ts'
import { isTensorValue, mapTree } from '../../../tensor/index.ts'
import {
  hasAdapter,
  jinjaTemplate,
  loadPolicy,
  openSampler,
  openScorer,
  promptTokens,
  saveAdapter,
  savePolicy,
  type TextPolicy,
  textPolicy,
} from '../index.ts'
import { letterPolicy } from '../letters.fixture.ts'

const folder = () => mkdtempSync(join(tmpdir(), 'policy-'))
const rows = [
  { prompt: [0, 1], completion: [2, 3, 7] },
  { prompt: [4], completion: [5] },
]
async function scores(policy: TextPolicy) {
  const scorer = await openScorer(policy)
  const found = (await scorer.tokens(rows)).map((tokens) => [...tokens])
  await scorer.dispose()
  return found
}
const adapted = (policy: TextPolicy): TextPolicy => ({
  ...policy,
  parameters: mapTree(addLora(seeded(3), policy.parameters, { rank: 2 }), isTensorValue, (leaf, path) =>
    path.endsWith('lora.b')
      ? { ...leaf, data: Float32Array.from(leaf.data as Float32Array, (_, at) => Math.sin(at) / 4) }
      : leaf,
  ) as TextPolicy['parameters'],
})

describe('a policy', () => {
  it('is the same after it was saved and loaded', async () => {
    const at = folder()
    await savePolicy(at, letterPolicy())
    const loaded = await loadPolicy(at)
    expect(loaded).toMatchObject({ stop: [7], endOfText: 7 })
    expect(await scores(loaded)).toEqual(await scores(letterPolicy()))
    expect(loaded.tokenizer.decode(promptTokens(loaded, 'abc'))).toBe('abc')
  })
  it('keeps its adapter beside the base, or merged', async () => {
    const [base, own, whole] = [folder(), folder(), folder()]
    const policy = adapted(letterPolicy())
    expect(hasAdapter(policy)).toBe(true)
    await savePolicy(base, letterPolicy())
    await saveAdapter(own, policy, base)
    await savePolicy(whole, policy)
    const [beside, merged, start] = [await loadPolicy(own), await loadPolicy(whole), await scores(letterPolicy())]
    expect(hasAdapter(beside)).toBe(true)
    expect(hasAdapter(merged)).toBe(false)
    const expected = await scores(policy)
    expect(Math.abs((expected[0]?.[0] ?? 0) - (start[0]?.[0] ?? 0))).toBeGreaterThan(1e-3)
    for (const found of [await scores(beside), await scores(merged)])
      for (const [row, tokens] of found.entries())
        for (const [place, token] of tokens.entries()) expect(token).toBeCloseTo(expected[row]?.[place] ?? 0, 5)
    await saveAdapter(own, policy)
    await expect(loadPolicy(own)).rejects.toThrow('adapter of an unnamed model')
  })
  it('scores each token by the logits before it, whatever is scored beside', async () => {
    const scorer = await openScorer(letterPolicy())
    const [[alone], together, [whole]] = [
      await scorer.tokens(rows.slice(0, 1)),
      await scorer.tokens(rows),
      await scorer.tokens(rows.slice(0, 1), { prompts: true }),
    ]
    await scorer.dispose()
    expect(alone).toHaveLength(3)
    for (const place of [0, 1, 2]) expect(together[0]?.[place]).toBeCloseTo(alone?.[place] ?? 0, 5)
    expect([...(whole ?? [])].slice(1).map((each) => each.toFixed(5))).toEqual(
      [...(alone ?? [])].map((each) => each.toFixed(5)),
    )
    expect(whole).toHaveLength(4)
  })
  it('says which file is missing or names what is not there', async () => {
    const at = folder()
    await expect(loadPolicy(at)).rejects.toThrow('no tokenizer.json')
    await savePolicy(at, letterPolicy())
    writeFileSync(join(at, 'tokenizer_config.json'), '{"eos_token":"nowhere"}')
    await expect(loadPolicy(at)).rejects.toThrow('names "nowhere"')
    writeFileSync(join(at, 'tokenizer_config.json'), '{')
    await expect(loadPolicy(at)).rejects.toThrow('cannot be read')
  })
})

describe('sampling', () => {
  it('gives a prompt the same completions whatever it is sampled beside', async () => {
    const sampler = await openSampler(letterPolicy())
    const options = { count: 3, maxTokens: 6, sampling: { temperature: 1 }, random: seeded('draw') }
    const all = await sampler.complete(['ab', 'cdefg', 'a'], { ...options, batch: 2 })
    const same = await sampler.complete(['ab', 'cdefg', 'a'], options)
    const [first] = await sampler.complete(['ab'], options)
    await sampler.dispose()
    expect(all).toEqual(same)
    expect(all[0]).toEqual(first)
    for (const { tokens, finish, text } of all.flat()) {
      expect(finish).toBe(tokens.at(-1) === 7 ? 'stop' : 'length')
      expect(text).toHaveLength(tokens.length - (finish === 'stop' ? 1 : 0))
    }
  })
  it('draws tokens as often as the scorer says', async () => {
    const policy = letterPolicy()
    const sampler = await openSampler(policy)
    const drawn = (
      await sampler.complete(['a'], {
        count: 4000,
        maxTokens: 1,
        sampling: { temperature: 1 },
        random: seeded(9),
        batch: 500,
      })
    )[0]
    const scorer = await openScorer(policy)
    const scored = await scorer.tokens(Array.from({ length: 8 }, (_, token) => ({ prompt: [0], completion: [token] })))
    await Promise.all([sampler.dispose(), scorer.dispose()])
    for (let token = 0; token < 8; token++) {
      const share = (drawn?.filter(({ tokens }) => tokens[0] === token).length ?? 0) / 4000
      const chance = Math.exp(scored[token]?.[0] ?? 0)
      expect(Math.abs(share - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / 4000))
    }
  })
  it('needs a template for conversations, and random numbers to draw', async () => {
    const policy = letterPolicy()
    expect(() => promptTokens(policy, [{ role: 'user', content: 'a' }])).toThrow(
      'expected a policy with a chat template',
    )
    const sampler = await openSampler(policy)
    await expect(sampler.complete(['a'], { sampling: {} })).rejects.toThrow('expected random beside it')
    await sampler.dispose()
    const chatty = textPolicy(policy.parameters, policy.config, {
      ...policy.files,
      'chat_template.jinja':
        '{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}b{% endif %}',
    })
    expect(promptTokens(chatty, [{ role: 'user', content: 'ac' }])).toEqual([0, 2, 1])
  })
})

describe('jinjaTemplate', () => {
  it('renders a checkpoint’s own template, and gives its refusals', () => {
    const template = jinjaTemplate(
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}[{{ m.role }}]{{ m.content | trim }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}",
      { startText: '<s>', endText: '</s>' },
    )
    expect(template([{ role: 'user', content: ' Hi ' }], { generationPrompt: true })).toBe('<s>[user]Hi</s>[assistant]')
    expect(() => template([{ role: 'tool', content: '' } as never], { generationPrompt: false })).toThrow('no tools')
    expect(() => jinjaTemplate('{% for %}')).toThrow('cannot be read')
  })
})
