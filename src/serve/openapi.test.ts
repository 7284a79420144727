import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Serving, serving } from './serving.fixture.ts'

let it_: Serving
// biome-ignore lint/suspicious/noExplicitAny: the document is looked into by hand
let document: any
beforeAll(async () => {
  it_ = await serving()
  document = (await it_.ask('/openapi.json')).json
})
afterAll(() => it_.end())

it('describes every route that the server answers', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.toSorted()).toEqual(
    [
      'GET /healthz',
      'GET /readyz',
      'POST /v1/signals',
      'GET /v1/signals',
      'GET /v1/signals/{id}',
      'DELETE /v1/raters/{id}',
      'GET /v1/counts',
      'GET /v1/facets',
      'GET /v1/candidates/{id}',
      'POST /v1/candidates',
      'GET /v1/leaderboards',
      'GET /v1/leaderboards/{name}',
      'PUT /v1/leaderboards/{name}',
      'DELETE /v1/leaderboards/{name}',
      'GET /v1/people',
      'GET /v1/people/{id}',
      'GET /v1/models',
      'GET /v1/models/{id}',
      'GET /v1/models/{id}/candidates',
      'GET /v1/models/{id}/files/{name}',
      'GET /v1/recommender-kinds',
      'POST /v1/recommenders',
      'GET /v1/recommenders',
      'GET /v1/recommenders/{name}',
      'DELETE /v1/recommenders/{name}',
      'POST /v1/recommenders/{name}/recommend',
      'POST /v1/recommenders/{name}/recommend/batch',
      'GET /v1/recommenders/{name}/curve',
      'PUT /v1/recommenders/{name}/items',
      'GET /v1/recommenders/{name}/items',
      'GET /v1/recommenders/{name}/users',
      'GET /v1/recommenders/{name}/users/{user}',
      'POST /v1/interactions',
      'GET /v1/interactions',
      'DELETE /v1/interactions/{id}',
      'POST /v1/imports',
      'GET /v1/imports/formats',
      'GET /v1/imports/{id}/rejects',
      'GET /v1/jobs',
      'GET /v1/jobs/{id}',
      'GET /v1/jobs/{id}/events',
      'DELETE /v1/jobs/{id}',
      'GET /v1/exports',
      'GET /v1/methods',
    ].toSorted(),
  )
})

it('refers only to schemas that it holds, and names them all', () => {
  const names = new Set(Object.keys(document.components.schemas))
  for (const name of ['Signal', 'Comparison', 'Candidate', 'Leaderboard', 'Job', 'Error', 'SignalCounts', 'Method'])
    expect(names).toContain(name)
  const text = JSON.stringify(document)
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference ?? '')
  expect(references.length).toBeGreaterThan(20)
  for (const reference of references) {
    expect(reference).toMatch(/^#\/components\/schemas\/[A-Za-z]+$/)
    expect(names).toContain(reference.split('/').at(-1))
  }
})

it('says what a signal is: one of eight kinds, unknown names refused', () => {
  const { Signal, Comparison } = document.components.schemas
  expect(Signal.oneOf).toHaveLength(8)
  expect(Signal.oneOf[0]).toEqual({ $ref: '#/components/schemas/Comparison' })
  expect(Comparison.additionalProperties).toBe(false)
  expect(Comparison.properties.outcome).toEqual({ $ref: '#/components/schemas/Outcome' })
  expect(Comparison.required).toContain('outcome')
})
