import { describe, expect, it } from 'vitest'
import { configuredEmbeddingModel, configuredModel } from './configured-model.ts'
import { embedding, openAiServer, saying } from './openai-server.fixture.ts'

describe('configuredModel', () => {
  it('is undefined when nothing is set, or only blanks', () => {
    expect(configuredModel({}, {})).toBeUndefined()
    expect(configuredModel({}, { PENCHANT_LLM_MODEL: ' ', PENCHANT_LLM_BASE_URL: '' })).toBeUndefined()
    expect(configuredEmbeddingModel({}, { PENCHANT_LLM_MODEL: 'm', PENCHANT_LLM_BASE_URL: 'http://x' })).toBeUndefined()
  })

  it('is the model that is set, with its key and prices', async () => {
    const server = await openAiServer(() => saying('tea'))
    const model = configuredModel(
      {},
      {
        PENCHANT_LLM_BASE_URL: `${server.baseUrl}/`,
        PENCHANT_LLM_MODEL: 'small',
        PENCHANT_LLM_API_KEY: 'sk-1234',
        PENCHANT_LLM_INPUT_PRICE: '100000',
      },
    )
    expect(model?.id).toBe(`${server.baseUrl} small`)
    await model?.generateText('?')
    expect(server.asked[0]?.key).toBe('Bearer sk-1234')
    expect(model?.usage().cost).toBe(1)
    await server.close()
  })

  it('embeds at the language model’s address with its key, but takes the key to no other', async () => {
    const server = await openAiServer(() => embedding([[1]]))
    const other = await openAiServer(() => embedding([[1]]))
    const set = {
      PENCHANT_LLM_BASE_URL: server.baseUrl,
      PENCHANT_LLM_MODEL: 'small',
      PENCHANT_LLM_API_KEY: 'sk-1234',
      PENCHANT_EMBEDDING_MODEL: 'tiny',
    }
    await configuredEmbeddingModel({}, set)?.embed(['x'])
    expect(server.asked[0]).toMatchObject({ key: 'Bearer sk-1234', body: { model: 'tiny' } })
    await configuredEmbeddingModel({}, { ...set, PENCHANT_EMBEDDING_BASE_URL: other.baseUrl })?.embed(['x'])
    expect(other.asked[0]?.key).toBeUndefined()
    await server.close()
    await other.close()
  })

  it('says what is missing or wrong', () => {
    expect(() => configuredModel({}, { PENCHANT_LLM_MODEL: 'm' })).toThrow('PENCHANT_LLM_BASE_URL is not')
    expect(() => configuredModel({}, { PENCHANT_LLM_BASE_URL: 'http://x' })).toThrow('PENCHANT_LLM_MODEL is not')
    const set = { PENCHANT_LLM_BASE_URL: 'http://x', PENCHANT_LLM_MODEL: 'm' }
    expect(() => configuredModel({}, { ...set, PENCHANT_LLM_INPUT_PRICE: 'free' })).toThrow('INPUT_PRICE is "free"')
    expect(() => configuredModel({}, { ...set, PENCHANT_LLM_CONCURRENCY: '0' })).toThrow('concurrency is 0')
  })
})
