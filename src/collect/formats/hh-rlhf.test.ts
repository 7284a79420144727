import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hhRlhf, readTranscript } from './hh-rlhf.ts'
import { readWith, writeWith } from './reading.fixture.ts'

const published = join(process.env['PENCHANT_DATASETS'] ?? '.cache/data', 'hh-harmless/test.jsonl.gz')

describe('hh-rlhf', () => {
  it('takes a transcript apart', () => {
    expect(readTranscript('chosen', '\n\nHuman: Hi\n\nthere\n\nAssistant:Hello \n\nHuman: ')).toEqual({
      messages: [
        { role: 'user', content: 'Hi\n\nthere' },
        { role: 'assistant', content: 'Hello ' },
        { role: 'user', content: '' },
      ],
      unspaced: [1],
    })
    expect(() => readTranscript('chosen', 'Human: Hi')).toThrow('chosen begins with "Human: Hi", expected')
  })

  it('makes the shared messages the context and the last replies the candidates', () => {
    const { signals } = readWith(hhRlhf, [
      {
        chosen: '\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: Bye\n\nAssistant: See you',
        rejected: '\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: Bye\n\nAssistant: Wait!',
      },
    ])
    expect(signals[0]).toMatchObject({
      context: {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello' },
          { role: 'user', content: 'Bye' },
        ],
      },
      a: { content: { modality: 'text', text: 'See you' } },
      b: { content: { modality: 'text', text: 'Wait!' } },
      outcome: 'a',
    })
  })

  it('writes rows back exactly: equal ones, turns without a space, one that begins with the whole of the other', () => {
    const rows = [
      { chosen: '\n\nHuman: Hi\n\nAssistant: Yes', rejected: '\n\nHuman: Hi\n\nAssistant: Yes' },
      { chosen: '\n\nHuman: Hi\n\nAssistant:', rejected: '\n\nHuman: Hi\n\nAssistant:  two' },
      {
        chosen: '\n\nHuman: Hi\n\nAssistant: A',
        rejected: '\n\nHuman: Hi\n\nAssistant: A\n\nHuman: B\n\nAssistant: C',
      },
      { chosen: '\n\nAssistant: A', rejected: '\n\nHuman: A' },
    ]
    const { signals, faults } = readWith(hhRlhf, rows)
    expect(faults).toEqual([])
    expect(writeWith(hhRlhf, signals).rows).toEqual(rows)
  })

  it('does not write words that would read as a turn', () => {
    const { signals } = readWith(hhRlhf, [
      { chosen: '\n\nHuman: Hi\n\nAssistant: A', rejected: '\n\nHuman: Hi\n\nAssistant: B' },
    ])
    const [pair] = signals
    if (pair?.kind !== 'comparison') throw new Error('expected a comparison')
    const content = { modality: 'text' as const, text: 'as I said\n\nHuman: no' }
    expect(writeWith(hhRlhf, [{ ...pair, a: { ...pair.a, content } }]).reasons).toEqual([
      'a conversation that no transcript of a human and an assistant can hold',
    ])
  })

  // The published file (harmless-base/test.jsonl.gz of anthropics/hh-rlhf) is offensive and does not come along.
  it.skipIf(!existsSync(published))(
    'brings the 2,312 published pairs back, where PENCHANT_DATASETS has hh-harmless/test.jsonl.gz',
    () => {
      const lines = gunzipSync(readFileSync(published)).toString('utf8').trim().split('\n')
      const rows = lines.map((line) => JSON.parse(line))
      const { signals, faults } = readWith(hhRlhf, rows)
      expect(faults).toEqual([])
      expect(signals.length).toBe(2312)
      expect(writeWith(hhRlhf, signals).rows).toEqual(rows)
    },
  )
})
