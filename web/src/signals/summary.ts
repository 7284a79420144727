import type { Outcome, Signal } from '../api/signal.ts'
import { candidateTitle } from './candidate.tsx'

/** An outcome in words, given what the two sides are called. */
export function outcomeInWords(outcome: Outcome, a: string, b: string): string {
  switch (outcome) {
    case 'a':
      return `${a} over ${b}`
    case 'b':
      return `${b} over ${a}`
    case 'tie':
      return `${a} and ${b} alike`
    case 'both-bad':
      return `neither ${a} nor ${b}`
    case 'skipped':
      return `${a} or ${b}: skipped`
  }
}

const listed = (names: readonly string[], limit: number): string =>
  names.length > limit ? `${names.slice(0, limit).join(', ')} and ${names.length - limit} more` : names.join(', ')

/** A ranking's candidates with their ranks, best first, unranked ones last. */
export function inRankOrder({ candidates, ranks }: Extract<Signal, { kind: 'ranking' }>) {
  return candidates
    .map((candidate, position) => ({ candidate, rank: ranks[position] ?? null }))
    .toSorted((one, other) => (one.rank ?? Infinity) - (other.rank ?? Infinity))
}

/** The answer in words. */
export function answerInWords(answer: Extract<Signal, { kind: 'answer' }>['answer']): string {
  if (Array.isArray(answer)) return answer.join(', ')
  return typeof answer === 'object' ? 'would not or could not say' : String(answer)
}

/** A signal in one line. */
export function summary(signal: Signal): string {
  switch (signal.kind) {
    case 'comparison':
      return outcomeInWords(signal.outcome, candidateTitle(signal.a), candidateTitle(signal.b))
    case 'ranking':
      return listed(
        inRankOrder(signal)
          .filter(({ rank }) => rank !== null)
          .map(({ candidate, rank }) => `${rank}. ${candidateTitle(candidate)}`),
        3,
      )
    case 'rating':
      return `${candidateTitle(signal.candidate)}: ${listed(
        Object.entries(signal.aspects).map(([aspect, score]) => `${aspect} ${score}`),
        3,
      )}`
    case 'choice': {
      const taken = signal.chosen.flatMap((position) => signal.shown[position] ?? []).map(candidateTitle)
      return `${signal.action}: ${taken.length > 0 ? listed(taken, 2) : 'nothing'} of ${signal.shown.length}`
    }
    case 'edit':
      return `${candidateTitle(signal.before)} → ${candidateTitle(signal.after)}`
    case 'reply':
    case 'instruction':
      return signal.text
    case 'answer':
      return `${signal.question} ${answerInWords(signal.answer)}`
  }
}
