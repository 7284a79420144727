import {
  applyCrossEncoder,
  applyMixture,
  applyMultiHead,
  type CrossEncoderConfig,
  type CrossEncoderParameters,
  initCrossEncoder,
  initLinear,
  initMixture,
  initMultiHead,
  initNorm,
  type LinearParameters,
  linearCrossEntropy,
  loadBalancingLoss,
  type MixtureParameters,
  type MultiHeadParameters,
  type NormParameters,
  normalValue,
} from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  addAll,
  broadcastTo,
  concat,
  constant,
  dimAt,
  dropout as drop,
  expandDims,
  flatten,
  full,
  gather,
  layerNorm,
  mul,
  notEqual,
  reshape,
  type Symbolic,
  slice,
  splitKey,
  squeeze,
  sum,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'

/** The form of a net that reads a history of items and writes a session of them, code by code. */
export interface SessionNetConfig {
  /** Codes of each level of an id. */
  readonly sizes: readonly number[]
  /** n, the items of a history that are read: the last ones. Default 256 (OneRec). */
  readonly historyLength?: number
  /** m, the items of a session. Default 5 (OneRec); 1 is the next item alone. */
  readonly sessionLength?: number
  /** Default 128 (TIGER). */
  readonly width?: number
  /** Layers of the encoder, and of the decoder. Default 4 (TIGER). */
  readonly layers?: number
  /** Divides the width. Default 4. */
  readonly heads?: number
  /** Inner width of each feed-forward part, and of each expert. Default 1024 (TIGER). */
  readonly hidden?: number
  /** Experts of each of the decoder's feed-forward parts; 1 is an ordinary one. Default 24 (OneRec). */
  readonly experts?: number
  /** How many of them a position goes to. Default 2 (OneRec), at most all. */
  readonly chosen?: number
  /** Share dropped in training. Default 0.1 (TIGER). */
  readonly dropout?: number
  /**
   * What a position of the encoder is: one of the `codes` of an item, as published (default), or a whole item, the sum of
   * its codes' embeddings, which reads a history in a fraction of the positions.
   */
  readonly reads?: 'codes' | 'items'
}

export type FullSessionNetConfig = Required<SessionNetConfig>

/** Fills in the defaults. @throws {RangeError} on sizes out of range */
export function fullSessionNetConfig(config: SessionNetConfig): FullSessionNetConfig {
  const { experts = 24 } = config
  const whole: FullSessionNetConfig = {
    ...{ historyLength: 256, sessionLength: 5, width: 128, layers: 4, heads: 4, hidden: 1024 },
    ...{ experts, chosen: Math.min(2, experts), dropout: 0.1, reads: 'codes' },
    ...config,
  }
  const { sizes, dropout, reads, ...numbers } = whole
  for (const [name, number] of [...Object.entries(numbers), ...sizes.map((size, at) => [`size ${at}`, size] as const)])
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  if (sizes.length === 0) throw new RangeError('sizes are empty, expected the codes of at least one level')
  if (whole.width % whole.heads !== 0)
    throw new RangeError(`width ${whole.width} does not divide by ${whole.heads} heads`)
  if (whole.chosen > experts)
    throw new RangeError(`chosen is ${whole.chosen}, expected at most ${experts}, all experts`)
  if (!(dropout >= 0 && dropout < 1)) throw new RangeError(`dropout is ${dropout}, expected a share from 0 to below 1`)
  if (reads !== 'codes' && reads !== 'items')
    throw new RangeError(`reads is ${JSON.stringify(reads)}, expected "codes" or "items"`)
  return whole
}

export interface SessionLayerParameters {
  readonly selfNorm: NormParameters
  readonly self: MultiHeadParameters
  readonly crossNorm: NormParameters
  readonly cross: MultiHeadParameters
  readonly expertsNorm: NormParameters
  readonly experts: MixtureParameters
}

export interface SessionNetParameters {
  /** [1 + Σ sizes, width]: what begins an item, then the codes level by level. */
  readonly embedding: TensorValue
  /** [positions of the encoder + 1, width]; the last belongs to what ends every history. */
  readonly historyPositions: TensorValue
  /** [m · (levels + 1), width] */
  readonly sessionPositions: TensorValue
  readonly encoder: CrossEncoderParameters
  readonly layers: readonly SessionLayerParameters[]
  readonly norm: NormParameters
  /** [size, width] a level: what the codes of it are told by. */
  readonly heads: readonly LinearParameters[]
}

/** Positions of the encoder, without what ends every history. */
function historyPositions({ historyLength, sizes, reads }: FullSessionNetConfig): number {
  return reads === 'items' ? historyLength : historyLength * sizes.length
}

function encoderConfig({ width, layers, heads, hidden, dropout }: FullSessionNetConfig): CrossEncoderConfig {
  return { width, layers, heads, hidden, dropout, memoryWidth: 0, activation: 'relu' }
}

/** Embeddings normal with standard deviation 1/√width, maps uniform within ±1/√in, norms 1 and 0. */
export function initSessionNet(random: Random, config: SessionNetConfig): SessionNetParameters {
  const whole = fullSessionNetConfig(config)
  const { sizes, sessionLength, width, layers, hidden, experts } = whole
  const deviation = 1 / Math.sqrt(width)
  const table = (rows: number): TensorValue => normalValue(random, [rows, width], deviation)
  const norm = (): NormParameters => initNorm(width, true)
  return {
    embedding: table(1 + sizes.reduce((total, size) => total + size, 0)),
    historyPositions: table(historyPositions(whole) + 1),
    sessionPositions: table(sessionLength * (sizes.length + 1)),
    encoder: initCrossEncoder(random, encoderConfig(whole)),
    layers: Array.from({ length: layers }, () => ({
      selfNorm: norm(),
      self: initMultiHead(random, width),
      crossNorm: norm(),
      cross: initMultiHead(random, width),
      expertsNorm: norm(),
      experts: initMixture(random, { width, experts, hidden }),
    })),
    norm: norm(),
    heads: sizes.map((size) => initLinear(random, width, size, { bias: false })),
  }
}

/** Layer normalisation over the last axis. */
export function normed(x: Tensor, { weight, bias }: Symbolic<NormParameters>): Tensor {
  return layerNorm(x, { scale: weight, ...(bias && { bias }) })
}

/** Where the codes of each level begin in the table of embeddings; row 0 is what begins an item. */
export function levelOffsets(sizes: readonly number[]): readonly number[] {
  return sizes.map((_, level) => sizes.slice(0, level).reduce((total, size) => total + size, 1))
}

/** What the decoder reads of a history. */
export interface HistoryMemory {
  /** [batch, positions, width] */
  readonly memory: Tensor
  /** bool [batch, positions]: false where there is nothing */
  readonly mask: Tensor
}

/**
 * The encoder: every position attends to all others that hold something. A last position that is always there ends the
 * history, so that one without items has a memory too.
 *
 * @param histories int32 [batch, n · levels]: rows of the embedding, 0 before a short history
 * @param key which draw of dropout; without it nothing is dropped
 */
export function encodeHistories(
  parameters: Symbolic<SessionNetParameters>,
  histories: Tensor,
  config: FullSessionNetConfig,
  key?: Tensor,
): HistoryMemory {
  const { historyLength, sizes, width, dropout, reads } = config
  const batch = dimAt(histories.shape, 0)
  const words = reshape(histories, [batch, historyLength, sizes.length])
  const embedded =
    reads === 'items'
      ? sum(gather(parameters.embedding, words), 2)
      : reshape(gather(parameters.embedding, words), [batch, historyLength * sizes.length, width])
  const present = notEqual(reads === 'items' ? squeeze(slice(words, 2, 0, 1), 2) : histories, 0)
  const end = broadcastTo(reshape(slice(parameters.embedding, 0, 0, 1), [1, 1, width]), [batch, 1, width])
  const mask = concat([present, full([batch, 1], 1, 'bool')], 1)
  const x = add(concat([embedded, end], 1), parameters.historyPositions)
  const dropped = key && dropout > 0 ? drop(x, dropout, splitKey(key, 0)) : x
  const memory = applyCrossEncoder(parameters.encoder, dropped, encoderConfig(config), {
    mask,
    ...(key && { key: splitKey(key, 1) }),
  })
  return { memory, mask }
}

/**
 * The decoder's words for sessions of codes: what begins an item before each item, and no word twice.
 *
 * @param sessions int32 [batch, m · levels]: codes as their levels count them
 * @returns int32 [batch, m · (levels + 1)]: rows of the embedding
 */
export function sessionWords(sessions: Tensor, config: FullSessionNetConfig): Tensor {
  const { sizes, sessionLength } = config
  const levels = sizes.length
  const batch = dimAt(sessions.shape, 0)
  const offsets = constant(value(Int32Array.from(levelOffsets(sizes)), [levels]))
  const words = add(reshape(sessions, [batch, sessionLength, levels]), offsets)
  const begin = full([batch, sessionLength, 1], 0, 'int32')
  return reshape(concat([begin, words], 2), [batch, sessionLength * (levels + 1)])
}

/** The experts of a layer, added to what they read: H + Σ_i g_i FFN_i(norm H); see `applyMixture`. */
export function addExperts(
  layer: Symbolic<SessionLayerParameters>,
  x: Tensor,
  { experts, chosen }: FullSessionNetConfig,
  dropped: (x: Tensor) => Tensor = (part) => part,
): { readonly output: Tensor; readonly balance: Tensor } {
  const mixed = applyMixture(layer.experts, normed(x, layer.expertsNorm), chosen < experts ? { top: chosen } : {})
  return { output: add(x, dropped(mixed.output)), balance: loadBalancingLoss(mixed) }
}

export interface SessionStates {
  /** [batch, m · (levels + 1), width]: what stands at each word of a session */
  readonly states: Tensor
  /** A scalar: how unevenly words are spread over experts, the mean over layers; 1 when they are spread evenly. */
  readonly balance: Tensor
}

/**
 * The decoder over whole sessions: words see those before them and all of the history.
 *
 * @param words int32 [batch, m · (levels + 1)]
 */
export function sessionStates(
  parameters: Symbolic<SessionNetParameters>,
  { memory, mask }: HistoryMemory,
  words: Tensor,
  config: FullSessionNetConfig,
  key?: Tensor,
): SessionStates {
  const { heads, dropout } = config
  let draws = 0
  const dropped = (x: Tensor): Tensor => (key && dropout > 0 ? drop(x, dropout, splitKey(key, draws++)) : x)
  let x = dropped(add(gather(parameters.embedding, words), parameters.sessionPositions))
  const seen = { mask: expandDims(expandDims(mask, 1), 1) }
  const balances: Tensor[] = []
  for (const layer of parameters.layers) {
    const own = normed(x, layer.selfNorm)
    x = add(x, dropped(applyMultiHead(layer.self, own, own, heads, { causal: true })))
    x = add(x, dropped(applyMultiHead(layer.cross, normed(x, layer.crossNorm), memory, heads, seen)))
    const mixed = addExperts(layer, x, config, dropped)
    x = mixed.output
    balances.push(mixed.balance)
  }
  return { states: normed(x, parameters.norm), balance: mul(addAll(balances), 1 / balances.length) }
}

/**
 * −log P(S | H) of whole sessions, the sum over all their codes. What begins an item tells its first code, each code the
 * next of its item, and the last code of an item nothing; a code is told among those of its level.
 *
 * @param sessions int32 [batch, m · levels], as their levels count them
 * @returns [batch], in nats
 */
export function sessionLosses(
  { heads }: Symbolic<SessionNetParameters>,
  states: Tensor,
  sessions: Tensor,
  config: FullSessionNetConfig,
): Tensor {
  const { sizes, sessionLength, width } = config
  const levels = sizes.length
  const batch = dimAt(sessions.shape, 0)
  const places = reshape(states, [batch, sessionLength, levels + 1, width])
  const codes = reshape(sessions, [batch, sessionLength, levels])
  const losses = heads.map(({ weight }, level) => {
    const told = reshape(slice(places, 2, level, level + 1), [-1, width])
    const target = flatten(slice(codes, 2, level, level + 1))
    return sum(reshape(linearCrossEntropy(told, weight, target), [batch, sessionLength]), 1)
  })
  return addAll(losses)
}
