import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { catalogue } from '../src/catalogue.ts'
import { methodsPage, methodsTable } from './methods-table.ts'

it('docs/methods.md is what the catalogue says (node scripts/methods-table.ts writes it)', () => {
  expect(readFileSync(methodsPage, 'utf8')).toBe(methodsTable(catalogue))
})

it('links a method to its paper, room and experiment', () => {
  const page = methodsTable([
    { no: '01', id: 'm', title: 'M', arxiv: '2401.00001', room: 'learn', exports: ['f', 'g'], experiment: 'm' },
  ])
  expect(page).toContain(
    '| 01 | `m` | M ([arXiv:2401.00001](https://arxiv.org/abs/2401.00001)) | [`learn`](../src/learn) | `f`, `g` | [`m`](../experiments/m.ts) |',
  )
})
