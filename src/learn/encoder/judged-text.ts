import { type Candidate, type Context, contextAddress } from '../../collect/index.ts'
import type { Judgement } from '../contract.ts'

/** Which texts of a judgement an encoder reads. */
export type Reads = 'candidate' | 'context' | 'both'

interface Said {
  readonly role: string
  readonly content: string
}

/** Messages as one text: `role: content`, an empty line between them. */
export function transcript(messages: readonly Said[]): string {
  return messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n')
}

/** The words of a conversation: one message as it is, several as their transcript, none as the empty text. */
function spoken(messages: readonly Said[]): string {
  const [first, ...more] = messages
  return first === undefined ? '' : more.length === 0 ? first.content : transcript(messages)
}

/**
 * The words of a candidate: a text as it is, a conversation as its transcript (a single message as it is), a catalogue
 * item as its key.
 *
 * @throws {RangeError} when it is an image, audio, video or mesh
 */
export function candidateText({ id, content }: Candidate): string {
  switch (content.modality) {
    case 'text':
      return content.text
    case 'conversation':
      return spoken(content.messages)
    case 'item':
      return content.item
    default:
      throw new RangeError(`candidate ${id} has no words: its modality is ${content.modality}; encode it by features`)
  }
}

/** The words of a context: one message as it is, several as their transcript, nothing as the empty text. */
export function contextText({ messages = [] }: Context): string {
  return spoken(messages)
}

/** A text to encode, and the address under which what is computed of it is kept. */
export interface Addressed {
  readonly text: string
  /** SHA-256 in hexadecimal: the candidate's own id, for a context that of its messages as a content. */
  readonly address: string
}

/** The texts of a judgement that an encoder reads, candidate before context. */
export function textsOf(judgement: Judgement, of: Reads): readonly Addressed[] {
  const { candidate, context } = judgement
  return [
    ...(of === 'context' ? [] : [{ text: candidateText(candidate), address: candidate.id }]),
    ...(of === 'candidate' ? [] : [{ text: contextText(context), address: contextAddress(context) }]),
  ]
}
