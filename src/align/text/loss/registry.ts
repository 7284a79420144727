import { z } from 'zod'
import { addAll, mean, mul, type Tensor } from '../../../tensor/index.ts'
import { type ListLogProbabilities, lipoLoss, listDpoLoss, proLoss, rrhfLoss } from './lists.ts'
import { divergences, type PairLogProbabilities } from './log-ratios.ts'
import { gpoLoss, inpoLoss, onlineDpoLoss, rebelLoss, xpoLoss } from './online.ts'
import {
  aotLoss,
  aotUnpairedLoss,
  apoDownLoss,
  apoZeroLoss,
  bcoPairLoss,
  chosenLikelihoodLoss,
  discopopLoss,
  dpoLoss,
  exoPairLoss,
  hingeDpoLoss,
  ipoLoss,
  jpoLoss,
  lengthNormalisedDpoLoss,
  ncaPairLoss,
  robustDpoLoss,
  sppoLoss,
} from './paired.ts'
import { reinforceLoss, rlooLoss } from './policy-gradient.ts'
import { cpoLoss, orpoLoss, simpoLoss, slicLoss, tpoLoss } from './reference-free.ts'
import { tdpoLoss } from './token-level.ts'
import { apoZeroUnpairedLoss, bcoLoss, ktoLoss, type LabelledLogProbabilities } from './unpaired.ts'

/** A preference loss under the name users know it by. */
export interface PreferenceLoss {
  /** What a row is: a pair, one labelled completion, a list of completions, or a scored completion of a policy. */
  readonly form: 'pair' | 'single' | 'list' | 'scored'
  /** Names of the tensors it cannot do without, as in the loss's own input. */
  readonly reads: readonly string[]
  /** Names of those it also reads when they are given. */
  readonly mayRead: readonly string[]
  /** Whether it reads log-probabilities of a reference. */
  readonly reference: boolean
  /** Whether it looks at lengths. */
  readonly lengths: boolean
  /** Fewest rows of a batch for which it is itself. */
  readonly fewestRows: 1 | 2
  /** Strict; fills in defaults. */
  readonly options: z.ZodType<Readonly<Record<string, unknown>>>
  /** One loss per row, [batch] (lists: [lists]). */
  readonly losses: (inputs: Readonly<Record<string, Tensor>>, options?: unknown) => Tensor
}

const positive = (byDefault: number) => z.number().positive().default(byDefault)
const share = (byDefault: number) => z.number().min(0).lt(0.5).default(byDefault)
const atLeastZero = (byDefault: number) => z.number().nonnegative().default(byDefault)
const beta = { beta: positive(0.1) }
const referenced = { ...beta, referenceScale: atLeastZero(1) }
const diverged = {
  ...referenced,
  divergence: z.enum(divergences).default('reverse_kl'),
  divergenceAlpha: z.number().default(0.5),
}
const smoothing = { labelSmoothing: share(0) }

const policyPair = ['chosen', 'rejected']
const referencePair = [...policyPair, 'referenceChosen', 'referenceRejected']
const lengthPair = ['chosenLength', 'rejectedLength']
const none = { reduction: 'none' } as const

/** The options that reach a loss are those of its schema; each loss says the tensors it needs. */
function entry<I, S extends z.ZodObject>(
  form: PreferenceLoss['form'],
  reads: readonly string[],
  options: S,
  loss: (inputs: I, options: z.output<S>) => Tensor,
  more: { readonly mayRead?: readonly string[]; readonly fewestRows?: 2 } = {},
): PreferenceLoss {
  return {
    form,
    reads,
    mayRead: more.mayRead ?? [],
    reference: reads.some((name) => name.startsWith('reference') && name !== 'referenceSample'),
    lengths: reads.some((name) => name.endsWith('Length')),
    fewestRows: more.fewestRows ?? 1,
    options,
    losses: (inputs, given = {}) => {
      const chosen = options.parse(given)
      const free = 'referenceScale' in chosen && chosen['referenceScale'] === 0
      for (const name of reads)
        if (inputs[name] === undefined && !(free && name.startsWith('reference')))
          throw new RangeError(`${name} is missing, expected ${reads.join(', ')}`)
      return loss(inputs as I, chosen)
    },
  }
}

type Pairs = PairLogProbabilities
const pair = <S extends z.ZodRawShape>(
  shape: S,
  loss: (inputs: Pairs, options: z.output<z.ZodObject<S>>) => Tensor,
  reads: readonly string[] = referencePair,
  more: { readonly mayRead?: readonly string[]; readonly fewestRows?: 2 } = {},
): PreferenceLoss => entry<Pairs, z.ZodObject<S>>('pair', reads, z.strictObject(shape), loss, more)

const withReferenceAndLengths = [...referencePair, ...lengthPair]
const labelled = ['completion', 'referenceCompletion', 'desirable']
const aot = pair({ ...referenced, ...smoothing }, (p, o) => aotLoss(p, { ...o, ...none }), referencePair, {
  fewestRows: 2,
})

/**
 * Losses by name: TRL's, and those it lacks. Names with underscores are TRL's values of `loss_type`. Parse options with
 * `preferenceLosses[name].options`; {@link preferenceLoss} combines several.
 */
export const preferenceLosses = {
  sigmoid: pair({ ...diverged, ...smoothing }, (p, o) => dpoLoss(p, { ...o, ...none })),
  /** SPCE: soft labels, as `target` in [0, 1]. */
  soft: entry<Pairs & { readonly target: Tensor }, z.ZodObject<typeof diverged>>(
    'pair',
    [...referencePair, 'target'],
    z.strictObject(diverged),
    (p, o) => dpoLoss(p, { ...o, ...none, target: p.target }),
  ),
  /** ODPO: α·`offset`. */
  odpo: entry(
    'pair',
    [...referencePair, 'offset'],
    z.strictObject({ ...diverged, alpha: atLeastZero(1) }),
    (p: Pairs & { readonly offset: Tensor }, { alpha, ...o }) =>
      dpoLoss(p, { ...o, ...none, offset: mul(p.offset, alpha) }),
  ),
  hinge: pair(diverged, (p, o) => hingeDpoLoss(p, { ...o, ...none })),
  ipo: pair(
    { ...diverged, lengthNormalise: z.boolean().default(true) },
    (p, o) => ipoLoss(p, { ...o, ...none }),
    withReferenceAndLengths,
  ),
  exo_pair: pair({ ...diverged, labelSmoothing: z.number().gt(0).lt(0.5).default(1e-3) }, (p, o) =>
    exoPairLoss(p, { ...o, ...none }),
  ),
  nca_pair: pair(referenced, (p, o) => ncaPairLoss(p, { ...o, ...none })),
  robust: pair({ ...diverged, ...smoothing }, (p, o) => robustDpoLoss(p, { ...o, ...none })),
  bco_pair: pair(referenced, (p, o) => bcoPairLoss(p, { ...o, ...none })),
  sppo_hard: pair(referenced, (p, o) => sppoLoss(p, { ...o, ...none })),
  sppo: entry(
    'pair',
    [...referencePair, 'chosenWinRate', 'rejectedWinRate'],
    z.strictObject(referenced),
    (p: Pairs & { readonly chosenWinRate: Tensor; readonly rejectedWinRate: Tensor }, o) =>
      sppoLoss(p, { ...o, ...none, chosenWinRate: p.chosenWinRate, rejectedWinRate: p.rejectedWinRate }),
  ),
  aot,
  /** The older name of `aot`. */
  aot_pair: aot,
  aot_unpaired: pair({ ...referenced, ...smoothing }, (p, o) => aotUnpairedLoss(p, { ...o, ...none }), referencePair, {
    fewestRows: 2,
  }),
  apo_zero: pair(referenced, (p, o) => apoZeroLoss(p, { ...o, ...none })),
  apo_down: pair(referenced, (p, o) => apoDownLoss(p, { ...o, ...none })),
  discopop: pair({ ...diverged, temperature: z.number().gt(0).lt(1).default(0.05) }, (p, o) =>
    discopopLoss(p, { ...o, ...none }),
  ),
  sft: pair({}, (p) => chosenLikelihoodLoss(p, none), ['chosen', 'chosenLength']),
  sigmoid_norm: pair(
    { ...diverged, ...smoothing, beta: positive(2) },
    (p, o) => lengthNormalisedDpoLoss(p, { ...o, ...none }),
    withReferenceAndLengths,
  ),
  jpo: entry(
    'pair',
    [...referencePair, 'chosenPrompt', 'rejectedPrompt', 'referenceChosenPrompt', 'referenceRejectedPrompt'],
    z.strictObject({ ...diverged, ...smoothing, promptWeight: z.number().min(0).max(1).default(1) }),
    (p: Parameters<typeof jpoLoss>[0], o) => jpoLoss(p, { ...o, ...none }),
  ),
  tdpo: entry(
    'pair',
    [...referencePair, 'chosenKl', 'rejectedKl'],
    z.strictObject({ ...beta, version: z.union([z.literal(1), z.literal(2)]).default(2), alpha: atLeastZero(0.5) }),
    (p: Parameters<typeof tdpoLoss>[0], o) => tdpoLoss(p, { ...o, ...none }),
  ),
  cpo: pair(
    {
      ...beta,
      ...smoothing,
      form: z.enum(['sigmoid', 'hinge', 'ipo']).default('sigmoid'),
      likelihoodWeight: atLeastZero(1),
    },
    (p, o) => cpoLoss(p, { ...o, ...none }),
    [...policyPair, ...lengthPair],
    { mayRead: ['likelihood'] },
  ),
  simpo: pair(
    {
      beta: positive(2),
      gamma: z.number().default(0.5),
      ...smoothing,
      likelihoodWeight: atLeastZero(0),
      alpha: z.number().default(0),
    },
    (p, o) => simpoLoss(p, { ...o, ...none }),
    [...policyPair, ...lengthPair],
    { mayRead: ['likelihood'] },
  ),
  orpo: pair(beta, (p, o) => orpoLoss(p, { ...o, ...none }), [...policyPair, ...lengthPair], {
    mayRead: ['likelihood'],
  }),
  slic: pair(
    { lead: z.number().default(1), likelihoodWeight: atLeastZero(0.1) },
    (p, o) => slicLoss(p, { ...o, ...none }),
    [...policyPair, ...lengthPair],
    { mayRead: ['likelihood'] },
  ),
  tpo: pair(
    {
      beta: positive(0.01),
      ...smoothing,
      form: z.enum(['sigmoid', 'hinge', 'ipo']).default('sigmoid'),
      likelihoodWeight: atLeastZero(1),
      lengthNormalise: z.boolean().default(false),
      gamma: z.number().default(0.5),
    },
    (p, o) => tpoLoss(p, { ...o, ...none }),
    [...policyPair, ...lengthPair, 'likelihood'],
  ),
  kto: entry(
    'single',
    labelled,
    z.strictObject({ ...beta, desirableWeight: positive(1), undesirableWeight: positive(1) }),
    (p: LabelledLogProbabilities, o) => ktoLoss(p, { ...o, ...none }),
    { mayRead: ['baseline'], fewestRows: 2 },
  ),
  apo_zero_unpaired: entry(
    'single',
    labelled,
    z.strictObject({ ...beta, desirableWeight: positive(1), undesirableWeight: positive(1) }),
    (p: LabelledLogProbabilities, o) => apoZeroUnpairedLoss(p, { ...o, ...none }),
  ),
  bco: entry(
    'single',
    labelled,
    z.strictObject(beta),
    (p: LabelledLogProbabilities, o) => bcoLoss(p, { ...o, ...none }),
    { mayRead: ['shift', 'importance'] },
  ),
  pro: entry(
    'list',
    ['completions', 'rewards'],
    z.strictObject({
      temperature: z.enum(['gaps', 'none']).default('gaps'),
      likelihoodWeight: z.number().nonnegative().optional(),
    }),
    (p: ListLogProbabilities, { temperature, likelihoodWeight }) =>
      proLoss(p, { temperature, ...(likelihoodWeight !== undefined && { likelihoodWeight }), ...none }),
    { mayRead: ['mask', 'best'] },
  ),
  rrhf: entry(
    'list',
    ['completions', 'rewards'],
    z.strictObject({ likelihoodWeight: atLeastZero(1) }),
    (p: ListLogProbabilities, o) => rrhfLoss(p, { ...o, ...none }),
    { mayRead: ['mask', 'best'] },
  ),
  dpo_pl: entry(
    'list',
    ['completions', 'rewards', 'referenceCompletions'],
    z.strictObject(beta),
    (p: ListLogProbabilities, o) => listDpoLoss(p, { ...o, ...none }),
    { mayRead: ['mask'] },
  ),
  lipo: entry(
    'list',
    ['completions', 'rewards', 'referenceCompletions'],
    z.strictObject(beta),
    (p: ListLogProbabilities, o) => lipoLoss(p, { ...o, ...none }),
    { mayRead: ['mask'] },
  ),
  online_dpo: pair({ ...diverged, form: z.enum(['sigmoid', 'ipo']).default('sigmoid') }, (p, o) =>
    onlineDpoLoss(p, { ...o, ...none }),
  ),
  xpo: entry(
    'pair',
    [...referencePair, 'referenceSample'],
    z.strictObject({ ...diverged, form: z.enum(['sigmoid', 'ipo']).default('sigmoid'), alpha: atLeastZero(1e-5) }),
    (p: Parameters<typeof xpoLoss>[0], o) => xpoLoss(p, { ...o, ...none }),
  ),
  gpo: entry(
    'pair',
    [...referencePair, 'chosenScore', 'rejectedScore'],
    z.strictObject({ ...referenced, limit: positive(1000) }),
    (p: Parameters<typeof gpoLoss>[0], o) => gpoLoss(p, { ...o, ...none }),
  ),
  inpo: entry(
    'pair',
    [...referencePair, 'roundChosen', 'roundRejected'],
    z.strictObject({ eta: positive(0.0075), tau: z.number().nonnegative().optional() }),
    (p: Parameters<typeof inpoLoss>[0], { eta, tau }) =>
      inpoLoss(p, { eta, ...(tau !== undefined && { tau }), ...none }),
  ),
  rebel: entry(
    'pair',
    [...referencePair, 'chosenReward', 'rejectedReward'],
    z.strictObject({ eta: positive(1) }),
    (p: Parameters<typeof rebelLoss>[0], o) => rebelLoss(p, { ...o, ...none }),
  ),
  reinforce: entry(
    'scored',
    ['completion', 'reward'],
    z.strictObject({}),
    (p: Parameters<typeof reinforceLoss>[0]) => reinforceLoss(p, none),
    { mayRead: ['baseline'] },
  ),
  rloo: entry(
    'scored',
    ['completion', 'old', 'advantage'],
    z.strictObject({ clip: z.number().gt(0).lt(1).default(0.2) }),
    (p: Parameters<typeof rlooLoss>[0], o) => rlooLoss(p, { ...o, ...none }),
  ),
} as const satisfies Readonly<Record<string, PreferenceLoss>>

export type PreferenceLossName = keyof typeof preferenceLosses
export const preferenceLossNames = Object.keys(preferenceLosses) as readonly PreferenceLossName[]

/** One part of a combined loss: its name, how much it counts (default 1), and its options. */
export const lossPartSchema = z.strictObject({
  name: z.enum(preferenceLossNames as [PreferenceLossName, ...PreferenceLossName[]]),
  weight: z.number().default(1),
  options: z.record(z.string(), z.unknown()).default({}),
})
export type LossPart = z.input<typeof lossPartSchema>

/** Combinations with names of their own. RPO: arXiv 2404.19733, α 1; MPO: arXiv 2411.10442, weights as in TRL's example. */
export const lossMixtures = {
  rpo: [{ name: 'sigmoid' }, { name: 'sft' }],
  mpo: [
    { name: 'sigmoid', weight: 0.8 },
    { name: 'bco_pair', weight: 0.2 },
    { name: 'sft', weight: 1 },
  ],
} as const satisfies Readonly<Record<string, readonly LossPart[]>>

export interface PreferenceLossOptions {
  /**
   * How much each row counts, [batch], as WPO's w(y_w)·w(y_l): losses are multiplied by it and averaged over rows.
   * Not with losses that are sorted over the batch.
   */
  readonly rowWeight?: Tensor
}

/**
 * A loss by name, or several added up by their weights.
 *
 * @param inputs the tensors that the losses read, by name
 * @returns a scalar
 * @throws {RangeError} when a tensor is missing, or rows are weighted that a loss sorts
 * @throws {z.ZodError} on a name or option that is not known
 * @example
 * preferenceLoss(pairs, 'sigmoid')
 * preferenceLoss(pairs, [{ name: 'sigmoid', options: { beta: 0.05 } }, { name: 'sft', weight: 0.2 }])
 */
export function preferenceLoss(
  inputs: Readonly<Record<string, Tensor>>,
  parts: PreferenceLossName | readonly LossPart[],
  options: PreferenceLossOptions = {},
): Tensor {
  const all = z
    .array(lossPartSchema)
    .min(1)
    .parse(typeof parts === 'string' ? [{ name: parts }] : parts)
  const terms = all.map(({ name, weight, options: own }) => {
    if (options.rowWeight !== undefined && name.startsWith('aot'))
      throw new RangeError(`${name} sorts its rows, expected no rowWeight with it`)
    const losses = preferenceLosses[name].losses(inputs, own)
    return mul(mean(options.rowWeight === undefined ? losses : mul(losses, options.rowWeight)), weight)
  })
  return addAll(terms)
}
