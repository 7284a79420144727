import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { catalogue } from './catalogue.ts'
import { loadExperiment } from './evaluate/index.ts'

describe('the catalogue', () => {
  it('is in order of its numbers, and names every method and experiment once', () => {
    const numbers = catalogue.map(({ no }) => no)
    expect(numbers).toEqual([...numbers].sort())
    for (const field of ['no', 'id', 'title', 'experiment'] as const)
      expect(new Set(catalogue.map((row) => row[field])).size, field).toBe(catalogue.length)
    for (const { no, id, arxiv } of catalogue) {
      expect(no).toMatch(/^\d\d$/)
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      if (arxiv !== undefined) expect(arxiv).toMatch(/^\d{4}\.\d{4,5}$/)
    }
  })

  it.each(catalogue.map((row) => [row.id, row] as const))('%s: every export is on the room’s door', async (_, row) => {
    const door = new URL(`./${row.room}/index.ts`, import.meta.url)
    expect(existsSync(door), `${row.room} is no room: there is no ${door.pathname}`).toBe(true)
    const room: object = await import(door.href)
    expect(row.exports.length).toBeGreaterThan(0)
    for (const name of row.exports) expect(Object.keys(room), `${row.room}/index.ts lacks ${name}`).toContain(name)
  })

  it.each(catalogue.map((row) => [row.id, row] as const))('%s: its experiment says what it claims', async (id) => {
    const experiment = await loadExperiment(id)
    expect(experiment.id).toBe(id)
    expect(experiment.seeds).toBeGreaterThanOrEqual(3)
    for (const field of ['claim', 'baseline', 'data'] as const)
      expect(experiment[field].length, field).toBeGreaterThan(5)
  })

  it('answers a wrong id with ids that read like it', async () => {
    await expect(loadExperiment('serch-arena')).rejects.toThrow(
      'there is no method "serch-arena"; did you mean search-arena?',
    )
    await expect(loadExperiment('zzz')).rejects.toThrow(
      'there is no method "zzz". The ids are listed by: penchant methods',
    )
  })
})
