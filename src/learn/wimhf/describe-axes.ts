import { z } from 'zod'
import { AnswerFormError, type LanguageModel, ModelError } from '../../llm/index.ts'
import { mean, normalCdf, pearson } from '../../measure/index.ts'
import type { Random, Run } from '../../run/index.ts'
import type { Matrix } from '../contract.ts'
import { activationsOf } from './expressed-preferences.ts'

/** The words of a pair. */
export interface WordedPair {
  readonly prompt: string
  readonly a: string
  readonly b: string
}

/** An axis in words. */
export interface AxisDescription {
  readonly feature: number
  /** What the first answer has more of where the axis is positive. */
  readonly text: string
  /** Where the words come from: a language model, or, as a stand-in, the words that go with the axis most. */
  readonly source: 'language-model' | 'words'
  /** Pairs in which the axis is strongest, the strongest first. */
  readonly examples: readonly number[]
  /** Correlation of what the description says of held-out pairs with the axis; NaN where it could not be measured. */
  readonly fidelity: number
  /** Whether fidelity is above 0 beyond chance: p < 0.05 / number of axes. */
  readonly faithful: boolean
}

export interface DescribeOptions {
  /** Default none: words alone. */
  readonly model?: LanguageModel
  /** Descriptions proposed by the model, of which the most faithful is kept. Default 5. */
  readonly candidates?: number
  /** Pairs shown for one description. Default 10. */
  readonly shown?: number
  /** Share of the pairs with an active axis, by strength, that are shown. Default 0.05. */
  readonly strongest?: number
  /** Held-out pairs that fidelity is measured on, at most. Default 300. */
  readonly judged?: number
  /** Words of each text that a model is shown; prompts lose their beginning, answers their end. Default 128. */
  readonly words?: number
}

const pieces = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu) ?? []

/** A pair turned so that its first answer is the one with more of the axis. */
const turned = ({ prompt, a, b }: WordedPair, z: number): WordedPair =>
  z < 0 ? { prompt, a: b, b: a } : { prompt, a, b }

/** Pairs with an active axis, the strongest first. */
function byStrength(activations: Float64Array): number[] {
  return Array.from(activations.keys())
    .filter((row) => activations[row] !== 0)
    .sort((i, j) => Math.abs(activations[j] as number) - Math.abs(activations[i] as number) || i - j)
}

export interface AxisWords {
  /** In the answer that has more of the axis rather than the other, most telling first. */
  readonly more: readonly string[]
  /** In the other one. */
  readonly less: readonly string[]
}

/**
 * The words that go with an axis most. Over the pairs given, turned so that the first has more of it, a word counts
 * (n₁₀ − n₀₁)/√(n₁₀ + n₀₁ + 1): how much more often it is in the first answer alone than in the second alone, in units
 * of chance. Words that score no higher than the luckiest of as many meaningless ones would, √(2 ln words), are left out.
 *
 * @param count of words on each side, at most. Default 6
 */
export function axisWords(pairs: readonly WordedPair[], activations: ArrayLike<number>, count = 6): AxisWords {
  const seen = new Map<string, { more: number; less: number }>()
  pairs.forEach((pair, row) => {
    const z = activations[row] as number
    if (z === 0) return
    const { a, b } = turned(pair, z)
    const [first, second] = [new Set(pieces(a)), new Set(pieces(b))]
    const add = (word: string, side: 'more' | 'less'): void => {
      const counts = seen.get(word) ?? { more: 0, less: 0 }
      counts[side]++
      seen.set(word, counts)
    }
    for (const word of first) if (!second.has(word)) add(word, 'more')
    for (const word of second) if (!first.has(word)) add(word, 'less')
  })
  const scored = [...seen]
    .map(([word, { more, less }]) => ({ word, score: (more - less) / Math.sqrt(more + less + 1) }))
    .sort((x, y) => y.score - x.score || (x.word < y.word ? -1 : 1))
  // What the largest of so many standard normal numbers is about.
  const chance = Math.sqrt(2 * Math.log(scored.length))
  const telling = (side: 1 | -1): string[] =>
    (side > 0 ? scored : [...scored].reverse())
      .filter(({ score }) => side * score > chance)
      .slice(0, count)
      .map(({ word }) => word)
  return { more: telling(1), less: telling(-1) }
}

/** 1 when the first answer has more of the words, −1 when the second has, 0 when they have as many. */
function wordVerdict({ a, b }: WordedPair, { more, less }: AxisWords): number {
  const amount = (text: string): number => {
    const words = new Set(pieces(text))
    return more.filter((word) => words.has(word)).length - less.filter((word) => words.has(word)).length
  }
  return Math.sign(amount(a) - amount(b))
}

const wordsText = ({ more, less }: AxisWords): string => {
  const parts = [
    ...(more.length > 0 ? [`more of the words ${more.join(', ')}`] : []),
    ...(less.length > 0 ? [`less of the words ${less.join(', ')}`] : []),
  ]
  return parts.length > 0 ? parts.join('; ') : 'no words go with this axis'
}

/** Fisher's test of a correlation above 0, one-sided. */
function aboveZero(correlation: number, size: number): number {
  if (!(size > 3) || Number.isNaN(correlation)) return 1
  return normalCdf(-Math.atanh(Math.min(correlation, 1 - 1e-12)) * Math.sqrt(size - 3))
}

const describeSchema = z.object({ concept: z.string().min(3).max(300) })
const verdictSchema = z.object({ more: z.enum(['A', 'B', 'tie']) })

const ends = (text: string, words: number, keep: 'start' | 'end'): string => {
  const parts = text.split(/\s+/).filter((word) => word !== '')
  if (parts.length <= words) return parts.join(' ')
  return keep === 'start' ? `${parts.slice(0, words).join(' ')} …` : `… ${parts.slice(-words).join(' ')}`
}

const shownPair = ({ prompt, a, b }: WordedPair, words: number): string =>
  `PROMPT: ${ends(prompt, words, 'end')}\nANSWER A: ${ends(a, words, 'start')}\nANSWER B: ${ends(b, words, 'start')}`

const describePrompt = (pairs: readonly WordedPair[], words: number): string =>
  'Below are pairs of answers. One concept sets every answer A apart from its answer B more than anything else does. ' +
  'Say what it is, in one short phrase that begins with a verb and tells what answer A does and answer B does not, such ' +
  'as "gives numbered steps" or "refuses to answer". Name a single concept, and none of what only some pairs have.\n\n' +
  pairs.map((pair, at) => `--- PAIR ${at + 1} ---\n${shownPair(pair, words)}`).join('\n\n')

const verdictPrompt = (pair: WordedPair, concept: string, words: number): string =>
  `Which of two answers does this more: "${concept}"? Say A, B, or tie when neither does it more. Nothing else about ` +
  `the answers counts.\n\n${shownPair(pair, words)}`

interface Judged {
  readonly rows: readonly number[]
  readonly strengths: readonly number[]
}

async function modelFidelity(
  model: LanguageModel,
  concept: string,
  pairs: readonly WordedPair[],
  { rows, strengths }: Judged,
  words: number,
  signal: AbortSignal,
): Promise<number> {
  const verdicts = await Promise.all(
    rows.map(async (row) => {
      const { object } = await model.generateObject(
        verdictPrompt(pairs[row] as WordedPair, concept, words),
        verdictSchema,
        { temperature: 0, signal },
      )
      return { A: 1, B: -1, tie: 0 }[object.more]
    }),
  )
  return pearson(verdicts, strengths)
}

/**
 * Puts axes into words. With a language model: it is shown pairs in which an axis is among the strongest, turned so
 * that answer A has more, and names the concept that sets them apart; of some proposals the one is kept that tells
 * held-out pairs best, as judged by the model on each. Without one, or where it fails, the words that go with the axis
 * most stand in, marked so.
 *
 * @param pairs `[pairs]`: their words
 * @param activations z `[pairs, features]`
 * @param held which pairs fidelity is measured on; the others are shown
 * @see Movva et al. (2025), arXiv 2510.26202
 */
export async function describeAxes(
  pairs: readonly WordedPair[],
  activations: Matrix,
  held: readonly number[],
  options: DescribeOptions,
  run: Run,
): Promise<readonly AxisDescription[]> {
  const { model, candidates = 5, shown = 10, strongest = 0.05, judged = 300, words = 128 } = options
  if (pairs.length !== activations.rows)
    throw new RangeError(
      `there are ${pairs.length} pairs of words and ${activations.rows} of activations, expected as many`,
    )
  const heldRows = new Set(held)
  const described: AxisDescription[] = []
  for (let feature = 0; feature < activations.columns; feature++) {
    run.signal.throwIfAborted()
    run.progress({ label: 'describing axes', done: feature, total: activations.columns })
    const z = activationsOf(activations, feature)
    const ranked = byStrength(z)
    const open = ranked.filter((row) => !heldRows.has(row))
    const top = open.slice(0, Math.max(shown, Math.ceil(strongest * open.length)))
    const random = run.random(`describe/${feature}`)
    const rows = random.shuffle(ranked.filter((row) => heldRows.has(row))).slice(0, judged)
    const measured: Judged = { rows, strengths: rows.map((row) => z[row] as number) }
    const found =
      (model &&
        top.length > 0 &&
        (await describedByModel(model, { top, candidates, shown, words }, pairs, z, measured, random, run))) ||
      describedByWords(pairs, z, open, measured)
    described.push({
      feature,
      ...found,
      examples: ranked.slice(0, shown),
      faithful: found.fidelity >= 0 && aboveZero(found.fidelity, rows.length) < 0.05 / activations.columns,
    })
  }
  return described
}

type Found = Pick<AxisDescription, 'text' | 'source' | 'fidelity'>

function describedByWords(
  pairs: readonly WordedPair[],
  z: Float64Array,
  open: readonly number[],
  { rows, strengths }: Judged,
): Found {
  const found = axisWords(
    open.map((row) => pairs[row] as WordedPair),
    open.map((row) => z[row] as number),
  )
  const verdicts = rows.map((row) => wordVerdict(pairs[row] as WordedPair, found))
  return {
    text: wordsText(found),
    source: 'words',
    fidelity: rows.length < 2 ? Number.NaN : pearson(verdicts, strengths),
  }
}

async function describedByModel(
  model: LanguageModel,
  { top, candidates, shown, words }: { top: readonly number[]; candidates: number; shown: number; words: number },
  pairs: readonly WordedPair[],
  z: Float64Array,
  measured: Judged,
  random: Random,
  run: Run,
): Promise<Found | undefined> {
  try {
    const proposals = await Promise.all(
      Array.from({ length: candidates }, async (_, sample) => {
        const examples = random
          .fork(sample)
          .shuffle(top)
          .slice(0, shown)
          .map((row) => turned(pairs[row] as WordedPair, z[row] as number))
        const { object } = await model.generateObject(describePrompt(examples, words), describeSchema, {
          sample,
          temperature: 1,
          signal: run.signal,
        })
        return object.concept
      }),
    )
    const judged: Found[] = []
    for (const text of new Set(proposals)) {
      const fidelity =
        measured.rows.length < 2 ? Number.NaN : await modelFidelity(model, text, pairs, measured, words, run.signal)
      judged.push({ text, source: 'language-model', fidelity })
    }
    return judged.sort((one, other) => (other.fidelity || -1) - (one.fidelity || -1))[0]
  } catch (error) {
    if (!(error instanceof ModelError || error instanceof AnswerFormError)) throw error
    run.log({ level: 'warn', message: `an axis is described by words, since the model failed: ${error.message}` })
    return undefined
  }
}

/** Share of the axes whose description is faithful, and their mean fidelity. */
export function descriptionQuality(described: readonly AxisDescription[]): {
  readonly faithful: number
  readonly fidelity: number
} {
  const known = described.filter(({ fidelity }) => !Number.isNaN(fidelity))
  return {
    faithful: described.filter(({ faithful }) => faithful).length,
    fidelity: known.length === 0 ? Number.NaN : mean(known.map(({ fidelity }) => fidelity)),
  }
}
