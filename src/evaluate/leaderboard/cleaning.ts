import {
  type Candidate,
  type Comparison,
  competitorOf,
  type SignalFilter,
  type SignalSource,
} from '../../collect/index.ts'
import { capDuplicates, identityLeak, outlierRaters, type RaterVote } from '../../learn/index.ts'
import { contentHash, type Run } from '../../run/index.ts'
import type { RemovedVotes, VoteCleaning } from './leaderboard.ts'

/**
 * Names of makers and models by which a text gives itself away, in lower case. Short ones that are parts of common
 * words ("meta", "phi", "yi") are left out or lengthened.
 */
export const makerNames: readonly string[] = [
  'openai',
  'chatgpt',
  'gpt-3',
  'gpt-4',
  'gpt-5',
  'gpt4',
  'anthropic',
  'claude',
  'google deepmind',
  'trained by google',
  'gemini',
  'gemma',
  'palm 2',
  'meta ai',
  'llama-',
  'llama 2',
  'llama 3',
  'mistral',
  'mixtral',
  'cohere',
  'command r',
  'alibaba',
  'qwen',
  'deepseek',
  'baidu',
  'ernie bot',
  'zhipu',
  'chatglm',
  'moonshot',
  'kimi',
  'x.ai',
  'grok',
  'nemotron',
  'perplexity',
  'vicuna',
  'lmsys',
  'lmarena',
]

/** Which comparisons of a reading stay, by their position among its comparisons. */
export interface CleanedVotes {
  readonly keeps: (position: number) => boolean
  readonly removed: RemovedVotes
}

function textsOf({ content }: Candidate): readonly string[] {
  if (content.modality === 'text') return [content.text]
  return content.modality === 'conversation' ? content.messages.map((message) => message.content) : []
}

/** What was asked, as a short key; contexts without a message are told apart by their id. */
function promptOf({ context }: Comparison): string {
  const asked = (context.messages ?? []).filter(({ role }) => role === 'user').map((message) => message.content)
  return contentHash(asked.length > 0 ? JSON.stringify(asked) : context.id).slice(0, 24)
}

const scoreOf = { a: 1, b: 0, tie: 0.5, 'both-bad': 0.5 } as const

/**
 * Reads a board's comparisons once and decides which to leave out: first those whose texts name a maker, then those
 * beyond the cap of their prompt, then all of raters who vote against the crowd. Each step sees what the ones before
 * left. Takes memory by vote.
 */
export async function cleanVotes(
  clean: VoteCleaning,
  signals: SignalSource,
  filter: SignalFilter,
  passes: (comparison: Comparison) => boolean,
  run: Run,
): Promise<CleanedVotes> {
  const words = clean.identityLeak === true ? makerNames : clean.identityLeak || []
  const total = await signals.count(filter)
  /** Votes still in, in order of reading. */
  let left: { readonly position: number; readonly prompt: string; readonly vote: RaterVote }[] = []
  const out = new Set<number>()
  let position = 0
  let done = 0
  for await (const signal of signals.read(filter)) {
    if (done % 1024 === 0) {
      run.signal.throwIfAborted()
      run.progress({ label: 'cleaning votes', done, total })
    }
    done++
    if (signal.kind !== 'comparison' || !passes(signal)) continue
    const here = position++
    if (signal.outcome === 'skipped') continue
    const messages = [
      ...(signal.context.messages ?? []).map((message) => message.content),
      ...textsOf(signal.a),
      ...textsOf(signal.b),
    ]
    if (words.length > 0 && identityLeak(messages, words) !== undefined) {
      out.add(here)
      continue
    }
    const vote = {
      rater: signal.rater.id,
      a: competitorOf(signal.a),
      b: competitorOf(signal.b),
      outcome: scoreOf[signal.outcome],
    }
    left.push({ position: here, prompt: clean.duplicatePrompts === undefined ? '' : promptOf(signal), vote })
  }
  const leaking = out.size
  if (clean.duplicatePrompts !== undefined) {
    const { kept } = capDuplicates(
      left.map(({ prompt }) => prompt),
      { percentile: clean.duplicatePrompts, random: run.random('duplicate prompts') },
    )
    for (const [at, entry] of left.entries()) if (!kept[at]) out.add(entry.position)
    left = left.filter((_, at) => kept[at])
  }
  const repeated = out.size - leaking
  if (clean.outlierRaters !== undefined) {
    const flagged = outlierRaters(
      left.map(({ vote }) => vote),
      { alpha: clean.outlierRaters },
    )
    const raters = new Set(flagged.map(({ rater }) => rater))
    for (const entry of left) if (raters.has(entry.vote.rater)) out.add(entry.position)
  }
  return {
    keeps: (at) => !out.has(at),
    removed: { identityLeak: leaking, duplicatePrompts: repeated, outlierRaters: out.size - leaking - repeated },
  }
}
