import { graphParts } from './graph-parts.ts'

/** How often one subject got each score on one occasion. */
export interface RatingCell {
  /** Position of who or what was rated. */
  readonly subject: number
  /** Position of the occasion: a contest, an exam, a session. Its raters share thresholds. */
  readonly occasion: number
  /** Ratings by score, in the order of `scores`. */
  readonly counts: readonly number[]
}

/** The subjects and occasions that ratings link to each other; different parts touch only through the priors. */
export interface LinkedPart {
  readonly subjects: readonly number[]
  readonly occasions: readonly number[]
  /** Subjects and occasions by their position within the part. */
  readonly cells: readonly RatingCell[]
  readonly size: number
  /** Mode of its parameters: β of its subjects, then the steps of its occasions. */
  readonly mode: Float64Array
}

/**
 * Splits ratings into parts that share no subject and no occasion.
 *
 * @param subjects number of subjects, rated or not
 * @param occasions number of occasions
 * @param steps parameters of one occasion
 */
export function linkedParts(
  cells: readonly RatingCell[],
  subjects: number,
  occasions: number,
  steps: number,
): LinkedPart[] {
  const parts = graphParts(
    subjects + occasions,
    cells.map(({ subject }) => subject),
    cells.map(({ occasion }) => subjects + occasion),
  )
  const members = new Map<number, { subjects: number[]; occasions: number[]; cells: RatingCell[] }>()
  const membersOf = (node: number) => {
    const key = parts[node] as number
    const known = members.get(key) ?? { subjects: [], occasions: [], cells: [] }
    members.set(key, known)
    return known
  }
  const local = new Int32Array(subjects + occasions)
  for (let node = 0; node < subjects + occasions; node++) {
    const part = membersOf(node)
    const list = node < subjects ? part.subjects : part.occasions
    local[node] = list.length
    list.push(node < subjects ? node : node - subjects)
  }
  for (const cell of cells) {
    const localCell = {
      subject: local[cell.subject] as number,
      occasion: local[subjects + cell.occasion] as number,
      counts: cell.counts,
    }
    membersOf(cell.subject).cells.push(localCell)
  }
  return [...members.values()].map((part) => {
    const size = part.subjects.length + part.occasions.length * steps
    return { ...part, size, mode: new Float64Array(size) }
  })
}
