import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { languageModel } from './language-model.ts'
import { AnswerFormError, ModelError } from './model-error.ts'
import { type OpenAiServer, openAiServer, refusing, saying } from './openai-server.fixture.ts'
import { documentCache, folderCache } from './response-cache.ts'

let server: OpenAiServer
beforeEach(async () => {
  server = await openAiServer(() => saying('tea'))
})
afterEach(() => server.close())

const quick = { firstPauseMs: 1 }
const apiKey = 'sk-very-secret-1234'
const open = (options: Parameters<typeof languageModel>[1] = {}) =>
  languageModel({ baseUrl: server.baseUrl, model: 'small', apiKey }, { ...quick, ...options })
const winner = z.strictObject({ winner: z.enum(['a', 'b']), strength: z.number().min(0).max(1) })

describe('generateText', () => {
  it('sends the prompt and the options in the protocol of the server', async () => {
    const { text, finishReason, inputTokens, outputTokens, cached } = await open().generateText(
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Tea or coffee?' },
      ],
      { temperature: 0, topP: 0.5, maxOutputTokens: 9, stop: ['!'], seed: 4 },
    )
    expect({ text, finishReason, inputTokens, outputTokens, cached }).toEqual({
      text: 'tea',
      finishReason: 'stop',
      inputTokens: 10,
      outputTokens: 5,
      cached: false,
    })
    const [asked] = server.asked
    expect(asked?.path).toBe('/v1/chat/completions')
    expect(asked?.key).toBe(`Bearer ${apiKey}`)
    expect(asked?.body).toMatchObject({
      model: 'small',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Tea or coffee?' },
      ],
      temperature: 0,
      top_p: 0.5,
      max_tokens: 9,
      stop: ['!'],
      seed: 4,
    })
  })

  it('asks again after statuses that pass, and counts it', async () => {
    server.reply = (_, count) =>
      count === 1
        ? refusing(429, 'slow down', { 'retry-after-ms': '1' })
        : count === 2
          ? refusing(500, 'oh')
          : saying('tea')
    const model = open()
    expect((await model.generateText('?')).text).toBe('tea')
    expect(server.asked.length).toBe(3)
    expect(model.usage()).toMatchObject({ calls: 1, retries: 2, inputTokens: 10 })
  })

  it('asks again after an answer that cannot be read, and after none in time', async () => {
    server.reply = async (_, count) => {
      if (count === 1) return new Response('{"choices": [', { headers: { 'content-type': 'application/json' } })
      if (count === 2) await new Promise((resolve) => setTimeout(resolve, 400))
      return saying('tea')
    }
    expect((await open({ timeoutMs: 150 }).generateText('?')).text).toBe('tea')
    expect(server.asked.length).toBe(3)
  })

  it('gives up after the retries it has, saying where, what and how often', async () => {
    server.reply = () => refusing(503, 'full')
    const failure = await open({ retries: 2 })
      .generateText('?')
      .catch((error) => error)
    expect(failure).toBeInstanceOf(ModelError)
    expect(failure).toMatchObject({ status: 503, attempts: 3 })
    expect(failure.message).toBe(`${server.baseUrl} small: status 503: full (after 3 attempts)`)
  })

  it('does not ask again what will not go better, and keeps the key out of what it says', async () => {
    server.reply = () => refusing(401, `Incorrect API key provided: ${apiKey}`)
    const failure = await open()
      .generateText('?')
      .catch((error) => error)
    expect(server.asked.length).toBe(1)
    expect(failure).toMatchObject({ status: 401, attempts: 1 })
    expect(failure.message).toContain('Incorrect API key provided: [secret]')
    expect(
      JSON.stringify({ ...failure, message: failure.message, stack: failure.stack, cause: failure.cause }),
    ).not.toContain(apiKey)
  })

  it('says when nobody is there', async () => {
    await server.close()
    await expect(open({ retries: 1 }).generateText('?')).rejects.toThrow('after 2 attempts')
  })

  it('stops at once when aborted: before, while asked, in a pause, and in the queue', async () => {
    const reason = new Error('enough')
    await expect(open().generateText('?', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.asked.length).toBe(0)

    const abortSoon = (): AbortSignal => {
      const controller = new AbortController()
      setTimeout(() => controller.abort(reason), 50)
      return controller.signal
    }
    server.reply = () => new Promise(() => undefined)
    const model = open({ concurrency: 1 })
    const both = [model.generateText('?', { signal: abortSoon() }), model.generateText('!', { signal: abortSoon() })]
    for (const one of both) await expect(one).rejects.toBe(reason)
    expect(server.asked.length).toBe(1)

    server.reply = () => refusing(429, 'slow down', { 'retry-after': '3000' })
    await expect(open().generateText('?', { signal: abortSoon() })).rejects.toBe(reason)
  })

  it('has no more calls under way than it may', async () => {
    let [running, most] = [0, 0]
    server.reply = async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 10))
      running--
      return saying('tea')
    }
    const model = open({ concurrency: 3 })
    await Promise.all(Array.from({ length: 12 }, (_, at) => model.generateText(`${at}`)))
    expect(most).toBe(3)
  })

  it('counts tokens and cost, and calls that did not tell', async () => {
    const model = open({ price: { input: 2, output: 10 } })
    await model.generateText('?')
    server.reply = () => saying('tea', { usage: null })
    await model.generateText('?')
    // 10 tokens at 2 and 5 at 10 a million.
    expect(model.usage()).toEqual({
      calls: 2,
      cached: 0,
      retries: 0,
      inputTokens: 10,
      outputTokens: 5,
      uncounted: 1,
      cost: 70e-6,
    })
    expect(open().usage().cost).toBeUndefined()
  })

  it('says which setting is wrong', () => {
    const wrong =
      (endpoint: object, options = {}) =>
      () =>
        languageModel({ baseUrl: 'http://x/v1', model: 'm', ...endpoint }, options)
    expect(wrong({ baseUrl: 'x' })).toThrow('the base URL is not one')
    expect(wrong({ baseUrl: 'http://me:word@x/' })).toThrow('the base URL of x holds a name or password')
    expect(wrong({ model: ' ' })).toThrow('the model has no name')
    expect(wrong({}, { retries: -1 })).toThrow('retries is -1')
    expect(wrong({}, { concurrency: 0 })).toThrow('concurrency is 0')
    expect(wrong({}, { price: { input: -1 } })).toThrow('the input price is -1')
  })
})

describe('the cache', () => {
  it('asks one question once, however many ask it at the same time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-llm-'))
    server.reply = (_, count) => saying(`answer ${count}`)
    const model = open({ cache: folderCache(folder) })
    const answers = await Promise.all([1, 2, 3].map(() => model.generateText('?')))
    expect(answers.map(({ text }) => text)).toEqual(['answer 1', 'answer 1', 'answer 1'])
    expect(model.usage()).toMatchObject({ calls: 1, cached: 2 })
    rmSync(folder, { recursive: true })
  })

  it('asks again where the one who asked first gave up, and lets who waits give up alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-llm-'))
    let answered = 0
    server.reply = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return saying(`answer ${++answered}`)
    }
    const model = open({ cache: folderCache(folder) })
    const [first, second] = [new AbortController(), new AbortController()]
    const asked = [
      model.generateText('?', { signal: first.signal }),
      model.generateText('?', { signal: second.signal }),
      model.generateText('?'),
    ]
    const outcomes = Promise.allSettled(asked)
    await new Promise((resolve) => setTimeout(resolve, 20))
    second.abort(new Error('second gave up'))
    await expect(asked[1]).rejects.toThrow('second gave up')
    first.abort(new Error('first gave up'))
    const [one, , three] = await outcomes
    expect(one).toMatchObject({ status: 'rejected', reason: { message: 'first gave up' } })
    expect(three).toMatchObject({ status: 'fulfilled', value: { text: expect.stringContaining('answer') } })
    rmSync(folder, { recursive: true })
  })

  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'penchant-answers-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const files = () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())

  it('answers the same question without asking, also when opened again', async () => {
    const first = await open({ cache: folderCache(folder) }).generateText('?', { temperature: 1 })
    const model = open({ cache: folderCache(folder), price: { input: 1 } })
    const again = await model.generateText([{ role: 'user', content: '?' }], { temperature: 1 })
    expect(again).toEqual({ ...first, cached: true })
    expect(server.asked.length).toBe(1)
    expect(model.usage()).toMatchObject({ calls: 0, cached: 1, cost: 0 })
  })

  it('asks another question, with other options, or for another sample', async () => {
    const model = open({ cache: folderCache(folder) })
    await model.generateText('?')
    await model.generateText('!')
    await model.generateText('?', { temperature: 1 })
    await model.generateText('?', { sample: 1 })
    await model.generateText('?', { sample: 0 })
    await languageModel({ baseUrl: server.baseUrl, model: 'other' }, { cache: folderCache(folder) }).generateText('?')
    expect(server.asked.length).toBe(5)
  })

  it('holds neither keys nor prompts, and takes a broken file for none', async () => {
    const model = open({ cache: folderCache(folder) })
    await model.generateText('my secret wish')
    const [file] = files()
    const path = join(file?.parentPath ?? '', file?.name ?? '')
    expect(readFileSync(path, 'utf8')).not.toMatch(/secret/)
    for (const broken of ['{"text"', '{"text": 3}']) {
      writeFileSync(path, broken)
      expect(await model.generateText('my secret wish')).toMatchObject({ text: 'tea', cached: false })
    }
    expect(server.asked.length).toBe(3)
  })

  it('may be a store of documents', async () => {
    const kept = new Map<string, unknown>()
    const cache = documentCache({
      get: async (collection, id) => kept.get(`${collection} ${id}`),
      put: async (collection, id, document) => {
        kept.set(`${collection} ${id}`, document)
      },
    })
    await open({ cache }).generateText('?')
    expect(await open({ cache }).generateText('?')).toMatchObject({ cached: true, text: 'tea' })
    expect([...kept.keys()][0]).toMatch(/^llm-answers [0-9a-f]{64}$/)
  })
})

describe('generateObject', () => {
  it('reads the object from an answer with words around it', async () => {
    server.reply = () =>
      saying('<think>{"winner": "b"}</think>Sure!\n```json\n{"winner": "a", "strength": 0.5}\n```\nOk?')
    const { object, repairs } = await open().generateObject('Which?', winner)
    expect(object).toEqual({ winner: 'a', strength: 0.5 })
    expect(repairs).toBe(0)
    const [asked] = server.asked
    expect(asked?.body.messages[0]?.content).toContain('"enum":["a","b"]')
    expect(asked?.body['response_format']).toBeUndefined()
  })

  it('asks again, telling what was wrong', async () => {
    server.reply = (_, count) =>
      saying(count === 1 ? 'I like a.' : count === 2 ? '{"winner": "c", "strength": 0}' : '{"winner":"b","strength":1}')
    const { object, repairs } = await open().generateObject('Which?', winner)
    expect({ object, repairs }).toEqual({ object: { winner: 'b', strength: 1 }, repairs: 2 })
    const last = server.asked.at(-1)?.body.messages.map(({ role, content }) => `${role}: ${content}`)
    expect(last?.length).toBe(6)
    expect(last?.[2]).toBe('assistant: I like a.')
    expect(last?.[3]).toContain('it holds no JSON')
    expect(last?.[5]).toContain('expected one of "a"|"b"')
  })

  it('gives up after the repairs it has, with the last answer', async () => {
    server.reply = () => saying('{"winner": "c", "strength": 0}')
    const failure = await open()
      .generateObject('Which?', winner, { repairs: 1 })
      .catch((error) => error)
    expect(failure).toBeInstanceOf(AnswerFormError)
    expect(failure.answer).toBe('{"winner": "c", "strength": 0}')
    expect(failure.message).toContain('after 2 answers')
    expect(server.asked.length).toBe(2)
  })

  it('does not repair what was cut off', async () => {
    server.reply = () => saying('{"winner": "a", "stre', { finish: 'length' })
    await expect(open().generateObject('Which?', winner)).rejects.toThrow('cut off')
    expect(server.asked.length).toBe(1)
  })

  it('tells servers that know it to answer in JSON, or in the form', async () => {
    server.reply = () => saying('{"winner":"b","strength":1}')
    await open({ structured: 'json' }).generateObject('Which?', winner)
    await open({ structured: 'schema' }).generateObject('Which?', winner)
    const [json, schema] = server.asked.map(({ body }) => body['response_format'])
    expect(json).toEqual({ type: 'json_object' })
    expect(schema).toMatchObject({ type: 'json_schema', json_schema: { schema: { required: ['winner', 'strength'] } } })
  })
})
