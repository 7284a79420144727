import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { candidate, memoryEmbeddings, openSqliteStore } from '../../collect/index.ts'
import { embeddingModel, type ServedEmbeddingModel } from '../../llm/index.ts'
import { embeddedTexts, type TextEmbedder } from './embedded-texts.ts'
import { embeddingEndpoint, embeddingEndpointKind } from './embedding-endpoint.ts'
import { asked, encoded, furthest, judged } from './encoder.fixture.ts'
import { sentenceTransformer, sentenceTransformerKind } from './sentence-transformer.ts'

const vectorOf = (text: string): number[] => [text.length, text.charCodeAt(0) / 100]

/** Counts what it is asked. */
function counting(id = 'counting'): TextEmbedder & { readonly embedded: string[] } {
  const embedded: string[] = []
  return {
    id,
    width: 2,
    embedded,
    async embed(texts) {
      embedded.push(...texts)
      return texts.map((text) => Float32Array.from(vectorOf(text)))
    },
  }
}

const batch = [judged('tea'), judged('coffee', { context: asked('Now?') }), judged('tea', { context: asked() })]

describe('embeddedTexts', () => {
  it('puts the candidate, then the context, then their products into a row', async () => {
    const rows = await encoded(embeddedTexts(counting(), { interactions: true }), batch)
    const wanted = [
      ['tea', 'What to drink?'],
      ['coffee', 'Now?'],
    ].map(([said = '', context = '']) => {
      const [x, y] = [vectorOf(said), vectorOf(context)]
      return [...x, ...y, ...x.map((number, at) => number * (y[at] ?? 0))]
    })
    expect(furthest(rows, [...wanted, [...vectorOf('tea'), 0, 0, 0, 0]])).toBeLessThan(1e-5)
  })

  it('embeds each content once, and never the empty text', async () => {
    const embedder = counting()
    const encoder = embeddedTexts(embedder)
    await encoder.prepare([...batch, judged('')])
    expect(embedder.embedded.toSorted()).toEqual(['Now?', 'What to drink?', 'coffee', 'tea'])
    const again = await encoder.prepare(batch)
    expect(embedder.embedded.length).toBe(4)
    expect(again).toEqual(await embeddedTexts(counting()).prepare(batch))
    await encoder.prepare([judged('water')])
    expect(embedder.embedded.slice(4)).toEqual(['water'])
  })

  it('finds in a store what another process embedded, also for other parts of the judgements', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-embedded-'))
    const first = await openSqliteStore(folder)
    await embeddedTexts(counting(), { cache: first.embeddings }).prepare(batch)
    await first.close()
    const store = await openSqliteStore(folder)
    const embedder = counting()
    const encoder = embeddedTexts(embedder, { cache: store.embeddings, of: 'context' })
    expect(await encoded(encoder, [judged('unseen')])).toEqual(
      [vectorOf('What to drink?')].map((row) => [...Float32Array.from(row)]),
    )
    expect(embedder.embedded).toEqual([])
    const other = counting('other')
    await embeddedTexts(other, { cache: store.embeddings, of: 'candidate' }).prepare([judged('tea')])
    expect(other.embedded).toEqual(['tea'])
    await store.close()
    rmSync(folder, { recursive: true })
  })

  it('puts prefixes before texts, and keeps what comes of them apart', async () => {
    const [embedder, cache] = [counting(), memoryEmbeddings()]
    await embeddedTexts(embedder, { cache, of: 'candidate' }).prepare([judged('tea')])
    await embeddedTexts(embedder, { cache, of: 'candidate', prefixes: { candidate: 'passage: ' } }).prepare([
      judged('tea'),
    ])
    expect(embedder.embedded).toEqual(['tea', 'passage: tea'])
  })

  it('reads the same words alike, whether said as a candidate or as a context', async () => {
    const said = [{ role: 'user' as const, content: 'hello' }]
    const [embedder, cache] = [counting(), memoryEmbeddings()]
    const judgement = {
      context: { id: 'c', messages: said },
      candidate: candidate({ modality: 'conversation', messages: said }),
    }
    const [row = []] = await encoded(embeddedTexts(embedder, { cache }), [judgement])
    expect(row.slice(0, 2)).toEqual(row.slice(2))
    expect(new Set(embedder.embedded)).toEqual(new Set(['hello']))
  })

  it('is named by what decides its rows', () => {
    const id = (embedder: string, options = {}) => embeddedTexts(counting(embedder), options).id
    expect(id('m')).toBe(id('m'))
    expect(new Set([id('m'), id('n'), id('m', { of: 'context' }), id('m', { prefixes: { context: 'x' } })]).size).toBe(
      4,
    )
  })

  it('refuses vectors of another length, and what is not finite', async () => {
    const giving = (vector: readonly number[]) =>
      embeddedTexts({ id: 'x', width: 2, embed: async (texts) => texts.map(() => Float32Array.from(vector)) })
    await expect(giving([1]).prepare(batch)).rejects.toThrow('has 1 numbers, expected 2')
    await expect(giving([1, Number.NaN]).prepare(batch)).rejects.toThrow('number 1 of the vector')
    // A store may hold what another version, or somebody else, left under the name.
    const cache = memoryEmbeddings()
    const encoder = embeddedTexts(counting(), { cache, of: 'candidate' })
    await cache.put('counting', new Map([[judged('tea').candidate.id, Float32Array.of(1)]]))
    await expect(encoder.prepare(batch)).rejects.toThrow('has 1 numbers, expected 2')
    const image = { context: asked('?'), candidate: candidate({ modality: 'image', sha256: 'b'.repeat(64) }) }
    await expect(embeddedTexts(counting()).prepare([image])).rejects.toThrow('its modality is image')
    expect(() => embeddedTexts(counting(), { of: 'context', interactions: true })).toThrow('interactions need')
  })
})

describe('sentenceTransformer', () => {
  const folder = fileURLToPath(new URL('../../nets/fixtures/bert', import.meta.url))
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
    texts: string[]
    embeddings: number[]
  }
  const wanted = expected.texts.map((_, row) => expected.embeddings.slice(row * 32, (row + 1) * 32))

  it('gives the embeddings that sentence-transformers gives', async () => {
    const encoder = await sentenceTransformer(folder, { of: 'candidate', session: { threads: 1 } })
    const rows = await encoded(
      encoder,
      expected.texts.map((text) => judged(text)),
    )
    expect(furthest(rows, wanted)).toBeLessThan(1e-4)
    await encoder.dispose()
  })

  it('is opened again from what it says of itself, and reads a text of any length', async () => {
    const cache = memoryEmbeddings()
    const encoder = await sentenceTransformer(folder, { of: 'candidate', session: { threads: 1 }, cache })
    const judgements = expected.texts.map((text) => judged(text))
    await encoder.prepare(judgements)
    const saved = JSON.parse(JSON.stringify(encoder.description.options))
    await encoder.dispose()
    const again = await sentenceTransformerKind({ cache, session: { threads: 1 } }).open(saved)
    expect(again.id).toBe(encoder.id)
    expect(furthest(await encoded(again, judgements), wanted)).toBeLessThan(1e-4)
    const [long = []] = await encoded(again, [judged('people like what they know '.repeat(2_000))])
    expect(Math.hypot(...long)).toBeCloseTo(1, 5)
    await expect(sentenceTransformerKind().open({ ...saved, checkpoint: 'another' })).rejects.toThrow(
      'holds another checkpoint',
    )
  })
})

describe('embeddingEndpoint', () => {
  const serving = (calls: string[][]): ServedEmbeddingModel => ({
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'small',
    maxEmbeddingsPerCall: undefined,
    supportsParallelCalls: true,
    async doEmbed({ values }) {
      calls.push(values)
      return { embeddings: values.map(vectorOf), usage: { tokens: values.length }, warnings: [] }
    },
  })

  it('asks for what it has not met, and for nothing the second time', async () => {
    const calls: string[][] = []
    const [model, cache] = [embeddingModel({ sdk: serving(calls) }), memoryEmbeddings()]
    const encoder = await embeddingEndpoint(model, { cache, of: 'candidate' })
    expect(encoder.width).toBe(2)
    const rows = await encoded(encoder, batch)
    expect(rows[1]).toEqual([...Float32Array.from(vectorOf('coffee'))])
    expect(calls).toEqual([['length'], ['tea', 'coffee']])
    const again = await embeddingEndpoint(model, { cache, of: 'candidate' })
    expect(await encoded(again, batch)).toEqual(rows)
    expect(calls.length).toBe(2)
    expect(model.usage()).toMatchObject({ calls: 2, inputTokens: 3 })
  })

  it('is opened again only with the model it was trained on', async () => {
    const calls: string[][] = []
    const model = embeddingModel({ sdk: serving(calls) })
    const encoder = await embeddingEndpoint(model, { width: 2 })
    const saved = JSON.parse(JSON.stringify(encoder.description.options))
    expect((await embeddingEndpointKind(model).open(saved)).id).toBe(encoder.id)
    expect(calls).toEqual([])
    const other = embeddingModel({ sdk: { ...serving(calls), modelId: 'other' } })
    expect(() => embeddingEndpointKind(other).open(saved)).toThrow(
      'trained on embeddings by test small, and test other',
    )
  })
})
