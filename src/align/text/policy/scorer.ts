import type { DecoderConfig, DecoderParameters } from '../../../nets/index.ts'
import { decoderHead, decoderStates } from '../../../nets/index.ts'
import { compile, type SessionOptions, type Symbolic, spec, type Tensor } from '../../../tensor/index.ts'
import { collateRows, type TokenRow } from '../data/collate.ts'
import { stateLogProbabilities, tokenLogProbabilities } from '../log-probability.ts'

/**
 * ln π of every token but the first, whatever the head is.
 *
 * @param ids int64 [rows, length]
 * @returns [rows, length − 1]
 */
export function policyLogProbabilities(
  parameters: Symbolic<DecoderParameters>,
  ids: Tensor,
  config: DecoderConfig,
): Tensor {
  const states = decoderStates(parameters, ids, config)
  const head = parameters.head ?? { weight: parameters.embedding }
  return head.lora === undefined && head.bias === undefined
    ? stateLogProbabilities(states, head.weight, ids)
    : tokenLogProbabilities(decoderHead(parameters, states), ids)
}

/** A policy ready to say how likely completions are. */
export interface PolicyScorer {
  /**
   * ln π of each token of each completion, given the prompt and the tokens before it. Rows of like length are scored
   * together, which changes the numbers by rounding only.
   *
   * @param options `prompts`: of the prompt's tokens too, but the first. Default false
   */
  tokens(rows: readonly TokenRow[], options?: { readonly prompts?: boolean }): Promise<readonly Float32Array[]>
  dispose(): Promise<void>
}

/**
 * Opens a policy for scoring; its weights are copied into the compiled graph.
 *
 * @param options `batch`: rows at a time. Default 16
 */
export async function openScorer(
  { parameters, config }: { readonly parameters: DecoderParameters; readonly config: DecoderConfig },
  options: SessionOptions & { readonly batch?: number } = {},
): Promise<PolicyScorer> {
  const { batch = 16, ...session } = options
  const run = await compile(
    ({ ids }, p: Symbolic<DecoderParameters>) => ({ tokens: policyLogProbabilities(p, ids, config) }),
    { ...session, inputs: { ids: spec(['rows', 'length'], 'int64') }, parameters, frozen: true },
  )
  return {
    async tokens(rows, { prompts = false } = {}) {
      const found: Float32Array[] = Array.from({ length: rows.length }, () => new Float32Array(0))
      const sizeOf = ({ prompt, completion }: TokenRow): number => prompt.length + completion.length
      const order = rows.map((row, at) => ({ row, at })).sort((a, b) => sizeOf(a.row) - sizeOf(b.row) || a.at - b.at)
      for (let from = 0; from < order.length; from += batch) {
        const part = order.slice(from, from + batch)
        const { ids } = collateRows(part.map(({ row }) => row))
        const { data } = (await run({ ids })).tokens
        const places = (ids.shape[1] ?? 0) - 1
        for (const [index, { row, at }] of part.entries()) {
          const from = prompts ? 0 : row.prompt.length - 1
          const start = index * places
          found[at] = (data as Float32Array).slice(start + from, start + sizeOf(row) - 1)
        }
      }
      return found
    },
    dispose: () => run.dispose(),
  }
}
