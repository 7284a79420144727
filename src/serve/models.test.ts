import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadModel } from '../learn/index.ts'
import { type Serving, serving } from './serving.fixture.ts'

let it_: Serving
beforeAll(async () => {
  it_ = await serving()
  const { jobs } = (await it_.ask('/v1/models')).json
  for (;;) {
    const { json } = await it_.ask(`/v1/jobs/${jobs[0]}`)
    if (json.state === 'done') break
    if (json.state !== 'running') throw new Error(json.error)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
afterAll(() => it_.end())

it('lists a model with how well it agrees with what it has not seen', async () => {
  const { models, jobs } = (await it_.ask('/v1/models')).json
  expect(jobs).toEqual([])
  expect(models).toHaveLength(1)
  expect(models[0]).toMatchObject({ id: 'opinion-summaries', learnedFrom: 1600 })
  for (const { correlation } of models[0].aspects) expect(correlation).toBeGreaterThan(0.65)
  const manifest = (await it_.ask('/v1/models/opinion-summaries')).json
  expect(manifest.aspects).toEqual(models[0].aspects.map(({ name }: { name: string }) => name))
  expect(manifest.dataVersion).toBe(models[0].dataVersion)
  expect((await it_.ask('/v1/models/other')).status).toBe(404)
})

it('gives files of the model and nothing else', async () => {
  const response = await fetch(`${it_.server.address}/v1/models/opinion-summaries/files/score.onnx`)
  expect(response.headers.get('content-type')).toBe('application/octet-stream')
  expect((await response.arrayBuffer()).byteLength).toBe(Number(response.headers.get('content-length')))
  for (const name of ['model.json', '..%2F..%2Fsignals.sqlite', '__proto__', 'nothing'])
    expect((await it_.ask(`/v1/models/opinion-summaries/files/${name}`)).status).toBe(404)
})

it('gives candidates that nobody learned from, whose scores are those of the files', async () => {
  const { candidates, features, width, choices, contexts } = (await it_.ask('/v1/models/opinion-summaries/candidates'))
    .json
  expect([candidates.length, choices.length, contexts.length]).toEqual([280, 140, 140])
  const bytes = Buffer.from(features, 'base64')
  const rows = Float32Array.from({ length: 280 * width }, (_, at) => bytes.readFloatLE(4 * at))
  const model = await loadModel(it_.server.service.dials.folderOf('opinion-summaries'))
  const scores = await model.scoreFeatures({ features: { rows: 280, columns: width, data: rows } })
  candidates.forEach((candidate: { scores: number[]; given: number[] }, row: number) => {
    expect(candidate.given).toHaveLength(7)
    candidate.scores.forEach((score, k) => {
      expect(score).toBeCloseTo(scores.data[row * 7 + k] as number, 5)
    })
  })
  await model.dispose()
})
