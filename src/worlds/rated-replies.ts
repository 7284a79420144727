import { type Candidate, type Context, candidate, contextId, type Rating } from '../collect/index.ts'
import type { Random } from '../run/index.ts'

export interface RatedRepliesOptions {
  /** What prompts ask about, default 8; each topic has ten words of its own. */
  readonly topics?: number
  /** Replies rated for helpfulness and length, default 500. */
  readonly helpfulRatings?: number
  /** Replies rated for length and warmth by another study, default 1500. */
  readonly toneRatings?: number
  /** Standard deviation of a rating about the truth, in points, default 10. */
  readonly noise?: number
}

/** A simulated reply and what is true of it. */
export interface RatedReply {
  readonly context: Context
  readonly candidate: Candidate
  /** In the order of {@link replyAspects}, each from 0 to 100. */
  readonly truth: readonly [helpfulness: number, verbosity: number, warmth: number]
}

/** A simulated world of replies whose worth is known. */
export interface RatedReplies {
  /** Ratings of both studies; neither rates all aspects. */
  readonly ratings: readonly Rating[]
  /** More replies, to one prompt: [count]. */
  replies(count: number, random: Random): readonly RatedReply[]
}

export const replyAspects = ['helpfulness', 'verbosity', 'warmth'] as const

const longest = 40
const warmWords = ['glad', 'please', 'thanks', 'dear', 'happily', 'welcome']
const fillers = ['the', 'of', 'and', 'so', 'that', 'which', 'it', 'is', 'as', 'then', 'there', 'thus']

/**
 * A simulated world of replies to prompts "topic k", as texts. A reply is as helpful as it has distinct words of its
 * topic, 100 (1 − e^(−n/4)), as verbose as it is long (100 at 40 words), and as warm as a third of its words are. Longer
 * replies find room for more, so the three go together, but no two are the same. One study rates helpfulness and
 * verbosity, a larger one verbosity and warmth; ratings are the truth and normal noise, kept within 0 to 100.
 *
 * @throws {RangeError} when a number is out of range
 */
export function ratedReplies(options: RatedRepliesOptions, random: Random): RatedReplies {
  const { topics = 8, helpfulRatings = 500, toneRatings = 1500, noise = 10 } = options
  for (const [name, number] of Object.entries({ topics, helpfulRatings, toneRatings }))
    if (!Number.isInteger(number) || number < 1)
      throw new RangeError(`ratedReplies: ${name} is ${number}, expected a whole number of at least 1`)
  if (!(noise >= 0)) throw new RangeError(`ratedReplies: noise is ${noise}, expected a number of at least 0`)
  const wordsOf = (topic: number): string[] => Array.from({ length: 10 }, (_, word) => `t${topic}w${word}`)

  const reply = (topic: number, stream: Random): RatedReply => {
    const messages = [{ role: 'user' as const, content: `topic${topic}` }]
    const length = 3 + stream.integer(longest - 2)
    // How much of a reply keeps to its topic, and how much of it is warm, differ from reply to reply.
    const [relevant, strayed, warm] = [0.5 * stream.uniform(), 0.3 * stream.uniform(), 0.33 * stream.uniform()]
    const other = (topic + 1 + stream.integer(Math.max(1, topics - 1))) % topics
    const words = Array.from({ length }, () => {
      const place = stream.uniform()
      if (place < relevant) return stream.pick(wordsOf(topic))
      if (place < relevant + strayed && topics > 1) return stream.pick(wordsOf(other))
      return stream.pick(place > 1 - warm ? warmWords : fillers)
    })
    const distinct = new Set(words.filter((word) => word.startsWith(`t${topic}w`))).size
    const warmShare = words.filter((word) => warmWords.includes(word)).length / length
    return {
      context: { id: contextId({ messages }), messages },
      candidate: candidate({ modality: 'text', text: words.join(' ') }),
      truth: [100 * (1 - Math.exp(-distinct / 4)), (100 * length) / longest, Math.min(100, 300 * warmShare)],
    }
  }
  const rate = (study: string, count: number, aspects: readonly number[]): Rating[] => {
    const stream = random.fork(study)
    return Array.from({ length: count }, (_, at): Rating => {
      const { context, candidate: rated, truth } = reply(stream.integer(topics), stream)
      const heard = (aspect: number): number =>
        Math.min(100, Math.max(0, (truth[aspect] as number) + noise * stream.normal()))
      return {
        kind: 'rating',
        id: `simulated/${study}/${at}`,
        rater: { id: `simulated/${study}`, kind: 'simulated' },
        context,
        time: 0,
        source: `simulated-${study}`,
        candidate: rated,
        aspects: Object.fromEntries(aspects.map((aspect) => [replyAspects[aspect] as string, heard(aspect)])),
        scale: { min: 0, max: 100 },
      }
    })
  }
  return {
    ratings: [...rate('helpful', helpfulRatings, [0, 1]), ...rate('tone', toneRatings, [1, 2])],
    replies(count, stream) {
      const topic = stream.integer(topics)
      return Array.from({ length: count }, () => reply(topic, stream))
    },
  }
}
