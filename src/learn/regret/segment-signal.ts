import { z } from 'zod'
import { type Candidate, type Comparison, candidate, contextId, type Rater } from '../../collect/index.ts'
import { canonicalJson } from '../../run/index.ts'
import type { Segment } from './segment.ts'

const segmentSchema = z.strictObject({
  /** Which process the states and actions are numbered in. */
  world: z.string(),
  states: z.array(z.int().min(0)).min(1),
  actions: z.array(z.int().min(0)),
})

/**
 * A segment as a candidate: a text in JSON, `{"actions":[…],"states":[…],"world":"…"}`, addressed by what is in it like
 * any other text.
 *
 * @param world names the process, so that equal numbers of two processes are two candidates
 */
export function segmentCandidate(world: string, segment: Segment): Candidate {
  const { states, actions } = segment
  return candidate({ modality: 'text', text: canonicalJson({ world, states: [...states], actions: [...actions] }) })
}

/**
 * The segment that a candidate made by {@link segmentCandidate} holds.
 *
 * @throws {TypeError} when it holds none, or one of another world
 */
export function segmentOf({ id, content }: Candidate, world: string): Segment {
  const name = `candidate ${id.slice(0, 12)}`
  if (content.modality !== 'text')
    throw new TypeError(`${name} is ${content.modality}, expected a text that holds a segment`)
  let read: unknown
  try {
    read = JSON.parse(content.text)
  } catch {
    throw new TypeError(`${name} is the text ${JSON.stringify(content.text.slice(0, 40))}, expected a segment in JSON`)
  }
  const parsed = segmentSchema.safeParse(read)
  if (!parsed.success)
    throw new TypeError(
      `${name} is no segment: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
    )
  if (parsed.data.world !== world)
    throw new TypeError(`${name} is a segment of the world "${parsed.data.world}", expected "${world}"`)
  return { states: parsed.data.states, actions: parsed.data.actions }
}

/** What is told of one comparison of segments. */
export interface SegmentComparison {
  readonly id: string
  readonly world: string
  readonly rater: Rater
  readonly source: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly first: Segment
  readonly second: Segment
  /** 1 where the first is preferred, 0 the second, ½ a tie. */
  readonly firstPreferred: number
}

/**
 * A comparison signal of two segments.
 *
 * @throws {RangeError} on a label that is not 0, ½ or 1
 */
export function segmentComparison(told: SegmentComparison): Comparison {
  const { id, world, rater, source, time, first, second, firstPreferred } = told
  const outcome = ({ 0: 'b', 0.5: 'tie', 1: 'a' } as const)[firstPreferred]
  if (!outcome) throw new RangeError(`${id}: the label is ${firstPreferred}, expected 0, 0.5 or 1`)
  const features = { world }
  return {
    kind: 'comparison',
    id,
    rater,
    context: { id: contextId({ features }), features },
    time,
    source,
    a: segmentCandidate(world, first),
    b: segmentCandidate(world, second),
    outcome,
  }
}
