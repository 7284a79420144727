import { expect, it } from 'vitest'
import { type DecoderConfig, decoderStates, initDecoder } from '../../nets/index.ts'
import { seeded } from '../../run/index.ts'
import { compile, flatten, gradients, spec, type Tensor, type TensorValue, toNested } from '../../tensor/index.ts'
import { collateExamples } from './data/collate.ts'
import { completionsOf } from './data/completions-of.ts'
import { completionLength, scoredMask, sequenceLogProbability, stateLogProbabilities } from './log-probability.ts'
import { preferenceLoss } from './loss/registry.ts'

const config: DecoderConfig = { vocabulary: 12, width: 8, layers: 1, heads: 2, hidden: 16 }
const examples = [
  { prompt: [5], completions: [[6, 7], [8]], cut: { prompt: 0, completions: [0, 0] } },
  { prompt: [1, 2], completions: [[3], [4, 4, 9]], cut: { prompt: 0, completions: [0, 0] } },
]

it('gives a decoder that is its own reference ln 2 and a gradient, whatever fills rows up', async () => {
  const parameters = initDecoder(seeded(1), config)
  const step = await compile(
    (batch, policy) => {
      const [ids, completionMask, reference] = [batch.ids, batch.completionMask, batch.reference].map((of) =>
        flatten(of, 0, 1),
      ) as [Tensor, Tensor, Tensor]
      const head = policy.head ?? { weight: policy.embedding }
      const tokens = stateLogProbabilities(decoderStates(policy, ids, config), head.weight, ids)
      const scored = scoredMask(completionMask)
      const whole = sequenceLogProbability(tokens, scored)
      const [chosen, rejected] = completionsOf(whole, 2)
      const [referenceChosen, referenceRejected] = completionsOf(reference, 2)
      const [chosenLength, rejectedLength] = completionsOf(completionLength(scored), 2)
      const inputs = { chosen, rejected, referenceChosen, referenceRejected, chosenLength, rejectedLength }
      const given = Object.fromEntries(
        Object.entries(inputs).flatMap(([name, tensor]) => (tensor ? [[name, tensor]] : [])),
      )
      const loss = preferenceLoss(given, [{ name: 'sigmoid' }])
      return { whole, loss, slope: gradients(loss, policy.embedding) }
    },
    {
      inputs: {
        ids: spec([2, 'pairs', 'length'], 'int64'),
        completionMask: spec([2, 'pairs', 'length'], 'bool'),
        reference: spec([2, 'pairs']),
      },
      parameters,
    },
  )
  const at = async (padding: number, multipleOf: number, reference?: TensorValue) => {
    const { ids, completionMask } = collateExamples(examples, { padding, multipleOf })
    const nothing = { dtype: 'float32' as const, shape: [2, 2], data: new Float32Array(4) }
    return step({ ids, completionMask, reference: reference ?? nothing })
  }
  const first = await at(0, 1)
  const again = await at(11, 8)
  const numbers = (of: TensorValue) => toNested(of) as number[]
  expect(numbers(again.whole)).toEqual(numbers(first.whole).map((x) => expect.closeTo(x, 5)))
  const start = await at(3, 4, { ...first.whole, shape: [2, 2] })
  expect(toNested(start.loss)).toBeCloseTo(Math.LN2, 6)
  expect(Math.max(...Array.from(start.slope.data as Float32Array, Math.abs))).toBeGreaterThan(1e-4)
})
