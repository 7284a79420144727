import { expect, it } from 'vitest'
import { catalogue } from './catalogue.ts'
import { comparisons } from './comparisons.ts'
import { loadExperiment } from './evaluate/index.ts'

it.each(comparisons.map((row) => [row.id, row] as const))(
  '%s: is no method’s id, and its experiment says what it claims',
  async (id) => {
    expect(catalogue.some((row) => row.id === id)).toBe(false)
    const experiment = await loadExperiment(id)
    expect(experiment.id).toBe(id)
    for (const field of ['claim', 'baseline', 'data'] as const)
      expect(experiment[field].length, field).toBeGreaterThan(5)
  },
)

it('are meant by ids that read like theirs', async () => {
  await expect(loadExperiment('eurovison')).rejects.toThrow('did you mean eurovision?')
})
