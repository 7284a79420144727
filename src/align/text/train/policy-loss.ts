import { type DecoderConfig, type DecoderParameters, decoderHead, decoderStates } from '../../../nets/index.ts'
import {
  and,
  argMax,
  at,
  cast,
  type Dim,
  equal,
  expandDims,
  flatten,
  greater,
  maskedMean,
  mean,
  mul,
  neg,
  not,
  or,
  reshape,
  type Symbolic,
  slice,
  squeeze,
  stopGradient,
  sub,
  type Tensor,
  takeAlong,
  transpose,
  where,
} from '../../../tensor/index.ts'
import {
  completionLength,
  lengthDesensitised,
  placesWeight,
  scoredMask,
  sequenceLogProbability,
  tokenDivergence,
  tokenEntropy,
  tokenLogProbabilities,
} from '../log-probability.ts'
import { type LossPart, type PreferenceLoss, preferenceLoss, preferenceLosses } from '../loss/registry.ts'
import { ktoBaseline } from '../loss/unpaired.ts'
import { pairMetrics } from '../metrics.ts'
import { policyLogProbabilities } from '../policy/scorer.ts'

/** Parameters of a training step: what is trained, and beside it the reference where every step asks it. */
export interface PolicyPair {
  readonly policy: DecoderParameters
  readonly reference?: DecoderParameters
}

/** What is known of a batch, [rows of an example, examples, places] each; places are those of all tokens but the first. */
export interface ScoredRows {
  /** ln π of each token given those before it. */
  readonly tokens: Tensor
  /** The same under the reference. */
  readonly referenceTokens: Tensor | undefined
  /** bool: which places are of completions. */
  readonly mask: Tensor
  /** bool: which are of prompts. */
  readonly promptMask: Tensor
  /** Logits of policy and reference at those places, [rows, examples, places, vocabulary], where they were asked for. */
  readonly logits: Tensor | undefined
  readonly referenceLogits: Tensor | undefined
}

type Inputs = Readonly<Record<string, Tensor>>

/** A loss, and numbers to report beside it. */
export interface ReportedLoss {
  readonly loss: Tensor
  readonly [metric: string]: Tensor
}

/** A loss of a batch's rows, as methods bring their own. */
export type RowsLoss = (rows: ScoredRows, inputs: Inputs) => ReportedLoss

function inputOf(inputs: Inputs, name: string): Tensor {
  const found = inputs[name]
  if (found === undefined)
    throw new RangeError(`examples have no "${name}"; they have ${Object.keys(inputs).sort().join(', ')}`)
  return found
}

/** Log-probabilities of a batch's rows under policy and reference. */
export function scoreRows(
  inputs: Inputs,
  { policy, reference }: Symbolic<PolicyPair>,
  config: DecoderConfig,
  withLogits: boolean,
): ScoredRows {
  const ids = inputOf(inputs, 'ids')
  const [count, examples] = ids.shape as readonly [Dim, Dim]
  const rows = flatten(ids, 0, 1)
  const grouped = (x: Tensor): Tensor => reshape(x, [count, examples, ...x.shape.slice(1)])
  const mask = scoredMask(flatten(inputOf(inputs, 'completionMask'), 0, 1))
  const asked = inputs['referenceTokens']
  const logits = (of: Symbolic<DecoderParameters>): Tensor => decoderHead(of, decoderStates(of, rows, config))
  const own = withLogits ? logits(policy) : undefined
  const theirs = withLogits && reference ? stopGradient(logits(reference)) : undefined
  const places = (all: Tensor | undefined): Tensor | undefined => all && grouped(slice(all, 1, 0, -1))
  const tokensOf = (of: Symbolic<DecoderParameters>, known: Tensor | undefined): Tensor =>
    known ? tokenLogProbabilities(known, rows) : policyLogProbabilities(of, rows, config)
  const referenceTokens = asked
    ? slice(flatten(asked, 0, 1), 1, 1)
    : reference && stopGradient(tokensOf(reference, theirs))
  return {
    tokens: grouped(tokensOf(policy, own)),
    referenceTokens: referenceTokens && grouped(referenceTokens),
    mask: grouped(mask),
    promptMask: grouped(and(scoredMask(flatten(inputOf(inputs, 'mask'), 0, 1)), not(mask))),
    logits: places(own),
    referenceLogits: places(theirs),
  }
}

/** How pairs, lists and labelled completions become a loss by name. */
export interface NamedLossOptions {
  readonly parts: readonly LossPart[]
  /** α of LD-DPO, see `lengthDesensitised`. Default 1, which is none. */
  readonly lengthAlpha?: number
  /** Rows count by how likely the policy would write them, see `policyWeight` (WPO). Default false. */
  readonly weightByPolicy?: boolean
}

const formOf = ({ name }: LossPart): PreferenceLoss['form'] => preferenceLosses[name].form

/** What losses of these parts need beyond log-probabilities of completions. */
export function lossNeeds({ parts, weightByPolicy = false }: NamedLossOptions): {
  readonly form: PreferenceLoss['form']
  readonly reference: boolean
  /** Logits of the policy, and of the reference. */
  readonly logits: boolean
  readonly referenceLogits: boolean
  /** β that rewards are reported with. */
  readonly beta: number
} {
  const [first] = parts
  if (!first) throw new RangeError('there are no losses, expected at least one')
  const form = formOf(first)
  const other = parts.find((part) => formOf(part) !== form)
  if (other)
    throw new RangeError(
      `${other.name} reads ${formOf(other)} examples and ${first.name} ${form}, expected losses alike`,
    )
  const referenceLogits = parts.some(({ name }) => preferenceLosses[name].reads.some((read) => read.endsWith('Kl')))
  const options = preferenceLosses[first.name].options.parse(first.options ?? {})
  const free = (part: LossPart): boolean => part.options?.['referenceScale'] === 0
  return {
    form,
    reference: parts.some((part) => preferenceLosses[part.name].reference && !free(part)),
    logits: weightByPolicy || referenceLogits,
    referenceLogits,
    beta: typeof options['beta'] === 'number' ? options['beta'] : 0.1,
  }
}

/**
 * A loss by names of `preferenceLosses` as a loss of rows. Pairs have the chosen row first; a third row is imitated
 * (TPO). KTO's examples have a second row, the completion of another prompt, from which its baseline is told.
 */
export function namedLoss(options: NamedLossOptions): RowsLoss {
  const { parts, lengthAlpha = 1, weightByPolicy = false } = options
  const { form, beta } = lossNeeds(options)
  const lossOf = (read: Inputs, weight?: Tensor): Tensor =>
    preferenceLoss(read, parts, weight === undefined ? {} : { rowWeight: weight })
  if (form === 'scored')
    throw new RangeError(
      `${parts.map(({ name }) => name).join(', ')}: a loss of sampled completions, expected one of data`,
    )
  return (rows, inputs) => {
    if (form === 'list') return listLoss(rows, inputs, lossOf)
    const sums = (tokens: Tensor | undefined, mask = rows.mask): Tensor | undefined =>
      tokens && sequenceLogProbability(tokens, mask)
    if (form === 'single') return singleLoss(rows, inputs, sums, lossOf, beta)
    const numbers = Object.fromEntries(Object.entries(inputs).filter(([, { shape }]) => shape.length === 1))
    const pair = pairOf(rows, lengthAlpha, sums)
    const weight = weightByPolicy ? pairWeight(rows) : undefined
    const loss = lossOf({ ...numbers, ...pair }, weight)
    const { chosen, rejected, referenceChosen, referenceRejected, chosenLength, rejectedLength } = pair
    if (!chosen || !rejected || !chosenLength || !rejectedLength) return { loss }
    const likelihoods = {
      chosenLogProbability: mean(chosen),
      rejectedLogProbability: mean(rejected),
      chosenLength: mean(chosenLength),
      rejectedLength: mean(rejectedLength),
    }
    const known = { chosen, rejected, chosenLength, rejectedLength }
    const told =
      referenceChosen && referenceRejected
        ? pairMetrics({ ...known, referenceChosen, referenceRejected }, { beta })
        : pairMetrics(known, { beta, referenceScale: 0 })
    return {
      loss,
      ...likelihoods,
      chosenReward: mean(told.chosenRewards),
      rejectedReward: mean(told.rejectedRewards),
      rewardAccuracy: told.rewardAccuracy,
      rewardMargin: told.rewardMargin,
      rankingAccuracy: told.rankingAccuracy,
    }
  }
}

type Sums = (tokens: Tensor | undefined, mask?: Tensor) => Tensor | undefined

function pairOf(rows: ScoredRows, lengthAlpha: number, sums: Sums): Readonly<Record<string, Tensor>> {
  const { tokens, referenceTokens, mask, promptMask, logits, referenceLogits } = rows
  const places = tokens.shape[0]
  const has = (row: number): boolean => typeof places !== 'number' || row < places
  const found: Record<string, Tensor> = {}
  const put = (names: readonly string[], of: Tensor | undefined): void => {
    for (const [row, name] of names.entries()) if (of && has(row)) found[name] = at(of, 0, row)
  }
  put(['chosen', 'rejected'], sums(tokens))
  put(['referenceChosen', 'referenceRejected'], sums(referenceTokens))
  put(['chosenLength', 'rejectedLength'], completionLength(mask, tokens.dtype))
  put(['chosenPrompt', 'rejectedPrompt'], sums(tokens, promptMask))
  put(['referenceChosenPrompt', 'referenceRejectedPrompt'], sums(referenceTokens, promptMask))
  if (lengthAlpha !== 1 && has(1)) {
    const sides = (of: Tensor) =>
      lengthDesensitised(
        { chosen: at(of, 0, 0), rejected: at(of, 0, 1) },
        { chosen: at(mask, 0, 0), rejected: at(mask, 0, 1) },
        lengthAlpha,
      )
    Object.assign(found, sides(tokens))
    if (referenceTokens) {
      const { chosen, rejected } = sides(referenceTokens)
      Object.assign(found, { referenceChosen: chosen, referenceRejected: rejected })
    }
  }
  if (logits && referenceLogits)
    put(['chosenKl', 'rejectedKl'], sums(tokenDivergence(logits, referenceLogits, 'reference')))
  if (has(2) && typeof places === 'number') {
    const third = sequenceLogProbability(at(tokens, 0, 2), at(mask, 0, 2), 'mean')
    found['likelihood'] = neg(third)
  }
  return found
}

/** w(y_w)·w(y_l), [examples]. */
function pairWeight({ tokens, mask, logits }: ScoredRows): Tensor {
  if (!logits) throw new RangeError('weights by the policy need its logits')
  const weights = placesWeight(tokens, logits, mask)
  return mul(at(weights, 0, 0), at(weights, 0, 1))
}

function singleLoss(
  rows: ScoredRows,
  inputs: Inputs,
  sums: Sums,
  lossOf: (read: Inputs) => Tensor,
  beta: number,
): ReportedLoss {
  const [own, theirs] = [sums(rows.tokens), sums(rows.referenceTokens)]
  if (!own || !theirs) throw new RangeError('labelled completions need a reference')
  const [completion, referenceCompletion] = [at(own, 0, 0), at(theirs, 0, 0)]
  const desirable = greater(inputOf(inputs, 'desirable'), 0.5)
  const second = own.shape[0] === 2
  const baseline = second ? ktoBaseline(at(own, 0, 1), at(theirs, 0, 1)) : undefined
  const numbers = Object.fromEntries(
    Object.entries(inputs).filter(([name, { shape }]) => shape.length === 1 && name !== 'desirable'),
  )
  const loss = lossOf({ ...numbers, completion, referenceCompletion, desirable, ...(baseline && { baseline }) })
  const reward = mul(sub(completion, referenceCompletion), beta)
  const positive = greater(reward, 0)
  const right = or(and(desirable, positive), and(not(desirable), not(positive)))
  return {
    loss,
    reward: mean(reward),
    rewardAccuracy: mean(cast(right, reward.dtype)),
    logProbability: mean(completion),
    ...(baseline && { baseline }),
  }
}

/** Lists: means for losses on means, sums for those beside a reference. */
function listLoss(rows: ScoredRows, inputs: Inputs, lossOf: (read: Inputs) => Tensor): ReportedLoss {
  const across = (of: Tensor): Tensor => transpose(of, [1, 0])
  const [rewards, mask] = [across(inputOf(inputs, 'rewards')), across(inputOf(inputs, 'present'))]
  const sums = across(sequenceLogProbability(rows.tokens, rows.mask))
  const completions = rows.referenceTokens ? sums : across(sequenceLogProbability(rows.tokens, rows.mask, 'mean'))
  const ranked = where(mask, rewards, -1e30)
  const referenceCompletions = rows.referenceTokens && across(sequenceLogProbability(rows.referenceTokens, rows.mask))
  const scores = referenceCompletions ? sub(sums, referenceCompletions) : completions
  const judged = where(mask, scores, -1e30)
  const [first, likeliest] = [argMax(ranked, -1), argMax(judged, -1)]
  const best = squeeze(takeAlong(sums, expandDims(first, -1)), -1)
  return {
    loss: lossOf({ completions, rewards, mask, best, ...(referenceCompletions && { referenceCompletions }) }),
    logProbability: mean(sums),
    /** Share of lists whose best completion is also the one that the policy rates highest. */
    rewardAccuracy: mean(cast(equal(first, likeliest), sums.dtype)),
  }
}

/**
 * What is measured between epochs, over all of the vocabulary: entropy of the next token and its divergence from the
 * reference, means over completion tokens, in nats.
 */
export function tokenMeasures({ mask, logits, referenceLogits }: ScoredRows): Readonly<Record<string, Tensor>> {
  if (!logits) return {}
  return {
    entropy: maskedMean(tokenEntropy(logits), mask),
    ...(referenceLogits && { kl: maskedMean(tokenDivergence(logits, referenceLogits, 'policy'), mask) }),
  }
}
