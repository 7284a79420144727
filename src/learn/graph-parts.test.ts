import { expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { graphParts } from './graph-parts.ts'

it('gives two nodes one part exactly where a walk leads from one to the other', () => {
  const random = seeded('parts')
  for (let trial = 0; trial < 20; trial++) {
    const nodes = 12
    const edges = Array.from({ length: 9 }, () => [random.integer(nodes), random.integer(nodes)] as const)
    const parts = graphParts(
      nodes,
      edges.map(([from]) => from),
      edges.map(([, to]) => to),
    )
    for (let start = 0; start < nodes; start++) {
      const met = new Set([start])
      for (const node of met)
        for (const [from, to] of edges) {
          if (from === node) met.add(to)
          if (to === node) met.add(from)
        }
      for (let node = 0; node < nodes; node++) expect(parts[node] === parts[start]).toBe(met.has(node))
    }
  }
})
