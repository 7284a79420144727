import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { constant, openSafetensors, slice, value } from '../../tensor/index.ts'
import { namedParameters } from '../checkpoint.ts'
import { checkNet, distance, expected, fixture, numbersOf, whole } from '../checks.fixture.ts'
import { applyBert, type BertParameters, bertLayout, bertPooler, initBert, meanPool } from './bert.ts'
import { fullBertConfig, parseBertConfig } from './bert-config.ts'
import { loadSentenceEncoder, openSentenceEncoder } from './sentence-encoder.ts'

const small = { vocabulary: 6, width: 8, layers: 1, heads: 2, hidden: 6, positions: 5, pooler: true }

describe('bert', () => {
  it('computes the states of a checkpoint as PyTorch does', async () => {
    const { config, parameters } = await loadSentenceEncoder(fixture('bert'))
    const { ids = [], states = [], pooled = [] } = expected('bert')
    const [first = []] = ids
    const input = constant(whole([first]))
    const found = await numbersOf(parameters, (p) => applyBert(p, input, config))
    expect(distance(found, states)).toBeLessThan(1e-4)
    const pool = await numbersOf(parameters, (p) => bertPooler(p, applyBert(p, input, config)))
    expect(distance(pool, pooled.slice(0, config.width))).toBeLessThan(1e-4)
  })

  it('names every tensor of its checkpoint', async () => {
    const { config, parameters } = await loadSentenceEncoder(fixture('bert'))
    const named = namedParameters<BertParameters>(parameters, bertLayout(config))
    const checkpoint = await openSafetensors(fixture('bert'))
    expect(Object.keys(named).toSorted()).toEqual(checkpoint.names.toSorted())
  })

  it('ignores padding, and heeds segments', async () => {
    const parameters = initBert(seeded(1), small)
    const bare = await numbersOf(parameters, (p) => applyBert(p, constant(whole([[1, 2, 3]])), small))
    const mask = constant(value(Uint8Array.from([1, 1, 1, 0, 0]), [1, 5], 'bool'))
    const padded = await numbersOf(parameters, (p) => {
      const states = applyBert(p, constant(whole([[1, 2, 3, 0, 5]])), small, { mask })
      return slice(states, 1, 0, 3)
    })
    expect(distance(padded, bare)).toBeLessThan(1e-6)
    const segments = await numbersOf(parameters, (p) =>
      applyBert(p, constant(whole([[1, 2, 3]])), small, { types: constant(whole([[0, 0, 1]])) }),
    )
    expect(distance(segments, bare)).toBeGreaterThan(1e-4)
  })

  it('has the gradients that finite differences give', async () => {
    const parameters = initBert(seeded(2), small, 'float64')
    const mask = constant(value(Uint8Array.from([1, 1, 0, 1, 1, 1]), [2, 3], 'bool'))
    const ids = constant(
      whole([
        [1, 2, 0],
        [4, 5, 1],
      ]),
    )
    const { error } = await checkNet(parameters, (p) => {
      const states = applyBert(p, ids, small, { mask })
      return [meanPool(states, mask), bertPooler(p, states)]
    })
    expect(error).toBeLessThan(1e-5)
  })

  it('places tokens of RoBERTa after its padding token', () => {
    const file = {
      model_type: 'roberta',
      vocab_size: 10,
      hidden_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 4,
      max_position_embeddings: 7,
      pad_token_id: 1,
    }
    expect(parseBertConfig(file)).toMatchObject({ positionOffset: 2, activation: 'gelu' })
    expect(() => parseBertConfig({ ...file, hidden_act: 'maxout' })).toThrow('activation "maxout" is not known')
    expect(() => parseBertConfig({ ...file, model_type: 't5' })).toThrow('model_type')
  })

  it('says what does not fit', async () => {
    expect(() => fullBertConfig({ ...small, heads: 3 })).toThrow('width 8 does not divide by 3 heads')
    const parameters = initBert(seeded(1), small)
    const long = constant(whole([[1, 2, 3, 4, 5, 0]]))
    await expect(numbersOf(parameters, (p) => applyBert(p, long, small))).rejects.toThrow(
      '6 tokens are more than the 5',
    )
  })
})

describe('sentence encoder', () => {
  it('tokenises and embeds as sentence-transformers does', async () => {
    const loaded = await loadSentenceEncoder(fixture('bert'))
    const { ids = [], embeddings = [] } = expected('bert')
    const texts = expected('bert')['texts'] as unknown as string[]
    expect(texts.map((text) => loaded.tokenize(text))).toEqual(ids)
    expect(loaded).toMatchObject({ pooling: 'mean', unit: true })
    const encoder = await openSentenceEncoder(loaded, { batch: 3, threads: 1 })
    const found = await encoder.embed(texts)
    expect(found.shape).toEqual([4, 32])
    expect(distance(Array.from(found.data, Number), embeddings)).toBeLessThan(1e-4)
    expect((await encoder.embed([])).shape).toEqual([0, 32])
    await encoder.dispose()
  })

  it('cuts long texts and keeps the special tokens', async () => {
    const { tokenize } = await loadSentenceEncoder(fixture('bert'))
    const ids = tokenize('people like the shorter answer '.repeat(30))
    expect(ids.length).toBe(32)
    expect([ids[0], ids.at(-1)]).toEqual([2, 3])
    expect(ids.slice(0, 20)).toEqual(tokenize('people like the shorter answer '.repeat(4)).slice(0, 20))
  })
})
