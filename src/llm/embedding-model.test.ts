import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embeddingModel } from './embedding-model.ts'
import { embedding, type OpenAiServer, openAiServer, refusing } from './openai-server.fixture.ts'

const vectorOf = (text: string): number[] => [text.length, text.charCodeAt(0)]

let server: OpenAiServer
beforeEach(async () => {
  server = await openAiServer(({ body }) => embedding(body.input.map(vectorOf)))
})
afterEach(() => server.close())
const open = (options: Parameters<typeof embeddingModel>[1] = {}) =>
  embeddingModel({ baseUrl: server.baseUrl, model: 'small', apiKey: 'sk-secret-1' }, { firstPauseMs: 1, ...options })

describe('embed', () => {
  it('gives a vector per text in order, sending each text once, some at a time', async () => {
    const model = open({ batch: 2, price: { input: 3 } })
    const texts = ['b', 'aa', 'b', 'ccc', 'dddd', 'aa', 'e']
    const vectors = await model.embed(texts)
    expect(vectors.map((vector) => [...vector])).toEqual(texts.map(vectorOf))
    expect(server.asked.map(({ body }) => body.input).toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ['b', 'aa'],
      ['ccc', 'dddd'],
      ['e'],
    ])
    // Three calls of 7 tokens at 3 a million.
    expect(model.usage()).toEqual({
      calls: 3,
      cached: 0,
      retries: 0,
      inputTokens: 21,
      outputTokens: 0,
      uncounted: 0,
      cost: 63e-6,
    })
    expect(server.asked[0]?.key).toBe('Bearer sk-secret-1')
  })

  it('matches vectors to texts by the index that the server gives them', async () => {
    server.reply = async ({ body }) => {
      const answer = (await embedding(body.input.map(vectorOf)).json()) as { data: object[] }
      return Response.json({ ...answer, data: answer.data.toReversed() })
    }
    const texts = ['b', 'aa', 'ccc']
    const model = open()
    expect((await model.embed(texts)).map((vector) => [...vector])).toEqual(texts.map(vectorOf))
    expect(model.usage().inputTokens).toBe(7)
  })

  it('asks for no vectors when there are no texts, and sends a space for the empty text', async () => {
    const model = open()
    expect(await model.embed([])).toEqual([])
    expect(server.asked.length).toBe(0)
    expect(await model.embed([''])).toEqual([Float32Array.of(1, 32)])
    expect(server.asked[0]?.body.input).toEqual([' '])
  })

  it('asks for columns and cuts texts when told to, and is another model then', async () => {
    const model = open({ dimensions: 2, maxCharacters: 3 })
    await model.embed(['abcdef'])
    expect(server.asked[0]?.body).toMatchObject({ input: ['abc'], dimensions: 2 })
    expect(model.id).toBe(`${server.baseUrl} small dimensions=2 maxCharacters=3`)
    expect(open().id).toBe(`${server.baseUrl} small`)
  })

  it('asks again after what passes, and says what does not', async () => {
    server.reply = ({ body }, count) => (count === 1 ? refusing(500, 'oh') : embedding(body.input.map(vectorOf)))
    const model = open()
    expect(await model.embed(['x'])).toEqual([Float32Array.of(1, 120)])
    expect(model.usage().retries).toBe(1)
    server.reply = () => refusing(400, 'too long')
    await expect(model.embed(['x'])).rejects.toThrow('small: status 400: too long')
  })

  it('refuses what are no vectors', async () => {
    server.reply = () => embedding([[1, 2], [1]])
    await expect(open().embed(['x', 'y'])).rejects.toThrow('vector 1 has 1 numbers, the first has 2')
    server.reply = () => embedding([[1]])
    await expect(open().embed(['x', 'y'])).rejects.toThrow('Expected 2 embeddings, but received 1')
    server.reply = () => embedding([[]])
    await expect(open().embed(['x'])).rejects.toThrow('vector 0 has 0 numbers')
    server.reply = () => embedding([[1e300]])
    await expect(open().embed(['x'])).rejects.toThrow('no finite number')
  })

  it('says when the server does not tell tokens', async () => {
    server.reply = ({ body }) => embedding(body.input.map(vectorOf), null)
    const model = open()
    await model.embed(['x'])
    expect(model.usage()).toMatchObject({ uncounted: 1, inputTokens: 0 })
  })
})
