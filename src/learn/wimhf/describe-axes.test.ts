import { describe, expect, it } from 'vitest'
import { type LanguageModel, ModelError } from '../../llm/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { axisWords, describeAxes, descriptionQuality, type WordedPair } from './describe-axes.ts'

/** Pairs in which one answer has words of warmth; the axis is how much more of them the first has. */
function warmth(count: number): { readonly pairs: readonly WordedPair[]; readonly z: Float32Array } {
  const random = seeded('warmth')
  const z = new Float32Array(count)
  const pairs = Array.from({ length: count }, (_, row): WordedPair => {
    const sign = random.chance(0.5) ? 1 : -1
    const filler = (): string => Array.from({ length: 8 }, () => `filler${random.integer(200)}`).join(' ')
    z[row] = sign * (0.5 + random.uniform())
    const warm = `${filler()} dear friend ${filler()} warmly`
    const cold = `${filler()} ${filler()} regards`
    return { prompt: 'Write a letter.', a: sign > 0 ? warm : cold, b: sign > 0 ? cold : warm }
  })
  return { pairs, z }
}

const { pairs, z } = warmth(200)
const activations = { rows: 200, columns: 1, data: z }
const held = Array.from({ length: 60 }, (_, k) => 140 + k)

/** Proposes by what the shown pairs have, and judges by counting words, as a model that knows what it does. */
function knowing(calls: { describe: number; judge: number }): LanguageModel {
  return {
    id: 'a model for tests',
    generateText: () => Promise.reject(new Error('not asked for text')),
    async generateObject(prompt, schema, options) {
      const asked = String(prompt)
      if (asked.includes('PAIR 1')) {
        calls.describe++
        const warm = /ANSWER A: [^\n]*dear friend/.test(asked) && !/ANSWER B: [^\n]*dear friend/.test(asked)
        const concept = warm && options?.sample !== 0 ? 'addresses the reader warmly' : 'mentions the weather'
        return { object: schema.parse({ concept }), text: '', repairs: 0 }
      }
      calls.judge++
      const side = (name: string): boolean => new RegExp(`ANSWER ${name}: [^\\n]*dear friend`).test(asked)
      const more = !asked.includes('warmly"') ? 'tie' : side('A') ? 'A' : side('B') ? 'B' : 'tie'
      return { object: schema.parse({ more }), text: '', repairs: 0 }
    },
    usage: () => ({ calls: 0, cached: 0, retries: 0, inputTokens: 0, outputTokens: 0, uncounted: 0 }),
  }
}

describe('axisWords', () => {
  it('finds the words of either side, turned with the sign of the axis', () => {
    const found = axisWords(pairs, z)
    expect([...found.more].sort()).toEqual(['dear', 'friend', 'warmly'])
    expect(found.less).toEqual(['regards'])
    const turned = axisWords(
      pairs,
      z.map((value) => -value),
    )
    expect(turned.more).toEqual(['regards'])
  })

  it('scores by hand, and finds nothing in pairs without a difference', () => {
    // "x" in the first alone in 8 of 8: 8/√9 > √(2 ln 3) = 1.48; "y" in 2 of them: 2/√3 is not.
    const eight = Array.from({ length: 8 }, (_, row) => ({ prompt: '', a: row > 5 ? 'x y' : 'x', b: 'same' }))
    expect(axisWords(eight, new Array<number>(8).fill(1))).toEqual({ more: ['x'], less: ['same'] })
    expect(axisWords([{ prompt: '', a: 'x', b: 'x' }], [1])).toEqual({ more: [], less: [] })
  })
})

describe('describeAxes', () => {
  it('falls back to words, says so, and measures how far they tell held-out pairs', async () => {
    const [found] = await describeAxes(pairs, activations, held, {}, startRun())
    expect(found?.source).toBe('words')
    expect(found?.text).toMatch(/^more of the words .*dear.*; less of the words regards$/)
    // The words tell the sign always, the size never.
    expect(found?.fidelity).toBeGreaterThan(0.85)
    expect(found?.faithful).toBe(true)
    expect(found?.examples).toHaveLength(10)
    expect(Math.abs(z[found?.examples[0] ?? 0] ?? 0)).toBe(Math.max(...z.map(Math.abs)))
  })

  it('keeps the proposal of a model that tells held-out pairs best', async () => {
    const calls = { describe: 0, judge: 0 }
    const [found] = await describeAxes(pairs, activations, held, { model: knowing(calls), candidates: 3 }, startRun())
    expect(found).toMatchObject({ source: 'language-model', text: 'addresses the reader warmly', faithful: true })
    expect(found?.fidelity).toBeGreaterThan(0.85)
    // Two different proposals, each judged on the 60 pairs.
    expect(calls).toEqual({ describe: 3, judge: 120 })
  })

  it('falls back where the model cannot be asked, and passes other errors on', async () => {
    const failing = (error: Error): LanguageModel => ({
      ...knowing({ describe: 0, judge: 0 }),
      generateObject: () => Promise.reject(error),
    })
    const lines: string[] = []
    const run = startRun({ onLog: ({ message }) => lines.push(message) })
    const model = failing(new ModelError('no answer', { attempts: 3 }))
    expect((await describeAxes(pairs, activations, held, { model }, run))[0]?.source).toBe('words')
    expect(lines).toEqual(['an axis is described by words, since the model failed: no answer'])
    await expect(
      describeAxes(pairs, activations, held, { model: failing(new TypeError('a mistake')) }, run),
    ).rejects.toThrow('a mistake')
  })

  it('has no fidelity for an axis that is never active, and does not call noise faithful', async () => {
    const random = seeded('noise')
    const data = Float32Array.from({ length: 400 }, (_, at) => (at % 2 === 0 ? 0 : random.normal()))
    const found = await describeAxes(pairs, { rows: 200, columns: 2, data }, held, {}, startRun())
    expect(found[0]).toMatchObject({ text: 'no words go with this axis', faithful: false, examples: [] })
    expect(found[0]?.fidelity).toBeNaN()
    expect(found[1]?.faithful).toBe(false)
    expect(descriptionQuality(found).faithful).toBe(0)
    await expect(describeAxes(pairs.slice(1), activations, held, {}, startRun())).rejects.toThrow('199 pairs of words')
  })
})
