import { applyLinear } from '../../nets/index.ts'
import {
  add,
  attention,
  type Compiled,
  compile,
  concat,
  dimAt,
  expandDims,
  flatten,
  gather,
  type InputSpecs,
  logSoftmax,
  matmul,
  multiplyDims,
  reshape,
  type SessionOptions,
  type Symbolic,
  slice,
  spec,
  squeeze,
  type Tensor,
  type TensorValue,
  transpose,
  value,
} from '../../tensor/index.ts'
import type { CodeTeller } from './beam-search.ts'
import {
  addExperts,
  encodeHistories,
  type FullSessionNetConfig,
  normed,
  type SessionNetParameters,
} from './session-net.ts'

/** The net as a search asks it: histories are read once, and of sessions what is new at each step. */
export interface SessionDecoder {
  /**
   * Reads some histories. The parameters are read as they are at each call.
   *
   * @param histories [rows · n · levels]: rows of the embedding, 0 before a short history
   */
  read(histories: Int32Array): Promise<CodeTeller>
  dispose(): Promise<void>
}

/** [rows, new, width] → [rows, heads, new, width/heads] */
function headsOf(x: Tensor, heads: number): Tensor {
  const width = Number(dimAt(x.shape, 2))
  return transpose(reshape(x, [dimAt(x.shape, 0), dimAt(x.shape, 1), heads, width / heads]), [0, 2, 1, 3])
}

/** [rows, heads, new, width/heads] → [rows, new, width] */
function joined(x: Tensor): Tensor {
  const width = Number(dimAt(x.shape, 1)) * Number(dimAt(x.shape, 3))
  return reshape(transpose(x, [0, 2, 1, 3]), [dimAt(x.shape, 0), dimAt(x.shape, 2), width])
}

function named(inputs: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = inputs[name]
  if (found === undefined) throw new RangeError(`the step has no input "${name}"`)
  return found
}

/** One step for all beams of all rows: log P(code) of a level, and keys and values of all words so far. */
function applyStep(
  parameters: Symbolic<SessionNetParameters>,
  inputs: Readonly<Record<string, Tensor>>,
  config: FullSessionNetConfig,
  level: number,
): Readonly<Record<string, Tensor>> {
  const { heads, width } = config
  const [words, mask] = [named(inputs, 'words'), named(inputs, 'mask')]
  const [batch, beams, fresh] = [dimAt(words.shape, 0), dimAt(words.shape, 1), dimAt(words.shape, 2)]
  const rows = multiplyDims(batch, beams)
  const parents = flatten(named(inputs, 'parents'))
  const caches: Record<string, Tensor> = {}
  const places = gather(parameters.sessionPositions, named(inputs, 'positions'))
  let x = add(reshape(gather(parameters.embedding, words), [rows, fresh, width]), places)
  for (const [at, layer] of parameters.layers.entries()) {
    const own = normed(x, layer.selfNorm)
    const grown = (kind: 'keys' | 'values'): Tensor => {
      const mapped = headsOf(applyLinear(kind === 'keys' ? layer.self.key : layer.self.value, own), heads)
      const whole = concat([gather(named(inputs, `${kind}${at}`), parents), mapped], 2)
      caches[`${kind}${at}`] = whole
      return whole
    }
    const query = headsOf(applyLinear(layer.self.query, own), heads)
    const attended = attention(query, grown('keys'), grown('values'), { causal: true })
    x = add(x, applyLinear(layer.self.output, joined(attended)))
    // Beams of a row read the same history, so that they are further queries of it.
    const asked = reshape(applyLinear(layer.cross.query, normed(x, layer.crossNorm)), [
      batch,
      multiplyDims(beams, fresh),
      width,
    ])
    const read = attention(headsOf(asked, heads), named(inputs, `read/keys${at}`), named(inputs, `read/values${at}`), {
      mask: expandDims(expandDims(mask, 1), 1),
    })
    x = add(x, applyLinear(layer.cross.output, reshape(joined(read), [rows, fresh, width])))
    x = addExperts(layer, x, config).output
  }
  const last = squeeze(slice(normed(x, parameters.norm), 1, -1), 1)
  const head = parameters.heads[level]
  if (head === undefined) throw new RangeError(`there is no level ${level}`)
  return { told: logSoftmax(matmul(last, head.weight, { transposeB: true })), ...caches }
}

type Step = Compiled<InputSpecs, Readonly<Record<string, Tensor>>>

/** Compiles the net for {@link SessionDecoder}; steps are compiled when they are first asked for. */
export function sessionDecoder(
  parameters: SessionNetParameters,
  config: FullSessionNetConfig,
  session: SessionOptions = {},
): SessionDecoder {
  const { heads, width, layers, historyLength, sizes } = config
  const headWidth = width / heads
  const length = historyLength * sizes.length
  const kinds = ['keys', 'values'] as const
  const names = Array.from({ length: layers }, (_, at) => kinds.map((kind) => `${kind}${at}`)).flat()
  const cache = (rows: string, positions: string) => spec([rows, heads, positions, headWidth])
  const stepInputs: InputSpecs = {
    words: spec(['batch', 'beams', 'fresh'], 'int32'),
    parents: spec(['batch', 'beams'], 'int32'),
    positions: spec(['fresh'], 'int32'),
    mask: spec(['batch', 'positions'], 'bool'),
    ...Object.fromEntries(names.map((name) => [`read/${name}`, cache('batch', 'positions')])),
    ...Object.fromEntries(names.map((name) => [name, cache('before', 'past')])),
  }
  let encoder: Promise<Step> | undefined
  const steps = new Map<number, Promise<Step>>()
  const openEncoder = (): Promise<Step> => {
    encoder ??= compile(
      (
        inputs: Readonly<Record<string, Tensor>>,
        p: Symbolic<SessionNetParameters>,
      ): Readonly<Record<string, Tensor>> => {
        const { memory, mask } = encodeHistories(p, named(inputs, 'histories'), config)
        const read = p.layers.flatMap(({ cross }, at) =>
          kinds.map((kind) => [
            `read/${kind}${at}`,
            headsOf(applyLinear(kind === 'keys' ? cross.key : cross.value, memory), heads),
          ]),
        )
        return { mask, ...Object.fromEntries(read) }
      },
      { ...session, inputs: { histories: spec(['batch', length], 'int32') } as InputSpecs, parameters },
    )
    return encoder
  }
  const openStep = (level: number): Promise<Step> => {
    const known =
      steps.get(level) ??
      compile(
        (inputs: Readonly<Record<string, Tensor>>, p: Symbolic<SessionNetParameters>) =>
          applyStep(p, inputs, config, level),
        {
          ...session,
          inputs: stepInputs,
          parameters,
        },
      )
    steps.set(level, known)
    return known
  }
  return {
    async read(histories) {
      const rows = histories.length / length
      const read = (await (
        await openEncoder()
      )({ histories: value(histories, [rows, length]) })) as Readonly<Record<string, TensorValue>>
      let caches: Readonly<Record<string, TensorValue>> = Object.fromEntries(
        names.map((name) => [name, value(new Float32Array(0), [rows, heads, 0, headWidth])]),
      )
      return async ({ beams, words, fresh, parents, position, level }) => {
        const step = await openStep(level)
        const { told, ...grown } = (await step({
          ...read,
          ...caches,
          words: value(words, [rows, beams, fresh]),
          parents: value(parents, [rows, beams]),
          positions: value(Int32Array.from({ length: fresh }, (_, at) => position + at)),
        })) as Readonly<Record<string, TensorValue>>
        caches = grown
        return told?.data as Float32Array
      }
    },
    async dispose() {
      await (await encoder)?.dispose()
      for (const step of await Promise.all(steps.values())) await step.dispose()
      steps.clear()
      encoder = undefined
    },
  }
}
