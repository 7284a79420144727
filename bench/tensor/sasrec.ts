import { applySasrec, initSasrec, type SasrecConfig } from '../../src/nets/index.ts'
import { seeded } from '../../src/run/index.ts'
import {
  adam,
  add,
  gather,
  mean,
  mul,
  neg,
  reshape,
  softplus,
  spec,
  split,
  sum,
  trainStep,
} from '../../src/tensor/index.ts'
import { indexValue } from './numbers.ts'
import type { Workload } from './workload.ts'

const config: SasrecConfig = { items: 20_000, length: 50, width: 64, layers: 2, heads: 1, dropout: 0.2 }
const batch = 256

/** SASRec as its authors train it: one negative for every position, binary cross-entropy, dropout, Adam. */
export const sasrec: Workload = {
  name: 'sasrec',
  title: 'SASRec, 2 layers, width 64, length 50, 20 k items, batch 256, training step with dropout and Adam',
  target: 1.2,
  steps: 4,
  async make(threads) {
    const shape = [3, batch, config.length] as const
    const step = await trainStep(
      ({ ids }, p, { key }) => {
        // Histories, what came next and what did not, looked up together.
        const rows = gather(p.items, reshape(ids, [3 * batch, config.length]))
        const [read = rows, next = rows, other = rows] = split(rows, 3)
        const [histories = ids] = split(ids, 3)
        const states = applySasrec(p, reshape(histories, [batch, config.length]), config, {
          key: key(),
          embedded: read,
        })
        const score = (item: typeof rows) => sum(mul(states, item), -1)
        return mean(add(softplus(neg(score(next))), softplus(score(other))))
      },
      {
        inputs: { ids: spec(shape, 'int64') },
        parameters: initSasrec(seeded('sasrec'), config),
        optimizer: adam({ learningRate: 1e-3 }),
        threads,
      },
    )
    const drawn = indexValue('items', shape, config.items)
    const ids = { ...drawn, data: (drawn.data as BigInt64Array).map((id) => id + 1n) }
    return () => step({ ids })
  },
}
