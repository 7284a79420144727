import { expect, it } from 'vitest'
import { ratingSchema } from '../collect/index.ts'
import { seeded } from '../run/index.ts'
import { ratedReplies } from './rated-replies.ts'

it('says what is true of each reply, and rates no reply for everything', () => {
  const world = ratedReplies({ helpfulRatings: 30, toneRatings: 60 }, seeded(1))
  const [first, last] = [world.ratings[0], world.ratings.at(-1)]
  expect(Object.keys(first?.aspects ?? {})).toEqual(['helpfulness', 'verbosity'])
  expect(Object.keys(last?.aspects ?? {})).toEqual(['verbosity', 'warmth'])
  for (const rating of world.ratings) expect(ratingSchema.safeParse(rating).success).toBe(true)
  const replies = world.replies(8, seeded(2))
  expect(new Set(replies.map(({ context }) => context.id)).size).toBe(1)
  for (const { context, candidate, truth } of replies) {
    const words = candidate.content.modality === 'text' ? candidate.content.text.split(' ') : []
    expect(truth[1]).toBeCloseTo(2.5 * words.length, 9)
    const topic = context.messages?.[0]?.content.replace('topic', 't')
    const distinct = new Set(words.filter((word) => word.startsWith(`${topic}w`))).size
    expect(truth[0]).toBeCloseTo(100 - 100 * Math.exp(-distinct / 4), 9)
  }
  expect(ratedReplies({ helpfulRatings: 30, toneRatings: 60 }, seeded(1)).ratings).toEqual(world.ratings)
  expect(() => ratedReplies({ topics: 0 }, seeded(1))).toThrow('topics is 0')
})
