import { type Adjacency, adjacency, applyLightGcn, initLightGcn, userItemEntries } from '../../src/nets/index.ts'
import { seeded } from '../../src/run/index.ts'
import {
  adam,
  add,
  gather,
  mean,
  mul,
  neg,
  softplus,
  spec,
  split,
  square,
  sub,
  sum,
  trainStep,
  value,
} from '../../src/tensor/index.ts'
import type { Workload } from './workload.ts'

const [users, items, pairs, width, batch] = [29_858, 40_981, 810_000, 64, 2048]

/** Interactions of the size of Gowalla's, a few items in very many of them. */
function interactions(): { users: Int32Array; items: Int32Array } {
  const random = seeded('light-gcn bench')
  const seen = new Set<number>()
  while (seen.size < pairs) {
    const user = Math.floor(random.uniform() ** 1.5 * users)
    seen.add(user * items + Math.floor(random.uniform() ** 2 * items))
  }
  const cells = [...seen]
  return {
    users: Int32Array.from(cells, (cell) => Math.floor(cell / items)),
    items: Int32Array.from(cells, (cell) => cell % items),
  }
}

let graph: Adjacency | undefined

/** LightGCN with three layers on 1.6 million edges: propagation, BPR with the authors' penalty, Adam on all rows. */
export const lightGcn: Workload = {
  name: 'lightgcn',
  title: 'LightGCN, 3 layers, 70 k nodes, 1.6 M edges, width 64: propagation and BPR step, Adam',
  target: 1.3,
  steps: 3,
  prepare() {
    graph = adjacency(users + items, userItemEntries(users, items, interactions()))
  },
  async make(threads) {
    if (graph === undefined) throw new Error('the graph is not prepared')
    const edges = graph
    const step = await trainStep(
      ({ ids }, p) => {
        const rows = gather(applyLightGcn(p, edges), ids)
        const [user = rows, liked = rows, other = rows] = split(rows, 3)
        const first = gather(p.embedding, ids)
        const margin = sum(mul(user, sub(liked, other)), -1)
        return add(mean(softplus(neg(margin))), mul(sum(square(first)), 1e-4 / (2 * batch)))
      },
      {
        inputs: { ids: spec([3 * batch], 'int64') },
        parameters: initLightGcn(seeded(1), users + items, width),
        optimizer: adam({ learningRate: 1e-3 }),
        threads,
      },
    )
    const random = seeded(2)
    const ids = BigInt64Array.from({ length: 3 * batch }, (_, at) =>
      BigInt(at < batch ? random.integer(users) : users + random.integer(items)),
    )
    return () => step({ ids: value(ids) })
  },
}

/** The same beside the fastest that PyTorch can do: compressed rows, and the gradient by the graph itself. */
export const lightGcnCompressed: Workload = {
  ...lightGcn,
  name: 'lightgcn-csr',
  title: 'the same, PyTorch with compressed rows and a hand-written gradient',
}
