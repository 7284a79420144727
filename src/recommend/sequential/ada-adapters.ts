import {
  applyGru,
  applyLinear,
  applyMlp,
  fourierFilter,
  frequencyCount,
  type GruParameters,
  initGru,
  initLinear,
  initMlp,
  initNorm,
  type LinearParameters,
  type MlpParameters,
  type NormParameters,
  normalValue,
} from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  attention,
  concat,
  type Dim,
  dimAt,
  dropout as drop,
  expandDims,
  layerNorm,
  multiplyDims,
  reshape,
  type Symbolic,
  splitKey,
  squeeze,
  type Tensor,
  type TensorValue,
} from '../../tensor/index.ts'

/** What Ada-Retrieval adds to a network of some width, for rounds of k items. */
export interface AdaAdapterParameters {
  /** [⌊k/2⌋ + 1, width, 2]: real and imaginary parts of W */
  readonly filter: TensorValue
  /** [width, width] */
  readonly filterMap: LinearParameters
  readonly filterNorm: NormParameters
  readonly attentionNorm: NormParameters
  /** One layer, width to width. */
  readonly memory: GruParameters
  /** 2 · width → 2 · width → width */
  readonly mlp: MlpParameters
  readonly userNorm: NormParameters
}

/** Standard deviation of the maps at the start, as the authors' program. */
const deviation = 0.02

/** Maps and filter normal with standard deviation 0.02, norms 1, the GRU uniform within ±1/√width. */
export function initAdaAdapters(random: Random, width: number, itemsPerRound: number): AdaAdapterParameters {
  return {
    filter: normalValue(random, [frequencyCount(itemsPerRound), width, 2], deviation),
    filterMap: initLinear(random, width, width, { deviation }),
    filterNorm: initNorm(width, true),
    attentionNorm: initNorm(width, true),
    memory: initGru(random, { inputs: width, hidden: width }),
    mlp: initMlp(random, [2 * width, 2 * width, width], { deviation }),
    userNorm: initNorm(width, true),
  }
}

/** Share dropped, and which draw; without a key nothing is dropped. */
export interface AdaDropout {
  readonly dropout: number
  readonly key?: Tensor
}

function dropped(x: Tensor, { dropout, key }: AdaDropout, draw: number): Tensor {
  return key && dropout > 0 ? drop(x, dropout, splitKey(key, draw)) : x
}

function normed(x: Tensor, { weight, bias }: Symbolic<NormParameters>): Tensor {
  return layerNorm(x, { scale: weight, ...(bias && { bias }), epsilon: 1e-12 })
}

/**
 * What was retrieved in one round, filtered along its order: with V the items' embeddings, best first,
 *
 *     Ṽ = LayerNorm(Dropout(irfft(rfft(V) ⊙ W) W_d + b_d) + V)
 *
 * @param retrieved [batch, k, width]
 * @returns [batch, k, width]
 */
export function filterRetrieved(
  { filter, filterMap, filterNorm }: Pick<Symbolic<AdaAdapterParameters>, 'filter' | 'filterMap' | 'filterNorm'>,
  retrieved: Tensor,
  dropping: AdaDropout = { dropout: 0 },
): Tensor {
  const mapped = applyLinear(filterMap, fourierFilter(retrieved, filter))
  return normed(add(dropped(mapped, dropping, 0), retrieved), filterNorm)
}

/**
 * The items of a history as they look beside what was retrieved: X′ = LayerNorm(Dropout(softmax(X Ṽᵀ/√width) Ṽ) + X).
 *
 * @param history X, [batch, length, width]
 * @param context Ṽ of all earlier rounds, [batch, retrieved, width]
 * @returns [batch, length, width]
 */
export function adaptItems(
  { attentionNorm }: Pick<Symbolic<AdaAdapterParameters>, 'attentionNorm'>,
  history: Tensor,
  context: Tensor,
  dropping: AdaDropout = { dropout: 0 },
): Tensor {
  const memory = expandDims(context, 1)
  const attended = squeeze(attention(expandDims(history, 1), memory, memory), 1)
  return normed(add(dropped(attended, dropping, 1), history), attentionNorm)
}

/**
 * The memory of earlier user vectors after one more: a step of the GRU.
 *
 * @param user [batch, width]
 * @param before [batch, width]; without it, the vector is the first
 * @returns [batch, width]
 */
export function rememberUser(
  { memory }: Pick<Symbolic<AdaAdapterParameters>, 'memory'>,
  user: Tensor,
  before?: Tensor,
): Tensor {
  const { last } = applyGru(memory, expandDims(user, 1), before ? { initial: expandDims(before, 0) } : {})
  return squeeze(last, 0)
}

/**
 * The user's vector adapted to earlier ones: u = LayerNorm(Dropout(W₂ ReLU(W₁ [ũ ‖ g])) + ũ).
 *
 * @param encoded ũ, [batch, width]
 * @param remembered g, [batch, width]: see {@link rememberUser}
 * @returns [batch, width]
 */
export function adaptUser(
  { mlp, userNorm }: Pick<Symbolic<AdaAdapterParameters>, 'mlp' | 'userNorm'>,
  encoded: Tensor,
  remembered: Tensor,
  dropping: AdaDropout = { dropout: 0 },
): Tensor {
  const mixed = applyMlp(mlp, concat([encoded, remembered], -1))
  return normed(add(dropped(mixed, dropping, 2), encoded), userNorm)
}

/**
 * What several rounds retrieved as one context, filtered round by round.
 *
 * @param retrieved [batch, rounds, k, width]
 * @returns [batch, rounds · k, width]
 */
export function filterRounds(
  adapters: Pick<Symbolic<AdaAdapterParameters>, 'filter' | 'filterMap' | 'filterNorm'>,
  retrieved: Tensor,
): Tensor {
  const [batch, rounds, count, width] = [0, 1, 2, 3].map((axis) => dimAt(retrieved.shape, axis)) as [Dim, Dim, Dim, Dim]
  const apart = filterRetrieved(adapters, reshape(retrieved, [multiplyDims(batch, rounds), count, width]))
  return reshape(apart, [batch, multiplyDims(rounds, count), width])
}
